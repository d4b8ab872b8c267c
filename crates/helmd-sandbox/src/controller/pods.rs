//! Scheduler and kubelets: pods get a node, then the status that `test/outcome` asks for, and go when they are deleted.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Memory, events, key_of, set_status};
use crate::{
    clock,
    json::{self, Json},
    state::State,
    store::Key,
    write::{self, How},
};

/// How long a container that ends on its own runs.
const SHORT_RUN: Duration = Duration::from_millis(300);

pub(super) fn look(state: &mut State, memory: &mut Memory) {
    for pod in state.snapshot("/pods", None) {
        if json::deleting(&pod) {
            leave(state, &pod);
        } else if json::text(&pod, &["spec", "nodeName"]).is_empty() {
            schedule(state, &pod);
        } else {
            play(state, memory, &pod);
        }
    }
}

/// The kubelet's last word: a pod without finalizers goes.
fn leave(state: &mut State, pod: &Json) {
    let key = key_of("/pods", pod);
    if json::list(pod, &["metadata", "finalizers"]).is_empty() {
        state.erase(&key);
    } else if json::int(pod, &["metadata", "deletionGracePeriodSeconds"]) != Some(0) {
        let mut ended = pod.clone();
        json::set(&mut ended, &["metadata", "deletionGracePeriodSeconds"], 0);
        state.put(key, ended);
    }
}

/// Whether a node has all labels of a node selector.
pub(super) fn node_fits(node: &Json, selector: &Json) -> bool {
    let labels = json::at(node, &["metadata", "labels"]);
    !json::flag(node, &["spec", "unschedulable"])
        && selector.as_object().is_none_or(|s| s.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

fn schedule(state: &mut State, pod: &Json) {
    let key = key_of("/pods", pod);
    let nodes = state.snapshot("/nodes", None);
    let fitting: Vec<&Arc<Json>> =
        nodes.iter().filter(|n| node_fits(n, json::at(pod, &["spec", "nodeSelector"]))).collect();
    let pick = json::uid(pod).bytes().fold(0usize, |sum, b| sum.wrapping_mul(31).wrapping_add(usize::from(b)));
    let chosen = pick.checked_rem(fitting.len()).and_then(|n| fitting.get(n));
    let Some(node) = chosen else {
        if super::json::list(pod, &["status", "conditions"]).is_empty() {
            let text = format!(
                "0/{} nodes are available: {} node(s) didn't match Pod's node affinity/selector.",
                nodes.len(),
                nodes.len()
            );
            let mut status = pod.get("status").cloned().unwrap_or_default();
            super::put_condition(&mut status, "PodScheduled", false, "Unschedulable", &text);
            set_status(state, &key, status);
            events::note(state, pod, ("default-scheduler", "Warning"), "FailedScheduling", &text);
        }
        return;
    };
    let name = json::name(node).to_owned();
    write::edit(state, &key, &How::controller(), |p| json::set(p, &["spec", "nodeName"], name.clone()));
    let text = format!("Successfully assigned {}/{} to {name}", json::namespace(pod), json::name(pod));
    events::note(state, pod, ("default-scheduler", "Normal"), "Scheduled", &text);
}

fn play(state: &mut State, memory: &mut Memory, pod: &Json) {
    let outcome = json::text(pod, &["metadata", "annotations", "test/outcome"]);
    let started = !json::at(pod, &["status", "containerStatuses"]).is_null();
    let uid = json::uid(pod);
    let kubelet = |kind: &'static str| ("kubelet", kind);
    match (json::text(pod, &["status", "phase"]), outcome) {
        ("Pending" | "", "") => ready(state, pod),
        ("Pending" | "", "slow") => {
            if memory.passed(uid, "slow", state.options.slow_pod) {
                ready(state, pod);
            } else if !started && json::list(pod, &["status", "conditions"]).is_empty() {
                set_status(state, &key_of("/pods", pod), waiting_status(pod, "ContainerCreating", "", "Pending"));
            }
        }
        ("Pending" | "", "fail") => {
            let now = clock::now();
            let end = json!({"terminated": {"exitCode": 1, "reason": "Error", "startedAt": now, "finishedAt": now}});
            write_status(state, pod, "Failed", &end);
        }
        ("Pending" | "", "crashloop") if !started => {
            write_waiting(state, pod, "CrashLoopBackOff", "Running");
            let text = format!(
                "Back-off restarting failed container {} in pod {}",
                first_container(pod, "name"),
                json::name(pod)
            );
            events::note(state, pod, kubelet("Warning"), "BackOff", &text);
        }
        ("Pending" | "", "imagepull") if !started => {
            write_waiting(state, pod, "ImagePullBackOff", "Pending");
            let image = first_container(pod, "image").to_owned();
            let text = format!("Failed to pull image \"{image}\": test/outcome");
            events::note(state, pod, kubelet("Warning"), "Failed", &text);
            events::note(state, pod, kubelet("Warning"), "Failed", "Error: ImagePullBackOff");
            events::note(state, pod, kubelet("Normal"), "BackOff", &format!("Back-off pulling image \"{image}\""));
        }
        ("Pending" | "", "unready") => {
            let run = json!({"running": {"startedAt": clock::now()}});
            write_status(state, pod, "Running", &run);
            let text = "Readiness probe failed: test/outcome";
            events::note(state, pod, kubelet("Warning"), "Unhealthy", text);
        }
        ("Running", "" | "slow") if json::text(pod, &["spec", "restartPolicy"]) != "Always" => {
            let delay = if outcome == "slow" { state.options.slow_pod } else { SHORT_RUN };
            if memory.passed(uid, "run", delay) {
                succeed(state, pod);
            }
        }
        _ => {}
    }
}

fn first_container<'a>(pod: &'a Json, key: &str) -> &'a str {
    json::list(pod, &["spec", "containers"]).first().map_or("", |c| json::text(c, &[key]))
}

