//! What the server fills into objects: defaults of the built-in kinds, and addresses of Services.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    error::{ApiError, Cause},
    json::{self, Json},
    kinds::Kind,
    state::State,
};

/// Fills defaults in. `old` is the stored object for updates.
pub(crate) fn fill(kind: &Kind, object: &mut Json, old: Option<&Json>) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pod(object),
        ("", "Service") => service(object, old),
        ("", "Secret") => secret(object),
        ("", "Namespace") => namespace(object, old),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "PersistentVolume") => volume(object),
        ("", "ReplicationController") => {
            json::default(object, &["spec", "replicas"], 1);
            pod_template(object, &["spec", "template"]);
            let labels = json::at(object, &["spec", "template", "metadata", "labels"]).clone();
            json::default(object, &["spec", "selector"], labels);
            json::default(object, &["status"], json!({"replicas": 0}));
        }
        ("apps", _) => workload(kind, object),
        ("batch", "Job") => job(object, old),
        ("batch", "CronJob") => cron_job(object),
        ("networking.k8s.io", "Ingress") => json::default(object, &["status"], json!({"loadBalancer": {}})),
        ("networking.k8s.io", "NetworkPolicy") => {
            let egress = !json::at(object, &["spec", "egress"]).is_null();
            let types = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            json::default(object, &["spec", "policyTypes"], types);
            for way in ["ingress", "egress"] {
                for rule in json::items_mut(object, &["spec", way]) {
                    for port in json::items_mut(rule, &["ports"]) {
                        json::default(port, &["protocol"], "TCP");
                    }
                }
            }
        }
        ("autoscaling", "HorizontalPodAutoscaler") => {
            json::default(object, &["spec", "minReplicas"], 1);
            json::default(object, &["status"], json!({"currentMetrics": null, "desiredReplicas": 0}));
        }
        ("storage.k8s.io", "StorageClass") => {
            json::default(object, &["reclaimPolicy"], "Delete");
            json::default(object, &["volumeBindingMode"], "Immediate");
        }
        ("storage.k8s.io", "CSIDriver") => {
            for (key, value) in [
                ("attachRequired", json!(true)),
                ("podInfoOnMount", json!(false)),
                ("storageCapacity", json!(false)),
                ("fsGroupPolicy", json!("ReadWriteOnceWithFSType")),
                ("volumeLifecycleModes", json!(["Persistent"])),
                ("requiresRepublish", json!(false)),
                ("seLinuxMount", json!(false)),
            ] {
                json::default(object, &["spec", key], value);
            }
        }
        ("scheduling.k8s.io", "PriorityClass") => json::default(object, &["preemptionPolicy"], "PreemptLowerPriority"),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => binding(object),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
            webhooks(kind, object);
        }
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            json::default(object, &["spec", "failurePolicy"], "Fail");
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object, old),
        ("apiregistration.k8s.io", "APIService") => json::default(object, &["status"], json!({})),
        _ => {}
    }
}

fn pod(object: &mut Json) {
    if json::object(object, &["spec"]).is_none() {
        return;
    }
    pod_spec(json::slot(object, &["spec"]));
    json::default(object, &["spec", "enableServiceLinks"], true);
    let account = match json::text(object, &["spec", "serviceAccountName"]) {
        "" => json::text(object, &["spec", "serviceAccount"]),
        name => name,
    };
    let account = if account.is_empty() { "default" } else { account }.to_owned();
    json::set(object, &["spec", "serviceAccountName"], account.clone());
    json::set(object, &["spec", "serviceAccount"], account);
    json::default(object, &["spec", "priority"], 0);
    json::default(object, &["spec", "preemptionPolicy"], "PreemptLowerPriority");
    json::default(object, &["status", "phase"], "Pending");
    json::default(object, &["status", "qosClass"], "BestEffort");
}

fn pod_template(object: &mut Json, path: &[&str]) {
    let template = json::slot(object, path);
    json::default(template, &["metadata"], json!({}));
    if template.get("spec").is_some_and(Json::is_object) {
        pod_spec(json::slot(template, &["spec"]));
    }
}

