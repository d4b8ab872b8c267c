//! StatefulSets and DaemonSets: pods with names and places of their own, and their ControllerRevisions.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{
    Memory, active, available, condition_true, controlled, controlled_by, drop_object, events, key_of, make,
    network::share, pod_from, replicas::may_replace, set_status, template_hash,
};
use crate::{
    json::{self, Json},
    state::State,
    store::Key,
    write::random_suffix,
};

const SETS: &str = "apps/statefulsets";
const DAEMONS: &str = "apps/daemonsets";
const HASH: &str = "controller-revision-hash";

pub(super) fn look(state: &mut State, memory: &mut Memory) {
    for set in state.snapshot(SETS, None) {
        if !json::deleting(&set) {
            stateful(state, memory, &set);
        }
    }
    for set in state.snapshot(DAEMONS, None) {
        if !json::deleting(&set) {
            daemon(state, memory, &set);
        }
    }
}

/// Keeps the ControllerRevision of the present template: gives its name.
fn revision(state: &mut State, set: &Json) -> String {
    let template = json::at(set, &["spec", "template"]);
    let hash = template_hash(template, 10);
    let name = format!("{}-{hash}", json::name(set));
    let all = controlled(state, "apps/controllerrevisions", set);
    let last = all.iter().filter_map(|r| json::int(r, &["revision"])).max().unwrap_or(0);
    match all.iter().find(|r| json::name(r) == name) {
        Some(own) if json::int(own, &["revision"]) == Some(last) => {}
        Some(own) => {
            let mut newer = Json::clone(own);
            json::set(&mut newer, &["revision"], last + 1);
            state.put(key_of("apps/controllerrevisions", own), newer);
        }
        None => {
            let mut data = json!({"spec": {"template": template}});
            json::set(&mut data, &["spec", "template", "$patch"], "replace");
            let labels = json::at(template, &["metadata", "labels"]).clone();
            let mut object = json!({
                "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": last + 1, "data": data,
                "metadata": {"name": name, "namespace": json::namespace(set), "labels": labels, "ownerReferences": controlled_by(set)},
            });
            json::set(&mut object, &["metadata", "labels", HASH], hash.clone());
            make(state, object);
            trim_revisions(state, set, &all);
        }
    }
    hash
}

fn trim_revisions(state: &mut State, set: &Json, all: &[Arc<Json>]) {
    let keep = usize::try_from(json::int(set, &["spec", "revisionHistoryLimit"]).unwrap_or(10)).unwrap_or(0);
    let mut old: Vec<&Arc<Json>> = all.iter().collect();
    old.sort_by_key(|r| json::int(r, &["revision"]));
    for gone in old.iter().take(all.len().saturating_sub(keep)) {
        drop_object(state, &key_of("apps/controllerrevisions", gone));
    }
}

fn hash_of(pod: &Json) -> &str {
    json::text(pod, &["metadata", "labels", HASH])
}

fn ordinal(pod: &Json) -> Option<i64> {
    json::name(pod).rsplit_once('-')?.1.parse().ok()
}

