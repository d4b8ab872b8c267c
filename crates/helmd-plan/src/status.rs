//! How far an object is, as helm 4 judges it (the rules of kstatus).

use crate::go_text::{go_text, go_type};
use crate::object::{get, group, integer, kind, list, name, text};
use helmd_release::Time;
use serde_json::Value as Json;
use std::fmt;

/// How far an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As wanted.
    Current,
    /// On its way.
    InProgress,
    /// It will not get there by itself.
    Failed,
    /// It is being deleted.
    Terminating,
    /// It is not there.
    NotFound,
    /// It could not be judged.
    Unknown,
}

impl Status {
    /// The word that messages use.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Current => "Current",
            Status::InProgress => "InProgress",
            Status::Failed => "Failed",
            Status::Terminating => "Terminating",
            Status::NotFound => "NotFound",
            Status::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectStatus {
    /// How far it is.
    pub status: Status,
    /// Why, in one word; empty for [`Status::Current`].
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
}

impl ObjectStatus {
    /// The judgement of an object that the cluster does not have.
    pub fn not_found() -> ObjectStatus {
        ObjectStatus::new(Status::NotFound, "", "Resource not found")
    }

    fn new(status: Status, reason: impl Into<String>, message: impl Into<String>) -> ObjectStatus {
        ObjectStatus { status, reason: reason.into(), message: message.into() }
    }

    fn current(message: impl Into<String>) -> ObjectStatus {
        ObjectStatus::new(Status::Current, "", message)
    }

    fn in_progress(reason: impl Into<String>, message: impl Into<String>) -> ObjectStatus {
        ObjectStatus::new(Status::InProgress, reason, message)
    }

    fn failed(reason: impl Into<String>, message: impl Into<String>) -> ObjectStatus {
        ObjectStatus::new(Status::Failed, reason, message)
    }
}

/// Why an object could not be judged; it counts as [`Status::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// A field has the wrong type.
    #[error(
        "looking up {path} from resource: .{place} accessor error: {value} is of the type {found}, expected {wanted}"
    )]
    WrongType {
        /// The field.
        path: String,
        /// The part of the path that is wrong.
        place: String,
        /// What stands there.
        value: String,
        /// Its Go type.
        found: &'static str,
        /// The Go type wanted.
        wanted: &'static str,
    },
    /// `status.conditions` has another form, in the words of Kubernetes' converter.
    #[error("{0}")]
    Conditions(String),
    /// A pod's phase is not one of Kubernetes'.
    #[error("unknown phase {0}")]
    UnknownPhase(String),
}

/// What the judgement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Waiting for resources; a job that runs is as wanted.
    Wait,
    /// Waiting for resources, jobs to be completed.
    WaitWithJobs,
    /// Waiting for a hook: pods and jobs to be completed, all else at once.
    Hook,
}

/// The query for the pods that [`judge`] has to be given; `None` when it needs none.
pub fn related_pods(object: &Json, purpose: Purpose) -> Option<String> {
    let controller = matches!((group(object), kind(object)), ("apps", "ReplicaSet" | "StatefulSet"));
    if !controller || purpose == Purpose::Hook {
        return None;
    }
    crate::selector::selector_text(get(object, &["spec", "selector"]))
}

/// Judges a live object. `pods` are those that [`related_pods`] asks for; `now` is in Unix seconds.
///
/// # Errors
/// A field that the rules read has the wrong form.
pub fn judge(object: &Json, pods: &[Json], purpose: Purpose, now: i64) -> Result<ObjectStatus, StatusError> {
    match (group(object), kind(object), purpose) {
        ("batch", "Job", Purpose::WaitWithJobs | Purpose::Hook) => completed_job(object),
        ("", "Pod", Purpose::Hook) => Ok(completed_pod(object)),
        (_, _, Purpose::Hook) => Ok(ObjectStatus::current("Resource is current")),
        ("apps", "ReplicaSet" | "StatefulSet", _) => {
            let own = compute(object, now)?;
            if own.status != Status::InProgress {
                return Ok(own);
            }
            let failed = pods.iter().filter(|p| compute(p, now).is_ok_and(|s| s.status == Status::Failed)).count();
            let failure = || ObjectStatus::failed("", format!("{failed} pods have failed"));
            Ok(if failed > 0 { failure() } else { own })
        }
        _ => compute(object, now),
    }
}

