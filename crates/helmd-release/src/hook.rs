//! Hooks: manifests that run at points of a release's life instead of being part of it.

use crate::release::{integer, null};
use crate::text_enum::text_enum;
use crate::time::{self, Time};
use helmd_chart::unknown::{self, Together, Unknown};
use serde::{Deserialize, Serialize};

/// The annotation that makes a manifest a hook: a list of [`HookEvent`]s.
pub const HOOK_ANNOTATION: &str = "helm.sh/hook";
/// The annotation with the weight.
pub const HOOK_WEIGHT_ANNOTATION: &str = "helm.sh/hook-weight";
/// The annotation with the [`HookDeletePolicy`] list.
pub const HOOK_DELETE_ANNOTATION: &str = "helm.sh/hook-delete-policy";
/// The annotation with the [`HookOutputLogPolicy`] list.
pub const HOOK_OUTPUT_LOG_ANNOTATION: &str = "helm.sh/hook-output-log-policy";

text_enum! {
    /// When a hook runs.
    HookEvent {
        /// Before the resources of an install.
        PreInstall = "pre-install",
        /// After the resources of an install.
        PostInstall = "post-install",
        /// Before an uninstall.
        PreDelete = "pre-delete",
        /// After an uninstall.
        PostDelete = "post-delete",
        /// Before the resources of an upgrade.
        PreUpgrade = "pre-upgrade",
        /// After the resources of an upgrade.
        PostUpgrade = "post-upgrade",
        /// Before the resources of a rollback.
        PreRollback = "pre-rollback",
        /// After the resources of a rollback.
        PostRollback = "post-rollback",
        /// By `helm test`.
        Test = "test",
    }
}

impl HookEvent {
    /// The event of a word in the annotation, which may also be `test-success`; `None` for an unknown word.
    pub fn from_annotation(word: &str) -> Option<HookEvent> {
        match HookEvent::from(word) {
            HookEvent::Other(other) if &*other == "test-success" => Some(HookEvent::Test),
            HookEvent::Other(_) => None,
            event => Some(event),
        }
    }
}

text_enum! {
    /// When a hook's resource is deleted.
    HookDeletePolicy {
        /// After success.
        Succeeded = "hook-succeeded",
        /// After failure.
        Failed = "hook-failed",
        /// Before the next run; the default.
        BeforeHookCreation = "before-hook-creation",
    }
}

text_enum! {
    /// When a hook's log is printed.
    HookOutputLogPolicy {
        /// After success.
        Succeeded = "hook-succeeded",
        /// After failure.
        Failed = "hook-failed",
    }
}

text_enum! {
    /// How far a hook's last run came.
    #[derive(Default)]
    HookPhase {
        /// It has never run.
        #[default]
        Unset = "",
        /// Not known.
        Unknown = "Unknown",
        /// It runs.
        Running = "Running",
        /// It ended well.
        Succeeded = "Succeeded",
        /// It failed.
        Failed = "Failed",
    }
}

/// The last run of a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookExecution {
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::deserialize")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::deserialize")]
    pub completed_at: Option<Time>,
    /// How it went.
    pub phase: HookPhase,
    /// What a newer Helm has recorded besides.
    #[serde(skip)]
    pub unknown: Unknown,
}

/// A hook of a release. Its JSON is helm 4's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// The resource's name.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The resource's kind.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The template's path in the chart (`chart/templates/job.yaml`).
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The manifest, one document.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// When it runs, in the annotation's order.
    #[serde(deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<HookEvent>,
    /// The last run.
    #[serde(deserialize_with = "unknown::or_default", serialize_with = "unknown::together")]
    pub last_run: HookExecution,
    /// Hooks of one event run by ascending weight.
    #[serde(deserialize_with = "integer", skip_serializing_if = "is_zero")]
    pub weight: i64,
    /// When the resource is deleted; empty stands for [`HookDeletePolicy::BeforeHookCreation`].
    #[serde(deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub delete_policies: Vec<HookDeletePolicy>,
    /// When the log is printed.
    #[serde(deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub output_log_policies: Vec<HookOutputLogPolicy>,
    /// What a newer Helm has recorded besides.
    #[serde(skip)]
    pub unknown: Unknown,
}

helmd_chart::keeps_unknown!(Hook, HookExecution);

impl Hook {
    /// True when the hook runs at this event.
    pub fn has_event(&self, event: &HookEvent) -> bool {
        self.events.contains(event)
    }

    /// True when the hook's resource is to be deleted then; no policy at all means before creation.
    pub fn has_delete_policy(&self, policy: &HookDeletePolicy) -> bool {
        if self.delete_policies.is_empty() {
            return *policy == HookDeletePolicy::BeforeHookCreation;
        }
        self.delete_policies.contains(policy)
    }

    /// The hooks of one event in the order in which they run: by weight, then name; equal ones keep their order, which is
    /// the one of [`sort_manifests`](crate::sort_manifests) (by kind).
    pub fn in_run_order<'a>(hooks: &'a [Hook], event: &HookEvent) -> Vec<&'a Hook> {
        let mut chosen: Vec<&Hook> = hooks.iter().filter(|h| h.has_event(event)).collect();
        chosen.sort_by(|a, b| a.weight.cmp(&b.weight).then_with(|| a.name.cmp(&b.name)));
        chosen
    }

    pub(crate) fn as_helm3(&self) -> Together<'_, Helm3Hook<'_>> {
        let known = Helm3Hook {
            name: &self.name,
            kind: &self.kind,
            path: &self.path,
            manifest: &self.manifest,
            events: &self.events,
            last_run: Together {
                known: Helm3Execution {
                    started_at: self.last_run.started_at,
                    completed_at: self.last_run.completed_at,
                    phase: &self.last_run.phase,
                },
                unknown: &self.last_run.unknown,
            },
            weight: self.weight,
            delete_policies: &self.delete_policies,
            output_log_policies: &self.output_log_policies,
        };
        Together { known, unknown: &self.unknown }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The JSON form of a hook in helm 3's releases: times are always there.
#[derive(Serialize)]
pub(crate) struct Helm3Hook<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    manifest: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    events: &'a [HookEvent],
    last_run: Together<'a, Helm3Execution<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    weight: i64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    delete_policies: &'a [HookDeletePolicy],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    output_log_policies: &'a [HookOutputLogPolicy],
}

#[derive(Serialize)]
struct Helm3Execution<'a> {
    #[serde(serialize_with = "time::or_empty")]
    started_at: Option<Time>,
    #[serde(serialize_with = "time::or_empty")]
    completed_at: Option<Time>,
    phase: &'a HookPhase,
}