fn stateful(state: &mut State, memory: &mut Memory, set: &Arc<Json>) {
    let hash = revision(state, set);
    let first = json::int(set, &["spec", "ordinals", "start"]).unwrap_or(0);
    let wanted = json::int(set, &["spec", "replicas"]).unwrap_or(1).clamp(0, 10_000);
    let delay = json::int(set, &["spec", "minReadySeconds"]).unwrap_or(0);
    let parallel = json::text(set, &["spec", "podManagementPolicy"]) == "Parallel";
    let pods: BTreeMap<i64, Arc<Json>> =
        controlled(state, "/pods", set).into_iter().filter_map(|p| Some((ordinal(&p)?, p))).collect();
    let old_hash = current_hash(set, &hash, &pods);
    let partition = json::int(set, &["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0);
    let rolls = json::text(set, &["spec", "updateStrategy", "type"]) != "OnDelete";
    let mut steady = true;
    for number in first..first + wanted {
        let pod = pods.get(&number);
        let fine = pod.is_some_and(|p| available(p, delay, memory) && !json::deleting(p));
        match pod {
            None => {
                let new = number >= partition || old_hash == hash;
                let template = if new {
                    json::at(set, &["spec", "template"]).clone()
                } else {
                    old_template(state, set, &old_hash)
                };
                make_ordinal(state, set, number, (&template, if new { &hash } else { &old_hash }));
            }
            Some(pod) if !active(pod) && !json::deleting(pod) => {
                let uid = json::uid(set).to_owned();
                if may_replace(memory, &uid, usize::try_from(memory.failures(&uid)).unwrap_or(0).max(1)) {
                    memory.failed(&uid);
                    memory.reset(&uid, "replace");
                    drop_object(state, &key_of("/pods", pod));
                }
            }
            Some(_) => {}
        }
        if !fine {
            steady = false;
            if !parallel {
                break;
            }
        }
    }
    let surplus = pods.iter().rev().find(|(n, _)| **n >= first + wanted || **n < first);
    if let Some((number, pod)) = surplus {
        steady = false;
        if !json::deleting(pod) {
            drop_object(state, &key_of("/pods", pod));
            let text = format!("delete Pod {}-{number} in StatefulSet {} successful", json::name(set), json::name(set));
            events::note(state, set, ("statefulset-controller", "Normal"), "SuccessfulDelete", &text);
        }
    }
    if rolls {
        roll(state, memory, (set, &pods), &Roll { hash: &hash, partition, steady, delay });
    }
    report_stateful(state, memory, set, (&hash, &old_hash));
}

/// What a rolling update goes by.
struct Roll<'a> {
    hash: &'a str,
    partition: i64,
    /// All pods are there and available.
    steady: bool,
    delay: i64,
}

/// Replaces the highest pod that is not up to date, when all above it are fine. One that is broken may be replaced
/// although others are not ready.
fn roll(state: &mut State, memory: &mut Memory, (set, pods): (&Json, &BTreeMap<i64, Arc<Json>>), how: &Roll<'_>) {
    for (number, pod) in pods.iter().rev() {
        if *number < how.partition || json::deleting(pod) {
            return;
        }
        if hash_of(pod) != how.hash {
            if how.steady || !available(pod, how.delay, memory) {
                drop_object(state, &key_of("/pods", pod));
                let text = format!("delete Pod {} in StatefulSet {} successful", json::name(pod), json::name(set));
                events::note(state, set, ("statefulset-controller", "Normal"), "SuccessfulDelete", &text);
            }
            return;
        }
        if !available(pod, how.delay, memory) {
            return;
        }
    }
}

/// The hash that the set is coming from: the status's, as long as pods of it are left.
fn current_hash(set: &Json, hash: &str, pods: &BTreeMap<i64, Arc<Json>>) -> String {
    let named = json::text(set, &["status", "currentRevision"]);
    let old = named.rsplit_once('-').map_or("", |(_, h)| h);
    let left = pods.values().any(|p| hash_of(p) == old);
    if old.is_empty() || (!left && !pods.is_empty()) { hash.to_owned() } else { old.to_owned() }
}

fn old_template(state: &State, set: &Json, hash: &str) -> Json {
    let name = format!("{}-{hash}", json::name(set));
    let stored = state.get("apps/controllerrevisions", json::namespace(set), &name);
    let template = stored.map(|r| json::at(r, &["data", "spec", "template"]).clone());
    template.unwrap_or_else(|| json::at(set, &["spec", "template"]).clone())
}

fn make_ordinal(state: &mut State, set: &Json, number: i64, (template, hash): (&Json, &str)) {
    let name = format!("{}-{number}", json::name(set));
    let mut pod = pod_from(set, template);
    json::set(&mut pod, &["metadata", "name"], name.clone());
    json::set(&mut pod, &["metadata", "labels", HASH], hash);
    json::set(&mut pod, &["metadata", "labels", "statefulset.kubernetes.io/pod-name"], name.clone());
    json::set(&mut pod, &["metadata", "labels", "apps.kubernetes.io/pod-index"], number.to_string());
    json::set(&mut pod, &["spec", "hostname"], name.clone());
    if let Some(service) = json::at(set, &["spec", "serviceName"]).as_str().filter(|s| !s.is_empty()) {
        json::set(&mut pod, &["spec", "subdomain"], service);
    }
    let mut volumes = json::list(&pod, &["spec", "volumes"]).to_vec();
    for claim in json::list(set, &["spec", "volumeClaimTemplates"]) {
        let volume = json::name(claim);
        let claim_name = format!("{volume}-{name}");
        if state.get("/persistentvolumeclaims", json::namespace(set), &claim_name).is_none() {
            let mut object = claim.clone();
            json::remove(&mut object, &["status"]);
            json::set(&mut object, &["metadata", "name"], claim_name.clone());
            json::set(&mut object, &["metadata", "namespace"], json::namespace(set));
            for (key, value) in json::object(set, &["spec", "selector", "matchLabels"]).into_iter().flatten() {
                json::default(&mut object, &["metadata", "labels", key], value.clone());
            }
            make(state, object);
        }
        volumes.retain(|v| json::text(v, &["name"]) != volume);
        volumes.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": claim_name}}));
    }
    if !volumes.is_empty() {
        json::set(&mut pod, &["spec", "volumes"], volumes);
    }
    if make(state, pod).is_some() {
        let text = format!("create Pod {name} in StatefulSet {} successful", json::name(set));
        events::note(state, set, ("statefulset-controller", "Normal"), "SuccessfulCreate", &text);
    }
}

fn report_stateful(state: &mut State, memory: &mut Memory, set: &Json, (hash, old): (&str, &str)) {
    let pods = controlled(state, "/pods", set);
    let live: Vec<&Arc<Json>> = pods.iter().filter(|p| active(p)).collect();
    let delay = json::int(set, &["spec", "minReadySeconds"]).unwrap_or(0);
    let count = |test: &dyn Fn(&Json) -> bool| live.iter().filter(|p| test(p)).count();
    let mut able = 0;
    for pod in &live {
        able += i64::from(available(pod, delay, memory));
    }
    let updated = count(&|p| hash_of(p) == hash);
    let wanted = usize::try_from(json::int(set, &["spec", "replicas"]).unwrap_or(1)).unwrap_or(0);
    let ready = count(&|p| condition_true(p, "Ready"));
    let done = updated == wanted && ready == wanted && live.len() == wanted;
    let current = if done { hash } else { old };
    let revision = |hash: &str| format!("{}-{hash}", json::name(set));
    let mut status = json!({
        "replicas": live.len(), "availableReplicas": able, "collisionCount": 0,
        "observedGeneration": json::int(set, &["metadata", "generation"]).unwrap_or(1),
        "currentRevision": revision(current), "updateRevision": revision(hash),
    });
    for (key, value) in
        [("readyReplicas", ready), ("updatedReplicas", updated), ("currentReplicas", count(&|p| hash_of(p) == current))]
    {
        if value > 0 {
            json::set(&mut status, &[key], value);
        }
    }
    set_status(state, &key_of(SETS, set), status);
}

fn daemon(state: &mut State, memory: &mut Memory, set: &Arc<Json>) {
    let hash = revision(state, set);
    let selector = json::at(set, &["spec", "template", "spec", "nodeSelector"]).clone();
    let nodes: Vec<String> = state
        .snapshot("/nodes", None)
        .iter()
        .filter(|n| super::pods::node_fits(n, &selector))
        .map(|n| json::name(n).to_owned())
        .collect();
    let mut pods: BTreeMap<String, Arc<Json>> = BTreeMap::new();
    let mut surplus = Vec::new();
    for pod in controlled(state, "/pods", set) {
        let node = json::text(&pod, &["spec", "nodeName"]).to_owned();
        if !nodes.contains(&node) || pods.contains_key(&node) {
            surplus.push(pod);
        } else {
            pods.insert(node, pod);
        }
    }
    for pod in surplus.iter().filter(|p| !json::deleting(p)) {
        drop_object(state, &key_of("/pods", pod));
    }
    let uid = json::uid(set).to_owned();
    for node in &nodes {
        match pods.get(node) {
            None => make_daemon_pod(state, set, node, &hash),
            Some(pod) if !active(pod) && !json::deleting(pod) => {
                if may_replace(memory, &uid, usize::try_from(memory.failures(&uid)).unwrap_or(0).max(1)) {
                    memory.failed(&uid);
                    memory.reset(&uid, "replace");
                    drop_object(state, &key_of("/pods", pod));
                }
            }
            Some(_) => {}
        }
    }
    let delay = json::int(set, &["spec", "minReadySeconds"]).unwrap_or(0);
    if json::text(set, &["spec", "updateStrategy", "type"]) != "OnDelete" {
        let total = i64::try_from(nodes.len()).unwrap_or(0);
        let allowed = share(json::at(set, &["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]), total, true)
            .unwrap_or(1)
            .max(1);
        let mut away = total - i64::try_from(pods.len()).unwrap_or(0);
        for pod in pods.values() {
            away += i64::from(!available(pod, delay, memory));
        }
        for pod in pods.values().filter(|p| hash_of(p) != hash && !json::deleting(p)) {
            let broken = !available(pod, delay, memory);
            if broken || away < allowed {
                away += i64::from(!broken);
                drop_object(state, &key_of("/pods", pod));
            }
        }
    }
    report_daemon(state, memory, set, (&hash, nodes.len()));
}

fn make_daemon_pod(state: &mut State, set: &Json, node: &str, hash: &str) {
    let mut pod = pod_from(set, json::at(set, &["spec", "template"]));
    let name: String = json::name(set).chars().take(57).collect();
    json::set(&mut pod, &["metadata", "name"], format!("{name}-{}", random_suffix(5)));
    json::set(&mut pod, &["metadata", "generateName"], format!("{name}-"));
    json::set(&mut pod, &["metadata", "labels", HASH], hash);
    json::set(&mut pod, &["spec", "nodeName"], node);
    if let Some(pod) = make(state, pod) {
        let text = format!("Created pod: {}", json::name(&pod));
        events::note(state, set, ("daemonset-controller", "Normal"), "SuccessfulCreate", &text);
    }
}

fn report_daemon(state: &mut State, memory: &mut Memory, set: &Json, (hash, nodes): (&str, usize)) {
    let pods = controlled(state, "/pods", set);
    let live: Vec<&Arc<Json>> = pods.iter().filter(|p| active(p)).collect();
    let delay = json::int(set, &["spec", "minReadySeconds"]).unwrap_or(0);
    let mut able = 0;
    for pod in &live {
        able += usize::from(available(pod, delay, memory));
    }
    let mut status = json!({
        "currentNumberScheduled": live.len(), "desiredNumberScheduled": nodes, "numberMisscheduled": 0,
        "numberReady": live.iter().filter(|p| condition_true(p, "Ready")).count(),
        "observedGeneration": json::int(set, &["metadata", "generation"]).unwrap_or(1),
    });
    for (key, value) in [
        ("numberAvailable", able),
        ("numberUnavailable", nodes.saturating_sub(able)),
        ("updatedNumberScheduled", live.iter().filter(|p| hash_of(p) == hash).count()),
    ] {
        if value > 0 {
            json::set(&mut status, &[key], value);
        }
    }
    let key = Key::new(DAEMONS, json::namespace(set), json::name(set));
    set_status(state, &key, status);
}
