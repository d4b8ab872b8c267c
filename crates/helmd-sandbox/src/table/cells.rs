//! The cells of the built-in kinds, in the order of their columns.

use crate::{
    clock,
    json::{self, Json},
    selector::Labels,
};

const NONE: &str = "<none>";

fn age(object: &Json) -> Json {
    clock::age(json::text(object, &["metadata", "creationTimestamp"])).into()
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

/// A number, string or boolean as text.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

fn count(object: &Json, path: &[&str]) -> Json {
    json::int(object, path).unwrap_or(0).into()
}

fn length(object: &Json, path: &[&str]) -> Json {
    match json::at(object, path) {
        Json::Object(map) => map.len().into(),
        Json::Array(items) => items.len().into(),
        _ => 0.into(),
    }
}

fn joined<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.filter(|t| !t.is_empty()).collect::<Vec<_>>().join(",")
}

fn containers(object: &Json, path: &[&str], key: &str) -> Json {
    joined(json::list(object, path).iter().map(|c| json::text(c, &[key]))).into()
}

const TEMPLATE: &[&str] = &["spec", "template", "spec", "containers"];

fn selector(object: &Json) -> Json {
    Labels::from_object(json::at(object, &["spec", "selector"]))
        .map(|l| l.text())
        .filter(|t| !t.is_empty())
        .as_deref()
        .unwrap_or(NONE)
        .into()
}

fn map_text(map: &Json) -> String {
    Labels::from_map(map).map(|l| l.text()).unwrap_or_else(|| NONE.to_owned())
}

/// The cells of one object, by the storage name of its kind.
pub(super) fn of(storage: &str, object: &Json) -> Vec<Json> {
    let mut cells = vec![json::name(object).into()];
    match storage {
        "/events" => return event(object),
        "/pods" => cells.extend(pod(object)),
        "/services" => cells.extend(service(object)),
        "/nodes" => cells.extend(node(object)),
        "/configmaps" => {
            let binary = length(object, &["binaryData"]).as_u64().unwrap_or(0);
            cells.push((length(object, &["data"]).as_u64().unwrap_or(0) + binary).into());
            cells.push(age(object));
        }
        "/secrets" => cells.extend([json::at(object, &["type"]).clone(), length(object, &["data"]), age(object)]),
        "/namespaces" => cells.extend([json::at(object, &["status", "phase"]).clone(), age(object)]),
        "/endpoints" => cells.extend([endpoints(object).into(), age(object)]),
        "/persistentvolumeclaims" => cells.extend(claim(object)),
        "/persistentvolumes" => cells.extend(volume(object)),
        "/limitranges"
        | "apiextensions.k8s.io/customresourcedefinitions"
        | "rbac.authorization.k8s.io/clusterroles"
        | "rbac.authorization.k8s.io/roles"
        | "storage.k8s.io/csistoragecapacities" => {
            cells.push(json::at(object, &["metadata", "creationTimestamp"]).clone());
        }
        "/resourcequotas" => cells.extend(["".into(), "".into(), age(object)]),
        "/podtemplates" => cells.extend([
            containers(object, &["template", "spec", "containers"], "name"),
            containers(object, &["template", "spec", "containers"], "image"),
            map_text(json::at(object, &["template", "metadata", "labels"])).into(),
        ]),
        _ => match storage.split_once('/') {
            Some(("apps" | "batch" | "" | "autoscaling" | "policy", _)) => cells.extend(workload(storage, object)),
            _ => cells.extend(other(storage, object)),
        },
    }
    cells
}