fn pod_spec(spec: &mut Json) {
    json::default(spec, &["restartPolicy"], "Always");
    json::default(spec, &["dnsPolicy"], "ClusterFirst");
    json::default(spec, &["schedulerName"], "default-scheduler");
    json::default(spec, &["securityContext"], json!({}));
    json::default(spec, &["terminationGracePeriodSeconds"], 30);
    let host_network = json::flag(spec, &["hostNetwork"]);
    for list in ["containers", "initContainers"] {
        for container in json::items_mut(spec, &[list]) {
            one_container(container, host_network);
        }
    }
    for volume in json::items_mut(spec, &["volumes"]) {
        one_volume(volume);
    }
    if let Some(account) = spec.get("serviceAccountName").cloned() {
        json::default(spec, &["serviceAccount"], account);
    }
}

fn one_container(container: &mut Json, host_network: bool) {
    if !container.is_object() {
        return;
    }
    let image = json::text(container, &["image"]);
    let tag = image.rsplit('/').next().unwrap_or(image).split_once(':').map_or("", |(_, tag)| tag);
    let latest = !image.contains('@') && (tag.is_empty() || tag == "latest");
    json::default(container, &["imagePullPolicy"], if latest { "Always" } else { "IfNotPresent" });
    json::default(container, &["resources"], json!({}));
    json::default(container, &["terminationMessagePath"], "/dev/termination-log");
    json::default(container, &["terminationMessagePolicy"], "File");
    for port in json::items_mut(container, &["ports"]) {
        json::default(port, &["protocol"], "TCP");
        if host_network && let Some(number) = port.get("containerPort").cloned() {
            json::default(port, &["hostPort"], number);
        }
    }
    for env in json::items_mut(container, &["env"]) {
        if env.get("valueFrom").and_then(|v| v.get("fieldRef")).is_some() {
            json::default(env, &["valueFrom", "fieldRef", "apiVersion"], "v1");
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(probe).filter(|p| p.is_object()) else { continue };
        for (key, value) in
            [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
        {
            json::default(probe, &[key], value);
        }
        if probe.get("httpGet").is_some_and(Json::is_object) {
            json::default(probe, &["httpGet", "path"], "/");
            json::default(probe, &["httpGet", "scheme"], "HTTP");
        }
    }
    if let Some(resources) = container.get_mut("resources")
        && let Some(limits) = resources.get("limits").and_then(Json::as_object).cloned()
    {
        for (name, value) in limits {
            json::default(resources, &["requests", &name], value);
        }
    }
}

fn one_volume(volume: &mut Json) {
    for (source, mode) in [
        ("secret", "defaultMode"),
        ("configMap", "defaultMode"),
        ("projected", "defaultMode"),
        ("downwardAPI", "defaultMode"),
    ] {
        if volume.get(source).is_some_and(Json::is_object) {
            json::default(volume, &[source, mode], 420);
        }
    }
    if volume.get("hostPath").is_some_and(Json::is_object) {
        json::default(volume, &["hostPath", "type"], "");
    }
    if volume.as_object().is_some_and(|v| v.len() == 1 && v.contains_key("name")) {
        json::set(volume, &["emptyDir"], json!({}));
    }
}

fn workload(kind: &Kind, object: &mut Json) {
    if kind.kind == "ControllerRevision" {
        return;
    }
    json::default(object, &["spec"], json!({}));
    pod_template(object, &["spec", "template"]);
    if kind.kind != "DaemonSet" {
        json::default(object, &["spec", "replicas"], 1);
    }
    if kind.kind != "ReplicaSet" {
        json::default(object, &["spec", "revisionHistoryLimit"], 10);
    }
    let strategy = match kind.kind.as_str() {
        "Deployment" => Some(("strategy", json!({"maxSurge": "25%", "maxUnavailable": "25%"}))),
        "DaemonSet" => Some(("updateStrategy", json!({"maxSurge": 0, "maxUnavailable": 1}))),
        "StatefulSet" => Some(("updateStrategy", json!({"partition": 0}))),
        _ => None,
    };
    if let Some((strategy, rolling)) = strategy {
        let given = !json::at(object, &["spec", strategy, "type"]).is_null();
        json::default(object, &["spec", strategy, "type"], "RollingUpdate");
        // A StatefulSet that names the type and nothing else is left so.
        let bare =
            kind.kind == "StatefulSet" && given && json::at(object, &["spec", strategy, "rollingUpdate"]).is_null();
        if !bare && json::text(object, &["spec", strategy, "type"]) == "RollingUpdate" {
            for (key, value) in rolling.as_object().into_iter().flatten() {
                json::default(object, &["spec", strategy, "rollingUpdate", key], value.clone());
            }
        }
    }
    match kind.kind.as_str() {
        "Deployment" => json::default(object, &["spec", "progressDeadlineSeconds"], 600),
        "StatefulSet" => {
            json::default(object, &["spec", "podManagementPolicy"], "OrderedReady");
            let retain = json!({"whenDeleted": "Retain", "whenScaled": "Retain"});
            json::default(object, &["spec", "persistentVolumeClaimRetentionPolicy"], retain);
            for claim in json::items_mut(object, &["spec", "volumeClaimTemplates"]) {
                json::set(claim, &["apiVersion"], "v1");
                json::set(claim, &["kind"], "PersistentVolumeClaim");
                self::claim(claim);
            }
        }
        "DaemonSet" => {
            let generation = json::int(object, &["metadata", "generation"]).unwrap_or(1).to_string();
            json::default(object, &["metadata", "annotations", "deprecated.daemonset.template.generation"], generation);
        }
        _ => {}
    }
    json::default(object, &["status"], if kind.kind == "Deployment" { json!({}) } else { json!({"replicas": 0}) });
    if kind.kind == "DaemonSet" {
        let zero = json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0});
        if json::at(object, &["status", "numberReady"]).is_null() {
            json::set(object, &["status"], zero);
        }
    }
}

