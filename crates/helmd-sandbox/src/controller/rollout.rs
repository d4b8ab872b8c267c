//! Deployments: a ReplicaSet per template, and the way from the old to the new one.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    Memory, controlled, controlled_by, drop_object, events, key_of, make, network::share, put_condition, set_status,
    template_hash,
};
use crate::{
    clock,
    json::{self, Json},
    state::State,
    write::{self, How},
};

const STORAGE: &str = "apps/deployments";
const SETS: &str = "apps/replicasets";
const REVISION: &str = "deployment.kubernetes.io/revision";

pub(super) fn look(state: &mut State, memory: &mut Memory) {
    for deployment in state.snapshot(STORAGE, None) {
        if !json::deleting(&deployment) {
            one(state, memory, &deployment);
        }
    }
}

fn replicas(set: &Json) -> i64 {
    json::int(set, &["spec", "replicas"]).unwrap_or(0)
}

fn counted(set: &Json, key: &str) -> i64 {
    json::int(set, &["status", key]).unwrap_or(0)
}

fn revision(object: &Json) -> i64 {
    json::text(object, &["metadata", "annotations", REVISION]).parse().unwrap_or(0)
}

fn one(state: &mut State, memory: &mut Memory, deployment: &Arc<Json>) {
    let sets = controlled(state, SETS, deployment);
    let template = json::at(deployment, &["spec", "template"]);
    let hash = template_hash(template, 10);
    let name = format!("{}-{hash}", json::name(deployment));
    let existing = sets.iter().find(|s| json::name(s) == name).cloned();
    let old: Vec<Arc<Json>> = sets.iter().filter(|s| json::name(s) != name).cloned().collect();
    let paused = json::flag(deployment, &["spec", "paused"]);
    let wanted = json::int(deployment, &["spec", "replicas"]).unwrap_or(1);
    let new = match existing {
        Some(new) => Some(new),
        None if paused => None,
        None => new_set(state, deployment, &name, &hash),
    };
    if let Some(new) = &new {
        let last = old.iter().map(|s| revision(s)).max().unwrap_or(0);
        if revision(new) <= last || revision(deployment) != revision(new) {
            let number = if revision(new) <= last { last + 1 } else { revision(new) };
            for key in [key_of(SETS, new), key_of(STORAGE, deployment)] {
                write::edit(state, &key, &How::controller(), |o| {
                    json::set(o, &["metadata", "annotations", REVISION], number.to_string());
                });
            }
        }
        if paused {
            scale_paused(state, deployment, &sets, wanted);
        } else {
            step(state, deployment, new, &old, wanted);
        }
        clean_up(state, deployment, &old);
    }
    report(state, memory, deployment, &name);
}

fn new_set(state: &mut State, deployment: &Json, name: &str, hash: &str) -> Option<Arc<Json>> {
    let mut template = json::at(deployment, &["spec", "template"]).clone();
    json::set(&mut template, &["metadata", "labels", "pod-template-hash"], hash);
    let mut selector = json::at(deployment, &["spec", "selector"]).clone();
    json::set(&mut selector, &["matchLabels", "pod-template-hash"], hash);
    let labels = json::at(&template, &["metadata", "labels"]).clone();
    let mut annotations = json::at(deployment, &["metadata", "annotations"]).clone();
    for gone in ["kubectl.kubernetes.io/last-applied-configuration", REVISION] {
        json::remove(&mut annotations, &[gone]);
    }
    let wanted = json::int(deployment, &["spec", "replicas"]).unwrap_or(1);
    json::set(&mut annotations, &["deployment.kubernetes.io/desired-replicas"], wanted.to_string());
    let mut set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": json::namespace(deployment), "labels": labels,
            "annotations": annotations, "ownerReferences": controlled_by(deployment)},
        "spec": {"replicas": 0, "selector": selector, "template": template},
    });
    if let Some(delay) = json::int(deployment, &["spec", "minReadySeconds"]) {
        json::set(&mut set, &["spec", "minReadySeconds"], delay);
    }
    make(state, set)
}

fn scale(state: &mut State, deployment: &Json, set: &Json, to: i64) {
    let from = replicas(set);
    if from == to {
        return;
    }
    write::edit(state, &key_of(SETS, set), &How::controller(), |s| json::set(s, &["spec", "replicas"], to));
    let direction = if to > from { "up" } else { "down" };
    let text = format!("Scaled {direction} replica set {} from {from} to {to}", json::name(set));
    events::note(state, deployment, ("deployment-controller", "Normal"), "ScalingReplicaSet", &text);
}

fn scale_paused(state: &mut State, deployment: &Json, sets: &[Arc<Json>], wanted: i64) {
    if let [only] = sets {
        scale(state, deployment, only, wanted);
    }
}

/// One step of the way: more of the new, less of the old.
fn step(state: &mut State, deployment: &Json, new: &Json, old: &[Arc<Json>], wanted: i64) {
    let old_total: i64 = old.iter().map(|s| replicas(s)).sum();
    if json::text(deployment, &["spec", "strategy", "type"]) == "Recreate" {
        for set in old {
            scale(state, deployment, set, 0);
        }
        let pods_left = old.iter().any(|s| !controlled(state, "/pods", s).is_empty());
        if old_total == 0 && !pods_left {
            scale(state, deployment, new, wanted);
        }
        return;
    }
    let rolling = json::at(deployment, &["spec", "strategy", "rollingUpdate"]);
    let surge = share(json::at(rolling, &["maxSurge"]), wanted, true).unwrap_or(1).max(0);
    let mut missing = share(json::at(rolling, &["maxUnavailable"]), wanted, false).unwrap_or(0).max(0);
    if surge == 0 && missing == 0 {
        missing = 1;
    }
    let room = (wanted + surge - old_total).max(0);
    let target = wanted.min(room.max(replicas(new).min(wanted)));
    scale(state, deployment, new, target);
    // Old pods that are not available go first; available ones only as far as enough are left.
    let new_available = counted(new, "availableReplicas").min(target);
    let mut able: i64 =
        new_available + old.iter().map(|s| counted(s, "availableReplicas").min(replicas(s))).sum::<i64>();
    let least = wanted - missing;
    for set in old {
        let healthy = counted(set, "availableReplicas").min(replicas(set));
        let sick = replicas(set) - healthy;
        // Unhealthy pods of old sets may go as long as the new set's own missing pods are allowed for.
        let spare = (able - least).max(0).min(healthy);
        let sick_may_go = if able >= least || replicas(new) > 0 { sick } else { 0 };
        let to = replicas(set) - spare - sick_may_go;
        able -= spare;
        scale(state, deployment, set, to.max(0));
    }
}

