//! What there is after a step: the live objects with what Helm manages of them, the stored revisions, what helm prints. Times, uids
//! and what controllers write are taken out.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use helmd_e2e::Program;
use helmd_e2e::proxy::Upstream;
use serde_json::{Value as Json, json};
use std::io::Read as _;

/// Where objects of the charts lie: path below the server, per namespace.
const COLLECTIONS: [&str; 20] = [
    "api/v1|configmaps",
    "api/v1|secrets",
    "api/v1|services",
    "api/v1|serviceaccounts",
    "api/v1|persistentvolumeclaims",
    "api/v1|pods",
    "api/v1|resourcequotas",
    "api/v1|limitranges",
    "apis/apps/v1|deployments",
    "apis/apps/v1|statefulsets",
    "apis/apps/v1|daemonsets",
    "apis/batch/v1|jobs",
    "apis/batch/v1|cronjobs",
    "apis/networking.k8s.io/v1|ingresses",
    "apis/networking.k8s.io/v1|networkpolicies",
    "apis/rbac.authorization.k8s.io/v1|roles",
    "apis/rbac.authorization.k8s.io/v1|rolebindings",
    "apis/autoscaling/v2|horizontalpodautoscalers",
    "apis/policy/v1|poddisruptionbudgets",
    "apis/matrix.example/v1|things",
];
const STORED: &str = "helm.sh/release.v1";

/// Everything after a step, as lines.
pub fn read(upstream: &Upstream, helm: &Program, namespace: &str, release: &str) -> Result<String> {
    let mut objects = Vec::new();
    let mut records = Vec::new();
    for collection in COLLECTIONS {
        let (base, plural) = collection.split_once('|').context("a path")?;
        let list = upstream.get(&format!("/{base}/namespaces/{namespace}/{plural}"));
        // The kind of our own definition may not be served yet.
        let list = if base.starts_with("apis/matrix") { list.unwrap_or_default() } else { list? };
        for item in list["items"].as_array().into_iter().flatten() {
            if item["type"] == STORED {
                records.push(record(item)?);
            } else if is_ours(item) {
                objects.push(json!({"collection": plural, "object": object(item.clone())}));
            }
        }
    }
    let at = ["-n", namespace];
    let told = |words: &[&str]| helm.run(&[words, &at].concat()).unwrap_or_else(|err| last_line(&format!("{err:#}")));
    let printed = |words: &[&str]| match serde_json::from_str(&told(words)) {
        Ok(json) => timeless(json),
        Err(_) => json!(told(words)),
    };
    let all = json!({
        "objects": objects,
        "records": records,
        "status": printed(&["status", release, "-o", "json"]),
        "history": printed(&["history", release, "-o", "json"]),
        "values": told(&["get", "values", release, "--all"]),
        "hooks": told(&["get", "hooks", release]),
        "notes": told(&["get", "notes", release]),
        "manifest": told(&["get", "manifest", release]),
    });
    let text = serde_json::to_string_pretty(&all)?;
    Ok(without_uids(&text).replace(namespace, "NAMESPACE"))
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().to_owned()
}

/// Of the chart, or made by one of its hooks.
fn is_ours(item: &Json) -> bool {
    let annotations = &item["metadata"]["annotations"];
    !annotations["meta.helm.sh/release-name"].is_null() || !annotations["helm.sh/hook"].is_null()
}

fn object(mut item: Json) -> Json {
    let managed: Vec<Json> = item["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|entry| entry["manager"].as_str().is_some_and(|manager| manager.starts_with("helm")))
        .map(|entry| json!([entry["manager"], entry["operation"], entry["apiVersion"], entry["fieldsV1"]]))
        .collect();
    if let Some(entries) = item.as_object_mut() {
        entries.remove("status");
    }
    if let Some(meta) = item["metadata"].as_object_mut() {
        for key in [
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "generation",
            "finalizers",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ] {
            meta.remove(key);
        }
        meta.insert("managedFields".to_owned(), Json::Array(managed));
        if let Some(annotations) = meta.get_mut("annotations").and_then(Json::as_object_mut) {
            annotations.retain(|name, _| !name.contains("kubernetes.io/") || name.starts_with("app."));
        }
    }
    if let Some(spec) = item["spec"].as_object_mut() {
        for key in ["clusterIP", "clusterIPs", "nodeName", "volumeName", "volumes"] {
            spec.remove(key);
        }
    }
    for container in item["spec"]["containers"].as_array_mut().into_iter().flatten() {
        if let Some(container) = container.as_object_mut() {
            container.remove("volumeMounts");
        }
    }
    item
}

/// A stored revision: its labels, and the release in it.
fn record(item: &Json) -> Result<Json> {
    let text = STANDARD.decode(item["data"]["release"].as_str().context("a release")?)?;
    let packed = STANDARD.decode(text)?;
    let mut json = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut json)?;
    let mut labels = item["metadata"]["labels"].clone();
    for time in ["createdAt", "modifiedAt"] {
        labels[time] = json!(labels[time].is_string());
    }
    Ok(json!({"name": item["metadata"]["name"], "labels": labels, "release": timeless(serde_json::from_str(&json)?)}))
}

/// Times become whether there is one.
fn timeless(mut json: Json) -> Json {
    match &mut json {
        Json::Object(entries) => {
            for (name, value) in entries.iter_mut() {
                let is_time = ["first_deployed", "last_deployed", "deleted", "started_at", "completed_at", "updated"];
                *value = match is_time.contains(&name.as_str()) {
                    true => json!(value.as_str().is_some_and(|time| !time.is_empty() && !time.starts_with("0001"))),
                    false if name == "resources" || name == "creationTimestamp" => Json::Null,
                    false => timeless(value.take()),
                };
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| *item = timeless(item.take())),
        _ => {}
    }
    json
}

/// `UID` in place of each uid.
fn without_uids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word: String = rest.chars().take(36).collect();
        let form = |(i, c): (usize, char)| if matches!(i, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() };
        let taken = if word.len() == 36 && word.chars().enumerate().all(form) {
            out.push_str("UID");
            36
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}
