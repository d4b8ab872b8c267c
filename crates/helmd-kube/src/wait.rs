//! Waiting: until objects are ready, until they are gone, until hooks have completed.

use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::diagnose::Unmet;
use crate::error::{ErrorKind, KubeError, Pending};
use crate::kstatus::{ObjectStatus, Purpose, Status};
use crate::progress::Event;
use crate::ready::Readiness;
use crate::resource::Resource;
use crate::watch::{Alarms, Bell, Change};

/// First pause between two looks; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Helm looks every two seconds.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often a failing look at one object is repeated.
const MOST_FAILURES: usize = 30;
/// How many objects are looked at at a time.
const PARALLEL: usize = 16;
/// HELM: Helm 4 takes a timeout of zero as this one.
const STATUS_TIMEOUT: Duration = Duration::from_secs(30);
/// The text of Go's expired context.
const DEADLINE: &str = "context deadline exceeded";

/// What is waited for after objects were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum WaitStrategy {
    /// Only hooks are waited for.
    #[default]
    HookOnly,
    /// Helm 3's `--wait`: readiness by rules per kind.
    Legacy,
    /// Helm 4's `--wait`: status of every object, also of custom ones.
    Watcher,
}

/// When a hook has done its work, and in which words a wait for deletions fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitRules {
    /// Helm 4's: by the status of all objects.
    Status,
    /// Helm 3's, and those of Helm 4's `legacy` strategy: jobs and pods have completed.
    Legacy,
}

/// How long and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitOptions {
    /// By which rules.
    pub strategy: WaitStrategy,
    /// Jobs count as ready only when they have completed.
    pub jobs: bool,
    /// Zero: one look.
    pub timeout: Duration,
}

struct Pace {
    deadline: Instant,
    pause: Duration,
}

impl Pace {
    fn new(timeout: Duration) -> Self {
        Self { deadline: Instant::now() + timeout, pause: FIRST_PAUSE }
    }

    /// Pauses; tells whether there is time for another look.
    async fn next(&mut self, cluster: &Cluster) -> Result<bool, KubeError> {
        let now = Instant::now();
        if now >= self.deadline {
            return Ok(false);
        }
        let until = self.deadline.min(now + self.pause);
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = cluster.cancel_token().cancelled() => return Err(KubeError::Cancelled),
        }
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(Instant::now() < self.deadline)
    }
}

impl Cluster {
    /// Waits until all objects are ready.
    ///
    /// # Errors
    /// [`KubeError::WaitTimeout`], which lists what was not ready; an object that cannot become
    /// ready; cancelled.
    pub async fn wait(&self, resources: &[Resource], options: WaitOptions) -> Result<(), KubeError> {
        let mut unmet = Vec::new();
        let result = match options.strategy {
            WaitStrategy::HookOnly => Ok(()),
            WaitStrategy::Legacy => self.wait_legacy(resources, options, &mut unmet).await,
            WaitStrategy::Watcher => {
                let purpose = if options.jobs { Purpose::WaitWithJobs } else { Purpose::Wait };
                self.wait_status(resources, (purpose, options.timeout), &mut unmet).await
            }
        };
        match result {
            Ok(()) => Ok(()),
            Err(err) => Err(self.explained(err, &unmet).await),
        }
    }