/// Judges a live object by itself: deletion, generation and the usual conditions first, then the rules of its kind, then
/// a `Ready` condition. `now` is in Unix seconds.
///
/// # Errors
/// A field that the rules read has the wrong form.
pub fn compute(object: &Json, now: i64) -> Result<ObjectStatus, StatusError> {
    if let Some(result) = generic(object)? {
        return Ok(result);
    }
    match (group(object), kind(object)) {
        ("", "Service") => Ok(service(object)),
        ("", "Pod") => pod(object, now),
        ("", "Secret" | "ConfigMap") | ("batch", "CronJob") => Ok(ObjectStatus::current("Resource is always ready")),
        ("", "PersistentVolumeClaim") => Ok(claim(object)),
        ("apps", "StatefulSet") => Ok(stateful_set(object)),
        ("apps" | "extensions", "DaemonSet") => daemon_set(object),
        ("apps" | "extensions", "Deployment") => deployment(object),
        ("apps" | "extensions", "ReplicaSet") => replica_set(object),
        ("policy", "PodDisruptionBudget") => Ok(ObjectStatus::current("AllowedDisruptions has been computed.")),
        ("batch", "Job") => job(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        _ => by_ready_condition(object),
    }
}

/// An entry of `status.conditions`.
struct Condition<'a> {
    kind: &'a str,
    status: &'a str,
    reason: &'a str,
    message: &'a str,
}

fn conditions(object: &Json) -> Result<Vec<Condition<'_>>, StatusError> {
    let no_struct = |value: &Json| StatusError::Conditions(format!("cannot restore struct from: {}", go_kind(value)));
    let Some(status) = get(object, &["status"]) else { return Ok(Vec::new()) };
    if !status.is_object() {
        return Err(no_struct(status));
    }
    let Some(conditions) = get(status, &["conditions"]) else { return Ok(Vec::new()) };
    let Json::Array(items) = conditions else {
        return Err(StatusError::Conditions(format!("cannot restore slice from {}", go_kind(conditions))));
    };
    let entries = items.iter().map(|item| {
        if !item.is_object() && !item.is_null() {
            return Err(no_struct(item));
        }
        let field = |key: &str, go_name: &str| match item.get(key) {
            None | Some(Json::Null) => Ok(""),
            Some(Json::String(text)) => Ok(text.as_str()),
            Some(value) if go_type(value) == "int64" => {
                Err(StatusError::Conditions(format!("cannot convert int64 to {go_name}")))
            }
            Some(_) => Err(StatusError::Conditions("unrecognized type: string".to_owned())),
        };
        Ok(Condition {
            kind: field("type", "string")?,
            status: field("status", "v1.ConditionStatus")?,
            reason: field("reason", "string")?,
            message: field("message", "string")?,
        })
    });
    entries.collect()
}

/// Go's word for the kind of value.
fn go_kind(value: &Json) -> &'static str {
    match value {
        Json::Object(_) => "map",
        Json::Array(_) => "slice",
        other => go_type(other),
    }
}

/// The integer at `parent.key`; `None` when it is missing.
fn generation(object: &Json, parent: &str, key: &str) -> Result<Option<i64>, StatusError> {
    let path = || format!("{parent}.{key}");
    let wrong = |place: String, value: &Json, wanted| StatusError::WrongType {
        path: path(),
        place,
        value: go_text(value),
        found: if value.is_null() { "<nil>" } else { go_type(value) },
        wanted,
    };
    let Some(outer) = get(object, &[parent]) else { return Ok(None) };
    if !outer.is_object() {
        return Err(wrong(path(), outer, "map[string]interface{}"));
    }
    let Some(value) = outer.get(key) else { return Ok(None) };
    value.as_i64().map(Some).ok_or_else(|| wrong(path(), value, "int64"))
}