fn workload(storage: &str, object: &Json) -> Vec<Json> {
    let names = || [containers(object, TEMPLATE, "name"), containers(object, TEMPLATE, "image")];
    let wanted = json::int(object, &["spec", "replicas"]).unwrap_or(0);
    let ready = json::int(object, &["status", "readyReplicas"]).unwrap_or(0);
    match storage {
        "apps/deployments" => {
            let [name, image] = names();
            vec![
                format!("{ready}/{wanted}").into(),
                count(object, &["status", "updatedReplicas"]),
                count(object, &["status", "availableReplicas"]),
                age(object),
                name,
                image,
                selector(object),
            ]
        }
        "apps/replicasets" | "/replicationcontrollers" => {
            let [name, image] = names();
            let chosen = if storage.starts_with('/') {
                map_text(json::at(object, &["spec", "selector"])).into()
            } else {
                selector(object)
            };
            vec![wanted.into(), count(object, &["status", "replicas"]), ready.into(), age(object), name, image, chosen]
        }
        "apps/statefulsets" => {
            let [name, image] = names();
            vec![format!("{ready}/{wanted}").into(), age(object), name, image]
        }
        "apps/daemonsets" => {
            let [name, image] = names();
            let mut cells: Vec<Json> = [
                "desiredNumberScheduled",
                "currentNumberScheduled",
                "numberReady",
                "updatedNumberScheduled",
                "numberAvailable",
            ]
            .iter()
            .map(|key| count(object, &["status", key]))
            .collect();
            let nodes = map_text(json::at(object, &["spec", "template", "spec", "nodeSelector"]));
            cells.extend([nodes.into(), age(object), name, image, selector(object)]);
            cells
        }
        "apps/controllerrevisions" => {
            let owner = json::list(object, &["metadata", "ownerReferences"]).first().map_or(NONE.to_owned(), |o| {
                format!("{}.apps/{}", json::text(o, &["kind"]).to_ascii_lowercase(), json::text(o, &["name"]))
            });
            vec![owner.into(), count(object, &["revision"]), age(object)]
        }
        "batch/jobs" => job(object),
        "batch/cronjobs" => cron_job(object),
        "autoscaling/horizontalpodautoscalers" => autoscaler(object),
        "policy/poddisruptionbudgets" => {
            let or_na = |key: &str| match json::at(object, &["spec", key]) {
                Json::Null => "N/A".to_owned(),
                value => plain(value),
            };
            let allowed = count(object, &["status", "disruptionsAllowed"]);
            vec![or_na("minAvailable").into(), or_na("maxUnavailable").into(), allowed, age(object)]
        }
        _ => vec![age(object)],
    }
}

fn job(object: &Json) -> Vec<Json> {
    let is = |kind: &str| {
        json::list(object, &["status", "conditions"])
            .iter()
            .any(|c| json::text(c, &["type"]) == kind && json::text(c, &["status"]) == "True")
    };
    let status = ["Complete", "Failed", "Suspended"].into_iter().find(|k| is(k)).unwrap_or("Running");
    let done = json::int(object, &["status", "succeeded"]).unwrap_or(0);
    let completions = match json::int(object, &["spec", "completions"]) {
        Some(wanted) => format!("{done}/{wanted}"),
        None => format!("{done}/1 of {}", json::int(object, &["spec", "parallelism"]).unwrap_or(1)),
    };
    let started = json::text(object, &["status", "startTime"]);
    let ended = json::text(object, &["status", "completionTime"]);
    let since = clock::seconds_since(started);
    let duration = match (since, clock::seconds_since(ended)) {
        (Some(from), Some(to)) => clock::short((from - to).max(0)),
        (Some(from), None) => clock::short(from.max(0)),
        _ => String::new(),
    };
    vec![
        status.into(),
        completions.into(),
        duration.into(),
        age(object),
        containers(object, TEMPLATE, "name"),
        containers(object, TEMPLATE, "image"),
        selector(object),
    ]
}

fn cron_job(object: &Json) -> Vec<Json> {
    let path = &["spec", "jobTemplate", "spec", "template", "spec", "containers"];
    let suspended = if json::flag(object, &["spec", "suspend"]) { "True" } else { "False" };
    let last = match json::text(object, &["status", "lastScheduleTime"]) {
        "" => NONE.to_owned(),
        moment => clock::age(moment),
    };
    vec![
        json::at(object, &["spec", "schedule"]).clone(),
        or(json::text(object, &["spec", "timeZone"]), NONE).into(),
        suspended.into(),
        length(object, &["status", "active"]),
        last.into(),
        age(object),
        containers(object, path, "name"),
        containers(object, path, "image"),
        NONE.into(),
    ]
}

