//! The checks that a sandbox user would meet in a real cluster: names, required fields, and what may not change.

use serde_json::json;

use crate::{
    error::Cause,
    json::{self, Json},
    kinds::Kind,
    selector::Labels,
};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1123: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const IMMUTABLE: &str = "field is immutable";

/// What is wrong with an object; `old` is the stored one for updates.
pub(crate) fn check(kind: &Kind, object: &Json, old: Option<&Json>) -> Vec<Cause> {
    let mut causes = Vec::new();
    if old.is_none() {
        check_name(kind, json::name(object), &mut causes);
    }
    check_labels(object, &["metadata"], "metadata", &mut causes);
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") => {
            check_workload(kind, object, old, &mut causes);
        }
        ("batch", "Job") => {
            check_pod_spec(object, &["spec", "template", "spec"], "spec.template.spec", &mut causes);
            check_job_restart(object, &["spec", "template", "spec"], "spec.template.spec", &mut causes);
            if let Some(old) = old {
                immutable(object, old, &["spec", "selector"], IMMUTABLE, &mut causes);
                immutable(object, old, &["spec", "completionMode"], IMMUTABLE, &mut causes);
                if !json::flag(old, &["spec", "suspend"]) {
                    immutable(object, old, &["spec", "template"], IMMUTABLE, &mut causes);
                }
            }
        }
        ("batch", "CronJob") => {
            let path = ["spec", "jobTemplate", "spec", "template", "spec"];
            let field = "spec.jobTemplate.spec.template.spec";
            if json::text(object, &["spec", "schedule"]).is_empty() {
                causes.push(Cause::required("spec.schedule", ""));
            }
            check_pod_spec(object, &path, field, &mut causes);
            check_job_restart(object, &path, field, &mut causes);
        }
        ("", "Pod") => check_pod(object, old, &mut causes),
        ("", "Service") => check_service(object, old, &mut causes),
        ("", "ConfigMap" | "Secret") => check_immutable_data(kind, object, old, &mut causes),
        ("", "PersistentVolumeClaim") => check_claim(object, old, &mut causes),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            if let Some(old) = old {
                immutable(object, old, &["roleRef"], "cannot change roleRef", &mut causes);
            }
        }
        ("storage.k8s.io", "StorageClass") => {
            for key in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
                if old.is_some_and(|o| json::at(o, &[key]) != json::at(object, &[key])) {
                    causes.push(Cause::forbidden(key, &format!("updates to {key} are forbidden.")));
                }
            }
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => check_definition(object, &mut causes),
        ("scheduling.k8s.io", "PriorityClass") => {
            if let Some(old) = old {
                immutable(object, old, &["value"], "may not be changed in an update.", &mut causes);
            }
        }
        _ => {}
    }
    causes
}

fn immutable(object: &Json, old: &Json, path: &[&str], note: &str, causes: &mut Vec<Cause>) {
    let new = json::at(object, path);
    if new != json::at(old, path) {
        causes.push(Cause::invalid(path.join("."), new, note));
    }
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| inner(*b))
        && bytes.last().is_some_and(|b| inner(*b))
        && bytes.iter().all(|b| inner(*b) || *b == b'-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_label_value(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.is_empty()
        || edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn check_name(kind: &Kind, name: &str, causes: &mut Vec<Cause>) {
    let mut add = |note: &str| causes.push(Cause::invalid("metadata.name", &json!(name), note));
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("rbac.authorization.k8s.io", _) => {
            if matches!(name, "." | "..") || name.contains(['/', '%']) {
                add("name may not contain '/' or '%'");
            }
        }
        ("", "Namespace") => {
            if !is_label(name) {
                add(LABEL_1123);
            }
            if name.len() > 63 {
                add("must be no more than 63 characters");
            }
        }
        ("", "Service") => {
            if !is_label(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
                add(LABEL_1035);
            }
            if name.len() > 63 {
                add("must be no more than 63 characters");
            }
        }
        ("", "Event") | ("events.k8s.io", _) | ("apiregistration.k8s.io", _) => {}
        _ => {
            if !is_subdomain(name) {
                add(SUBDOMAIN);
            }
            if name.len() > 253 {
                add("must be no more than 253 characters");
            }
        }
    }
}

