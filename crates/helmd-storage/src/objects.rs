//! Releases in Secrets or ConfigMaps, laid out as Helm does: one object per revision, named by the
//! key, labelled with name, owner, status and version.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use helmd_chart::HelmMajor;
use helmd_kube::transport::{Answer, Call};
use helmd_kube::{Cluster, KubeError, Repeated};
use helmd_release::{Release, STORAGE_TYPE, Stamp, storage_labels};
use http::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::driver::{Body, Driver, DriverKind, Query, Record, RecordHead};
use crate::error::{StorageError, TooLarge};
use crate::kept::Kept;

/// Asks for metadata only; a server that cannot do so gives the whole objects.
const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// Where an object says why its revision failed. helm leaves it out when it writes the object.
const EXPLANATION: &str = "helmd.dev/explanation";

/// What a Secret or ConfigMap may hold.
const MAX_DATA_BYTES: usize = 1 << 20;
/// The API server's words for more.
const TOO_LONG: &str = "Too long: may not be more than 1048576 bytes";
/// etcd's words for more than it takes.
const ETCD: &str = "request is too large";

/// Keeps releases in objects of the cluster.
#[derive(Debug, Clone)]
pub struct Objects {
    cluster: Cluster,
    plural: &'static str,
    kind: &'static str,
    helm: HelmMajor,
    /// The versions of the records that an operation has read or written, by namespace and key.
    seen: Option<Seen>,
}

type Seen = Arc<Mutex<BTreeMap<(String, String), String>>>;

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    items: Option<Vec<Stored>>,
}

#[derive(Deserialize)]
struct Stored {
    metadata: Meta,
    #[serde(default)]
    data: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    resource_version: String,
}

/// What is read of the answer to a write.
#[derive(Deserialize)]
struct Written {
    metadata: Meta,
}

impl Meta {
    fn head(self) -> RecordHead {
        let labels = self.labels.unwrap_or_default();
        RecordHead {
            uid: self.uid,
            ..RecordHead::from_labels(self.name, self.namespace, labels, self.resource_version)
        }
    }
}

impl Objects {
    /// A driver on a cluster that writes records as `helm` does. Other kinds than ConfigMaps are taken as Secrets.
    #[must_use]
    pub fn new(cluster: &Cluster, kind: DriverKind, helm: HelmMajor) -> Self {
        let (plural, kind) = match kind {
            DriverKind::ConfigMap => ("configmaps", "ConfigMap"),
            DriverKind::Secret | DriverKind::Memory | DriverKind::Sql => ("secrets", "Secret"),
        };
        Self { cluster: cluster.clone(), plural, kind, helm, seen: None }
    }

    fn path(&self, namespace: &str, key: Option<&str>) -> String {
        let collection = if namespace.is_empty() {
            format!("/api/v1/{}", self.plural)
        } else {
            format!("/api/v1/namespaces/{namespace}/{}", self.plural)
        };
        match key {
            Some(key) => format!("{collection}/{key}"),
            None => collection,
        }
    }

    fn list(&self, namespace: &str, query: &Query) -> Call {
        let mut selector = String::new();
        if let Some(name) = &query.name {
            selector.push_str(&format!("name={name},"));
        }
        selector.push_str("owner=helm");
        match query.statuses.as_slice() {
            [] => {}
            [one] => selector.push_str(&format!(",status={one}")),
            many => selector.push_str(&format!(",status in ({})", many.join(","))),
        }
        Call::new(Method::GET, self.path(namespace, None)).query("labelSelector", selector)
    }

    async fn read_list(&self, call: Call) -> Result<Vec<Stored>, KubeError> {
        let answer = self.cluster.call(call).await?;
        let list: List = serde_json::from_slice(&answer.body)
            .map_err(|err| KubeError::Answer(format!("couldn't decode the server's answer: {err}")))?;
        Ok(list.items.unwrap_or_default())
    }

