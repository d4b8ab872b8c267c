//! Finding out why objects are not ready: their pods, the pods' containers and logs, and the events around them.
//!
//! All reads are bounded in number, size and time, and none of them fails what it explains.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use http::Method;
use serde_json::Value as Json;
use tokio::time::{Instant, timeout_at};

use crate::advice;
use crate::cluster::Cluster;
use crate::discovery::Mapping;
use crate::error::KubeError;
use crate::explanation::{ContainerState, EventLine, Explanation, PodState, Unready};
use crate::pods::{pod_mapping, selector};
use crate::progress::Silent;
use crate::ready::replica_set_mapping;
use crate::resource::Resource;
use crate::transport::Call;

/// How many objects are explained.
const MOST_OBJECTS: usize = 10;
/// How many pods of one object.
const MOST_PODS: usize = 5;
/// How many events of one object.
const MOST_EVENTS: usize = 5;
/// How many logs are read in all.
const MOST_LOGS: usize = 20;
/// Lines of one log.
const LOG_LINES: usize = 20;
/// What is kept of one log.
const LOG_BYTES: usize = 4096;
/// What is asked for of one log: its last lines, up to here.
const LOG_READ_BYTES: &str = "65536";
/// For everything but logs.
const TIME: Duration = Duration::from_secs(3);
/// For everything.
const TIME_WITH_LOGS: Duration = Duration::from_secs(5);

/// An object that is to be explained.
#[derive(Debug, Clone)]
pub(crate) struct Unmet<'a> {
    pub resource: &'a Resource,
    pub status: String,
    pub message: String,
}

/// What was found out of one object.
struct Found {
    unready: Unready,
    notes: Vec<String>,
    /// Pod, container, and whether the log of its former run is wanted; by place in `unready.pods`.
    logs: Vec<(usize, usize, bool)>,
}

