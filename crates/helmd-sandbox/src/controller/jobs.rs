//! Jobs: pods until enough have succeeded or too many have failed.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    Memory, active, condition_true, controlled, drop_object, events, key_of, make, pod_from, put_condition, set_status,
};
use crate::{
    clock,
    json::{self, Json},
    state::State,
    write::random_suffix,
};

const STORAGE: &str = "batch/jobs";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The longest wait between two pods.
const MAX_BACKOFF: Duration = Duration::from_secs(600);
/// Pods of one job that are made in one look.
const BATCH: i64 = 100;

pub(super) fn look(state: &mut State, memory: &mut Memory) {
    for job in state.snapshot(STORAGE, None) {
        if json::deleting(&job) {
            continue;
        }
        if finished(&job) {
            expire(state, memory, &job);
        } else {
            one(state, memory, &job);
        }
    }
}

fn finished(job: &Json) -> bool {
    condition_true(job, "Complete") || condition_true(job, "Failed")
}

fn expire(state: &mut State, memory: &mut Memory, job: &Json) {
    if let Some(seconds) = json::int(job, &["spec", "ttlSecondsAfterFinished"]) {
        // A moment more, so that watches see the end before the job is gone: the real controller is no faster.
        let delay = Duration::from_secs(u64::try_from(seconds).unwrap_or(0).saturating_add(1));
        if memory.passed(json::uid(job), "expire", delay) {
            drop_object(state, &key_of(STORAGE, job));
        }
    }
}

fn phase(pod: &Json) -> &str {
    json::text(pod, &["status", "phase"])
}

fn one(state: &mut State, memory: &mut Memory, job: &Arc<Json>) {
    let pods = controlled(state, "/pods", job);
    let uid = json::uid(job);
    let live: Vec<&Arc<Json>> = pods.iter().filter(|p| active(p)).collect();
    let succeeded = pods.iter().filter(|p| phase(p) == "Succeeded").count();
    let failed = pods.iter().filter(|p| phase(p) == "Failed").count();
    let suspended = json::flag(job, &["spec", "suspend"]);
    let limit = json::int(job, &["spec", "backoffLimit"]).unwrap_or(6);
    let completions = json::int(job, &["spec", "completions"]);
    let deadline = json::int(job, &["spec", "activeDeadlineSeconds"]);
    let late = !suspended
        && deadline.is_some_and(|d| memory.passed(uid, "deadline", Duration::from_secs(u64::try_from(d).unwrap_or(0))));
    let done = match completions {
        Some(wanted) => i64::try_from(succeeded).unwrap_or(0) >= wanted,
        None => succeeded > 0 && live.is_empty(),
    };
    let too_many = i64::try_from(failed).unwrap_or(0) > limit;
    let mut status = job.get("status").cloned().unwrap_or_default();
    if !suspended {
        json::default(&mut status, &["startTime"], clock::now());
    }
    if done || too_many || late {
        end(state, job, &mut status, (done, late), &live);
    } else if suspended {
        put_condition(&mut status, "Suspended", true, "JobSuspended", "Job suspended");
        live.iter().for_each(|pod| drop_object(state, &key_of("/pods", pod)));
    } else {
        let open = completions.map_or(i64::MAX, |c| c - i64::try_from(succeeded).unwrap_or(0));
        let parallel = json::int(job, &["spec", "parallelism"]).unwrap_or(1).max(0);
        let target = if completions.is_none() && succeeded > 0 { 0 } else { parallel.min(open) };
        let have = i64::try_from(live.len()).unwrap_or(0);
        if have < target && may_retry(state, memory, uid, failed) {
            start(state, job, &pods, (target - have).min(BATCH));
        }
    }
    let pods = controlled(state, "/pods", job);
    let live = pods.iter().filter(|p| active(p)).count();
    for (key, count) in [("active", live), ("succeeded", succeeded), ("failed", failed)] {
        if count > 0 {
            json::set(&mut status, &[key], count);
        } else {
            json::remove(&mut status, &[key]);
        }
    }
    json::set(&mut status, &["ready"], pods.iter().filter(|p| active(p) && condition_true(p, "Ready")).count());
    json::set(&mut status, &["terminating"], pods.iter().filter(|p| json::deleting(p)).count());
    json::set(&mut status, &["uncountedTerminatedPods"], json!({}));
    set_status(state, &key_of(STORAGE, job), status);
}

fn may_retry(state: &State, memory: &mut Memory, uid: &str, failed: usize) -> bool {
    if failed == 0 {
        return true;
    }
    let count = u32::try_from(failed).unwrap_or(u32::MAX);
    if memory.failures(uid) < count {
        memory.failed(uid);
        memory.reset(uid, "retry");
    }
    let factor = 1u32.checked_shl(count - 1).unwrap_or(u32::MAX);
    memory.passed(uid, "retry", state.options.job_backoff.saturating_mul(factor).min(MAX_BACKOFF))
}

fn start(state: &mut State, job: &Json, pods: &[Arc<Json>], count: i64) {
    let indexed = json::text(job, &["spec", "completionMode"]) == "Indexed";
    let index = |pod: &Json| json::text(pod, &["metadata", "annotations", INDEX]).parse::<i64>().ok();
    let mut taken: Vec<i64> = pods.iter().filter(|p| phase(p) != "Failed").filter_map(|p| index(p)).collect();
    for _ in 0..count {
        let mut pod = pod_from(job, json::at(job, &["spec", "template"]));
        let name: String = json::name(job).chars().take(57).collect();
        let mut prefix = format!("{name}-");
        if indexed {
            let Some(free) = (0..i64::MAX).find(|i| !taken.contains(i)) else { return };
            taken.push(free);
            prefix = format!("{name}-{free}-");
            json::set(&mut pod, &["metadata", "annotations", INDEX], free.to_string());
            json::set(&mut pod, &["metadata", "labels", INDEX], free.to_string());
        }
        json::set(&mut pod, &["metadata", "generateName"], prefix.clone());
        json::set(&mut pod, &["metadata", "name"], format!("{prefix}{}", random_suffix(5)));
        let Some(pod) = make(state, pod) else { return };
        let text = format!("Created pod: {}", json::name(&pod));
        events::note(state, job, ("job-controller", "Normal"), "SuccessfulCreate", &text);
    }
}

fn end(state: &mut State, job: &Json, status: &mut Json, (done, late): (bool, bool), live: &[&Arc<Json>]) {
    for pod in live {
        drop_object(state, &key_of("/pods", pod));
    }
    let (condition, reason, message, event) = if done {
        (
            "Complete",
            "CompletionsReached",
            "Reached expected number of succeeded pods",
            ("Normal", "Completed", "Job completed"),
        )
    } else if late {
        let text = "Job was active longer than specified deadline";
        ("Failed", "DeadlineExceeded", text, ("Warning", "DeadlineExceeded", text))
    } else {
        let text = "Job has reached the specified backoff limit";
        ("Failed", "BackoffLimitExceeded", text, ("Warning", "BackoffLimitExceeded", text))
    };
    let first = if done { "SuccessCriteriaMet" } else { "FailureTarget" };
    for kind in [first, condition] {
        put_condition(status, kind, true, reason, message);
    }
    for condition in json::items_mut(status, &["conditions"]) {
        json::default(condition, &["lastProbeTime"], clock::now());
    }
    if done {
        json::default(status, &["completionTime"], clock::now());
    }
    let (kind, reason, message) = event;
    events::note(state, job, ("job-controller", kind), reason, message);
}