fn autoscaler(object: &Json) -> Vec<Json> {
    let target = json::at(object, &["spec", "scaleTargetRef"]);
    let metric = |m: &Json| {
        let of = json::at(m, &["resource"]);
        let goal = match json::int(of, &["target", "averageUtilization"]) {
            Some(percent) => format!("{percent}%"),
            None => plain(json::at(of, &["target", "averageValue"])),
        };
        format!("{}: <unknown>/{goal}", or(json::text(of, &["name"]), "metric"))
    };
    let metrics: Vec<String> = json::list(object, &["spec", "metrics"]).iter().map(metric).collect();
    vec![
        format!("{}/{}", json::text(target, &["kind"]), json::text(target, &["name"])).into(),
        or(&metrics.join(", "), NONE).into(),
        plain(json::at(object, &["spec", "minReplicas"])).into(),
        plain(json::at(object, &["spec", "maxReplicas"])).into(),
        count(object, &["status", "currentReplicas"]),
        age(object),
    ]
}

fn pod(object: &Json) -> Vec<Json> {
    let statuses = json::list(object, &["status", "containerStatuses"]);
    let total = json::list(object, &["spec", "containers"]).len();
    let ready = statuses.iter().filter(|s| json::flag(s, &["ready"])).count();
    let restarts: i64 = statuses.iter().filter_map(|s| json::int(s, &["restartCount"])).sum();
    let mut status = or(json::text(object, &["status", "reason"]), json::text(object, &["status", "phase"])).to_owned();
    for container in statuses.iter().rev() {
        for kind in ["waiting", "terminated"] {
            let reason = json::text(container, &["state", kind, "reason"]);
            if !reason.is_empty() {
                reason.clone_into(&mut status);
            }
        }
    }
    if json::deleting(object) {
        "Terminating".clone_into(&mut status);
    }
    vec![
        format!("{ready}/{total}").into(),
        status.into(),
        restarts.to_string().into(),
        age(object),
        or(json::text(object, &["status", "podIP"]), NONE).into(),
        or(json::text(object, &["spec", "nodeName"]), NONE).into(),
        NONE.into(),
        NONE.into(),
    ]
}

fn service(object: &Json) -> Vec<Json> {
    let kind = json::text(object, &["spec", "type"]);
    let external = match kind {
        "LoadBalancer" => {
            let all = json::list(object, &["status", "loadBalancer", "ingress"]);
            let text = joined(all.iter().map(|i| or(json::text(i, &["ip"]), json::text(i, &["hostname"]))));
            if text.is_empty() { "<pending>".to_owned() } else { text }
        }
        "ExternalName" => json::text(object, &["spec", "externalName"]).to_owned(),
        _ => or(&joined(json::list(object, &["spec", "externalIPs"]).iter().filter_map(Json::as_str)), NONE).to_owned(),
    };
    let port = |p: &Json| {
        let (number, protocol) = (plain(json::at(p, &["port"])), json::text(p, &["protocol"]));
        match json::int(p, &["nodePort"]) {
            Some(node) if node > 0 => format!("{number}:{node}/{protocol}"),
            _ => format!("{number}/{protocol}"),
        }
    };
    let ports: Vec<String> = json::list(object, &["spec", "ports"]).iter().map(port).collect();
    vec![
        kind.into(),
        or(json::text(object, &["spec", "clusterIP"]), NONE).into(),
        external.into(),
        or(&ports.join(","), NONE).into(),
        age(object),
        map_text(json::at(object, &["spec", "selector"])).into(),
    ]
}