fn generic(object: &Json) -> Result<Option<ObjectStatus>, StatusError> {
    if !text(object, &["metadata", "deletionTimestamp"]).is_empty() {
        return Ok(Some(ObjectStatus::new(Status::Terminating, "", "Resource scheduled for deletion")));
    }
    if let Some(wanted) = generation(object, "metadata", "generation")?
        && let Some(observed) = generation(object, "status", "observedGeneration")?
        && observed != wanted
    {
        let message = format!("{} generation is {wanted}, but latest observed generation is {observed}", kind(object));
        return Ok(Some(ObjectStatus::in_progress("LatestGenerationNotObserved", message)));
    }
    for c in conditions(object)? {
        match (c.kind, c.status) {
            ("Reconciling", "True") => return Ok(Some(ObjectStatus::in_progress(c.reason, c.message))),
            ("Stalled", "True") => return Ok(Some(ObjectStatus::failed(c.reason, c.message))),
            _ => {}
        }
    }
    Ok(None)
}

fn by_ready_condition(object: &Json) -> Result<ObjectStatus, StatusError> {
    for c in conditions(object)?.iter().filter(|c| c.kind == "Ready") {
        match c.status {
            "True" => return Ok(ObjectStatus::current("Resource is Ready")),
            "False" | "Unknown" => return Ok(ObjectStatus::in_progress(c.reason, c.message)),
            _ => {}
        }
    }
    Ok(ObjectStatus::current("Resource is current"))
}

fn service(object: &Json) -> ObjectStatus {
    let balanced = text(object, &["spec", "type"]) == "LoadBalancer";
    if balanced && text(object, &["spec", "clusterIP"]).is_empty() {
        return ObjectStatus::in_progress("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer");
    }
    ObjectStatus::current("Service is ready")
}

fn claim(object: &Json) -> ObjectStatus {
    let phase = get(object, &["status", "phase"]).and_then(Json::as_str).unwrap_or("unknown");
    if phase == "Bound" {
        return ObjectStatus::current("PVC is Bound");
    }
    ObjectStatus::in_progress("NotBound", format!("PVC is not Bound. phase: {phase}"))
}

/// Seconds that a pod may be unscheduled.
const SCHEDULE_WINDOW: i64 = 15;

fn pod(object: &Json, now: i64) -> Result<ObjectStatus, StatusError> {
    let conditions = conditions(object)?;
    let condition = |kind: &str, status: &str| conditions.iter().find(|c| c.kind == kind && c.status == status);
    Ok(match text(object, &["status", "phase"]) {
        "Succeeded" => ObjectStatus::current("Pod has completed successfully"),
        "Failed" => ObjectStatus::current("Pod has completed, but not successfully"),
        "Running" if condition("Ready", "True").is_some() => ObjectStatus::current("Pod is Ready"),
        "Running" => {
            let looping = crash_looping(object);
            if looping.is_empty() {
                ObjectStatus::in_progress("PodRunningNotReady", "Pod is running but is not Ready")
            } else {
                let message = format!("Containers in CrashLoop state: {}", looping.join(","));
                ObjectStatus::failed("ContainerCrashLooping", message)
            }
        }
        "Pending" => {
            let unschedulable = condition("PodScheduled", "False").is_some_and(|c| c.reason == "Unschedulable");
            let created = Time::parse(text(object, &["metadata", "creationTimestamp"])).flatten();
            let young = created.is_some_and(|t| now.saturating_sub(SCHEDULE_WINDOW) < t.timestamp().as_second());
            match (unschedulable, young) {
                (false, _) => ObjectStatus::in_progress("PodPending", "Pod is in the Pending phase"),
                (true, true) => ObjectStatus::in_progress("PodNotScheduled", "Pod has not been scheduled"),
                (true, false) => ObjectStatus::failed("PodUnschedulable", "Pod could not be scheduled"),
            }
        }
        "" => ObjectStatus::in_progress("PodNotObserved", "Pod phase not available"),
        phase => return Err(StatusError::UnknownPhase(phase.to_owned())),
    })
}

fn crash_looping(pod: &Json) -> Vec<&str> {
    let looping = |c: &&Json| text(c, &["state", "waiting", "reason"]) == "CrashLoopBackOff";
    list(pod, &["status", "containerStatuses"]).iter().filter(looping).map(|c| text(c, &["name"])).collect()
}

fn completed_pod(object: &Json) -> ObjectStatus {
    match text(object, &["status", "phase"]) {
        "Succeeded" => ObjectStatus::current(format!("pod {} succeeded", name(object))),
        "Failed" => ObjectStatus::failed("PodFailed", format!("pod {} failed", name(object))),
        _ => ObjectStatus::in_progress("PodInProgress", "Pod in progress"),
    }
}