    /// `unmet` gets what was not ready when the wait fails.
    async fn wait_legacy<'a>(
        &self,
        resources: &'a [Resource],
        options: WaitOptions,
        unmet: &mut Vec<Unmet<'a>>,
    ) -> Result<(), KubeError> {
        let mut waiting: Vec<Waited<'a>> = resources.iter().map(Waited::new).collect();
        let mut pace = Pace::new(options.timeout);
        loop {
            let looks = stream::iter(
                waiting
                    .into_iter()
                    .map(|mut waited| async move {
                        let look = self.readiness(waited.resource, options.jobs).await;
                        if matches!(look, Ok(Readiness::NotReady(_))) {
                            waited.reason = self.reason_in_short(waited.resource).await;
                        }
                        let ready = waited.take(self, look);
                        (waited, ready)
                    })
                    .collect::<Vec<_>>(),
            );
            let looks: Vec<(Waited<'a>, Result<bool, KubeError>)> = looks.buffered(PARALLEL).collect().await;
            waiting = Vec::new();
            for (waited, ready) in looks {
                match ready {
                    Ok(true) => {}
                    Ok(false) => waiting.push(waited),
                    Err(err) => {
                        let message = if let KubeError::Failed(message) = &err { message } else { &waited.message };
                        *unmet = vec![Unmet { message: message.clone(), ..waited.unmet() }];
                        return Err(err);
                    }
                }
            }
            if waiting.is_empty() {
                return Ok(());
            }
            if !pace.next(self).await? {
                *unmet = waiting.iter().map(Waited::unmet).collect();
                return Err(KubeError::WaitTimeout { text: DEADLINE.to_owned(), pending: pending(&waiting) });
            }
        }
    }

    /// HELM: a failed object stays failed, but the others are waited for all the same.
    async fn wait_status<'a>(
        &'a self,
        resources: &'a [Resource],
        (purpose, timeout): (Purpose, Duration),
        unmet: &mut Vec<Unmet<'a>>,
    ) -> Result<(), KubeError> {
        let paused = |resource: &Resource| {
            resource.mapping.kind == "Deployment"
                && resource.object.pointer("/spec/paused").and_then(Json::as_bool) == Some(true)
        };
        let mut all: Vec<Waited<'a>> = resources.iter().filter(|resource| !paused(resource)).map(Waited::new).collect();
        let mut due: Vec<usize> = (0..all.len()).collect();
        let timeout = if timeout.is_zero() { STATUS_TIMEOUT } else { timeout };
        let deadline = Instant::now() + timeout;
        let mut alarms = Alarms::new(self);
        loop {
            let statuses = self.look_at(&mut all, &due, purpose).await?;
            for (&place, status) in due.iter().zip(statuses) {
                let Some(waited) = all.get_mut(place) else { continue };
                waited.note(self, &status.message);
                waited.status = status.status.as_str();
                match status.status {
                    Status::Current => {
                        waited.settled = true;
                        self.report(Event::Ready { object: waited.resource.object_ref() });
                    }
                    Status::Failed => waited.settled = true,
                    _ => alarms.set(place, waited.resource),
                }
            }
            let mut late = false;
            if all.iter().any(|waited| !waited.settled) {
                match alarms.next(deadline).await? {
                    Bell::Changed(places) => due = places,
                    Bell::All => due = (0..all.len()).collect(),
                    Bell::Late => late = true,
                }
                if !late {
                    due.retain(|place| all.get(*place).is_some_and(|waited| !waited.settled));
                    continue;
                }
            }
            let open: Vec<&Waited<'a>> =
                all.iter().filter(|waited| waited.status != Status::Current.as_str()).collect();
            if open.is_empty() && !late {
                return Ok(());
            }
            *unmet = open.iter().map(|waited| waited.unmet()).collect();
            return Err(not_current(&open, late));
        }
    }

    /// How far the objects at the given places have come, in their order.
    async fn look_at(
        &self,
        all: &mut [Waited<'_>],
        places: &[usize],
        purpose: Purpose,
    ) -> Result<Vec<ObjectStatus>, KubeError> {
        let looks: Vec<_> = places
            .iter()
            .filter_map(|place| all.get(*place))
            .map(|waited| waited.resource)
            .map(|resource| async move {
                let status = self.status(resource, purpose).await?;
                let ready = status.status == Status::Current;
                let reason = if ready { String::new() } else { self.reason_in_short(resource).await };
                Ok::<_, KubeError>((status, reason))
            })
            .collect();
        let looks: Vec<_> = stream::iter(looks).buffered(PARALLEL).collect().await;
        let mut statuses = Vec::with_capacity(looks.len());
        for (place, look) in places.iter().zip(looks) {
            let (status, reason) = look?;
            if let Some(waited) = all.get_mut(*place) {
                waited.reason = reason;
            }
            statuses.push(status);
        }
        Ok(statuses)
    }

    /// Waits until all objects are gone.
    ///
    /// # Errors
    /// [`KubeError::WaitTimeout`], the first failure to look, cancelled.
    pub async fn wait_for_delete(
        &self,
        resources: &[Resource],
        timeout: Duration,
        rules: WaitRules,
    ) -> Result<(), KubeError> {
        let mut waiting: Vec<Waited<'_>> = resources.iter().map(Waited::new).collect();
        let status_rules = rules == WaitRules::Status;
        let mut pace = Pace::new(if status_rules && timeout.is_zero() { STATUS_TIMEOUT } else { timeout });
        loop {
            let looks = stream::iter(
                waiting
                    .into_iter()
                    .map(|waited| async move {
                        let found = self.find(waited.resource).await?;
                        Ok::<_, KubeError>(found.is_some().then_some(waited))
                    })
                    .collect::<Vec<_>>(),
            );
            let looks: Vec<_> = looks.buffered(PARALLEL).collect().await;
            waiting = looks.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            for waited in &mut waiting {
                waited.note(self, "is being deleted");
            }
            if waiting.is_empty() {
                return Ok(());
            }
            if !pace.next(self).await? {
                let unmet: Vec<Unmet<'_>> = waiting.iter().map(Waited::unmet).collect();
                let text = if status_rules { self.still_there(&waiting).await } else { DEADLINE.to_owned() };
                let err = KubeError::WaitTimeout { text, pending: pending(&waiting) };
                return Err(self.explained(err, &unmet).await);
            }
        }
    }

    /// Helm 4's words for objects that did not go.
    async fn still_there(&self, waiting: &[Waited<'_>]) -> String {
        let mut lines = Vec::new();
        for Waited { resource, .. } in waiting {
            let Ok(ObjectStatus { status, message, .. }) = self.status(resource, Purpose::Wait).await else { continue };
            if status != Status::NotFound && status != Status::Unknown {
                let (kind, namespace, name) = (&resource.mapping.kind, &resource.namespace, &resource.name);
                lines.push(format!(
                    "resource {kind}/{namespace}/{name} still exists. status: {status}, message: {message}"
                ));
            }
        }
        lines.push(DEADLINE.to_owned());
        lines.join("\n")
    }

    /// Waits until the objects of a hook have done their work. A zero timeout means no limit by Helm 3's rules, and
    /// 30 seconds by Helm 4's.
    ///
    /// # Errors
    /// A failed job or pod, time is up, cancelled; in Helm's words.
    pub async fn watch_until_ready(
        &self,
        resources: &[Resource],
        timeout: Duration,
        rules: WaitRules,
    ) -> Result<(), KubeError> {
        if rules == WaitRules::Legacy {
            return self.watch_completions(resources, timeout).await;
        }
        let mut unmet = Vec::new();
        match self.wait_status(resources, (Purpose::Hook, timeout), &mut unmet).await {
            Ok(()) => Ok(()),
            Err(err) => Err(self.explained(err, &unmet).await),
        }
    }

    /// Jobs and pods until they have completed, others not at all.
    async fn watch_completions(&self, resources: &[Resource], timeout: Duration) -> Result<(), KubeError> {
        if resources.is_empty() {
            return Err(KubeError::NoObjects);
        }
        let timeout = (!timeout.is_zero()).then_some(timeout);
        let (mut errors, mut unmet) = (Vec::new(), Vec::new());
        for batch in resources.chunk_by(|a, b| a.mapping.kind == b.mapping.kind) {
            let work =
                stream::iter(batch.iter().map(|resource| self.watch_completion(resource, timeout)).collect::<Vec<_>>());
            let results: Vec<Result<(), KubeError>> = work.buffered(PARALLEL).collect().await;
            for (resource, err) in
                batch.iter().zip(results).filter_map(|(resource, done)| Some((resource, done.err()?)))
            {
                if !matches!(err, KubeError::Cancelled) {
                    unmet.push(Unmet { resource, status: String::new(), message: crate::helm_text(&err) });
                }
                errors.push(err);
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(self.explained(KubeError::Performed(errors), &unmet).await) }
    }

    async fn watch_completion(&self, resource: &Resource, timeout: Option<Duration>) -> Result<(), KubeError> {
        let completed: fn(&Json, &str) -> Result<bool, KubeError> = match resource.mapping.kind.as_str() {
            "Job" => job_completed,
            "Pod" => pod_completed,
            _ => return Ok(()),
        };
        self.report(Event::Waiting { object: resource.object_ref(), message: "has not completed".to_owned() });
        self.follow(resource, timeout, |change| match change {
            Change::Is(object) => completed(object, &resource.name),
            Change::Gone => Ok(true),
        })
        .await
    }
}

fn job_completed(job: &Json, name: &str) -> Result<bool, KubeError> {
    for condition in job.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten() {
        let text = |key: &str| condition.get(key).and_then(Json::as_str).unwrap_or_default();
        match (text("type"), text("status")) {
            ("Complete", "True") => return Ok(true),
            ("Failed", "True") => return Err(KubeError::Failed(format!("job {name} failed: {}", text("reason")))),
            _ => {}
        }
    }
    Ok(false)
}

fn pod_completed(pod: &Json, name: &str) -> Result<bool, KubeError> {
    match pod.pointer("/status/phase").and_then(Json::as_str) {
        Some("Succeeded") => Ok(true),
        Some("Failed") => Err(KubeError::Failed(format!("pod {name} failed"))),
        _ => Ok(false),
    }
}

/// An object that is waited for.
struct Waited<'a> {
    resource: &'a Resource,
    message: String,
    /// Why its pods are not ready.
    reason: String,
    /// What the listener was told.
    told: String,
    status: &'static str,
    /// It is as wanted, or has failed: it is not looked at again.
    settled: bool,
    failures: usize,
}

impl<'a> Waited<'a> {
    fn new(resource: &'a Resource) -> Self {
        Self {
            resource,
            message: String::new(),
            reason: String::new(),
            told: String::new(),
            status: "Unknown",
            settled: false,
            failures: 0,
        }
    }

    fn unmet(&self) -> Unmet<'a> {
        // By Helm 3's rules an object has no status but what is said of it.
        let status = if self.status == "Unknown" { "" } else { self.status };
        Unmet { resource: self.resource, status: status.to_owned(), message: self.message.clone() }
    }

    /// Takes a look's result; tells whether the object is ready.
    fn take(&mut self, cluster: &Cluster, look: Result<Readiness, KubeError>) -> Result<bool, KubeError> {
        match look {
            Ok(Readiness::Ready) => {
                if !self.message.is_empty() {
                    cluster.report(Event::Ready { object: self.resource.object_ref() });
                }
                Ok(true)
            }
            Ok(Readiness::NotReady(message)) => {
                self.failures = 0;
                self.note(cluster, &message);
                Ok(false)
            }
            // HELM: a failed job is looked at again as often as a failed look.
            Ok(Readiness::Failed(message)) if self.failures < MOST_FAILURES => {
                self.failures += 1;
                self.note(cluster, &message);
                Ok(false)
            }
            Ok(Readiness::Failed(message)) => Err(KubeError::Failed(message)),
            Err(err) if is_passing(&err) && self.failures < MOST_FAILURES => {
                self.failures += 1;
                self.note(cluster, &crate::helm_text(&err));
                Ok(false)
            }
            Err(err) => Err(err),
        }
    }

    fn note(&mut self, cluster: &Cluster, message: &str) {
        if self.message != message {
            message.clone_into(&mut self.message);
        }
        let told = if self.reason.is_empty() { message.to_owned() } else { format!("{message} ({})", self.reason) };
        if self.told != told {
            cluster.report(Event::Waiting { object: self.resource.object_ref(), message: told.clone() });
            self.told = told;
        }
    }
}