impl Cluster {
    /// Puts beside an error what can be found out about the objects on which a wait failed.
    pub(crate) async fn explained(&self, error: KubeError, unmet: &[Unmet<'_>]) -> KubeError {
        if unmet.is_empty() || matches!(error, KubeError::Cancelled) {
            return error;
        }
        error.explained(self.explain(unmet).await)
    }

    /// Why an object's pods are not ready, in short, for who listens; empty when there is nothing to tell.
    pub(crate) async fn reason_in_short(&self, resource: &Resource) -> String {
        if !self.listens() {
            return String::new();
        }
        let (labels, fields) = match (resource.mapping.kind.as_str(), selector(&resource.object)) {
            ("Service", _) => return String::new(),
            ("Pod", _) => (String::new(), format!("metadata.name={}", resource.name)),
            ("Job", None) => (format!("job-name={}", resource.name), String::new()),
            (_, Some(labels)) => (labels, String::new()),
            (_, None) => return String::new(),
        };
        // It is a courtesy: the wait goes on without.
        let pods = self.pods(&resource.namespace, &labels, &fields).await.unwrap_or_default();
        let mut reasons: Vec<String> = Vec::new();
        for pod in pods.iter().filter(|pod| !is_fine(pod)) {
            let reason = pod_state(pod).0.in_short();
            if !reason.is_empty() && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        // The order of pods is that of their names, which are made.
        reasons.sort();
        reasons.join("; ")
    }

    async fn explain(&self, unmet: &[Unmet<'_>]) -> Explanation {
        let quiet = self.clone().with_patience(Duration::ZERO).with_progress(Arc::new(Silent));
        let begun = Instant::now();
        let mut all: Vec<Found> = unmet.iter().take(MOST_OBJECTS).map(Found::begin).collect();
        let mut looks: FuturesUnordered<_> = (unmet.iter().zip(&all))
            .enumerate()
            .map(|(place, (unmet, found))| {
                let (quiet, unready) = (&quiet, found.unready.clone());
                async move { (place, quiet.look(unmet, unready).await) }
            })
            .collect();
        let mut seen = Vec::new();
        while let Ok(Some(look)) = timeout_at(begun + TIME, looks.next()).await {
            seen.push(look);
        }
        drop(looks);
        for (place, found) in seen {
            if let Some(slot) = all.get_mut(place) {
                *slot = found;
            }
        }
        quiet.add_logs(&mut all, begun + TIME_WITH_LOGS).await;
        let mut explanation = Explanation { more: unmet.len().saturating_sub(MOST_OBJECTS), ..Explanation::default() };
        for Found { mut unready, notes, .. } in all {
            unready.hint = advice::of_unready(&unready);
            explanation.objects.push(unready);
            for note in notes {
                if !explanation.notes.contains(&note) {
                    explanation.notes.push(note);
                }
            }
        }
        explanation
    }

    async fn look(&self, unmet: &Unmet<'_>, unready: Unready) -> Found {
        let resource = unmet.resource;
        let mut found = Found { unready, notes: Vec::new(), logs: Vec::new() };
        let live = match self.find(resource).await {
            Ok(Some(live)) => live,
            Ok(None) => return found,
            Err(err) => {
                found.note(&format!("{} {}", resource.mapping.kind, resource.name), &err);
                return found;
            }
        };
        if !text(&live, "/metadata/deletionTimestamp").is_empty() {
            found.unready.finalizers = strings(live.pointer("/metadata/finalizers"));
        }
        let mut about = vec![uid(&live)];
        let pods = self.pods_behind(resource, &live, &mut about, &mut found).await;
        about.extend(pods.iter().map(uid));
        for pod in &pods {
            let place = found.unready.pods.len();
            let (state, logs) = pod_state(pod);
            found.logs.extend(logs.into_iter().map(|(container, former)| (place, container, former)));
            found.unready.pods.push(state);
        }
        let mut events = Vec::new();
        for uid in about.iter().filter(|uid| !uid.is_empty()) {
            match self.list(&event_mapping(), &resource.namespace, "", &format!("involvedObject.uid={uid}")).await {
                Ok(list) => events.extend(list),
                Err(err) => {
                    found.note("events", &err);
                    break;
                }
            }
        }
        found.unready.events = last_events(&events);
        found
    }

    /// The pods that an object makes and that are not as they should be; `about` gets what stands between them.
    async fn pods_behind(
        &self,
        resource: &Resource,
        live: &Json,
        about: &mut Vec<String>,
        found: &mut Found,
    ) -> Vec<Json> {
        if resource.mapping.kind == "Pod" && resource.mapping.group.is_empty() {
            about.clear();
            return vec![live.clone()];
        }
        let Some(selector) = selector(live) else { return Vec::new() };
        let mut owners = about.clone();
        if resource.mapping.kind == "Deployment" {
            match self.list(&replica_set_mapping(), &resource.namespace, &selector, "").await {
                Ok(sets) => {
                    let newest = sets.iter().filter(|set| is_owned(set, &owners)).max_by_key(|set| revision(set));
                    let newest = newest.map(uid);
                    about.extend(newest.clone());
                    owners.extend(newest);
                }
                Err(err) => found.note("replica sets", &err),
            }
        }
        let mut pods = match self.list(&pod_mapping(), &resource.namespace, &selector, "").await {
            Ok(pods) => pods,
            Err(err) => {
                found.note("pods", &err);
                return Vec::new();
            }
        };
        // A service has pods of others.
        if resource.mapping.kind != "Service" {
            pods.retain(|pod| is_owned(pod, &owners));
        }
        pods.retain(|pod| !is_fine(pod));
        pods.sort_by(|a, b| {
            let key = |pod: &Json| (text(pod, "/metadata/creationTimestamp").to_owned(), name(pod).to_owned());
            key(b).cmp(&key(a))
        });
        pods.truncate(MOST_PODS);
        pods
    }

    async fn add_logs(&self, all: &mut [Found], deadline: Instant) {
        let mut wanted = Vec::new();
        for (object, found) in all.iter().enumerate() {
            for &(pod, container, former) in &found.logs {
                let Some(state) = found.unready.pods.get(pod) else { continue };
                let Some(named) = state.containers.get(container) else { continue };
                let names = (found.unready.object.namespace.clone(), state.name.clone(), named.name.clone());
                wanted.push(((object, pod, container), names, former));
            }
        }
        let mut reads: FuturesUnordered<_> = wanted
            .into_iter()
            .take(MOST_LOGS)
            .map(|(place, (namespace, pod, container), former)| async move {
                (place, self.log_tail(&namespace, (&pod, &container), former).await)
            })
            .collect();
        while let Ok(Some(((object, pod, container), read))) = timeout_at(deadline, reads.next()).await {
            let Some(found) = all.get_mut(object) else { continue };
            match read {
                Ok(lines) => {
                    let pod = found.unready.pods.get_mut(pod);
                    if let Some(container) = pod.and_then(|pod| pod.containers.get_mut(container)) {
                        container.log_tail = lines;
                    }
                }
                // A container that never ran has no log.
                Err(err) if err.status().is_some_and(|status| matches!(status.code, 400 | 404)) => {}
                Err(err) => found.note("logs", &err),
            }
        }
        if !reads.is_empty()
            && let Some(found) = all.first_mut()
        {
            found.notes.push("some logs did not come in time".to_owned());
        }
    }

    async fn log_tail(
        &self,
        namespace: &str,
        (pod, container): (&str, &str),
        former: bool,
    ) -> Result<Vec<String>, KubeError> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log");
        let mut call = Call::new(Method::GET, path)
            .accept("*/*")
            .query("container", container)
            .query("tailLines", LOG_LINES.to_string())
            .query("limitBytes", LOG_READ_BYTES);
        if former {
            call = call.query("previous", "true");
        }
        let answer = self.call(call).await?;
        Ok(tail(&String::from_utf8_lossy(&answer.body)))
    }
}

impl Found {
    fn begin(unmet: &Unmet<'_>) -> Self {
        let unready = Unready {
            object: unmet.resource.object_ref(),
            status: unmet.status.clone(),
            message: unmet.message.clone(),
            finalizers: Vec::new(),
            events: Vec::new(),
            pods: Vec::new(),
            hint: String::new(),
        };
        Self { unready, notes: Vec::new(), logs: Vec::new() }
    }

    fn note(&mut self, what: &str, err: &KubeError) {
        let note = format!("{what} cannot be read: {}", short(err));
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// The end of a failure's sentence: the rest names what is known.
fn short(err: &KubeError) -> String {
    let Some(status) = err.status() else { return "no answer".to_owned() };
    match status.message.split_once(" is forbidden: ") {
        Some((_, why)) => why.to_owned(),
        None => status.message.rsplit(": ").next().unwrap_or_default().to_owned(),
    }
}

/// The last lines of a text, no more than is kept of a log.
fn tail(log: &str) -> Vec<String> {
    let (mut left, mut lines) = (LOG_BYTES, Vec::new());
    for line in log.lines().rev().take(LOG_LINES) {
        // Control characters would act on a person's terminal.
        let mut line: String = line.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect();
        if line.len() > left {
            let end = (0..=left).rev().find(|end| line.is_char_boundary(*end)).unwrap_or_default();
            line.truncate(end);
            line.push('…');
        }
        left = left.saturating_sub(line.len() + 1);
        lines.push(line);
        if left == 0 {
            break;
        }
    }
    lines.reverse();
    lines
}

fn event_mapping() -> Mapping {
    Mapping {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Event".to_owned(),
        plural: "events".to_owned(),
        namespaced: true,
    }
}

fn text<'a>(object: &'a Json, path: &str) -> &'a str {
    object.pointer(path).and_then(Json::as_str).unwrap_or_default()
}

fn strings(list: Option<&Json>) -> Vec<String> {
    let list = list.and_then(Json::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(ToOwned::to_owned)).collect()
}

fn name(object: &Json) -> &str {
    text(object, "/metadata/name")
}

fn uid(object: &Json) -> String {
    text(object, "/metadata/uid").to_owned()
}

fn items<'a>(object: &'a Json, path: &str) -> &'a [Json] {
    object.pointer(path).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is_owned(object: &Json, owners: &[String]) -> bool {
    items(object, "/metadata/ownerReferences").iter().any(|owner| owners.iter().any(|uid| uid == text(owner, "/uid")))
}

fn revision(set: &Json) -> u64 {
    let annotations = set.pointer("/metadata/annotations");
    let revision = annotations.and_then(|all| all.get("deployment.kubernetes.io/revision")).and_then(Json::as_str);
    revision.and_then(|revision| revision.parse().ok()).unwrap_or_default()
}

fn condition<'a>(pod: &'a Json, kind: &str) -> Option<&'a Json> {
    items(pod, "/status/conditions").iter().find(|condition| text(condition, "/type") == kind)
}

