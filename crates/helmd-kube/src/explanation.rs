//! Why objects did not become ready: what is known of them, and how it is told to people.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::progress::ObjectRef;

/// How many events of an object the text shows.
const EVENTS_TOLD: usize = 3;
/// What is kept with a record, bytes: annotations may have 256 KiB together, and a log's end says more than many.
const KEPT_BYTES: usize = 64 << 10;

/// What is known about a failure beside its sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Explanation {
    /// The objects that were not as they should be; the first few of many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Unready>,
    /// How many more objects there were.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
    /// What could not be found out, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to do, where the failure is none of a single object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// An object that was not ready, and what stands behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unready {
    /// The object.
    pub object: ObjectRef,
    /// `InProgress`, `Failed`, `NotFound`, …; empty where the rules that were waited by have no such word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// What was said of it last.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What keeps a deleted object from going away.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
    /// The last events of the object, of what it made, and of its pods; oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventLine>,
    /// Its pods that are not ready; the first few of many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<PodState>,
    /// What to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// An event of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventLine {
    /// `Pod name`: what it is about.
    pub about: String,
    /// `Warning` or `Normal`.
    #[serde(rename = "type")]
    pub level: String,
    /// `FailedScheduling`, …
    pub reason: String,
    /// The sentence.
    pub message: String,
    /// How often it happened.
    pub count: u64,
    /// When it happened last.
    pub last: String,
}

/// How a pod is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodState {
    /// Name.
    pub name: String,
    /// `Pending`, `Running`, …
    pub phase: String,
    /// `Unschedulable`, `Evicted`, …; mostly empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The sentence to the reason.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Its containers that are not as they should be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerState>,
}

/// How a container is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// Name.
    pub name: String,
    /// Image as the pod names it.
    pub image: String,
    /// `waiting`, `running` (and not ready), `terminated`.
    pub state: String,
    /// `ImagePullBackOff`, `CrashLoopBackOff`, `OOMKilled`, `Error`, …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The sentence to the reason.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// With what it ended, now or the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// Why it ended the last time.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_reason: String,
    /// How often it was started again.
    #[serde(skip_serializing_if = "is_none_u64")]
    pub restarts: u64,
    /// The end of its log, or of its former run's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_tail: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none_u64(n: &u64) -> bool {
    *n == 0
}

impl Explanation {
    /// One that is a hint only.
    #[must_use]
    pub fn of_hint(hint: String) -> Self {
        Self { hint, ..Self::default() }
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.notes.is_empty() && self.hint.is_empty()
    }

    /// It as JSON that is short enough to be kept with a record: ends of logs go first, the last ones before the others, then
    /// objects. Empty when nothing is known.
    #[must_use]
    pub fn kept(mut self) -> String {
        if self.is_empty() {
            return String::new();
        }
        loop {
            let text = serde_json::to_string(&self).unwrap_or_default();
            if text.len() <= KEPT_BYTES {
                return text;
            }
            if self.drop_last_log() {
                continue;
            }
            if self.objects.pop().is_none() {
                return String::new();
            }
            self.more += 1;
        }
    }

    /// Whether there was one.
    fn drop_last_log(&mut self) -> bool {
        let mut containers =
            self.objects.iter_mut().flat_map(|object| &mut object.pods).flat_map(|pod| &mut pod.containers);
        let last = containers.rfind(|container| !container.log_tail.is_empty());
        last.is_some_and(|container| {
            container.log_tail.clear();
            true
        })
    }

    /// What [`Explanation::kept`] gave; nothing when it is something else.
    #[must_use]
    pub fn of_kept(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|kept: &Self| !kept.is_empty())
    }

    /// It for people: some lines, without a newline at the end.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut hints: Vec<&str> = Vec::new();
        for unready in &self.objects {
            unready.tell(&mut text);
            if !unready.hint.is_empty() && !hints.contains(&unready.hint.as_str()) {
                hints.push(&unready.hint);
            }
        }
        if self.more > 0 {
            line(&mut text, format_args!("and {} more objects", self.more));
        }
        for note in &self.notes {
            line(&mut text, format_args!("note: {note}"));
        }
        if !self.hint.is_empty() {
            hints.push(&self.hint);
        }
        for hint in hints {
            line(&mut text, format_args!("hint: {hint}"));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn line(text: &mut String, args: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "{args}");
}

impl Unready {
    /// Whether its pods are to end, not to become ready. Pods themselves are waited for without a status as hooks only.
    pub(crate) fn works_once(&self) -> bool {
        self.object.kind == "Job" || (self.object.kind == "Pod" && self.status.is_empty())
    }

    fn tell(&self, text: &mut String) {
        let ObjectRef { kind, name, .. } = &self.object;
        let said = joined(&[&self.status, &self.message]);
        line(text, format_args!("{kind} {name}: {}", if said.is_empty() { "not ready" } else { &said }));
        if !self.finalizers.is_empty() {
            line(text, format_args!("  finalizers: {}", self.finalizers.join(", ")));
        }
        let mut told: Vec<PodState> = Vec::new();
        for pod in &self.pods {
            let nameless = pod.nameless();
            if !told.contains(&nameless) {
                pod.tell(text, self.works_once());
                told.push(nameless);
            }
        }
        let alike = self.pods.len() - told.len();
        if alike > 0 {
            line(text, format_args!("  and {alike} more pods like that"));
        }
        let mut told: Vec<&EventLine> = Vec::new();
        for event in self.events.iter().rev().filter(|event| event.level != "Normal") {
            let message = one_line(&event.message);
            let by_pod = self.pods.iter().any(|pod| !message.is_empty() && one_line(&pod.message) == message);
            // The same often differs only by a pod's name.
            let again = told.iter().any(|known| known.reason == event.reason && known.kind() == event.kind());
            if !by_pod && !again && told.len() < EVENTS_TOLD {
                told.push(event);
            }
        }
        for event in told.iter().rev() {
            line(text, format_args!("  event of {}: {}: {}", event.about, event.reason, one_line(&event.message)));
        }
    }
}

