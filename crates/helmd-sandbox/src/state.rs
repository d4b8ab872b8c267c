//! Everything the server knows, behind one lock: objects, kinds, addresses in use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    SandboxOptions,
    fault::Faults,
    json::{self, Json},
    kinds::{Kind, Registry},
    schema::Schema,
    store::{Key, Store},
};

pub(crate) const CRDS: &str = "apiextensions.k8s.io/customresourcedefinitions";

/// What is changed under the lock.
#[derive(Debug)]
pub(crate) struct State {
    pub store: Store,
    pub registry: Registry,
    pub schema: Arc<Schema>,
    pub options: SandboxOptions,
    /// The next cluster IP and node port to try.
    pub next_cluster_ip: u32,
    pub next_node_port: u32,
    changed: watch::Sender<u64>,
}

impl State {
    pub(crate) fn new(options: SandboxOptions) -> Self {
        let schema = Arc::new(Schema::built_in());
        Self {
            store: Store::default(),
            registry: Registry::new(&schema),
            schema,
            options,
            next_cluster_ip: 10,
            next_node_port: 0,
            changed: watch::Sender::new(1),
        }
    }

    /// Stores an object and tells the watches.
    pub(crate) fn put(&mut self, key: Key, object: Json) -> Arc<Json> {
        let stored = self.store.put(key.clone(), object);
        if &*key.storage == CRDS {
            self.registry.set_custom(&key.name, Some(&stored));
        }
        self.changed.send_replace(self.store.revision());
        stored
    }

    /// Takes an object away and tells the watches. The objects of a custom kind go with its definition.
    pub(crate) fn erase(&mut self, key: &Key) -> Option<Arc<Json>> {
        let last = self.store.remove(key)?;
        if &*key.storage == CRDS {
            let storage = crate::kinds::storage_name(
                json::text(&last, &["spec", "group"]),
                json::text(&last, &["spec", "names", "plural"]),
            );
            let objects: Vec<Key> = self.store.range(&storage, None, None).map(|(k, _)| k.clone()).collect();
            for object in objects {
                self.store.remove(&object);
            }
            self.registry.set_custom(&key.name, None);
        }
        self.changed.send_replace(self.store.revision());
        Some(last)
    }

    pub(crate) fn get(&self, storage: &str, namespace: &str, name: &str) -> Option<&Arc<Json>> {
        self.store.get(&Key::new(storage, namespace, name))
    }

    /// The objects of one kind, to be walked while the state changes.
    pub(crate) fn snapshot(&self, storage: &str, namespace: Option<&str>) -> Vec<Arc<Json>> {
        self.store.range(storage, namespace, None).map(|(_, object)| object.clone()).collect()
    }

    pub(crate) fn key(kind: &Kind, object: &Json) -> Key {
        let namespace = if kind.namespaced { json::namespace(object) } else { "" };
        Key { storage: kind.storage.clone(), namespace: namespace.to_owned(), name: json::name(object).to_owned() }
    }
}

/// The server: shared by requests, watches and the controller.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    pub changed: watch::Receiver<u64>,
    pub token: String,
    pub stop: CancellationToken,
    pub watches: Arc<tokio::sync::Semaphore>,
    pub body_limit: usize,
    faults: Mutex<Faults>,
}

impl Shared {
    pub(crate) fn new(options: SandboxOptions, token: String) -> Arc<Self> {
        let body_limit = options.max_body_bytes;
        let watches = Arc::new(tokio::sync::Semaphore::new(options.max_watches));
        let state = State::new(options);
        let changed = state.changed.subscribe();
        let faults = Mutex::default();
        let stop = CancellationToken::new();
        Arc::new(Self { state: Mutex::new(state), changed, token, stop, watches, body_limit, faults })
    }

    /// The faults that wait for their requests.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state. Work under this lock is short and never waits.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