fn node(object: &Json) -> Vec<Json> {
    let ready = json::list(object, &["status", "conditions"])
        .iter()
        .any(|c| json::text(c, &["type"]) == "Ready" && json::text(c, &["status"]) == "True");
    let mut status = if ready { "Ready" } else { "NotReady" }.to_owned();
    if json::flag(object, &["spec", "unschedulable"]) {
        status.push_str(",SchedulingDisabled");
    }
    let address = |kind: &str| {
        let all = json::list(object, &["status", "addresses"]);
        all.iter().find(|a| json::text(a, &["type"]) == kind).map_or(NONE, |a| json::text(a, &["address"]))
    };
    let info = |key: &str| json::at(object, &["status", "nodeInfo", key]).clone();
    vec![
        status.into(),
        NONE.into(),
        age(object),
        info("kubeletVersion"),
        address("InternalIP").into(),
        address("ExternalIP").into(),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ]
}

fn event(object: &Json) -> Vec<Json> {
    let about = json::at(object, &["involvedObject"]);
    let first = json::text(object, &["firstTimestamp"]);
    let last = or(json::text(object, &["lastTimestamp"]), json::text(object, &["eventTime"]));
    vec![
        clock::age(or(last, first)).into(),
        json::at(object, &["type"]).clone(),
        json::at(object, &["reason"]).clone(),
        format!("{}/{}", json::text(about, &["kind"]).to_ascii_lowercase(), json::text(about, &["name"])).into(),
        json::text(about, &["fieldPath"]).into(),
        json::text(object, &["source", "component"]).into(),
        json::text(object, &["message"]).trim().into(),
        clock::age(or(first, last)).into(),
        json::int(object, &["count"]).unwrap_or(1).into(),
        json::name(object).into(),
    ]
}

fn endpoints(object: &Json) -> String {
    let mut all = Vec::new();
    for subset in json::list(object, &["subsets"]) {
        for address in json::list(subset, &["addresses"]) {
            for port in json::list(subset, &["ports"]) {
                all.push(format!("{}:{}", json::text(address, &["ip"]), plain(json::at(port, &["port"]))));
            }
        }
    }
    let more = all.len().saturating_sub(3);
    all.truncate(3);
    match (all.is_empty(), more) {
        (true, _) => NONE.to_owned(),
        (_, 0) => all.join(","),
        _ => format!("{} + {more} more...", all.join(",")),
    }
}

fn modes(object: &Json, path: &[&str]) -> String {
    let short = |mode: &str| match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => "",
    };
    joined(json::list(object, path).iter().filter_map(Json::as_str).map(short))
}

fn claim(object: &Json) -> Vec<Json> {
    let status = if json::deleting(object) { "Terminating" } else { json::text(object, &["status", "phase"]) };
    vec![
        status.into(),
        json::text(object, &["spec", "volumeName"]).into(),
        json::text(object, &["status", "capacity", "storage"]).into(),
        modes(object, &["status", "accessModes"]).into(),
        json::text(object, &["spec", "storageClassName"]).into(),
        or(json::text(object, &["spec", "volumeAttributesClassName"]), "<unset>").into(),
        age(object),
        json::text(object, &["spec", "volumeMode"]).into(),
    ]
}

fn volume(object: &Json) -> Vec<Json> {
    let reference = json::at(object, &["spec", "claimRef"]);
    let claim = match json::text(reference, &["name"]) {
        "" => String::new(),
        name => format!("{}/{name}", json::text(reference, &["namespace"])),
    };
    vec![
        json::text(object, &["spec", "capacity", "storage"]).into(),
        modes(object, &["spec", "accessModes"]).into(),
        json::text(object, &["spec", "persistentVolumeReclaimPolicy"]).into(),
        json::text(object, &["status", "phase"]).into(),
        claim.into(),
        json::text(object, &["spec", "storageClassName"]).into(),
        or(json::text(object, &["spec", "volumeAttributesClassName"]), "<unset>").into(),
        json::text(object, &["status", "reason"]).into(),
        age(object),
        json::text(object, &["spec", "volumeMode"]).into(),
    ]
}

