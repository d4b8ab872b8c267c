//! Three-way strategic patches of built-in kinds.

use super::data;
use helmd_fuzz::random::Random;
use serde_json::{Map, Value as Json, json};

pub fn question(r: &mut Random) -> Json {
    let (version, kind, original) = object(r);
    let mut modified = original.clone();
    changed(r, &mut modified);
    let mut current = original.clone();
    if r.chance(70) {
        changed(r, &mut current);
    }
    if r.chance(20) {
        current = modified.clone();
    }
    json!({"op": "patch", "apiVersion": version, "kind": kind, "original": original, "modified": modified, "current": current})
}

/// A patch of the same kind, laid over an object as the API server does it.
pub fn apply(r: &mut Random) -> Json {
    let mut all = question(r);
    let part = |name: &str| all[name].clone();
    let made = helmd_plan::strategic::three_way_patch(
        &part("original"),
        &part("modified"),
        &part("current"),
        all["apiVersion"].as_str().unwrap_or_default(),
        all["kind"].as_str().unwrap_or_default(),
    );
    let mut patch = made.unwrap_or_else(|_| part("modified"));
    if r.chance(40) {
        changed(r, &mut patch);
    }
    if r.chance(20) {
        let mut current = part("current");
        changed(r, &mut current);
        all["current"] = current;
    }
    // Go's result for scalars that stand twice depends on how much room its decoder left behind the list.
    without_twins(&mut all["current"]);
    json!({"op": "apply", "apiVersion": all["apiVersion"], "kind": all["kind"], "current": all["current"], "patch": patch})
}

fn without_twins(value: &mut Json) {
    match value {
        Json::Array(items) => {
            let mut seen: Vec<Json> = Vec::new();
            items.retain(|item| {
                let twin = !item.is_object() && !item.is_array() && seen.contains(item);
                seen.push(item.clone());
                !twin
            });
            items.iter_mut().for_each(without_twins);
        }
        Json::Object(fields) => fields.values_mut().for_each(without_twins),
        _ => {}
    }
}

/// Patches of a custom resource: two-way and three-way JSON merge.
pub fn merge(r: &mut Random) -> Json {
    let mut original =
        json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x"}, "spec": data::object(r, 3)});
    if r.chance(5) {
        original = data::value(r, 2);
    }
    let variant = |r: &mut Random, percent: usize| {
        let mut other = original.clone();
        if r.chance(percent) {
            changed(r, &mut other);
        }
        other
    };
    let (modified, current) = (variant(r, 90), variant(r, 70));
    let question = json!({"op": "mergePatch", "original": original, "modified": modified, "current": current});
    // Numbers as Go writes them: the documents have been through its encoder before they are compared.
    let text = gotmpl::json::to_string(&question)
        .unwrap_or_default()
        .replace("-0,", "0,")
        .replace("-0]", "0]")
        .replace("-0}", "0}");
    serde_json::from_str(&text).unwrap_or(question)
}

fn object(r: &mut Random) -> (&'static str, &'static str, Json) {
    let (version, kind, spec) = match r.below(12) {
        0..=3 => ("apps/v1", r.pick(&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]), workload(r)),
        4 => ("batch/v1", "Job", json!({"template": pod_template(r), "backoffLimit": r.below(5)})),
        5 => (
            "batch/v1",
            "CronJob",
            json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"template": pod_template(r)}}}),
        ),
        6 => ("v1", "Service", service(r)),
        7 => ("v1", "Pod", pod(r)),
        8 => ("networking.k8s.io/v1", "Ingress", ingress(r)),
        9 => (
            "v1",
            "PersistentVolumeClaim",
            json!({"accessModes": words(r), "resources": {"requests": {"storage": "1Gi"}}}),
        ),
        _ => return plain(r),
    };
    let mut out = json!({"apiVersion": version, "kind": kind, "metadata": metadata(r), "spec": spec});
    if r.chance(15) {
        out["status"] = json!({"conditions": named(r, "type", &["Ready", "Available"]), "replicas": r.below(3)});
    }
    (version, kind, out)
}