fn is_fine(pod: &Json) -> bool {
    let ready = condition(pod, "Ready").is_some_and(|ready| text(ready, "/status") == "True");
    ready || text(pod, "/status/phase") == "Succeeded"
}

/// A pod's state, and which of the containers named there have a log to be read, and whether of their former run.
fn pod_state(pod: &Json) -> (PodState, Vec<(usize, bool)>) {
    let mut state = PodState {
        name: name(pod).to_owned(),
        phase: text(pod, "/status/phase").to_owned(),
        reason: text(pod, "/status/reason").to_owned(),
        message: text(pod, "/status/message").to_owned(),
        containers: Vec::new(),
    };
    let scheduled = condition(pod, "PodScheduled").filter(|scheduled| text(scheduled, "/status") == "False");
    if let (Some(scheduled), "") = (scheduled, state.reason.as_str()) {
        text(scheduled, "/reason").clone_into(&mut state.reason);
        text(scheduled, "/message").clone_into(&mut state.message);
    }
    let mut logs = Vec::new();
    let begins = items(pod, "/status/initContainerStatuses").iter().filter(|status| !has_done(status));
    let works = items(pod, "/status/containerStatuses").iter().filter(|status| !has_done(status));
    let fine = |status: &&Json| status.get("ready").and_then(Json::as_bool) != Some(true);
    let mut begins: Vec<&Json> = begins.filter(fine).collect();
    // The containers wait for those that begin.
    if begins.is_empty() {
        begins = works.filter(fine).collect();
    }
    for status in begins.into_iter().take(MOST_PODS) {
        let container = container_state(status);
        let former = container.state == "running" && container.restarts > 0 && !container.last_reason.is_empty();
        let crashes = container.reason == "CrashLoopBackOff";
        if container.state != "waiting" || crashes {
            logs.push((state.containers.len(), former));
        }
        state.containers.push(container);
    }
    (state, logs)
}