/// Whether a failed look is worth another.
fn is_passing(err: &KubeError) -> bool {
    match err {
        KubeError::Failed(_) | KubeError::Cancelled => false,
        err => match err.status() {
            Some(status) => status.code == 0 || status.code == 429 || (status.code >= 500 && status.code != 501),
            None => err.kind() != ErrorKind::Denied,
        },
    }
}

fn pending<'a>(waiting: impl IntoIterator<Item = &'a Waited<'a>>) -> Vec<Pending> {
    waiting
        .into_iter()
        .map(|waited| Pending { object: waited.resource.object_ref(), message: waited.message.clone() })
        .collect()
}

fn not_current(objects: &[&Waited<'_>], timed_out: bool) -> KubeError {
    let mut lines: Vec<String> = objects
        .iter()
        .map(|waited| {
            format!(
                "resource {}/{}/{} not ready. status: {}, message: {}",
                waited.resource.mapping.kind,
                waited.resource.namespace,
                waited.resource.name,
                waited.status,
                waited.message
            )
        })
        .collect();
    if timed_out {
        lines.push(DEADLINE.to_owned());
        KubeError::WaitTimeout { text: lines.join("\n"), pending: pending(objects.iter().copied()) }
    } else {
        KubeError::Failed(lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn completion_of_jobs_and_pods() {
        let job = |kind: &str| json!({"status": {"conditions": [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded"}]}});
        assert!(job_completed(&job("Complete"), "a").unwrap());
        assert_eq!(job_completed(&job("Failed"), "a").unwrap_err().to_string(), "job a failed: BackoffLimitExceeded");
        assert!(!pod_completed(&json!({"status": {"phase": "Running"}}), "p").unwrap());
    }
}