fn job(object: &mut Json, old: Option<&Json>) {
    for (key, value) in [
        ("backoffLimit", json!(6)),
        ("completionMode", json!("NonIndexed")),
        ("parallelism", json!(1)),
        ("suspend", json!(false)),
        ("manualSelector", json!(false)),
        ("podReplacementPolicy", json!("TerminatingOrFailed")),
    ] {
        json::default(object, &["spec", key], value);
    }
    if json::int(object, &["spec", "parallelism"]) == Some(1) {
        json::default(object, &["spec", "completions"], 1);
    }
    pod_template(object, &["spec", "template"]);
    if let Some(old) = old {
        // The server made the selector and these labels; clients do not know them.
        if json::at(object, &["spec", "selector"]).is_null() {
            json::set(object, &["spec", "selector"], json::at(old, &["spec", "selector"]).clone());
        }
        for (key, value) in json::object(old, &["spec", "template", "metadata", "labels"]).into_iter().flatten() {
            if JOB_LABELS.contains(&key.as_str()) {
                json::default(object, &["spec", "template", "metadata", "labels", key], value.clone());
            }
        }
    } else if !json::flag(object, &["spec", "manualSelector"]) && !json::uid(object).is_empty() {
        let (uid, name) = (json::uid(object).to_owned(), json::name(object).to_owned());
        for (label, value) in JOB_LABELS.iter().zip([&uid, &name, &uid, &name]) {
            json::set(object, &["spec", "template", "metadata", "labels", label], value.as_str());
        }
        let selector = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
        json::set(object, &["spec", "selector"], selector);
    }
    json::default(object, &["status"], json!({}));
}

const JOB_LABELS: &[&str] =
    &["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];

fn cron_job(object: &mut Json) {
    for (key, value) in [
        ("concurrencyPolicy", json!("Allow")),
        ("failedJobsHistoryLimit", json!(1)),
        ("successfulJobsHistoryLimit", json!(3)),
        ("suspend", json!(false)),
    ] {
        json::default(object, &["spec", key], value);
    }
    json::default(object, &["spec", "jobTemplate", "metadata"], json!({}));
    pod_template(object, &["spec", "jobTemplate", "spec", "template"]);
    json::default(object, &["status"], json!({}));
}

fn secret(object: &mut Json) {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    if let Some(Json::Object(plain)) = json::remove(object, &["stringData"]) {
        for (key, value) in plain {
            let text = BASE64_STANDARD.encode(value.as_str().unwrap_or(""));
            json::set(object, &["data", &key], text);
        }
    }
    json::default(object, &["type"], "Opaque");
    if json::text(object, &["type"]) == "kubernetes.io/service-account-token"
        && json::at(object, &["data", "token"]).is_null()
    {
        let namespace = BASE64_STANDARD.encode(json::namespace(object));
        json::set(object, &["data", "token"], BASE64_STANDARD.encode("sandbox-token"));
        json::default(object, &["data", "namespace"], namespace);
        json::default(object, &["data", "ca.crt"], BASE64_STANDARD.encode(crate::seed::ROOT_CA));
    }
}

fn namespace(object: &mut Json, old: Option<&Json>) {
    let name = json::name(object).to_owned();
    json::set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], name);
    if old.is_none() {
        json::set(object, &["spec", "finalizers"], json!(["kubernetes"]));
        json::set(object, &["status", "phase"], "Active");
    }
}