/// Kinds without a spec.
fn plain(r: &mut Random) -> (&'static str, &'static str, Json) {
    let (version, kind) = [
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "ServiceAccount"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ][r.below(6)];
    let mut out = json!({"apiVersion": version, "kind": kind, "metadata": metadata(r)});
    match kind {
        "ServiceAccount" => {
            out["imagePullSecrets"] = named(r, "name", &["x", "y", "z"]);
            out["secrets"] = named(r, "name", &["s1", "s2"]);
        }
        "ClusterRole" => out["rules"] = json!([{"apiGroups": words(r), "verbs": words(r)}]),
        "RoleBinding" => out["subjects"] = named(r, "name", &["a", "b"]),
        "ValidatingWebhookConfiguration" => out["webhooks"] = named(r, "name", &["a.x", "b.x"]),
        _ => out["data"] = map(r),
    }
    (version, kind, out)
}

fn words(r: &mut Random) -> Json {
    json!((0..r.below(4)).map(|_| r.pick(&["a", "b", "c", "d"])).collect::<Vec<_>>())
}

fn map(r: &mut Random) -> Json {
    Json::Object(
        (0..r.below(4))
            .map(|_| (r.pick(&["a", "b", "c", "x/y"]).to_owned(), json!(data::word(r))))
            .collect::<Map<_, _>>(),
    )
}

fn metadata(r: &mut Random) -> Json {
    let mut out = json!({"name": "x"});
    if r.chance(50) {
        out["labels"] = map(r);
    }
    if r.chance(30) {
        out["annotations"] = map(r);
    }
    if r.chance(15) {
        out["finalizers"] = words(r);
    }
    if r.chance(10) {
        out["ownerReferences"] = named(r, "uid", &["u1", "u2"]);
    }
    out
}

/// A list of objects with a merge key, and a little more in each.
fn named(r: &mut Random, key: &str, names: &[&str]) -> Json {
    let mut items = Vec::new();
    for name in names {
        if r.chance(60) {
            let mut item = json!({key: name});
            if r.chance(50) {
                item[r.pick(&["value", "image", "x"])] = json!(data::word(r));
            }
            items.push(item);
        }
    }
    if r.chance(20) {
        items.reverse();
    }
    json!(items)
}

fn workload(r: &mut Random) -> Json {
    let mut out = json!({"template": pod_template(r)});
    if r.chance(60) {
        out["replicas"] = json!(r.below(4));
    }
    if r.chance(40) {
        out["strategy"] = r
            .pick(&[
                &json!({"type": "Recreate"}),
                &json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}}),
                &json!({}),
            ])
            .clone();
    }
    if r.chance(50) {
        out["selector"] = json!({"matchLabels": map(r)});
    }
    if r.chance(10) {
        out["volumeClaimTemplates"] = json!([{"metadata": {"name": "d"}, "spec": {"accessModes": words(r)}}]);
    }
    out
}

fn pod_template(r: &mut Random) -> Json {
    json!({"metadata": {"labels": map(r)}, "spec": pod(r)})
}

fn pod(r: &mut Random) -> Json {
    let mut out = json!({"containers": containers(r)});
    for (field, percent) in [
        ("initContainers", 20),
        ("volumes", 40),
        ("tolerations", 15),
        ("imagePullSecrets", 20),
        ("hostAliases", 10),
        ("topologySpreadConstraints", 10),
        ("nodeSelector", 15),
        ("affinity", 8),
    ] {
        if !r.chance(percent) {
            continue;
        }
        out[field] = match field {
            "initContainers" => containers(r),
            "volumes" => volumes(r),
            "tolerations" => named(r, "key", &["a", "b"]),
            "imagePullSecrets" => named(r, "name", &["p", "q"]),
            "hostAliases" => named(r, "ip", &["1.1.1.1", "2.2.2.2"]),
            "topologySpreadConstraints" => {
                json!([{"topologyKey": "zone", "whenUnsatisfiable": r.pick(&["DoNotSchedule", "ScheduleAnyway"]), "maxSkew": 1}])
            }
            "nodeSelector" => map(r),
            _ => {
                json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": named(r, "key", &["a"])}]}}})
            }
        };
    }
    out
}