fn has_done(status: &Json) -> bool {
    status.pointer("/state/terminated/exitCode").and_then(Json::as_i64) == Some(0)
}

fn container_state(status: &Json) -> ContainerState {
    let kind = ["waiting", "running", "terminated"]
        .into_iter()
        .find(|kind| status.pointer(&format!("/state/{kind}")).is_some());
    let kind = kind.unwrap_or("waiting");
    let of = |key: &str| text(status, &format!("/state/{kind}/{key}")).to_owned();
    let last = status.pointer("/lastState/terminated");
    let code = |state: Option<&Json>| state.and_then(|state| state.get("exitCode")).and_then(Json::as_i64);
    ContainerState {
        name: text(status, "/name").to_owned(),
        image: text(status, "/image").to_owned(),
        state: kind.to_owned(),
        reason: of("reason"),
        message: of("message"),
        exit_code: code(status.pointer("/state/terminated")).or_else(|| code(last)),
        last_reason: last.map(|last| text(last, "/reason").to_owned()).unwrap_or_default(),
        restarts: status.get("restartCount").and_then(Json::as_u64).unwrap_or_default(),
        log_tail: Vec::new(),
    }
}

/// The last of the events, warnings before others; oldest first.
fn last_events(events: &[Json]) -> Vec<EventLine> {
    let mut lines: Vec<EventLine> = events.iter().map(event_line).collect();
    lines.sort_by(|a, b| (&a.last, &a.about, &a.reason).cmp(&(&b.last, &b.about, &b.reason)));
    let is_normal = |line: &EventLine| line.level == "Normal";
    let mut kept: Vec<EventLine> =
        lines.iter().rev().filter(|line| !is_normal(line)).take(MOST_EVENTS).cloned().collect();
    let room = MOST_EVENTS - kept.len();
    kept.extend(lines.into_iter().rev().filter(is_normal).take(room));
    kept.sort_by(|a, b| a.last.cmp(&b.last));
    kept
}