fn claim(object: &mut Json) {
    json::default(object, &["spec", "volumeMode"], "Filesystem");
    json::default(object, &["status", "phase"], "Pending");
}

fn volume(object: &mut Json) {
    json::default(object, &["spec", "persistentVolumeReclaimPolicy"], "Retain");
    json::default(object, &["spec", "volumeMode"], "Filesystem");
    json::default(object, &["status", "phase"], "Pending");
}

fn binding(object: &mut Json) {
    json::default(object, &["roleRef", "apiGroup"], "rbac.authorization.k8s.io");
    for subject in json::items_mut(object, &["subjects"]) {
        if matches!(json::text(subject, &["kind"]), "User" | "Group") {
            json::default(subject, &["apiGroup"], "rbac.authorization.k8s.io");
        }
    }
}

fn webhooks(kind: &Kind, object: &mut Json) {
    let mutating = kind.kind.starts_with('M');
    for hook in json::items_mut(object, &["webhooks"]) {
        for (key, value) in [
            ("failurePolicy", json!("Fail")),
            ("matchPolicy", json!("Equivalent")),
            ("namespaceSelector", json!({})),
            ("objectSelector", json!({})),
            ("timeoutSeconds", json!(10)),
        ] {
            json::default(hook, &[key], value);
        }
        if mutating {
            json::default(hook, &["reinvocationPolicy"], "Never");
        }
        if hook.get("clientConfig").and_then(|c| c.get("service")).is_some() {
            json::default(hook, &["clientConfig", "service", "port"], 443);
        }
        for rule in json::items_mut(hook, &["rules"]) {
            json::default(rule, &["scope"], "*");
        }
    }
}

fn definition(object: &mut Json, old: Option<&Json>) {
    let names = json::at(object, &["spec", "names"]).clone();
    let (kind, plural) = (json::text(&names, &["kind"]).to_owned(), json::text(&names, &["plural"]).to_owned());
    json::default(object, &["spec", "names", "listKind"], format!("{kind}List"));
    json::default(object, &["spec", "names", "singular"], kind.to_ascii_lowercase());
    json::default(object, &["spec", "conversion", "strategy"], "None");
    let stored = json::list(object, &["spec", "versions"]).iter().find(|v| json::flag(v, &["storage"]));
    let stored = stored.map(|v| json::text(v, &["name"]).to_owned()).unwrap_or_default();
    let accepted = json::at(object, &["spec", "names"]).clone();
    json::set(object, &["status", "acceptedNames"], accepted);
    let since = old.map(|o| json::text(o, &["metadata", "creationTimestamp"]).to_owned());
    let now = since.unwrap_or_else(crate::clock::now);
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": "True", "reason": reason,
        "message": message, "lastTransitionTime": now})
    };
    let conditions = json!([
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ]);
    json::set(object, &["status", "conditions"], conditions);
    let known = json::list(object, &["status", "storedVersions"]);
    if !known.iter().any(|v| v.as_str() == Some(&stored)) {
        let mut all = known.to_vec();
        all.push(stored.into());
        json::set(object, &["status", "storedVersions"], all);
    }
    tracing::trace!(plural, "defined a custom kind");
}

fn service(object: &mut Json, old: Option<&Json>) {
    json::default(object, &["spec", "type"], "ClusterIP");
    json::default(object, &["spec", "sessionAffinity"], "None");
    let kind = json::text(object, &["spec", "type"]).to_owned();
    for port in json::items_mut(object, &["spec", "ports"]) {
        json::default(port, &["protocol"], "TCP");
        if let Some(number) = port.get("port").cloned() {
            json::default(port, &["targetPort"], number);
        }
    }
    json::default(object, &["status"], json!({"loadBalancer": {}}));
    if kind == "ExternalName" {
        return;
    }
    json::default(object, &["spec", "internalTrafficPolicy"], "Cluster");
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        json::default(object, &["spec", "externalTrafficPolicy"], "Cluster");
    }
    if kind == "LoadBalancer" {
        json::default(object, &["spec", "allocateLoadBalancerNodePorts"], true);
    }
    if json::text(object, &["spec", "sessionAffinity"]) == "ClientIP" {
        json::default(object, &["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"], 10_800);
    }
    if let Some(old) = old {
        // What was allocated stays when an update does not speak of it.
        for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"] {
            let value = json::at(old, &["spec", key]).clone();
            if !value.is_null() {
                json::default(object, &["spec", key], value);
            }
        }
        if json::text(object, &["spec", "clusterIP"]).is_empty() {
            json::set(object, &["spec", "clusterIP"], json::at(old, &["spec", "clusterIP"]).clone());
            json::drop_nulls_at(object, "spec");
        }
        if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
            keep_node_ports(object, old);
        }
    }
}

