//! The pods behind an object, and their renewal.

use serde_json::{Value as Json, json};

use crate::cluster::Cluster;
use crate::discovery::Mapping;
use crate::error::KubeError;
use crate::resource::{Resource, as_table};
use crate::transport::Call;

/// The label selector of the pods that an object makes; nothing for kinds that make none, nor for a
/// service without selector.
#[must_use]
pub fn selector(object: &Json) -> Option<String> {
    let kind = object.get("kind").and_then(Json::as_str)?;
    let spec = object.get("spec")?;
    let selector = spec.get("selector")?;
    match kind {
        "ReplicationController" | "Service" => {
            let text = equalities(selector);
            (!text.is_empty()).then_some(text)
        }
        "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Deployment" | "Job" => helmd_plan::selector_text(Some(selector)),
        _ => None,
    }
}

fn equalities(labels: &Json) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    let pairs: Vec<String> = pairs.filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect();
    pairs.join(",")
}

pub(crate) fn pod_mapping() -> Mapping {
    Mapping {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        plural: "pods".to_owned(),
        namespaced: true,
    }
}

impl Cluster {
    /// The pods in a namespace by label and field selector.
    ///
    /// # Errors
    /// The call's failure.
    pub async fn pods(&self, namespace: &str, labels: &str, fields: &str) -> Result<Vec<Json>, KubeError> {
        self.list(&pod_mapping(), namespace, labels, fields).await
    }

    /// The pods in a namespace by label selector, as the table that the server makes of them for people.
    ///
    /// # Errors
    /// The call's failure.
    pub async fn pods_table(&self, namespace: &str, labels: &str) -> Result<Json, KubeError> {
        let call = Call::new(http::Method::GET, pod_mapping().path(namespace)).query("labelSelector", labels);
        self.call(as_table(call)).await?.json()
    }

    /// The pods in a namespace by label selector, as the list that the server gives.
    ///
    /// # Errors
    /// The call's failure.
    pub async fn pods_list(&self, namespace: &str, labels: &str) -> Result<Json, KubeError> {
        let call = Call::new(http::Method::GET, pod_mapping().path(namespace)).query("labelSelector", labels);
        self.call(call).await?.json()
    }

    /// Deletes the pods of the given objects, so that new ones come up (`--recreate-pods`).
    ///
    /// # Errors
    /// The first failure, in Helm's words.
    pub async fn recreate_pods(&self, resources: &[Resource]) -> Result<(), KubeError> {
        let mapping = std::sync::Arc::new(pod_mapping());
        for resource in resources {
            let Some(selector) = selector(&resource.object) else { continue };
            let words = || {
                format!(
                    "unable to recreate pods for object {}/{} because an error occurred",
                    resource.namespace, resource.name
                )
            };
            let pods = self.pods(&resource.namespace, &selector, "").await.map_err(|err| err.context(words()))?;
            for pod in pods {
                let pod = Resource::new(std::sync::Arc::clone(&mapping), pod);
                let options = json!({"preconditions": {"uid": pod.meta("uid")}});
                self.delete_with(&pod, &options).await.map_err(|err| err.context(words()))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_of_both_forms() {
        let object = json!({"kind": "Deployment", "spec": {"selector": {
            "matchLabels": {"a": "b"},
            "matchExpressions": [{"key": "c", "operator": "NotIn", "values": ["d", "e"]}, {"key": "f", "operator": "Exists"}],
        }}});
        assert_eq!(selector(&object).unwrap(), "a=b,c notin (d,e),f");
        assert_eq!(selector(&json!({"kind": "Service", "spec": {"selector": {"a": "b"}}})).unwrap(), "a=b");
        assert_eq!(selector(&json!({"kind": "ConfigMap"})), None);
    }
}