fn event_line(event: &Json) -> EventLine {
    let times = ["/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/metadata/creationTimestamp"];
    let last = times.iter().map(|path| text(event, path)).find(|time| !time.is_empty()).unwrap_or_default();
    let message = text(event, "/message");
    let count = ["/series/count", "/count"].iter().find_map(|path| event.pointer(path).and_then(Json::as_u64));
    EventLine {
        about: format!("{} {}", text(event, "/involvedObject/kind"), text(event, "/involvedObject/name")),
        level: text(event, "/type").to_owned(),
        reason: text(event, "/reason").to_owned(),
        // Which of them the server joins is chance.
        message: message.strip_prefix("(combined from similar events): ").unwrap_or(message).to_owned(),
        count: count.unwrap_or(1).max(1),
        last: last.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_crash_loop_is_told_with_its_last_end() {
        let pod = json!({"metadata": {"name": "p"}, "status": {"phase": "Running", "containerStatuses": [
            {"name": "fine", "ready": true, "state": {"running": {}}},
            {"name": "main", "image": "x", "ready": false, "restartCount": 3,
             "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
             "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}},
            {"name": "side", "ready": false, "state": {"waiting": {"reason": "ContainerCreating"}}},
        ]}});
        let (state, logs) = pod_state(&pod);
        assert_eq!(logs, [(0, false)]);
        let [main, side] = state.containers.as_slice() else { panic!("{state:?}") };
        assert_eq!((main.exit_code, main.last_reason.as_str(), main.restarts), (Some(137), "OOMKilled", 3));
        assert_eq!((side.reason.as_str(), side.exit_code), ("ContainerCreating", None));
    }

    #[test]
    fn containers_that_begin_come_first_and_the_unscheduled_say_why() {
        let pod = json!({"metadata": {"name": "p"}, "status": {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes"}],
            "initContainerStatuses": [{"name": "a", "ready": true, "state": {"terminated": {"exitCode": 0}}},
                {"name": "b", "ready": false, "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}],
            "containerStatuses": [{"name": "main", "ready": false, "state": {"waiting": {"reason": "PodInitializing"}}}],
        }});
        let (state, logs) = pod_state(&pod);
        assert_eq!((state.reason.as_str(), state.message.as_str()), ("Unschedulable", "0/2 nodes"));
        assert_eq!(state.containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(logs, [(0, false)]);
        assert_eq!(pod_state(&json!({"status": 1})).0, PodState::default());
    }

    #[test]
    fn the_end_of_a_log_is_kept() {
        let log: String = (0..50).map(|n| format!("line {n}\u{1b}[31m\n")).collect();
        let lines = tail(&log);
        assert_eq!((lines.len(), lines.first().unwrap().as_str()), (20, "line 30 [31m"));
        let long = tail(&"ä".repeat(5000));
        assert!(long[0].len() <= LOG_BYTES + 3 && long[0].ends_with('…'));
        assert!(tail("").is_empty());
    }

    #[test]
    fn warnings_are_kept_before_other_events() {
        let event = |n: usize, kind: &str| json!({"type": kind, "reason": n.to_string(), "lastTimestamp": format!("2026-01-01T00:00:{n:02}Z")});
        let mut events: Vec<Json> = (0..9).map(|n| event(n, "Normal")).collect();
        events.extend([event(3, "Warning"), event(1, "Warning")]);
        let lines = last_events(&events);
        let told: Vec<(&str, &str)> = lines.iter().map(|line| (line.level.as_str(), line.reason.as_str())).collect();
        assert_eq!(told, [("Warning", "1"), ("Warning", "3"), ("Normal", "6"), ("Normal", "7"), ("Normal", "8")]);
    }
}