/// The replica counts of a workload.
struct Counts<'a>(&'a Json);

impl Counts<'_> {
    fn spec(&self) -> i64 {
        integer(self.0, &["spec", "replicas"], 1)
    }

    fn of(&self, field: &str) -> i64 {
        integer(self.0, &["status", field], 0)
    }
}

fn less(reason: &str, word: &str, found: i64, wanted: i64) -> ObjectStatus {
    ObjectStatus::in_progress(reason, format!("{word}: {found}/{wanted}"))
}

fn extra(count: i64) -> ObjectStatus {
    ObjectStatus::in_progress("ExtraPods", format!("Pending termination: {count}"))
}

fn stateful_set(object: &Json) -> ObjectStatus {
    if text(object, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        return ObjectStatus::current("StatefulSet is using the ondelete update strategy");
    }
    let counts = Counts(object);
    let (wanted, replicas, updated) = (counts.spec(), counts.of("replicas"), counts.of("updatedReplicas"));
    let (ready, current) = (counts.of("readyReplicas"), counts.of("currentReplicas"));
    if wanted > replicas {
        return less("LessReplicas", "Replicas", replicas, wanted);
    }
    if wanted > ready {
        return less("LessReady", "Ready", ready, wanted);
    }
    if replicas > wanted {
        return extra(replicas.saturating_sub(wanted));
    }
    let partition = integer(object, &["spec", "updateStrategy", "rollingUpdate", "partition"], -1);
    if partition != -1 {
        let wanted = wanted.saturating_sub(partition);
        if updated < wanted {
            return less("PartitionRollout", "updated", updated, wanted);
        }
        return ObjectStatus::current(format!("Partition rollout complete. updated: {updated}"));
    }
    if wanted > current {
        return less("LessCurrent", "current", current, wanted);
    }
    if text(object, &["status", "currentRevision"]) != text(object, &["status", "updateRevision"]) {
        return ObjectStatus::in_progress("RevisionMismatch", "Waiting for updated revision to match current");
    }
    ObjectStatus::current(format!("All replicas scheduled as expected. Replicas: {replicas}"))
}

fn deployment(object: &Json) -> Result<ObjectStatus, StatusError> {
    // Without a deadline the controller sets no `Progressing` condition.
    let no_deadline = i64::from(i32::MAX);
    let mut progressing = integer(object, &["spec", "progressDeadlineSeconds"], no_deadline) == no_deadline;
    let mut available = false;
    for c in conditions(object)? {
        match (c.kind, c.status, c.reason) {
            ("Progressing", _, "ProgressDeadlineExceeded") => {
                return Ok(ObjectStatus::failed(c.reason, "Progress deadline exceeded"));
            }
            ("Progressing", "True", "NewReplicaSetAvailable") => progressing = true,
            ("Available", "True", _) => available = true,
            _ => {}
        }
    }
    let counts = Counts(object);
    let (wanted, replicas, updated) = (counts.spec(), counts.of("replicas"), counts.of("updatedReplicas"));
    let (ready, usable) = (counts.of("readyReplicas"), counts.of("availableReplicas"));
    Ok(if wanted > replicas {
        less("LessReplicas", "Replicas", replicas, wanted)
    } else if wanted > updated {
        less("LessUpdated", "Updated", updated, wanted)
    } else if replicas > wanted {
        extra(replicas.saturating_sub(wanted))
    } else if updated > usable {
        less("LessAvailable", "Available", usable, updated)
    } else if wanted > ready {
        less("LessReady", "Ready", ready, wanted)
    } else if !progressing {
        ObjectStatus::in_progress("ReplicaSetNotAvailable", "ReplicaSet not Available")
    } else if !available {
        ObjectStatus::in_progress("DeploymentNotAvailable", "Deployment not Available")
    } else {
        ObjectStatus::current(format!("Deployment is available. Replicas: {replicas}"))
    })
}

