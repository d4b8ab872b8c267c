//! What an operation has set out to do and how far it has come, as its Lease keeps it. Enough to end the operation without
//! whoever began it; no values and nothing of a chart are in it.

use std::time::Duration;

use helmd_chart::HelmMajor;
use helmd_kube::WaitStrategy;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::options::ServerSideApply;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// `helm install`
    Install,
    /// `helm upgrade`
    Upgrade,
    /// `helm rollback`
    Rollback,
    /// `helm uninstall`
    Uninstall,
    /// `helm test`
    Test,
    /// Mending what somebody else left.
    Unlock,
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Uninstall => "uninstall",
            Self::Test => "test",
            Self::Unlock => "unlock",
        })
    }
}

/// How far it has come. The order is that in which the steps are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nothing is touched: the chart is rendered, objects are looked at.
    #[default]
    Preparing,
    /// The new revision is written down as pending.
    Recording,
    /// The hooks before the change.
    PreHooks,
    /// Objects are created, changed, deleted.
    Applying,
    /// Objects are waited for.
    Waiting,
    /// The hooks after the change.
    PostHooks,
    /// The outcome is written down.
    Finishing,
    /// It has failed, and what it did is taken back.
    GoingBack,
}

impl Step {
    /// The step for people: `it was waiting …`.
    #[must_use]
    pub fn doing(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Recording => "recording the revision",
            Self::PreHooks => "running the hooks before the change",
            Self::Applying => "changing objects",
            Self::Waiting => "waiting for objects",
            Self::PostHooks => "running the hooks after the change",
            Self::Finishing => "recording the outcome",
            Self::GoingBack => "going back after a failure",
        }
    }
}

/// What becomes of an operation whose process has ended in the middle of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interrupted {
    /// Somebody else does the rest.
    #[default]
    Finish,
    /// The revision is marked as failed, with the reason; objects stay as they are.
    Fail,
    /// The revision is marked as failed, and the release goes back to the last good revision, or away where there is none.
    GoBack,
}

/// What the rest of an operation needs of its options, named as Helm's flags.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JournalOptions {
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) disable_hooks: bool,
    pub(crate) wait: JournalWait,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) wait_for_jobs: bool,
    pub(crate) timeout_ms: u64,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) atomic: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) cleanup_on_fail: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) force: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) force_conflicts: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) take_ownership: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) recreate: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) keep_history: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) disable_open_api_validation: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_side: Option<bool>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) history_max: usize,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) delete_propagation: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(value: &usize) -> bool {
    *value == 0
}

impl JournalOptions {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(crate) fn milliseconds(timeout: Duration) -> u64 {
        u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn server_side_apply(&self) -> ServerSideApply {
        match self.server_side {
            None => ServerSideApply::Auto,
            Some(true) => ServerSideApply::True,
            Some(false) => ServerSideApply::False,
        }
    }
}

/// [`WaitStrategy`] as the journal writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum JournalWait {
    #[default]
    HookOnly,
    Legacy,
    Watcher,
}

impl From<WaitStrategy> for JournalWait {
    fn from(strategy: WaitStrategy) -> Self {
        match strategy {
            WaitStrategy::HookOnly => Self::HookOnly,
            WaitStrategy::Legacy => Self::Legacy,
            WaitStrategy::Watcher => Self::Watcher,
        }
    }
}

impl From<JournalWait> for WaitStrategy {
    fn from(strategy: JournalWait) -> Self {
        match strategy {
            JournalWait::HookOnly => Self::HookOnly,
            JournalWait::Legacy => Self::Legacy,
            JournalWait::Watcher => Self::Watcher,
        }
    }
}

/// An operation as its Lease keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Journal {
    /// Names the operation.
    pub id: String,
    /// What is done.
    pub verb: Verb,
    /// How far it has come.
    pub step: Step,
    /// The revision that it makes; 0 until that is known.
    pub revision: i64,
    /// The revision that it goes from; 0 for none.
    pub former: i64,
    /// The revision that it goes back to; 0 for none.
    #[serde(default)]
    pub target: i64,
    /// Since when.
    pub started: Timestamp,
    /// How often others have taken it over.
    #[serde(default)]
    pub taken_over: u32,
    /// Whose words (`3` or `4`).
    pub helm: u8,
    /// Where the releases are kept: only who looks there, too, may go on with it.
    pub driver: String,
    /// What becomes of it when its process ends.
    #[serde(default)]
    pub interrupted: Interrupted,
    /// Its options.
    #[serde(default)]
    pub options: JournalOptions,
}

impl Journal {
    /// What is done, for people: `upgrade to revision 3`. An uninstall makes no revision.
    pub(crate) fn what(&self) -> String {
        match self.revision {
            0 => self.verb.to_string(),
            revision => format!("{} to revision {revision}", self.verb),
        }
    }

    pub(crate) fn helm(&self) -> HelmMajor {
        if self.helm == 3 { HelmMajor::Helm3 } else { HelmMajor::Helm4 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other() {
        assert!(Step::Preparing < Step::Recording && Step::PreHooks < Step::Applying);
        assert!(Step::Applying < Step::Waiting && Step::Waiting < Step::PostHooks && Step::Finishing < Step::GoingBack);
    }

    #[test]
    fn a_journal_is_short_and_read_again() {
        let journal = Journal {
            id: "a1".to_owned(),
            verb: Verb::Upgrade,
            step: Step::Applying,
            revision: 3,
            former: 2,
            target: 0,
            started: Timestamp::UNIX_EPOCH,
            taken_over: 0,
            helm: 4,
            driver: "Secret".to_owned(),
            interrupted: Interrupted::GoBack,
            options: JournalOptions { timeout_ms: 300_000, atomic: true, ..JournalOptions::default() },
        };
        let text = serde_json::to_string(&journal).unwrap();
        assert!(
            text.contains(r#""interrupted":"go-back","options":{"wait":"hookOnly","timeoutMs":300000,"atomic":true}"#)
        );
        assert_eq!(serde_json::from_str::<Journal>(&text).unwrap(), journal);
    }
}