fn check_labels(object: &Json, path: &[&str], field: &str, causes: &mut Vec<Cause>) {
    let metadata = json::at(object, path);
    let key_ok = |key: &str| {
        let (prefix, name) = key.split_once('/').map_or((None, key), |(p, n)| (Some(p), n));
        prefix.is_none_or(is_subdomain) && !name.is_empty() && name.len() <= 63 && is_label_value(name)
    };
    for (key, value) in json::object(metadata, &["labels"]).into_iter().flatten() {
        if !key_ok(key) {
            causes.push(Cause::invalid(format!("{field}.labels"), &json!(key), QUALIFIED));
        }
        let text = value.as_str().unwrap_or("");
        if text.len() > 63 {
            let note = "must be no more than 63 bytes";
            causes.push(Cause::invalid(format!("{field}.labels"), value, note));
        }
        if !is_label_value(text) {
            causes.push(Cause::invalid(format!("{field}.labels"), value, LABEL_VALUE));
        }
    }
    for key in json::object(metadata, &["annotations"]).into_iter().flatten().map(|(key, _)| key) {
        if !key_ok(&key.to_ascii_lowercase()) {
            causes.push(Cause::invalid(format!("{field}.annotations"), &json!(key), QUALIFIED));
        }
    }
}

fn check_pod_spec(object: &Json, path: &[&str], field: &str, causes: &mut Vec<Cause>) {
    let spec = json::at(object, path);
    if json::list(spec, &["containers"]).is_empty() {
        causes.push(Cause::required(format!("{field}.containers"), ""));
    }
    let mut names = std::collections::BTreeSet::new();
    for list in ["initContainers", "containers"] {
        for (index, container) in json::list(spec, &[list]).iter().enumerate() {
            let place = format!("{field}.{list}[{index}]");
            let name = json::text(container, &["name"]);
            if name.is_empty() {
                causes.push(Cause::required(format!("{place}.name"), ""));
            } else if !is_label(name) {
                causes.push(Cause::invalid(format!("{place}.name"), &json!(name), LABEL_1123));
            } else if !names.insert(name) {
                causes.push(Cause {
                    reason: "FieldValueDuplicate",
                    message: format!("Duplicate value: \"{name}\""),
                    field: format!("{place}.name"),
                });
            }
            if json::text(container, &["image"]).is_empty() {
                causes.push(Cause::required(format!("{place}.image"), ""));
            }
            check_mounts(object, spec, (container, &place), causes);
        }
    }
}

fn check_mounts(object: &Json, spec: &Json, (container, place): (&Json, &str), causes: &mut Vec<Cause>) {
    let claims = json::list(object, &["spec", "volumeClaimTemplates"]);
    for (index, mount) in json::list(container, &["volumeMounts"]).iter().enumerate() {
        let name = json::text(mount, &["name"]);
        if name.starts_with("kube-api-access-") {
            continue;
        }
        let known = json::list(spec, &["volumes"]).iter().any(|v| json::text(v, &["name"]) == name)
            || claims.iter().any(|c| json::name(c) == name);
        if !known {
            causes.push(Cause {
                reason: "FieldValueNotFound",
                message: format!("Not found: \"{name}\""),
                field: format!("{place}.volumeMounts[{index}].name"),
            });
        }
    }
}

fn check_job_restart(object: &Json, path: &[&str], field: &str, causes: &mut Vec<Cause>) {
    let policy = json::at(json::at(object, path), &["restartPolicy"]);
    if !matches!(policy.as_str(), Some("Never" | "OnFailure")) {
        // The default is written in before the check, so the user sees the value that was meant.
        let known = ["OnFailure", "Never"];
        causes.push(Cause { field: format!("{field}.restartPolicy"), ..Cause::unsupported("", policy, &known) });
    }
}