fn replica_set(object: &Json) -> Result<ObjectStatus, StatusError> {
    if conditions(object)?.iter().any(|c| c.kind == "ReplicaFailure" && c.status == "True") {
        return Ok(ObjectStatus::in_progress("ReplicaFailure", "Replica Failure condition. Check Pods"));
    }
    let counts = Counts(object);
    let (wanted, replicas, ready) = (counts.spec(), counts.of("replicas"), counts.of("readyReplicas"));
    let (labelled, available) = (counts.of("fullyLabeledReplicas"), counts.of("availableReplicas"));
    Ok(if wanted > labelled {
        less("LessLabelled", "Labelled", labelled, wanted)
    } else if wanted > available {
        less("LessAvailable", "Available", available, wanted)
    } else if wanted > ready {
        less("LessReady", "Ready", ready, wanted)
    } else if replicas > wanted {
        extra(replicas.saturating_sub(wanted))
    } else {
        ObjectStatus::current(format!("ReplicaSet is available. Replicas: {replicas}"))
    })
}

fn daemon_set(object: &Json) -> Result<ObjectStatus, StatusError> {
    for (parent, key, reason) in
        [("metadata", "generation", "NoGeneration"), ("status", "observedGeneration", "NoObservedGeneration")]
    {
        if generation(object, parent, key)?.is_none() {
            let message = format!("{} {parent}.{key} not found", kind(object));
            return Ok(ObjectStatus::in_progress(reason, message));
        }
    }
    let desired = integer(object, &["status", "desiredNumberScheduled"], -1);
    if desired == -1 {
        return Ok(ObjectStatus::in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled"));
    }
    let counts = Counts(object);
    let rules = [
        ("LessCurrent", "Current", "currentNumberScheduled"),
        ("LessUpdated", "Updated", "updatedNumberScheduled"),
        ("LessAvailable", "Available", "numberAvailable"),
        ("LessReady", "Ready", "numberReady"),
    ];
    for (reason, word, field) in rules {
        if desired > counts.of(field) {
            return Ok(less(reason, word, counts.of(field), desired));
        }
    }
    Ok(ObjectStatus::current(format!("All replicas scheduled as expected. Replicas: {desired}")))
}

/// A job that is completed or failed.
fn ended_job(object: &Json) -> Result<Option<ObjectStatus>, StatusError> {
    let parallelism = integer(object, &["spec", "parallelism"], 1);
    let completions = integer(object, &["spec", "completions"], parallelism);
    let counts = Counts(object);
    for c in conditions(object)? {
        match (c.kind, c.status) {
            ("Complete", "True") => {
                let message = format!("Job Completed. succeeded: {}/{completions}", counts.of("succeeded"));
                return Ok(Some(ObjectStatus::current(message)));
            }
            ("Failed", "True") => {
                let message = format!("Job Failed. failed: {}/{completions}", counts.of("failed"));
                return Ok(Some(ObjectStatus::failed("JobFailed", message)));
            }
            _ => {}
        }
    }
    Ok(None)
}

fn completed_job(object: &Json) -> Result<ObjectStatus, StatusError> {
    Ok(ended_job(object)?.unwrap_or_else(|| ObjectStatus::in_progress("JobInProgress", "Job in progress")))
}

fn job(object: &Json) -> Result<ObjectStatus, StatusError> {
    if let Some(ended) = ended_job(object)? {
        return Ok(ended);
    }
    if text(object, &["status", "startTime"]).is_empty() {
        return Ok(ObjectStatus::in_progress("JobNotStarted", "Job not started"));
    }
    let counts = Counts(object);
    let (succeeded, active, failed) = (counts.of("succeeded"), counts.of("active"), counts.of("failed"));
    Ok(ObjectStatus::current(format!("Job in progress. success:{succeeded}, active: {active}, failed: {failed}")))
}

fn definition(object: &Json) -> Result<ObjectStatus, StatusError> {
    for c in conditions(object)? {
        match (c.kind, c.status) {
            ("NamesAccepted", "False") => return Ok(ObjectStatus::failed(c.reason, c.message)),
            ("Established", "False") if c.reason != "Installing" => {
                return Ok(ObjectStatus::failed(c.reason, c.message));
            }
            ("Established", "True") => return Ok(ObjectStatus::current("CRD is established")),
            _ => {}
        }
    }
    Ok(ObjectStatus::in_progress("Installing", "Install in progress"))
}