fn binding(object: &Json) -> Vec<Json> {
    let role = json::at(object, &["roleRef"]);
    let subjects = |kind: &str| {
        let all = json::list(object, &["subjects"]).iter().filter(|s| json::text(s, &["kind"]) == kind);
        let name = |s: &Json| match (kind, json::text(s, &["namespace"])) {
            ("ServiceAccount", space) => format!("{space}/{}", json::text(s, &["name"])),
            _ => json::text(s, &["name"]).to_owned(),
        };
        all.map(name).collect::<Vec<_>>().join(", ")
    };
    vec![
        format!("{}/{}", json::text(role, &["kind"]), json::text(role, &["name"])).into(),
        age(object),
        subjects("User").into(),
        subjects("Group").into(),
        subjects("ServiceAccount").into(),
    ]
}

fn ingress(object: &Json) -> Vec<Json> {
    let hosts: Vec<&str> = json::list(object, &["spec", "rules"])
        .iter()
        .map(|r| json::text(r, &["host"]))
        .filter(|h| !h.is_empty())
        .collect();
    let more = hosts.len().saturating_sub(3);
    let shown = hosts.iter().take(3).copied().collect::<Vec<_>>().join(",");
    let hosts = match more {
        0 => or(&shown, "*").to_owned(),
        _ => format!("{shown} + {more} more..."),
    };
    let addresses = json::list(object, &["status", "loadBalancer", "ingress"]);
    let tls = !json::list(object, &["spec", "tls"]).is_empty();
    vec![
        or(json::text(object, &["spec", "ingressClassName"]), NONE).into(),
        hosts.into(),
        joined(addresses.iter().map(|a| or(json::text(a, &["ip"]), json::text(a, &["hostname"])))).into(),
        if tls { "80, 443" } else { "80" }.into(),
        age(object),
    ]
}

fn slice(object: &Json) -> Vec<Json> {
    let ports = joined(
        json::list(object, &["ports"])
            .iter()
            .map(|p| plain(json::at(p, &["port"])))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str),
    );
    let all: Vec<&str> = json::list(object, &["endpoints"])
        .iter()
        .flat_map(|e| json::list(e, &["addresses"]))
        .filter_map(Json::as_str)
        .collect();
    let text = match all.len() {
        0 => "<unset>".to_owned(),
        1..4 => all.join(","),
        more => format!("{} + {} more...", all.iter().take(3).copied().collect::<Vec<_>>().join(","), more - 3),
    };
    vec![json::text(object, &["addressType"]).into(), or(&ports, "<unset>").into(), text.into(), age(object)]
}

fn other(storage: &str, object: &Json) -> Vec<Json> {
    let text = |path: &[&str]| Json::from(or(json::text(object, path), NONE));
    let flag = |path: &[&str]| Json::from(json::flag(object, path));
    match storage {
        "rbac.authorization.k8s.io/rolebindings" | "rbac.authorization.k8s.io/clusterrolebindings" => binding(object),
        "networking.k8s.io/ingresses" => ingress(object),
        "discovery.k8s.io/endpointslices" => slice(object),
        "networking.k8s.io/ingressclasses" => {
            vec![text(&["spec", "controller"]), text(&["spec", "parameters", "name"]), age(object)]
        }
        "networking.k8s.io/networkpolicies" => {
            let pods =
                Labels::from_object(json::at(object, &["spec", "podSelector"])).map(|l| l.text()).unwrap_or_default();
            vec![or(&pods, NONE).into(), age(object)]
        }
        "storage.k8s.io/storageclasses" => vec![
            text(&["provisioner"]),
            text(&["reclaimPolicy"]),
            text(&["volumeBindingMode"]),
            json::flag(object, &["allowVolumeExpansion"]).to_string().into(),
            age(object),
        ],
        "storage.k8s.io/csidrivers" => vec![
            flag(&["spec", "attachRequired"]),
            flag(&["spec", "podInfoOnMount"]),
            flag(&["spec", "storageCapacity"]),
            "<unset>".into(),
            flag(&["spec", "requiresRepublish"]),
            joined(json::list(object, &["spec", "volumeLifecycleModes"]).iter().filter_map(Json::as_str)).into(),
            age(object),
        ],
        "storage.k8s.io/csinodes" => vec![length(object, &["spec", "drivers"]), age(object)],
        "storage.k8s.io/volumeattachments" => vec![
            text(&["spec", "attacher"]),
            text(&["spec", "source", "persistentVolumeName"]),
            text(&["spec", "nodeName"]),
            flag(&["status", "attached"]),
            age(object),
        ],
        "storage.k8s.io/volumeattributesclasses" => vec![text(&["driverName"]), age(object)],
        "admissionregistration.k8s.io/mutatingwebhookconfigurations"
        | "admissionregistration.k8s.io/validatingwebhookconfigurations" => {
            vec![length(object, &["webhooks"]), age(object)]
        }
        "admissionregistration.k8s.io/validatingadmissionpolicies" => {
            vec![length(object, &["spec", "validations"]), text(&["spec", "paramKind", "kind"]), age(object)]
        }
        "admissionregistration.k8s.io/validatingadmissionpolicybindings" => {
            vec![text(&["spec", "policyName"]), text(&["spec", "paramRef", "name"]), age(object)]
        }
        _ => rest(storage, object),
    }
}

