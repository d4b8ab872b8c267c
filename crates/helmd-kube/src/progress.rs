//! What an operation tells while it runs.

use serde::{Deserialize, Serialize};

/// Names one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Empty for objects of the whole cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// What was done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Done {
    /// It was created.
    Created,
    /// It was changed.
    Updated,
    /// It was as wanted already.
    Unchanged,
    /// It was replaced as a whole.
    Replaced,
    /// Its deletion was accepted.
    Deleted,
    /// It was left because its policy says so.
    Kept,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A part of the operation began: `checking`, `rendering`, `recording`, `applying`, `waiting` …
    Step {
        /// Which part.
        name: String,
        /// For people.
        message: String,
    },
    /// An object was changed.
    Object {
        /// What was done.
        done: Done,
        /// To which object.
        object: ObjectRef,
    },
    /// An object is not ready yet; sent when the reason changes.
    Waiting {
        /// Which object.
        object: ObjectRef,
        /// Why it is not ready.
        message: String,
    },
    /// An object became ready.
    Ready {
        /// Which object.
        object: ObjectRef,
    },
    /// A hook began.
    HookStarted {
        /// Template path.
        path: String,
        /// `pre-install`, …
        event: String,
    },
    /// A hook ended.
    HookFinished {
        /// Template path.
        path: String,
        /// `pre-install`, …
        event: String,
        /// `Succeeded` or `Failed`.
        phase: String,
    },
    /// A piece of a hook's log.
    Log {
        /// Namespace of the pod.
        namespace: String,
        /// Pod.
        pod: String,
        /// Container.
        container: String,
        /// Text.
        text: String,
    },
    /// helmd warns of something.
    Warning {
        /// The sentence.
        message: String,
    },
    /// The API server warns of something.
    ServerWarning {
        /// The sentence.
        message: String,
    },
    /// A line that Helm's packages write to their log.
    HelmLog {
        /// The line; Helm 4's are records (`level=…`).
        line: String,
    },
}

/// Listens to an operation. Called from the operation's own task: be quick.
pub trait Progress: Send + Sync {
    /// Takes one event.
    fn report(&self, event: Event);

    /// Whether anybody hears it: what has to be asked for is asked for then only.
    fn listens(&self) -> bool {
        true
    }
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _event: Event) {}

    fn listens(&self) -> bool {
        false
    }
}

impl<F: Fn(Event) + Send + Sync> Progress for F {
    fn report(&self, event: Event) {
        self(event);
    }
}
