//! What is served: plain discovery and the aggregated form.

use serde_json::json;

use crate::{
    json::{self, Json},
    kinds::{Kind, Registry, Verbs},
};

/// The Kubernetes version that the sandbox plays.
pub(crate) const GIT_VERSION: &str = "v1.36.3";

/// GET /version.
pub(crate) fn version() -> Json {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": GIT_VERSION,
        "gitCommit": "", "gitTreeState": "", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "", "platform": "linux/amd64",
    })
}

/// GET /api.
pub(crate) fn legacy_versions() -> Json {
    let cidrs = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]);
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": cidrs})
}

fn group_entry(name: &str, versions: &[String]) -> Json {
    let entry = |v: &String| json!({"groupVersion": format!("{name}/{v}"), "version": v});
    json!({
        "name": name, "versions": versions.iter().map(entry).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(entry),
    })
}

/// GET /apis.
pub(crate) fn groups(registry: &Registry) -> Json {
    let groups: Vec<Json> = registry.groups().iter().map(|(name, versions)| group_entry(name, versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// GET /apis/G.
pub(crate) fn group(registry: &Registry, name: &str) -> Option<Json> {
    let groups = registry.groups();
    let (name, versions) = groups.iter().find(|(group, _)| group == name)?;
    let mut entry = group_entry(name, versions);
    json::set(&mut entry, &["kind"], "APIGroup");
    json::set(&mut entry, &["apiVersion"], "v1");
    Some(entry)
}

const ALL: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn verbs(kind: &Kind) -> &'static [&'static str] {
    match kind.verbs {
        Verbs::All => ALL,
        Verbs::CreateOnly => &["create"],
    }
}

/// The kind, group and version of a subresource's objects, and its verbs.
fn subresource(kind: &Kind, name: &str) -> ((String, String, String), &'static [&'static str]) {
    let of = |group: &str, version: &str, kind: &str| (group.to_owned(), version.to_owned(), kind.to_owned());
    match name {
        "scale" => (of("autoscaling", "v1", "Scale"), &["get", "patch", "update"]),
        "token" => (of("authentication.k8s.io", "v1", "TokenRequest"), &["create"]),
        "eviction" => (of("policy", "v1", "Eviction"), &["create"]),
        "binding" => (of("", "v1", "Binding"), &["create"]),
        "log" => (of("", "v1", "Pod"), &["get"]),
        "exec" => (of("", "v1", "PodExecOptions"), &["create", "get"]),
        "attach" => (of("", "v1", "PodAttachOptions"), &["create", "get"]),
        "portforward" => (of("", "v1", "PodPortForwardOptions"), &["create", "get"]),
        "proxy" => (of("", "v1", "PodProxyOptions"), &["create", "delete", "get", "patch", "update"]),
        "finalize" => (of("", "v1", "Namespace"), &["update"]),
        _ => (of(&kind.group, &kind.version, &kind.kind), &["get", "patch", "update"]),
    }
}

/// GET /api/V or /apis/G/V.
pub(crate) fn resources(registry: &Registry, group: &str, version: &str) -> Option<Json> {
    if !registry.serves(group, version) {
        return None;
    }
    let mut all = Vec::new();
    for kind in registry.all().filter(|k| k.group == group && k.version == version) {
        let mut entry = json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
            "verbs": verbs(kind),
        });
        if !kind.short_names.is_empty() {
            json::set(&mut entry, &["shortNames"], kind.short_names.clone());
        }
        if !kind.categories.is_empty() {
            json::set(&mut entry, &["categories"], kind.categories.clone());
        }
        all.push(entry);
        for sub in &kind.subresources {
            let ((sub_group, sub_version, sub_kind), verbs) = subresource(kind, sub);
            let mut entry = json!({
                "name": format!("{}/{sub}", kind.plural), "singularName": "", "namespaced": kind.namespaced,
                "kind": sub_kind, "verbs": verbs,
            });
            if (sub_group.as_str(), sub_version.as_str()) != (group, version) {
                json::set(&mut entry, &["group"], sub_group);
                json::set(&mut entry, &["version"], sub_version);
            }
            all.push(entry);
        }
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": all}))
}

/// GET /api (`core`) or /apis in the aggregated form.
pub(crate) fn aggregated(registry: &Registry, core: bool) -> Json {
    let groups = if core { vec![(String::new(), vec!["v1".to_owned()])] } else { registry.groups() };
    let mut items = Vec::new();
    for (group, versions) in &groups {
        let versions: Vec<Json> = versions
            .iter()
            .map(|version| {
                let kinds = registry.all().filter(|k| k.group == *group && k.version == *version);
                let resources: Vec<Json> = kinds.map(|kind| aggregated_resource(kind)).collect();
                json!({"version": version, "freshness": "Current", "resources": resources})
            })
            .collect();
        let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
        items.push(json!({"metadata": metadata, "versions": versions}));
    }
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn aggregated_resource(kind: &Kind) -> Json {
    let response =
        |(group, version, kind): &(String, String, String)| json!({"group": group, "version": version, "kind": kind});
    let mut entry = json!({
        "resource": kind.plural,
        "responseKind": response(&(kind.group.clone(), kind.version.clone(), kind.kind.clone())),
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": verbs(kind),
    });
    if !kind.short_names.is_empty() {
        json::set(&mut entry, &["shortNames"], kind.short_names.clone());
    }
    if !kind.categories.is_empty() {
        json::set(&mut entry, &["categories"], kind.categories.clone());
    }
    if !kind.subresources.is_empty() {
        let subs: Vec<Json> = kind
            .subresources
            .iter()
            .map(|sub| {
                let (names, verbs) = subresource(kind, sub);
                json!({"subresource": sub, "responseKind": response(&names), "verbs": verbs})
            })
            .collect();
        json::set(&mut entry, &["subresources"], subs);
    }
    entry
}