fn keep_node_ports(object: &mut Json, old: &Json) {
    let identity = |port: &Json| (json::int(port, &["port"]), json::text(port, &["protocol"]).to_owned());
    for port in json::items_mut(object, &["spec", "ports"]) {
        let same = json::list(old, &["spec", "ports"]).iter().find(|p| identity(p) == identity(port));
        let number = same.and_then(|p| p.get("nodePort")).cloned();
        if let (Some(number), None | Some(0)) = (number, json::int(port, &["nodePort"])) {
            json::set(port, &["nodePort"], number);
        }
    }
}

/// Gives a Service its addresses and node ports.
///
/// # Errors
/// 422 when a cluster IP or node port asked for is taken, 429 when none is left.
pub(crate) fn allocate(state: &mut State, kind: &Kind, object: &mut Json) -> Result<(), ApiError> {
    if !kind.is("", "Service") || json::text(object, &["spec", "type"]) == "ExternalName" {
        return Ok(());
    }
    let name = json::name(object).to_owned();
    let uid = json::uid(object).to_owned();
    let others: Vec<_> = state.store.all("/services").filter(|s| json::uid(s) != uid).cloned().collect();
    let asked = json::text(object, &["spec", "clusterIP"]).to_owned();
    if asked.is_empty() {
        let taken: BTreeSet<&str> = others.iter().map(|s| json::text(s, &["spec", "clusterIP"])).collect();
        let address = (0..60_000u32).find_map(|_| {
            state.next_cluster_ip = state.next_cluster_ip % 65_000 + 1;
            let (high, low) = (state.next_cluster_ip / 256, state.next_cluster_ip % 256);
            Some(format!("10.96.{high}.{low}")).filter(|a| !taken.contains(a.as_str()))
        });
        let address = address.ok_or_else(|| ApiError::full("no cluster IP is left"))?;
        json::set(object, &["spec", "clusterIP"], address);
    } else if asked != "None" && others.iter().any(|s| json::text(s, &["spec", "clusterIP"]) == asked) {
        let why = "failed to allocate IP: provided IP is already allocated";
        let cause = Cause::invalid("spec.clusterIPs", &json!([asked]), why);
        return Err(ApiError::invalid(kind, &name, &[cause]));
    }
    let address = json::text(object, &["spec", "clusterIP"]).to_owned();
    json::default(object, &["spec", "clusterIPs"], json!([address]));
    json::default(object, &["spec", "ipFamilies"], json!(["IPv4"]));
    json::default(object, &["spec", "ipFamilyPolicy"], "SingleStack");
    node_ports(state, kind, object, &others)
}

fn node_ports(
    state: &mut State,
    kind: &Kind,
    object: &mut Json,
    others: &[std::sync::Arc<Json>],
) -> Result<(), ApiError> {
    let wanted = match json::text(object, &["spec", "type"]) {
        "NodePort" => true,
        "LoadBalancer" => json::flag(object, &["spec", "allocateLoadBalancerNodePorts"]),
        _ => return Ok(()),
    };
    let name = json::name(object).to_owned();
    let mut taken: BTreeSet<i64> = others
        .iter()
        .flat_map(|s| json::list(s, &["spec", "ports"]))
        .filter_map(|p| json::int(p, &["nodePort"]))
        .collect();
    for (index, port) in json::items_mut(object, &["spec", "ports"]).enumerate() {
        match json::int(port, &["nodePort"]) {
            Some(number) if number != 0 && taken.contains(&number) => {
                let field = format!("spec.ports[{index}].nodePort");
                let cause = Cause::invalid(field, &json!(number), "provided port is already allocated");
                return Err(ApiError::invalid(kind, &name, &[cause]));
            }
            Some(number) if number != 0 => _ = taken.insert(number),
            _ if wanted => {
                let free = (0..2768).map(|_| {
                    state.next_node_port = (state.next_node_port + 1) % 2768;
                    30_000 + i64::from(state.next_node_port)
                });
                let number = free
                    .into_iter()
                    .find(|n| !taken.contains(n))
                    .ok_or_else(|| ApiError::full("no node port is left"))?;
                taken.insert(number);
                json::set(port, &["nodePort"], number);
            }
            _ => {}
        }
    }
    Ok(())
}