fn rest(storage: &str, object: &Json) -> Vec<Json> {
    let text = |path: &[&str]| Json::from(or(json::text(object, path), NONE));
    let flag = |path: &[&str]| Json::from(json::flag(object, path));
    match storage {
        "scheduling.k8s.io/priorityclasses" => {
            vec![count(object, &["value"]), flag(&["globalDefault"]), age(object), text(&["preemptionPolicy"])]
        }
        "coordination.k8s.io/leases" => vec![json::text(object, &["spec", "holderIdentity"]).into(), age(object)],
        "node.k8s.io/runtimeclasses" => vec![text(&["handler"]), age(object)],
        "apiregistration.k8s.io/apiservices" => {
            let service = json::at(object, &["spec", "service"]);
            let name = match json::text(service, &["name"]) {
                "" => "Local".to_owned(),
                name => format!("{}/{name}", json::text(service, &["namespace"])),
            };
            let found =
                json::list(object, &["status", "conditions"]).iter().find(|c| json::text(c, &["type"]) == "Available");
            let state = found.map_or("Unknown".to_owned(), |c| match json::text(c, &["status"]) {
                "True" => "True".to_owned(),
                status => format!("{status} ({})", json::text(c, &["reason"])),
            });
            vec![name.into(), state.into(), age(object)]
        }
        "certificates.k8s.io/certificatesigningrequests" => vec![
            age(object),
            text(&["spec", "signerName"]),
            text(&["spec", "username"]),
            plain(json::at(object, &["spec", "expirationSeconds"])).into(),
            "Pending".into(),
        ],
        "networking.k8s.io/ipaddresses" => vec![text(&["spec", "parentRef", "name"])],
        "networking.k8s.io/servicecidrs" => {
            vec![joined(json::list(object, &["spec", "cidrs"]).iter().filter_map(Json::as_str)).into(), age(object)]
        }
        "flowcontrol.apiserver.k8s.io/flowschemas" => vec![
            text(&["spec", "priorityLevelConfiguration", "name"]),
            count(object, &["spec", "matchingPrecedence"]),
            text(&["spec", "distinguisherMethod", "type"]),
            age(object),
            "?".into(),
        ],
        "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations" => {
            vec![text(&["spec", "type"]), NONE.into(), NONE.into(), NONE.into(), NONE.into(), age(object)]
        }
        _ => vec![age(object)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn as_many_cells_as_columns() {
        let empty = json!({"metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}});
        let schema = crate::schema::Schema::built_in();
        for kind in crate::kinds::Registry::new(&schema).all() {
            let columns = super::super::columns::of(&kind.storage).split('|').count();
            assert_eq!(of(&kind.storage, &empty).len(), columns, "{}", kind.storage);
        }
    }
}