fn clean_up(state: &mut State, deployment: &Json, old: &[Arc<Json>]) {
    let keep = json::int(deployment, &["spec", "revisionHistoryLimit"]).unwrap_or(10);
    let mut empty: Vec<&Arc<Json>> =
        old.iter().filter(|s| replicas(s) == 0 && counted(s, "replicas") == 0 && !json::deleting(s)).collect();
    empty.sort_by_key(|s| revision(s));
    let surplus = empty.len().saturating_sub(usize::try_from(keep).unwrap_or(0));
    for set in empty.into_iter().take(surplus) {
        drop_object(state, &key_of(SETS, set));
    }
}

fn report(state: &mut State, memory: &mut Memory, deployment: &Json, new_name: &str) {
    let key = key_of(STORAGE, deployment);
    let Some(current) = state.store.get(&key).cloned() else { return };
    let sets = controlled(state, SETS, deployment);
    let sum = |key: &str| sets.iter().map(|s| counted(s, key)).sum::<i64>();
    let (total, ready, able) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
    let updated = sets.iter().filter(|s| json::name(s) == new_name).map(|s| counted(s, "replicas")).sum::<i64>();
    let wanted = json::int(deployment, &["spec", "replicas"]).unwrap_or(1);
    let mut status = json!({"observedGeneration": json::int(&current, &["metadata", "generation"]).unwrap_or(1)});
    for (key, count) in [
        ("replicas", total),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", able),
        ("unavailableReplicas", (total.max(wanted) - able).max(0)),
    ] {
        if count > 0 {
            json::set(&mut status, &[key], count);
        }
    }
    if let Some(conditions) = current.get("status").and_then(|s| s.get("conditions")) {
        json::set(&mut status, &["conditions"], conditions.clone());
    }
    let missing = share(json::at(deployment, &["spec", "strategy", "rollingUpdate", "maxUnavailable"]), wanted, false);
    if able >= wanted - missing.unwrap_or(0) {
        condition(&mut status, "Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.");
    } else {
        let text = "Deployment does not have minimum availability.";
        condition(&mut status, "Available", false, "MinimumReplicasUnavailable", text);
    }
    let progress =
        Progress { complete: updated == wanted && able == wanted && total == wanted, updated, ready, able, total };
    progressing(memory, &current, &mut status, (new_name, progress));
    set_status(state, &key, status);
}

struct Progress {
    complete: bool,
    updated: i64,
    ready: i64,
    able: i64,
    total: i64,
}

fn progressing(memory: &mut Memory, deployment: &Json, status: &mut Json, (set, progress): (&str, Progress)) {
    let old =
        json::list(deployment, &["status", "conditions"]).iter().find(|c| json::text(c, &["type"]) == "Progressing");
    let before = |key: &str| counted(deployment, key);
    let moved = (progress.updated, progress.ready, progress.able, progress.total)
        != (before("updatedReplicas"), before("readyReplicas"), before("availableReplicas"), before("replicas"))
        || before("observedGeneration") != json::int(deployment, &["metadata", "generation"]).unwrap_or(1);
    let uid = json::uid(deployment);
    if json::flag(deployment, &["spec", "paused"]) {
        condition_unknown(status);
        return;
    }
    if progress.complete {
        memory.reset(uid, "progress");
        let text = format!("ReplicaSet \"{set}\" has successfully progressed.");
        condition(status, "Progressing", true, "NewReplicaSetAvailable", &text);
        return;
    }
    if moved {
        memory.reset(uid, "progress");
    }
    let deadline = json::int(deployment, &["spec", "progressDeadlineSeconds"]).unwrap_or(600).clamp(0, 86_400);
    if memory.passed(uid, "progress", Duration::from_secs(deadline.unsigned_abs())) {
        let text = format!("ReplicaSet \"{set}\" has timed out progressing.");
        condition(status, "Progressing", false, "ProgressDeadlineExceeded", &text);
    } else if moved || old.is_none_or(|c| json::text(c, &["reason"]) != "ReplicaSetUpdated") {
        let text = format!("ReplicaSet \"{set}\" is progressing.");
        condition(status, "Progressing", true, "ReplicaSetUpdated", &text);
    }
}

fn condition_unknown(status: &mut Json) {
    condition(status, "Progressing", false, "DeploymentPaused", "Deployment is paused");
    for condition in json::items_mut(status, &["conditions"]) {
        if json::text(condition, &["reason"]) == "DeploymentPaused" {
            json::set(condition, &["status"], "Unknown");
        }
    }
}

fn condition(status: &mut Json, kind: &str, value: bool, reason: &str, message: &str) {
    put_condition(status, kind, value, reason, message);
    for condition in json::items_mut(status, &["conditions"]) {
        if json::text(condition, &["type"]) == kind {
            json::default(condition, &["lastUpdateTime"], clock::now());
        }
    }
}