impl EventLine {
    fn kind(&self) -> Option<&str> {
        self.about.split(' ').next()
    }
}

impl PodState {
    /// The reasons of the pod and its containers, without names and counts.
    pub(crate) fn in_short(&self) -> String {
        let mut reasons = vec![joined(&[&self.reason, &one_line(&self.message)])];
        for container in &self.containers {
            let last = if container.last_reason == container.reason { "" } else { &container.last_reason };
            reasons.push(joined(&[&container.reason, last, &one_line(&container.message)]));
        }
        reasons.retain(|reason| !reason.is_empty());
        reasons.dedup();
        reasons.join(", ")
    }

    /// Two pods with the same trouble are equal without their names.
    fn nameless(&self) -> Self {
        let containers = self.containers.iter().map(|container| ContainerState {
            log_tail: Vec::new(),
            restarts: 0,
            message: container.message.replace(&self.name, ""),
            ..container.clone()
        });
        Self { name: String::new(), containers: containers.collect(), ..self.clone() }
    }

    fn tell(&self, text: &mut String, works_once: bool) {
        let said = joined(&[&self.reason, &one_line(&self.message)]);
        let colon = if said.is_empty() { "" } else { ": " };
        line(text, format_args!("  pod {} is {}{colon}{said}", self.name, self.phase));
        for container in &self.containers {
            container.tell(text, works_once);
        }
    }
}

impl ContainerState {
    fn tell(&self, text: &mut String, works_once: bool) {
        let state = if self.state == "running" && !works_once { "running, but not ready" } else { &self.state };
        let mut said = format!("container {} is {state}", self.name);
        let why = joined(&[&self.reason, &one_line(&self.message)]);
        if !why.is_empty() {
            said.push_str(&format!(": {why}"));
        }
        let mut more = Vec::new();
        if !self.last_reason.is_empty() && self.last_reason != self.reason {
            more.push(format!("ended before with {}", self.last_reason));
        }
        more.extend(self.exit_code.map(|code| format!("exit code {code}")));
        if self.restarts > 0 {
            more.push(format!("{} restarts", self.restarts));
        }
        if !more.is_empty() {
            said.push_str(&format!(" ({})", more.join(", ")));
        }
        line(text, format_args!("    {said}"));
        for logged in &self.log_tail {
            line(text, format_args!("    | {logged}"));
        }
    }
}

/// The parts that are there, with colons between.
fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_alike_are_told_once() {
        let pod = |name: &str| PodState {
            name: name.into(),
            phase: "Pending".into(),
            containers: vec![ContainerState {
                name: "main".into(),
                state: "waiting".into(),
                reason: "ImagePullBackOff".into(),
                message: "Back-off pulling\nimage \"x\"".into(),
                ..ContainerState::default()
            }],
            ..PodState::default()
        };
        let object = ObjectRef {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            namespace: "n".into(),
            name: "web".into(),
        };
        let unready = Unready {
            object,
            status: "InProgress".into(),
            message: "Available: 0/2".into(),
            finalizers: Vec::new(),
            events: vec![EventLine {
                about: "Pod web-1".into(),
                level: "Warning".into(),
                reason: "Failed".into(),
                message: "no\nsuch image".into(),
                ..EventLine::default()
            }],
            pods: vec![pod("web-1"), pod("web-2")],
            hint: "do something".into(),
        };
        let explanation = Explanation {
            objects: vec![unready.clone(), unready],
            more: 1,
            notes: vec!["n".into()],
            hint: String::new(),
        };
        let one = "Deployment web: InProgress: Available: 0/2\n  pod web-1 is Pending\n    container main is waiting: \
                   ImagePullBackOff: Back-off pulling image \"x\"\n  and 1 more pods like that\n  event of Pod web-1: Failed: no \
                   such image\n";
        assert_eq!(explanation.text(), format!("{one}{one}and 1 more objects\nnote: n\nhint: do something"));
        assert!(serde_json::to_value(&explanation).unwrap()["objects"][0].get("finalizers").is_none());
    }

    #[test]
    fn what_is_kept_is_short_and_read_again() {
        assert_eq!(Explanation::default().kept(), "");
        let explanation = Explanation::of_hint("look".into());
        assert_eq!(Explanation::of_kept(&explanation.clone().kept()), Some(explanation));
        let container = ContainerState { log_tail: vec!["x".repeat(4000); 5], ..ContainerState::default() };
        let pod = PodState { containers: vec![container; 2], ..PodState::default() };
        let objects = vec![Unready { pods: vec![pod; 2], message: "m".repeat(10_000), ..Unready::default() }; 9];
        let kept = Explanation { objects, ..Explanation::default() }.kept();
        assert!(kept.len() <= KEPT_BYTES);
        let read = Explanation::of_kept(&kept).unwrap();
        assert_eq!((read.objects.len(), read.more), (6, 3));
        let long = Explanation { notes: vec!["n".repeat(KEPT_BYTES)], ..Explanation::default() };
        assert_eq!(long.kept(), "");
        assert_eq!(Explanation::of_kept("[]"), None);
    }
}