fn check_pod(object: &Json, old: Option<&Json>, causes: &mut Vec<Cause>) {
    check_pod_spec(object, &["spec"], "spec", causes);
    let Some(old) = old else { return };
    let frozen = |pod: &Json| {
        let mut spec = pod.get("spec").cloned().unwrap_or_default();
        for key in [
            "activeDeadlineSeconds",
            "terminationGracePeriodSeconds",
            "tolerations",
            "nodeName",
            "ephemeralContainers",
            "schedulingGates",
        ] {
            json::remove(&mut spec, &[key]);
        }
        for list in ["containers", "initContainers"] {
            for container in json::items_mut(&mut spec, &[list]) {
                json::remove(container, &["image"]);
                json::remove(container, &["resources"]);
                json::remove(container, &["imagePullPolicy"]);
            }
        }
        spec
    };
    if frozen(object) != frozen(old) {
        let note = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        causes.push(Cause::forbidden("spec", note));
    }
}

fn check_workload(kind: &Kind, object: &Json, old: Option<&Json>, causes: &mut Vec<Cause>) {
    let selector = json::at(object, &["spec", "selector"]);
    let empty = selector.as_object().is_none_or(|s| s.values().all(|v| v.as_object().is_some_and(|m| m.is_empty())));
    if selector.is_null() {
        causes.push(Cause::required("spec.selector", ""));
    } else if empty {
        let note = format!("empty selector is invalid for {}", kind.kind.to_ascii_lowercase());
        causes.push(Cause::invalid("spec.selector", selector, &note));
    }
    let labels = json::at(object, &["spec", "template", "metadata", "labels"]);
    let matched = Labels::from_object(selector).is_some_and(|s| s.matches(labels.as_object()));
    if !matched {
        let note = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, note));
    }
    check_labels(object, &["spec", "template", "metadata"], "spec.template", causes);
    check_pod_spec(object, &["spec", "template", "spec"], "spec.template.spec", causes);
    let policy = json::at(object, &["spec", "template", "spec", "restartPolicy"]);
    if policy.is_string() && policy != "Always" {
        causes.push(Cause::unsupported("spec.template.spec.restartPolicy", policy, &["Always"]));
    }
    if json::int(object, &["spec", "replicas"]).is_some_and(|r| r < 0) {
        let replicas = json::at(object, &["spec", "replicas"]);
        causes.push(Cause::invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
    }
    let Some(old) = old else { return };
    if kind.kind == "StatefulSet" {
        check_stateful_set_update(object, old, causes);
    } else {
        immutable(object, old, &["spec", "selector"], IMMUTABLE, causes);
    }
}

fn check_stateful_set_update(object: &Json, old: &Json, causes: &mut Vec<Cause>) {
    let frozen = |set: &Json| {
        let mut spec = set.get("spec").cloned().unwrap_or_default();
        for key in [
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ] {
            json::remove(&mut spec, &[key]);
        }
        for claim in json::items_mut(&mut spec, &["volumeClaimTemplates"]) {
            json::remove(claim, &["status"]);
        }
        spec
    };
    if frozen(object) != frozen(old) {
        let note = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        causes.push(Cause::forbidden("spec", note));
    }
}

fn check_service(object: &Json, old: Option<&Json>, causes: &mut Vec<Cause>) {
    let kind = json::text(object, &["spec", "type"]);
    let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !known.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", &json!(kind), &known));
    }
    let headless = json::text(object, &["spec", "clusterIP"]) == "None";
    let ports = json::list(object, &["spec", "ports"]);
    if ports.is_empty() && !headless && kind != "ExternalName" {
        causes.push(Cause::required("spec.ports", ""));
    }
    if kind == "ExternalName" && json::text(object, &["spec", "externalName"]).is_empty() {
        causes.push(Cause::required("spec.externalName", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let place = format!("spec.ports[{index}]");
        if ports.len() > 1 && json::text(port, &["name"]).is_empty() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        }
        let number = json::int(port, &["port"]).unwrap_or(0);
        if !(1..=65_535).contains(&number) {
            let note = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{place}.port"), &json!(number), note));
        }
    }
    if let Some(old) = old {
        let (before, after) = (json::text(old, &["spec", "clusterIP"]), json::text(object, &["spec", "clusterIP"]));
        let was = json::text(old, &["spec", "type"]);
        if kind != "ExternalName" && was != "ExternalName" && !before.is_empty() && before != after {
            causes.push(Cause::invalid("spec.clusterIPs[0]", &json!([after]), "may not change once set"));
        }
    }
}

