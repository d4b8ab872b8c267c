//! ReplicaSets and ReplicationControllers: as many pods as wanted.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    Memory, active, available, condition_true, controlled, drop_object, events, key_of, make, pod_from, set_status,
};
use crate::{
    json::{self, Json},
    state::State,
    write::random_suffix,
};

/// Pods of one set that are made in one look.
const BATCH: i64 = 100;
/// The longest wait before a failed pod is replaced.
const MAX_BACKOFF: u64 = 60;

pub(super) fn look(state: &mut State, memory: &mut Memory) {
    for (storage, source) in
        [("apps/replicasets", "replicaset-controller"), ("/replicationcontrollers", "replication-controller")]
    {
        for set in state.snapshot(storage, None) {
            if !json::deleting(&set) {
                one(state, memory, (storage, source), &set);
            }
        }
    }
}

/// Whether a set whose pods have failed may make new ones yet: it waits longer each time.
pub(super) fn may_replace(memory: &mut Memory, uid: &str, failed: usize) -> bool {
    let failed = u32::try_from(failed).unwrap_or(u32::MAX);
    if failed > memory.failures(uid) {
        memory.failed(uid);
        memory.reset(uid, "replace");
    }
    if failed == 0 {
        return true;
    }
    let seconds = 1u64.checked_shl(failed.min(10)).unwrap_or(MAX_BACKOFF).min(MAX_BACKOFF);
    memory.passed(uid, "replace", Duration::from_secs(seconds))
}

fn one(state: &mut State, memory: &mut Memory, (storage, source): (&str, &str), set: &Arc<Json>) {
    let pods = controlled(state, "/pods", set);
    let (mut live, ended): (Vec<Arc<Json>>, Vec<Arc<Json>>) = pods.into_iter().partition(|p| active(p));
    let failed = ended.iter().filter(|p| !json::deleting(p)).count();
    let wanted = json::int(set, &["spec", "replicas"]).unwrap_or(1);
    let have = i64::try_from(live.len()).unwrap_or(i64::MAX);
    if have < wanted && may_replace(memory, json::uid(set), failed) {
        if failed > 0 {
            memory.reset(json::uid(set), "replace");
            memory.failed(json::uid(set));
        }
        for _ in 0..(wanted - have).min(BATCH) {
            let mut pod = pod_from(set, json::at(set, &["spec", "template"]));
            json::set(&mut pod, &["metadata", "generateName"], format!("{}-", json::name(set)));
            json::set(&mut pod, &["metadata", "name"], format!("{}-{}", short(json::name(set)), random_suffix(5)));
            let Some(pod) = make(state, pod) else { break };
            let text = format!("Created pod: {}", json::name(&pod));
            events::note(state, set, (source, "Normal"), "SuccessfulCreate", &text);
            live.push(pod);
        }
    } else if have > wanted {
        // Pods that are not ready go first, then the youngest.
        live.sort_by_key(|p| condition_true(p, "Ready"));
        let surplus = usize::try_from(have - wanted).unwrap_or(0);
        let mut order: Vec<Arc<Json>> = live.clone();
        order.sort_by(|a, b| {
            let rank =
                |p: &Json| (condition_true(p, "Ready"), std::cmp::Reverse(json::int(p, &["metadata", "generation"])));
            rank(a).cmp(&rank(b)).then_with(|| {
                json::text(b, &["metadata", "creationTimestamp"]).cmp(json::text(a, &["metadata", "creationTimestamp"]))
            })
        });
        for pod in order.into_iter().take(surplus) {
            drop_object(state, &key_of("/pods", &pod));
            let text = format!("Deleted pod: {}", json::name(&pod));
            events::note(state, set, (source, "Normal"), "SuccessfulDelete", &text);
            live.retain(|p| json::uid(p) != json::uid(&pod));
        }
    }
    let delay = json::int(set, &["spec", "minReadySeconds"]).unwrap_or(0);
    let ready = live.iter().filter(|p| condition_true(p, "Ready")).count();
    let mut able = 0;
    for pod in &live {
        able += i64::from(available(pod, delay, memory));
    }
    let mut status = json!({
        "replicas": live.len(), "fullyLabeledReplicas": live.len(),
        "observedGeneration": json::int(set, &["metadata", "generation"]).unwrap_or(1),
    });
    for (key, count) in [("readyReplicas", i64::try_from(ready).unwrap_or(0)), ("availableReplicas", able)] {
        if count > 0 {
            json::set(&mut status, &[key], count);
        }
    }
    set_status(state, &key_of(storage, set), status);
}

fn short(name: &str) -> String {
    name.chars().take(57).collect()
}
