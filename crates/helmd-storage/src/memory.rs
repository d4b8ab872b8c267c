//! Releases in this process' memory: for tests and for rendering without a cluster.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use helmd_release::{Release, Stamp, storage_labels};

use crate::driver::{Body, Driver, Query, Record, RecordHead};
use crate::error::StorageError;

/// Keeps releases until the process ends. Share it by `Arc`.
#[derive(Debug, Default)]
pub struct Memory {
    records: Mutex<BTreeMap<(String, String), Release>>,
}

impl Memory {
    fn records(&self) -> MutexGuard<'_, BTreeMap<(String, String), Release>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(release: &Release) -> (String, String) {
    let namespace = if release.namespace.is_empty() { "default" } else { &release.namespace };
    (namespace.to_owned(), release.storage_key())
}

fn record(namespace: &str, release: &Release) -> Record {
    let labels = storage_labels(release, Stamp::Modified(0));
    let head = RecordHead::from_labels(release.storage_key(), namespace.to_owned(), labels, String::new());
    let explanation = release.explanation.clone();
    Record { head, body: Body::Release(Box::new(release.clone())), explanation }
}

#[async_trait]
impl Driver for Memory {
    fn name(&self) -> &'static str {
        "Memory"
    }

    async fn get(&self, namespace: &str, key: &str) -> Result<Record, StorageError> {
        let place = (namespace.to_owned(), key.to_owned());
        self.records().get(&place).map(|release| record(namespace, release)).ok_or(StorageError::NotFound)
    }

    async fn heads(&self, namespace: &str, query: &Query) -> Result<Vec<RecordHead>, StorageError> {
        Ok(self.query(namespace, query).await?.into_iter().map(|record| record.head).collect())
    }

    async fn query(&self, namespace: &str, query: &Query) -> Result<Vec<Record>, StorageError> {
        let records = self.records();
        let chosen = records.iter().filter(|((place, _), release)| {
            (namespace.is_empty() || place == namespace)
                && query.name.as_ref().is_none_or(|name| *name == release.name)
                && (query.statuses.is_empty() || query.statuses.contains(&release.info.status.to_string()))
        });
        Ok(chosen.map(|((namespace, _), release)| record(namespace, release)).collect())
    }

    async fn create(&self, release: &Release) -> Result<(), StorageError> {
        match self.records().entry(place(release)) {
            std::collections::btree_map::Entry::Occupied(_) => Err(StorageError::AlreadyExists),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(release.clone());
                Ok(())
            }
        }
    }

    async fn update(&self, release: &Release) -> Result<(), StorageError> {
        match self.records().get_mut(&place(release)) {
            Some(known) => {
                *known = release.clone();
                Ok(())
            }
            None => Err(StorageError::NotFound),
        }
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<(), StorageError> {
        let place = (namespace.to_owned(), key.to_owned());
        self.records().remove(&place).map(drop).ok_or(StorageError::NotFound)
    }
}
