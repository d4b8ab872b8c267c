//! One task that plays the controllers, the scheduler and the kubelets: it looks at all objects after a change and does what
//! is next, until nothing is.

mod events;
mod garbage;
mod jobs;
mod network;
mod pods;
mod replicas;
mod rollout;
mod stateful;
mod volumes;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::Instant;

use crate::{
    json::{self, Json},
    state::{Shared, State},
    store::Key,
    write::{self, How, Owners},
};

/// Changes that come close together are looked at together.
const SETTLE: Duration = Duration::from_millis(15);
/// Looks without waiting, before others get a turn.
const MAX_ROUNDS: usize = 20;
/// The longest wait between two looks.
const IDLE: Duration = Duration::from_secs(60);

/// What the controllers remember beside the objects: moments finer than a second, and how often something failed.
#[derive(Debug)]
pub(crate) struct Memory {
    moments: BTreeMap<(String, &'static str), Instant>,
    failures: BTreeMap<String, u32>,
    now: Instant,
    /// When to look again, even without a change.
    wake: Instant,
}

impl Memory {
    fn new() -> Self {
        let now = Instant::now();
        Self { moments: BTreeMap::new(), failures: BTreeMap::new(), now, wake: now + IDLE }
    }

    /// Whether `delay` has passed since this was first asked about this object; else a look is planned for then.
    pub(crate) fn passed(&mut self, uid: &str, what: &'static str, delay: Duration) -> bool {
        let since = *self.moments.entry((uid.to_owned(), what)).or_insert(self.now);
        let due = since + delay;
        if due <= self.now {
            return true;
        }
        self.wake = self.wake.min(due);
        false
    }

    /// Forgets the moment, so that the next question starts anew.
    pub(crate) fn reset(&mut self, uid: &str, what: &'static str) {
        self.moments.remove(&(uid.to_owned(), what));
    }

    /// Plans a look in `delay`.
    pub(crate) fn look_in(&mut self, delay: Duration) {
        self.wake = self.wake.min(self.now + delay);
    }

    pub(crate) fn failures(&self, uid: &str) -> u32 {
        self.failures.get(uid).copied().unwrap_or(0)
    }

    pub(crate) fn failed(&mut self, uid: &str) {
        let count = self.failures.entry(uid.to_owned()).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// Drops what is remembered about objects that are gone.
    fn forget_gone(&mut self, state: &State) {
        let known: std::collections::BTreeSet<&str> = state.store.everything().map(|(_, o)| json::uid(o)).collect();
        self.moments.retain(|(uid, _), _| known.contains(uid.as_str()));
        self.failures.retain(|uid, _| known.contains(uid.as_str()));
    }
}

/// Runs until the sandbox ends.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut changed = shared.changed.clone();
    let mut memory = Memory::new();
    let mut looks = 0u32;
    loop {
        changed.mark_unchanged();
        memory.now = Instant::now();
        memory.wake = memory.now + IDLE;
        for _ in 0..MAX_ROUNDS {
            let mut state = shared.lock();
            let before = state.store.revision();
            look(&mut state, &mut memory);
            if state.store.revision() == before {
                break;
            }
        }
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(256) {
            memory.forget_gone(&shared.lock());
        }
        let settled = changed.has_changed().unwrap_or(false);
        if settled {
            changed.mark_unchanged();
            // The changes were our own, or came while we looked: look again soon.
            memory.look_in(SETTLE);
        }
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep_until(memory.wake) => {}
            result = changed.changed() => {
                if result.is_err() {
                    return;
                }
                tokio::time::sleep(SETTLE).await;
            }
        }
    }
}

fn look(state: &mut State, memory: &mut Memory) {
    garbage::look(state);
    network::look(state);
    volumes::look(state);
    rollout::look(state, memory);
    stateful::look(state, memory);
    replicas::look(state, memory);
    jobs::look(state, memory);
    pods::look(state, memory);
}

/// An owner reference to the object that controls a new one.
fn controlled_by(owner: &Json) -> Json {
    json!([{
        "apiVersion": owner.get("apiVersion"), "kind": owner.get("kind"), "name": json::name(owner),
        "uid": json::uid(owner), "controller": true, "blockOwnerDeletion": true,
    }])
}

/// The uid of the object that controls this one, or "".
fn controller_uid(object: &Json) -> &str {
    let owners = json::list(object, &["metadata", "ownerReferences"]);
    owners.iter().find(|o| json::flag(o, &["controller"])).map_or("", |o| json::text(o, &["uid"]))
}