fn containers(r: &mut Random) -> Json {
    let mut out = named(r, "name", &["app", "side", "log"]);
    for container in out.as_array_mut().into_iter().flatten() {
        if r.chance(50) {
            container["env"] = named(r, "name", &["A", "B", "C", "D"]);
        }
        if r.chance(40) {
            let ports: Vec<Json> = (0..r.below(4)).map(|_| port(r)).collect();
            container["ports"] = json!(ports);
        }
        if r.chance(30) {
            container["volumeMounts"] = named(r, "mountPath", &["/a", "/b"]);
        }
        if r.chance(30) {
            container["args"] = words(r);
        }
        if r.chance(30) {
            container["resources"] =
                json!({"limits": {"cpu": r.pick(&["1", "100m"]), "memory": "1Gi"}, "requests": map(r)});
        }
    }
    out
}

fn port(r: &mut Random) -> Json {
    let number = [80, 443, 8080][r.below(3)];
    json!({"containerPort": number, "protocol": r.pick(&["TCP", "UDP"])})
}

fn volumes(r: &mut Random) -> Json {
    let mut out = named(r, "name", &["v", "w", "t"]);
    for volume in out.as_array_mut().into_iter().flatten() {
        let sources = [
            json!({"emptyDir": {}}),
            json!({"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}}),
            json!({"secret": {"secretName": "s"}}),
            json!({"emptyDir": {"medium": "Memory"}}),
            json!({"projected": {"sources": [{"secret": {"name": "a"}}]}}),
        ];
        for (field, value) in sources[r.below(sources.len())].as_object().into_iter().flatten() {
            volume[field] = value.clone();
        }
    }
    out
}

fn service(r: &mut Random) -> Json {
    let ports = [80, 443, 8080];
    let items: Vec<Json> = (0..r.below(4)).map(|_| json!({"port": ports[r.below(3)], "name": r.pick(&["http", "https", "x"]), "targetPort": ports[r.below(3)]})).collect();
    json!({"ports": items, "selector": map(r), "type": r.pick(&["ClusterIP", "NodePort"]), "loadBalancerSourceRanges": words(r)})
}

fn ingress(r: &mut Random) -> Json {
    let mut rule = || json!({"host": r.pick(&["a.x", "b.x"]), "http": {"paths": [{"path": r.pick(&["/", "/a"]), "pathType": "Prefix"}]}});
    json!({"rules": [rule(), rule()], "tls": named(r, "secretName", &["t1", "t2"])})
}

/// One to four changes anywhere: fields gone, replaced, added, list items moved or doubled.
fn changed(r: &mut Random, value: &mut Json) {
    for _ in 0..r.between(1, 4) {
        change(r, value);
    }
}

fn change(r: &mut Random, value: &mut Json) {
    match value {
        Json::Object(fields) if !fields.is_empty() => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            let key = &keys[r.below(keys.len())];
            if matches!(key.as_str(), "apiVersion" | "kind") {
                return;
            }
            match r.weighted(&[75, 10, 10, 5]) {
                0 => fields.get_mut(key).map_or((), |field| change(r, field)),
                1 => {
                    fields.remove(key);
                }
                2 => {
                    let name = r.pick(&[
                        "a",
                        "b",
                        "value",
                        "x",
                        "image",
                        "$patch",
                        "$retainKeys",
                        "$setElementOrder/containers",
                    ]);
                    let weird = name.starts_with('$') && !r.chance(10);
                    if !weird {
                        fields.insert(name.to_owned(), other(r));
                    }
                }
                _ => {
                    fields.insert(key.clone(), other(r));
                }
            }
        }
        Json::Array(items) if !items.is_empty() => {
            let (at, to) = (r.below(items.len()), r.below(items.len()));
            match r.weighted(&[60, 12, 12, 8, 8]) {
                0 => change(r, &mut items[at]),
                1 => {
                    items.remove(at);
                }
                2 => items.swap(at, to),
                3 => items.push(items[at].clone()),
                _ => {
                    let mut item = items[at].clone();
                    change(r, &mut item);
                    items.push(item);
                }
            }
        }
        other_value => *other_value = other(r),
    }
}

fn other(r: &mut Random) -> Json {
    match r.weighted(&[45, 15, 10, 5, 10, 10, 5]) {
        0 => json!(data::word(r)),
        1 => json!(r.below(100)),
        2 => Json::Null,
        3 => json!(1.5),
        4 => words(r),
        5 => map(r),
        _ => json!(r.pick(&["delete", "replace", "merge", "app", "80"])),
    }
}
