//! What a new cluster holds: namespaces, nodes, the API's own Service, some roles and classes.

use serde_json::json;

use crate::{
    clock,
    json::Json,
    state::State,
    write::{self, How, Owners},
};

/// Stands in for a certificate: there is no TLS inside the sandbox.
pub(crate) const ROOT_CA: &str = "-----BEGIN CERTIFICATE-----\nc2FuZGJveA==\n-----END CERTIFICATE-----\n";

/// Fills a new store.
pub(crate) fn fill(state: &mut State) {
    let how = How { owners: Owners::Nobody, ..How::controller() };
    for object in objects(state.options.nodes) {
        let api_version = object.get("apiVersion").and_then(Json::as_str).unwrap_or("").to_owned();
        let kind = object.get("kind").and_then(Json::as_str).unwrap_or("").to_owned();
        let Some(kind) = state.registry.by_kind(&api_version, &kind) else { continue };
        if let Err(error) = write::create(state, &kind, object, &how) {
            tracing::warn!(%error, "the sandbox could not be filled");
        }
    }
}

fn objects(nodes: usize) -> Vec<Json> {
    let mut all: Vec<Json> = ["default", "kube-system", "kube-public", "kube-node-lease"]
        .iter()
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
        .collect();
    all.extend((0..nodes).map(node));
    all.push(json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}]}}));
    all.push(json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "sandbox.helmd.dev/none", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}));
    for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)] {
        all.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value}));
    }
    for role in ["cluster-admin", "admin", "edit", "view", "system:auth-delegator"] {
        let verbs = if role == "view" { json!(["get", "list", "watch"]) } else { json!(["*"]) };
        all.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": role, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]}));
    }
    all.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "extension-apiserver-authentication-reader", "namespace": "kube-system"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]}));
    all
}

fn node(number: usize) -> Json {
    let name = format!("node-{number}");
    let now = clock::now();
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": status,
        "reason": reason, "message": message, "lastHeartbeatTime": now, "lastTransitionTime": now})
    };
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "1k", "ephemeral-storage": "1Ti"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
        "spec": {},
        "status": {
            "addresses": [{"type": "InternalIP", "address": format!("192.0.2.{}", 100 + number % 100)}, {"type": "Hostname", "address": name}],
            "allocatable": room, "capacity": room, "phase": "Running",
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": crate::discovery::GIT_VERSION,
                "kubeProxyVersion": "", "containerRuntimeVersion": "sandbox", "kernelVersion": "sandbox", "osImage": "sandbox",
                "bootID": "", "machineID": "", "systemUUID": ""},
        },
    })
}