/// Objects of a kind that this owner controls, oldest first.
fn controlled(state: &State, storage: &str, owner: &Json) -> Vec<Arc<Json>> {
    let uid = json::uid(owner);
    let mut all: Vec<Arc<Json>> = state
        .store
        .range(storage, Some(json::namespace(owner)), None)
        .map(|(_, object)| object)
        .filter(|o| controller_uid(o) == uid)
        .cloned()
        .collect();
    all.sort_by(|a, b| {
        json::text(a, &["metadata", "creationTimestamp"]).cmp(json::text(b, &["metadata", "creationTimestamp"]))
    });
    all
}

/// The key of a stored object.
fn key_of(storage: &str, object: &Json) -> Key {
    Key::new(storage, json::namespace(object), json::name(object))
}

/// Stores a new object for a controller; what fails is left for the next look.
fn make(state: &mut State, object: Json) -> Option<Arc<Json>> {
    let kind = state.registry.by_kind(json::text(&object, &["apiVersion"]), json::text(&object, &["kind"]))?;
    let how = How { owners: Owners::Nobody, ..How::controller() };
    match write::create(state, &kind, object, &how) {
        Ok(stored) => Some(stored),
        Err(error) => {
            tracing::debug!(%error, "a controller's object was refused");
            None
        }
    }
}

/// Writes a status, if it differs.
fn set_status(state: &mut State, key: &Key, status: Json) -> Option<Arc<Json>> {
    write::edit(state, key, &How::status(), |object| json::set(object, &["status"], status))
}

/// Deletes an object as a controller does.
fn drop_object(state: &mut State, key: &Key) {
    if let Some(kind) = state.registry.by_storage(&key.storage) {
        crate::delete::delete_object(state, &kind, key, &crate::delete::Deletion::default());
    }
}

/// Puts a condition into a list of them; its time moves only with its status.
fn put_condition(status: &mut Json, kind: &str, value: bool, reason: &str, message: &str) {
    let now = crate::clock::now();
    let old = json::list(status, &["conditions"]).iter().find(|c| json::text(c, &["type"]) == kind).cloned();
    let value = if value { "True" } else { "False" };
    let mut new =
        json!({"type": kind, "status": value, "reason": reason, "message": message, "lastTransitionTime": now});
    if let Some(old) = &old {
        if json::text(old, &["status"]) == value {
            json::set(&mut new, &["lastTransitionTime"], json::at(old, &["lastTransitionTime"]).clone());
        }
        for key in ["lastUpdateTime", "lastProbeTime"] {
            if let Some(time) = old.get(key) {
                let same = json::text(old, &["reason"]) == reason && json::text(old, &["message"]) == message;
                json::set(&mut new, &[key], if same { time.clone() } else { now.clone().into() });
            }
        }
    }
    let slot = json::slot(status, &["conditions"]);
    let mut all = slot.as_array().cloned().unwrap_or_default();
    all.retain(|c| json::text(c, &["type"]) != kind);
    all.push(new);
    all.sort_by(|a, b| json::text(a, &["type"]).cmp(json::text(b, &["type"])));
    *slot = all.into();
}

/// Whether a condition is True.
fn condition_true(object: &Json, kind: &str) -> bool {
    json::list(object, &["status", "conditions"])
        .iter()
        .any(|c| json::text(c, &["type"]) == kind && json::text(c, &["status"]) == "True")
}

/// A short hash of a pod template in the letters of generated names.
fn template_hash(template: &Json, length: usize) -> String {
    // FNV-1a, 64 bit, spread over the letters.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in template.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut bytes = Vec::new();
    for _ in 0..length {
        bytes.push((hash >> 33) as u8);
        hash = hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    }
    write::safe_letters(&bytes, length)
}

/// Whether a pod counts as available: ready, and long enough.
fn available(pod: &Json, min_ready_seconds: i64, memory: &mut Memory) -> bool {
    if !condition_true(pod, "Ready") || json::deleting(pod) {
        return false;
    }
    if min_ready_seconds <= 0 {
        return true;
    }
    memory.passed(json::uid(pod), "available", Duration::from_secs(min_ready_seconds.unsigned_abs()))
}

/// Whether a pod still runs or will.
fn active(pod: &Json) -> bool {
    !json::deleting(pod) && !matches!(json::text(pod, &["status", "phase"]), "Succeeded" | "Failed")
}

/// A pod made from a template.
fn pod_from(owner: &Json, template: &Json) -> Json {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": template.get("spec")});
    for key in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.get("metadata").and_then(|m| m.get(key)) {
            json::set(&mut pod, &["metadata", key], value.clone());
        }
    }
    json::set(&mut pod, &["metadata", "namespace"], json::namespace(owner));
    json::set(&mut pod, &["metadata", "ownerReferences"], controlled_by(owner));
    pod
}
