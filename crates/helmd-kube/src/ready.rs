//! Readiness as Helm 3 sees it: the live object, and those that belong to it.

use helmd_plan::ready::{ReadyOptions, Related, legacy_ready, related};
use serde_json::Value as Json;

pub(crate) use helmd_plan::ready::Readiness;

use crate::cluster::Cluster;
use crate::discovery::Mapping;
use crate::error::KubeError;
use crate::pods::pod_mapping;
use crate::resource::Resource;

/// Kinds with a rule; others are ready without a look.
const JUDGED: [(&str, &[&str]); 5] = [
    ("", &["Pod", "PersistentVolumeClaim", "Service", "ReplicationController"]),
    ("apps", &["Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"]),
    ("extensions", &["Deployment", "DaemonSet", "ReplicaSet"]),
    ("batch", &["Job"]),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
];

impl Cluster {
    /// Looks at an object and judges it by Helm 3's rules.
    ///
    /// # Errors
    /// Reading failed; an object that does not exist is such a failure.
    pub(crate) async fn readiness(&self, resource: &Resource, jobs: bool) -> Result<Readiness, KubeError> {
        let mapping = &resource.mapping;
        let judged =
            JUDGED.iter().any(|(group, kinds)| *group == mapping.group && kinds.contains(&mapping.kind.as_str()));
        if !judged || (mapping.kind == "Job" && !jobs) {
            return Ok(Readiness::Ready);
        }
        let live = self.get(resource).await?;
        let others = self.related(&live, &resource.namespace).await?;
        let options = ReadyOptions { check_jobs: jobs, paused_as_ready: true };
        Ok(legacy_ready(&live, &others, options))
    }

    async fn related(&self, live: &Json, namespace: &str) -> Result<Vec<Json>, KubeError> {
        match related(live) {
            Related::Nothing => Ok(Vec::new()),
            Related::Pods(labels) => self
                .list(&pod_mapping(), namespace, &labels, "")
                .await
                .map_err(|err| err.context("failed to list pods")),
            Related::ReplicaSets(labels) => self.list(&replica_set_mapping(), namespace, &labels, "").await,
        }
    }
}

pub(crate) fn replica_set_mapping() -> Mapping {
    Mapping {
        group: "apps".to_owned(),
        version: "v1".to_owned(),
        kind: "ReplicaSet".to_owned(),
        plural: "replicasets".to_owned(),
        namespaced: true,
    }
}