/// Status entries of the containers in `list`, all in the same state.
fn containers(pod: &Json, list: &str, state: &Json, ready: bool, restarts: i64) -> Vec<Json> {
    let running = state.get("running").is_some();
    json::list(pod, &["spec", list])
        .iter()
        .map(|c| {
            json!({
                "name": json::text(c, &["name"]), "image": json::text(c, &["image"]), "imageID": "", "lastState": {},
                "ready": ready, "restartCount": restarts, "started": running, "state": state,
            })
        })
        .collect()
}

fn conditions(ready: bool) -> Json {
    let now = clock::now();
    let one = |kind: &str, value: bool| {
        json!({"type": kind, "status": if value { "True" } else { "False" },
        "lastProbeTime": null, "lastTransitionTime": now})
    };
    json!([one("Initialized", true), one("Ready", ready), one("ContainersReady", ready), one("PodScheduled", true)])
}

fn base_status(state: &State, pod: &Json, phase: &str, ready: bool) -> Json {
    let mut status = pod.get("status").cloned().unwrap_or_default();
    json::set(&mut status, &["phase"], phase);
    json::set(&mut status, &["conditions"], conditions(ready));
    json::default(&mut status, &["startTime"], clock::now());
    let node = state.get("/nodes", "", json::text(pod, &["spec", "nodeName"]));
    let host = node.and_then(|n| json::list(n, &["status", "addresses"]).first()).map(|a| json::text(a, &["address"]));
    let host = host.unwrap_or("192.0.2.100").to_owned();
    let own = json::uid(pod).bytes().fold(0u32, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b)));
    let address = if json::flag(pod, &["spec", "hostNetwork"]) {
        host.clone()
    } else {
        format!("10.244.{}.{}", own / 254 % 254, own % 254 + 1)
    };
    json::default(&mut status, &["hostIP"], host);
    json::default(&mut status, &["podIPs"], json!([{"ip": address}]));
    json::default(&mut status, &["podIP"], address);
    status
}

fn write_status(state: &mut State, pod: &Json, phase: &str, container: &Json) {
    let mut status = base_status(state, pod, phase, false);
    json::set(&mut status, &["containerStatuses"], containers(pod, "containers", container, false, 0));
    set_status(state, &key_of("/pods", pod), status);
}

fn waiting_status(pod: &Json, reason: &str, message: &str, phase: &str) -> Json {
    let mut status = pod.get("status").cloned().unwrap_or_default();
    let wait = json!({"waiting": {"reason": reason, "message": message}});
    let restarts = if reason.contains("Crash") { 3 } else { 0 };
    json::set(&mut status, &["phase"], phase);
    json::set(&mut status, &["conditions"], conditions(false));
    json::set(&mut status, &["containerStatuses"], containers(pod, "containers", &wait, false, restarts));
    status
}

fn write_waiting(state: &mut State, pod: &Json, reason: &str, phase: &str) {
    let mut status = base_status(state, pod, phase, false);
    let waiting = waiting_status(pod, reason, &format!("{reason} (test/outcome)"), phase);
    json::set(&mut status, &["containerStatuses"], json::at(&waiting, &["containerStatuses"]).clone());
    set_status(state, &key_of("/pods", pod), status);
}

fn ready(state: &mut State, pod: &Json) {
    let now = clock::now();
    let mut status = base_status(state, pod, "Running", true);
    let run = json!({"running": {"startedAt": now}});
    json::set(&mut status, &["containerStatuses"], containers(pod, "containers", &run, true, 0));
    if !json::list(pod, &["spec", "initContainers"]).is_empty() {
        let done = json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}});
        json::set(&mut status, &["initContainerStatuses"], containers(pod, "initContainers", &done, true, 0));
    }
    set_status(state, &key_of("/pods", pod), status);
}

fn succeed(state: &mut State, pod: &Json) {
    let now = clock::now();
    let done = json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}});
    let mut status = pod.get("status").cloned().unwrap_or_default();
    json::set(&mut status, &["phase"], "Succeeded");
    json::set(&mut status, &["containerStatuses"], containers(pod, "containers", &done, false, 0));
    for condition in json::items_mut(&mut status, &["conditions"]) {
        if matches!(json::text(condition, &["type"]), "Ready" | "ContainersReady") {
            json::set(condition, &["status"], "False");
            json::set(condition, &["reason"], "PodCompleted");
        }
    }
    let key = Key::new("/pods", json::namespace(pod), json::name(pod));
    set_status(state, &key, status);
}
