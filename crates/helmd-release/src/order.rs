//! The order of kinds.

use std::cmp::Ordering;

/// Which way resources go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// [`INSTALL_ORDER`]
    Install,
    /// [`UNINSTALL_ORDER`]
    Uninstall,
}

/// The kinds in the order in which they are installed.
pub const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The kinds in the order in which they are uninstalled. It is nearly the reverse of [`INSTALL_ORDER`].
pub const UNINSTALL_ORDER: [&str; 38] = [
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
    "Ingress",
    "IngressClass",
    "Service",
    "CronJob",
    "Job",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "DaemonSet",
    "RoleBindingList",
    "RoleBinding",
    "RoleList",
    "Role",
    "ClusterRoleBindingList",
    "ClusterRoleBinding",
    "ClusterRoleList",
    "ClusterRole",
    "CustomResourceDefinition",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "ConfigMap",
    "SecretList",
    "Secret",
    "ServiceAccount",
    "PodDisruptionBudget",
    "PodSecurityPolicy",
    "LimitRange",
    "ResourceQuota",
    "NetworkPolicy",
    "Namespace",
    "PriorityClass",
];

/// Orders two kinds: known ones as listed, then unknown ones by name. Sort stably with it.
pub fn compare_kinds(a: &str, b: &str, order: Order, helm: helmd_chart::HelmMajor) -> Ordering {
    let kinds = match order {
        Order::Install => &INSTALL_ORDER,
        Order::Uninstall => &UNINSTALL_ORDER,
    };
    let place = |kind: &str| {
        // HELM: helm 3 does not know the webhooks.
        let known = helm == helmd_chart::HelmMajor::Helm4 || !kind.ends_with("WebhookConfiguration");
        known.then(|| kinds.iter().position(|k| *k == kind)).flatten()
    };
    match (place(a), place(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}
