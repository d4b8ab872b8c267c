//! Options that several verbs share, named as Helm's flags.

use std::time::Duration;

use helmd_kube::{ApplyOptions, WaitOptions, WaitStrategy};
use helmd_release::ApplyMethod;

/// Helm's `--timeout` when nothing is said.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// How far an operation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    /// All the way.
    #[default]
    None,
    /// Up to the manifest; templates see no live objects.
    Client,
    /// Up to the manifest; templates see live objects.
    Server,
}

impl DryRun {
    /// Whether nothing is changed.
    #[must_use]
    pub fn stops_here(self) -> bool {
        self != Self::None
    }

    /// Whether `lookup` may ask the cluster.
    pub(crate) fn looks_up(self) -> bool {
        self != Self::Client
    }
}

/// Who computes what objects become (`--server-side`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServerSideApply {
    /// As the former revision did; the client without one.
    #[default]
    Auto,
    /// The server.
    True,
    /// The client.
    False,
}

impl ServerSideApply {
    /// What was said, if anything.
    pub(crate) fn given(self) -> Option<bool> {
        match self {
            Self::Auto => None,
            Self::True => Some(true),
            Self::False => Some(false),
        }
    }

    pub(crate) fn resolve(self, former: Option<&ApplyMethod>) -> bool {
        match self {
            Self::True => true,
            Self::False => false,
            Self::Auto => former == Some(&ApplyMethod::ServerSide),
        }
    }
}

/// What is waited for, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// By which rules.
    pub strategy: WaitStrategy,
    /// Also for jobs to complete.
    pub jobs: bool,
    /// For each wait and each hook.
    pub timeout: Duration,
}

impl Waiting {
    pub(crate) fn options(self) -> WaitOptions {
        WaitOptions { strategy: self.strategy, jobs: self.jobs, timeout: self.timeout }
    }
}

/// How the chart is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rendering {
    /// Also take the notes of subcharts.
    pub sub_notes: bool,
    /// Write no Secret's content (dry runs only).
    pub hide_secret: bool,
    /// Do not check the values against the chart's schema.
    pub skip_schema_validation: bool,
}

/// The way of changing objects, and its name in the record.
pub(crate) fn apply_options(server_side: bool, force_replace: bool, force_conflicts: bool) -> ApplyOptions {
    let options = if server_side { ApplyOptions::server_side(force_conflicts) } else { ApplyOptions::client_side() };
    ApplyOptions { force_replace, ..options }
}

pub(crate) fn apply_method(server_side: bool) -> ApplyMethod {
    if server_side { ApplyMethod::ServerSide } else { ApplyMethod::ClientSide }
}

/// HELM: options that the client of Helm 4 refuses together.
pub(crate) fn check_apply(
    server_side: bool,
    force_replace: bool,
    force_conflicts: bool,
) -> Result<(), crate::ActionError> {
    let text = match (server_side, force_replace, force_conflicts) {
        (false, _, true) => "invalid client update option(s): forceConflicts enabled when serverSideApply disabled",
        (true, true, true) => "invalid operation: cannot use force conflicts and force replace together",
        (true, true, false) => "invalid operation: cannot use server-side apply and force replace together",
        _ => return Ok(()),
    };
    Err(crate::ActionError::Options(text.to_owned()))
}