    fn see(&self, namespace: &str, key: &str, version: &str) {
        if let Some(seen) = &self.seen {
            let place = (namespace.to_owned(), key.to_owned());
            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(place, version.to_owned());
        }
    }

    fn seen(&self, namespace: &str, key: &str) -> Option<String> {
        let seen = self.seen.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&(namespace.to_owned(), key.to_owned())).cloned()
    }

    /// Notes the version that an answer to a write tells.
    fn see_written(&self, release: &Release, answer: &Answer) {
        if self.seen.is_some()
            && let Ok(stored) = serde_json::from_slice::<Written>(&answer.body)
        {
            self.see(&release.namespace, &release.storage_key(), &stored.metadata.resource_version);
        }
    }

    /// Whether the record holds this very release: then a write that was refused had been heard the first time.
    async fn holds(&self, release: &Release) -> bool {
        let Ok(text) = helmd_release::encode(release, self.helm) else { return false };
        match self.get(&release.namespace, &release.storage_key()).await {
            Ok(Record { body: Body::Encoded(stored), .. }) => stored == text,
            _ => false,
        }
    }

    fn record(&self, mut stored: Stored) -> Record {
        self.see(&stored.metadata.namespace, &stored.metadata.name, &stored.metadata.resource_version);
        let text = stored.data.and_then(|mut data| data.remove("release")).unwrap_or_default();
        let body = if self.kind == "Secret" {
            // What is no base64 is no release either; decoding the record says so.
            BASE64.decode(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        } else {
            text
        };
        let explanation =
            stored.metadata.annotations.as_mut().and_then(|all| all.remove(EXPLANATION)).unwrap_or_default();
        Record { head: stored.metadata.head(), body: Body::Encoded(body), explanation }
    }

    /// What the cluster says. Helm's driver for ConfigMaps gives its words alone.
    fn told(&self, text: &'static str, source: KubeError) -> StorageError {
        match self.kind {
            "Secret" => StorageError::Cluster { text, source },
            _ => StorageError::Plain(source),
        }
    }

    /// Why a record was not written.
    fn refused(&self, text: &'static str, release: &Release, source: KubeError) -> StorageError {
        // 413 is what a server says to bodies that are larger still, and etcd's words are for those between.
        let words = |message: &str| message.contains(TOO_LONG) || message.contains(ETCD);
        let too_large = matches!(&source, KubeError::Api(status) if status.code == 413 || words(&status.message));
        let cause = self.told(text, source);
        if !too_large {
            return cause;
        }
        match helmd_release::measure(release, self.helm, MAX_DATA_BYTES) {
            Ok(size) => StorageError::TooLarge(Box::new(TooLarge { size, cause })),
            Err(_) => cause,
        }
    }

    fn object(&self, verb: &'static str, release: &Release, stamp: Stamp) -> Result<Json, StorageError> {
        let text = helmd_release::encode(release, self.helm).map_err(|reason| StorageError::Encode {
            verb,
            name: release.name.clone(),
            reason: reason.to_string(),
        })?;
        let mut object = json!({
            "apiVersion": "v1",
            "kind": self.kind,
            "metadata": {
                "name": release.storage_key(),
                "namespace": release.namespace,
                "labels": storage_labels(release, stamp),
            },
        });
        if !release.explanation.is_empty()
            && let Some(Json::Object(meta)) = object.get_mut("metadata")
        {
            meta.insert("annotations".to_owned(), json!({EXPLANATION: release.explanation}));
        }
        if let Json::Object(object) = &mut object {
            if self.kind == "Secret" {
                object.insert("type".to_owned(), json!(STORAGE_TYPE));
                object.insert("data".to_owned(), json!({"release": BASE64.encode(text)}));
            } else {
                object.insert("data".to_owned(), json!({"release": text}));
            }
        }
        Ok(object)
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[async_trait]
impl Driver for Objects {
    fn name(&self) -> &'static str {
        self.kind
    }

    async fn get(&self, namespace: &str, key: &str) -> Result<Record, StorageError> {
        let call = Call::new(Method::GET, self.path(namespace, Some(key)));
        let failed = |source: KubeError| {
            if source.is_not_found() {
                StorageError::NotFound
            } else if self.kind == "ConfigMap" {
                StorageError::Plain(source)
            } else {
                StorageError::Get { key: key.to_owned(), source }
            }
        };
        let answer = self.cluster.call(call).await.map_err(failed)?;
        let stored: Stored = serde_json::from_slice(&answer.body)
            .map_err(|err| failed(KubeError::Answer(format!("couldn't decode the server's answer: {err}"))))?;
        Ok(self.record(stored))
    }

    async fn heads(&self, namespace: &str, query: &Query) -> Result<Vec<RecordHead>, StorageError> {
        let stored = self
            .read_list(self.list(namespace, query).accept(METADATA_ONLY))
            .await
            .map_err(|source| self.told(list_text(query), source))?;
        Ok(stored.into_iter().map(|stored| stored.metadata.head()).collect())
    }

    async fn query(&self, namespace: &str, query: &Query) -> Result<Vec<Record>, StorageError> {
        let stored =
            self.read_list(self.list(namespace, query)).await.map_err(|source| self.told(list_text(query), source))?;
        Ok(stored.into_iter().map(|stored| self.record(stored)).collect())
    }

    async fn create(&self, release: &Release) -> Result<(), StorageError> {
        let object = self.object("create", release, Stamp::Created(now()))?;
        let call = Call::new(Method::POST, self.path(&release.namespace, None)).json(&object);
        match self.cluster.call_repeating(call).await {
            (_, Ok(answer)) => {
                self.see_written(release, &answer);
                Ok(())
            }
            (Repeated::Yes, Err(err)) if err.is_already_exists() && self.holds(release).await => Ok(()),
            (_, Err(err)) if err.is_already_exists() => Err(StorageError::AlreadyExists),
            (_, Err(source)) => Err(self.refused("create: failed to create", release, source)),
        }
    }

    async fn update(&self, release: &Release) -> Result<(), StorageError> {
        let mut object = self.object("update", release, Stamp::Modified(now()))?;
        let key = release.storage_key();
        if let (Some(version), Some(Json::Object(meta))) =
            (self.seen(&release.namespace, &key), object.get_mut("metadata"))
        {
            meta.insert("resourceVersion".to_owned(), json!(version));
        }
        let call = Call::new(Method::PUT, self.path(&release.namespace, Some(&key))).json(&object);
        match self.cluster.call_repeating(call).await {
            (_, Ok(answer)) => {
                self.see_written(release, &answer);
                Ok(())
            }
            (Repeated::Yes, Err(err)) if err.is_conflict() && self.holds(release).await => Ok(()),
            (_, Err(source)) => Err(self.refused("update: failed to update", release, source)),
        }
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<(), StorageError> {
        let call = Call::new(Method::DELETE, self.path(namespace, Some(key)));
        match self.cluster.call(call).await {
            Ok(_) => Ok(()),
            Err(err) if err.is_not_found() => Err(StorageError::NotFound),
            Err(err) => Err(StorageError::Plain(err)),
        }
    }

    /// An operation has to see the versions of the records that it reads.
    fn kept(&self) -> Option<Arc<Kept>> {
        self.seen.is_none().then(|| self.cluster.beside())
    }

    fn for_operation(&self, patience: Duration) -> Option<Arc<dyn Driver>> {
        let cluster = self.cluster.clone().with_patience(patience);
        Some(Arc::new(Self { cluster, seen: Some(Seen::default()), ..self.clone() }))
    }
}

fn list_text(query: &Query) -> &'static str {
    if query.name.is_some() { "query: failed to query with labels" } else { "list: failed to list" }
}
