//! Leases: who works on something, for how long it counts, and what is being done.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::transport::Call;

/// How much clocks may lie apart: the API server tells its time in whole seconds.
const SLACK: Duration = Duration::from_secs(1);

/// A Lease of `coordination.k8s.io/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Where it lies.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who holds it; empty for nobody.
    pub holder: String,
    /// How long it counts after it was renewed.
    pub duration: Duration,
    /// When the holder got it, by the API server's clock.
    pub acquired: Timestamp,
    /// When the holder was last seen, by the API server's clock.
    pub renewed: Timestamp,
    /// How often it changed hands.
    pub transitions: i64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Which version of it this is; empty for one that is not written yet.
    pub resource_version: String,
}

impl Lease {
    /// Whether its holder was not seen for longer than it counts.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        let silent = Duration::try_from(now.duration_since(self.renewed)).unwrap_or_default();
        self.holder.is_empty() || silent > self.duration + SLACK
    }

    fn object(&self) -> Json {
        let mut meta = json!({
            "name": self.name,
            "namespace": self.namespace,
            "labels": self.labels,
            "annotations": self.annotations,
        });
        if !self.resource_version.is_empty()
            && let Json::Object(meta) = &mut meta
        {
            meta.insert("resourceVersion".to_owned(), json!(self.resource_version));
        }
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": meta,
            "spec": {
                "holderIdentity": self.holder,
                "leaseDurationSeconds": self.duration.as_secs().max(1),
                "acquireTime": micro_time(self.acquired),
                "renewTime": micro_time(self.renewed),
                "leaseTransitions": self.transitions,
            },
        })
    }

    fn read(object: &Json) -> Self {
        let text = |at: &str| object.pointer(at).and_then(Json::as_str).unwrap_or_default();
        let number = |at: &str| object.pointer(at).and_then(Json::as_i64).unwrap_or_default();
        let time = |at: &str| text(at).parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let texts = |at: &str| {
            let pairs = object.pointer(at).and_then(Json::as_object).into_iter().flatten();
            pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
        };
        Self {
            namespace: text("/metadata/namespace").to_owned(),
            name: text("/metadata/name").to_owned(),
            holder: text("/spec/holderIdentity").to_owned(),
            duration: Duration::from_secs(u64::try_from(number("/spec/leaseDurationSeconds")).unwrap_or_default()),
            acquired: time("/spec/acquireTime"),
            renewed: time("/spec/renewTime"),
            transitions: number("/spec/leaseTransitions"),
            labels: texts("/metadata/labels"),
            annotations: texts("/metadata/annotations"),
            resource_version: text("/metadata/resourceVersion").to_owned(),
        }
    }
}

/// A time as Kubernetes' `MicroTime` is written.
fn micro_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn path(namespace: &str, name: Option<&str>) -> String {
    let base = "/apis/coordination.k8s.io/v1";
    match (namespace, name) {
        ("", _) => format!("{base}/leases"),
        (namespace, None) => format!("{base}/namespaces/{namespace}/leases"),
        (namespace, Some(name)) => format!("{base}/namespaces/{namespace}/leases/{name}"),
    }
}

impl Cluster {
    /// A lease; nothing when there is none.
    ///
    /// # Errors
    /// Any failure but "not found".
    pub async fn lease(&self, namespace: &str, name: &str) -> Result<Option<Lease>, KubeError> {
        match self.call(Call::new(Method::GET, path(namespace, Some(name)))).await {
            Ok(answer) => Ok(Some(Lease::read(&answer.json()?))),
            Err(err) if err.is_not_found() => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// The leases with these labels in a namespace; in all of them when it is empty. May be as old as the server's cache.
    ///
    /// # Errors
    /// The call's failure.
    pub async fn leases(&self, namespace: &str, labels: &str) -> Result<Vec<Lease>, KubeError> {
        let call = Call::new(Method::GET, path(namespace, None));
        let call = call.query("labelSelector", labels).query("resourceVersion", "0");
        let list = self.call(call).await?.json()?;
        Ok(list.get("items").and_then(Json::as_array).into_iter().flatten().map(Lease::read).collect())
    }

    /// Makes a lease.
    ///
    /// # Errors
    /// The call's failure; `is_already_exists` when there is one of that name.
    pub async fn create_lease(&self, lease: &Lease) -> Result<Lease, KubeError> {
        let call = Call::new(Method::POST, path(&lease.namespace, None)).json(&lease.object());
        Ok(Lease::read(&self.call(call).await?.json()?))
    }

    /// Writes a lease back.
    ///
    /// # Errors
    /// The call's failure; `is_conflict` when somebody else wrote it since it was read.
    pub async fn update_lease(&self, lease: &Lease) -> Result<Lease, KubeError> {
        let call = Call::new(Method::PUT, path(&lease.namespace, Some(&lease.name))).json(&lease.object());
        Ok(Lease::read(&self.call(call).await?.json()?))
    }

    /// Deletes a lease, unless somebody else wrote it since it was read.
    ///
    /// # Errors
    /// The call's failure; one that is gone already is none.
    pub async fn delete_lease(&self, lease: &Lease) -> Result<(), KubeError> {
        let body = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": {"resourceVersion": lease.resource_version},
        });
        let call = Call::new(Method::DELETE, path(&lease.namespace, Some(&lease.name))).json(&body);
        match self.call(call).await {
            Err(err) if !err.is_not_found() => Err(err),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> Lease {
        let time: Timestamp = "2026-01-02T03:04:05.5Z".parse().unwrap();
        Lease {
            namespace: "n".to_owned(),
            name: "helmd.a".to_owned(),
            holder: "host_1".to_owned(),
            duration: Duration::from_secs(15),
            acquired: time,
            renewed: time,
            transitions: 2,
            labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            annotations: BTreeMap::new(),
            resource_version: "7".to_owned(),
        }
    }

    #[test]
    fn a_lease_is_read_as_it_is_written() {
        let object = lease().object();
        assert_eq!(object["spec"]["renewTime"], "2026-01-02T03:04:05.500000Z");
        assert_eq!(Lease::read(&object), lease());
    }

    #[test]
    fn a_silent_or_missing_holder_lets_go() {
        let at = |text: &str| lease().is_expired(text.parse().unwrap());
        assert!(!at("2026-01-02T03:04:21Z"));
        assert!(at("2026-01-02T03:04:22Z"));
        assert!(!at("2026-01-02T03:00:00Z"));
        assert!(Lease { holder: String::new(), ..lease() }.is_expired(lease().renewed));
    }
}
