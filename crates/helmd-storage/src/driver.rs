//! What a place that keeps releases can do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use helmd_release::{DecodeError, Release};

use crate::error::StorageError;
use crate::kept::Kept;

/// Which driver, by Helm's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum DriverKind {
    /// One Secret per revision.
    #[default]
    Secret,
    /// One ConfigMap per revision.
    ConfigMap,
    /// This process' memory.
    Memory,
    /// PostgreSQL.
    Sql,
}

impl DriverKind {
    /// The driver that `HELM_DRIVER` names.
    ///
    /// # Errors
    /// [`StorageError::UnknownDriver`].
    pub fn from_env_name(name: &str) -> Result<Self, StorageError> {
        match name {
            "" | "secret" | "secrets" => Ok(Self::Secret),
            "configmap" | "configmaps" => Ok(Self::ConfigMap),
            "memory" => Ok(Self::Memory),
            "sql" => Ok(Self::Sql),
            other => Err(StorageError::UnknownDriver(other.to_owned())),
        }
    }
}

/// Which records. Empty fields ask for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The release.
    pub name: Option<String>,
    /// One of these states.
    pub statuses: Vec<String>,
}

impl Query {
    /// All revisions of a release.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self { name: Some(name.to_owned()), statuses: Vec::new() }
    }
}

/// What a record's labels say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHead {
    /// `sh.helm.release.v1.NAME.vREVISION`.
    pub key: String,
    /// Where it lies.
    pub namespace: String,
    /// Which object of that name it is; empty where the driver has none.
    pub uid: String,
    /// Release.
    pub name: String,
    /// Revision; 0 when the label is broken.
    pub revision: i64,
    /// Status as Helm writes it.
    pub status: String,
    /// All labels, Helm's own included.
    pub labels: BTreeMap<String, String>,
    /// Changes with every change of the record; empty where the driver has none.
    pub resource_version: String,
}

impl RecordHead {
    pub(crate) fn from_labels(
        key: String,
        namespace: String,
        labels: BTreeMap<String, String>,
        resource_version: String,
    ) -> Self {
        let text = |name: &str| labels.get(name).cloned().unwrap_or_default();
        Self {
            name: text("name"),
            revision: text("version").parse().unwrap_or_default(),
            status: text("status"),
            key,
            namespace,
            uid: String::new(),
            labels,
            resource_version,
        }
    }
}

/// A record, not decoded yet.
#[derive(Debug, Clone)]
pub struct Record {
    /// What its labels say.
    pub head: RecordHead,
    pub(crate) body: Body,
    /// Why the revision failed, as JSON; mostly empty.
    pub(crate) explanation: String,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Encoded(String),
    Release(Box<Release>),
}

impl Record {
    /// How large the text is that holds the release; 0 where it is no text.
    pub(crate) fn packed_bytes(&self) -> usize {
        match &self.body {
            Body::Encoded(text) => text.len(),
            Body::Release(_) => 0,
        }
    }

    /// The release in the record, with the user's labels.
    ///
    /// # Errors
    /// When it holds something else.
    pub fn decode(self) -> Result<Release, DecodeError> {
        let mut release = match self.body {
            Body::Encoded(text) => helmd_release::decode(&text)?,
            Body::Release(release) => *release,
        };
        release.labels = helmd_release::without_system_labels(self.head.labels);
        release.explanation = self.explanation;
        Ok(release)
    }
}

/// A place that keeps releases. Implementations look at one namespace, or at all for reading.
#[async_trait]
pub trait Driver: Send + Sync {
    /// What `helm` calls the place: `Secret`, `ConfigMap`, `Memory`, `SQL`.
    fn name(&self) -> &'static str;
    /// One record.
    async fn get(&self, namespace: &str, key: &str) -> Result<Record, StorageError>;
    /// The labels of all records that the query chooses; may be empty.
    async fn heads(&self, namespace: &str, query: &Query) -> Result<Vec<RecordHead>, StorageError>;
    /// All records that the query chooses; may be empty.
    async fn query(&self, namespace: &str, query: &Query) -> Result<Vec<Record>, StorageError>;
    /// Keeps a new revision.
    async fn create(&self, release: &Release) -> Result<(), StorageError>;
    /// Changes a revision.
    async fn update(&self, release: &Release) -> Result<(), StorageError>;
    /// Forgets a revision.
    async fn delete(&self, namespace: &str, key: &str) -> Result<(), StorageError>;
    /// What is kept of the revisions in this place; nothing where asking costs little.
    fn kept(&self) -> Option<Arc<Kept>> {
        None
    }
    /// The same place for one operation: calls are repeated for that long while the place does not answer, and a record that
    /// somebody else has changed since the operation read or wrote it is not written over. Nothing where both are so anyway.
    fn for_operation(&self, _patience: Duration) -> Option<Arc<dyn Driver>> {
        None
    }
}