/// What a Secret or ConfigMap may hold.
const MAX_DATA_BYTES: usize = 1 << 20;

fn check_data_size(kind: &Kind, object: &Json, causes: &mut Vec<Cause>) {
    let base64 = |text: &str| text.trim_end_matches('=').len() * 3 / 4;
    let plain = |text: &str| text.len();
    let sum = |key: &str, bytes: &dyn Fn(&str) -> usize| -> usize {
        let values = json::object(object, &[key]).into_iter().flatten();
        values.map(|(_, value)| bytes(value.as_str().unwrap_or_default())).sum()
    };
    let size =
        if kind.kind == "Secret" { sum("data", &base64) } else { sum("data", &plain) + sum("binaryData", &base64) };
    if size > MAX_DATA_BYTES {
        causes.push(Cause::too_long(if kind.kind == "Secret" { "data" } else { "[]" }, MAX_DATA_BYTES));
    }
}

fn check_immutable_data(kind: &Kind, object: &Json, old: Option<&Json>, causes: &mut Vec<Cause>) {
    check_data_size(kind, object, causes);
    let data = |o: &Json| ["data", "binaryData"].map(|key| json::at(o, &[key]).clone());
    for (key, _) in json::object(object, &["data"]).into_iter().flatten() {
        let good = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if !good {
            let note = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
            causes.push(Cause::invalid(format!("data[{key}]"), &json!(key), note));
        }
    }
    let Some(old) = old else { return };
    if kind.kind == "Secret" {
        immutable(object, old, &["type"], IMMUTABLE, causes);
    }
    if json::flag(old, &["immutable"]) {
        let note = "field is immutable when `immutable` is set";
        if !json::flag(object, &["immutable"]) {
            causes.push(Cause::forbidden("immutable", note));
        }
        if data(object) != data(old) {
            causes.push(Cause::forbidden("data", note));
        }
    }
}

fn check_claim(object: &Json, old: Option<&Json>, causes: &mut Vec<Cause>) {
    if json::list(object, &["spec", "accessModes"]).is_empty() {
        causes.push(Cause::required("spec.accessModes", "at least 1 access mode is required"));
    }
    if json::at(object, &["spec", "resources", "requests", "storage"]).is_null() {
        causes.push(Cause::required("spec.resources[storage]", ""));
    }
    let Some(old) = old else { return };
    let frozen = |claim: &Json| {
        let mut spec = claim.get("spec").cloned().unwrap_or_default();
        json::remove(&mut spec, &["resources"]);
        json::remove(&mut spec, &["volumeAttributesClassName"]);
        spec
    };
    let bound = |claim: &Json| !json::text(claim, &["spec", "volumeName"]).is_empty();
    if bound(old) && frozen(object) != frozen(old) {
        let note =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        causes.push(Cause::forbidden("spec", note));
    }
}

fn check_definition(object: &Json, causes: &mut Vec<Cause>) {
    let want =
        format!("{}.{}", json::text(object, &["spec", "names", "plural"]), json::text(object, &["spec", "group"]));
    if json::name(object) != want {
        let note = "must be spec.names.plural+\".\"+spec.group";
        causes.push(Cause::invalid("metadata.name", &json!(json::name(object)), note));
    }
    if json::list(object, &["spec", "versions"]).is_empty() {
        causes.push(Cause::required("spec.versions", "must have exactly one version marked as storage version"));
    }
    for (field, path) in
        [("spec.names.kind", ["spec", "names", "kind"]), ("spec.names.plural", ["spec", "names", "plural"])]
    {
        if json::text(object, &path).is_empty() {
            causes.push(Cause::required(field, ""));
        }
    }
}
