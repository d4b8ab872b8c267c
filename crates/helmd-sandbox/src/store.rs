//! The objects, their order of change, and a bounded log of changes that watches read.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::Arc,
};

use crate::json::{self, Json};

/// How many changes a watch may lag behind (or start in the past) before it is told to list again.
const LOG_LENGTH: usize = 4096;

/// Where an object stands: storage name of its kind, namespace ("" for cluster-wide ones), name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub storage: Arc<str>,
    pub namespace: String,
    pub name: String,
}

impl Key {
    pub(crate) fn new(storage: &str, namespace: &str, name: &str) -> Self {
        Self { storage: Arc::from(storage), namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// One change of one object. `after` is none for a deletion, `before` for a creation.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub revision: u64,
    pub key: Key,
    pub before: Option<Arc<Json>>,
    /// The new state; for a deletion the last one, with the deletion's own resourceVersion.
    pub after: Arc<Json>,
    pub deleted: bool,
}

/// The log no longer reaches back to the revision asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOld {
    pub oldest: u64,
}

/// All objects.
#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Arc<Json>>,
    revision: u64,
    log: VecDeque<Change>,
    /// Changes up to this revision have left the log.
    forgotten: u64,
    log_length: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), revision: 1, log: VecDeque::new(), forgotten: 1, log_length: LOG_LENGTH }
    }
}

impl Store {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Json>> {
        self.objects.get(key)
    }

    /// Objects of one kind in order of namespace and name; of one namespace where given, after `start` where given.
    pub(crate) fn range<'a>(
        &'a self,
        storage: &'a str,
        namespace: Option<&'a str>,
        start: Option<Key>,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Json>)> {
        let from = match start {
            Some(key) => Bound::Excluded(key),
            None => Bound::Included(Key::new(storage, namespace.unwrap_or(""), "")),
        };
        self.objects
            .range((from, Bound::Unbounded))
            .take_while(move |(key, _)| &*key.storage == storage && namespace.is_none_or(|n| key.namespace == n))
    }

    /// Every object of one kind.
    pub(crate) fn all<'a>(&'a self, storage: &'a str) -> impl Iterator<Item = &'a Arc<Json>> {
        self.range(storage, None, None).map(|(_, object)| object)
    }

    /// Every object of every kind.
    pub(crate) fn everything(&self) -> impl Iterator<Item = (&Key, &Arc<Json>)> {
        self.objects.iter()
    }

    /// Stores `object` under a new resourceVersion and gives it back as stored.
    pub(crate) fn put(&mut self, key: Key, mut object: Json) -> Arc<Json> {
        self.revision += 1;
        json::set(&mut object, &["metadata", "resourceVersion"], self.revision.to_string());
        let after = Arc::new(object);
        let before = self.objects.insert(key.clone(), after.clone());
        self.note(Change { revision: self.revision, key, before, after: after.clone(), deleted: false });
        after
    }

    /// Takes an object away; gives it back as it was last.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Json>> {
        let before = self.objects.remove(key)?;
        self.revision += 1;
        let mut last = Json::clone(&before);
        json::set(&mut last, &["metadata", "resourceVersion"], self.revision.to_string());
        let after = Arc::new(last);
        let change = Change {
            revision: self.revision,
            key: key.clone(),
            before: Some(before),
            after: after.clone(),
            deleted: true,
        };
        self.note(change);
        Some(after)
    }

    fn note(&mut self, change: Change) {
        self.log.push_back(change);
        while self.log.len() > self.log_length {
            if let Some(old) = self.log.pop_front() {
                self.forgotten = old.revision;
            }
        }
    }

    /// Up to `most` changes after `revision`.
    ///
    /// # Errors
    /// [`TooOld`] when some of them have left the log.
    pub(crate) fn changes(&self, revision: u64, most: usize) -> Result<impl Iterator<Item = &Change>, TooOld> {
        if revision < self.forgotten {
            return Err(TooOld { oldest: self.forgotten });
        }
        let start = self.log.partition_point(|c| c.revision <= revision);
        Ok(self.log.iter().skip(start).take(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn log_forgets() {
        let mut store = Store { log_length: 2, ..Store::default() };
        for n in 0..4 {
            store.put(Key::new("/configmaps", "d", &n.to_string()), json!({}));
        }
        assert_eq!(store.revision(), 5);
        assert_eq!(store.changes(1, 9).err(), Some(TooOld { oldest: 3 }));
        assert_eq!(store.changes(3, 9).unwrap().count(), 2);
        assert_eq!(store.changes(5, 9).unwrap().count(), 0);
    }
}
