//! Why a verb did not do its work, in Helm's sentences.

use helmd_chart::HelmMajor;
use helmd_chart::names::NameError;
use helmd_engine::{RenderError, Stopped};
use helmd_kube::error::Pending;
use helmd_kube::{ErrorKind, Explanation, KubeError};
use helmd_release::{Release, SortError, Status};
use helmd_storage::StorageError;

use crate::operation::InProgress;

/// Why a verb did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The name of a new release is not allowed.
    #[error("release name {name:?}")]
    ReleaseName {
        /// The name.
        name: String,
        /// The rule.
        source: NameError,
    },
    /// A release cannot have this name.
    #[error("{place}elease name is invalid: {name}")]
    InvalidName {
        /// Where Helm says it: `r` or `releaseContent: R` …
        place: &'static str,
        /// The name.
        name: String,
    },
    /// The name belongs to a release.
    #[error("cannot {}use a name that is still in use", if *.0 == HelmMajor::Helm3 { "re-" } else { "re" })]
    NameInUse(HelmMajor),
    /// A revision below zero was asked for.
    #[error("invalid release revision")]
    InvalidRevision,
    /// The revision to go back to does not exist.
    #[error("release has no {0} version")]
    NoRevision(i64),
    /// Somebody works on the release.
    #[error("another operation (install/upgrade/rollback) is in progress")]
    InProgress(Option<Box<InProgress>>),
    /// This process was not heard of for so long that somebody else has taken over what it did.
    #[error("the operation was taken over by {}", if holder.is_empty() { "somebody else" } else { holder })]
    Lost {
        /// Who has it now; may be empty.
        holder: String,
    },
    /// The process that did it has ended in the middle.
    #[error("interrupted: the helmd that ran it has ended while {doing}")]
    Interrupted {
        /// What it was at.
        doing: &'static str,
    },
    /// It is uninstalled already, with its history kept.
    #[error("the release named {0:?} is already deleted")]
    AlreadyDeleted(String),
    /// Options that exclude each other or values out of range.
    #[error("{0}")]
    Options(String),
    /// The user's labels are Helm's own.
    #[error(
        "user supplied labels contains system reserved label name. System labels: [name owner status version createdAt modifiedAt]"
    )]
    SystemLabels,
    /// The chart does not fit the cluster.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}")]
    KubeVersion {
        /// The chart's constraint.
        wanted: String,
        /// The cluster's version.
        version: String,
    },
    /// The values do not fit the chart.
    #[error(transparent)]
    Values(#[from] helmd_values::ValuesError),
    /// A template fails.
    #[error(transparent)]
    Render(Box<RenderError>),
    /// A render was ended by its time limit or by somebody.
    #[error("{stopped}{}", place.as_ref().map(|p| format!(" (stopped at {p})")).unwrap_or_default())]
    Stopped {
        /// The budget of time, or the cancellation.
        stopped: Stopped,
        /// Which template was being rendered, and where in it.
        place: Option<String>,
    },
    /// A rendered file is no manifest.
    #[error(transparent)]
    Manifest(#[from] SortError),
    /// An object exists and belongs to somebody else.
    #[error("{object} exists and cannot be imported into the current release: {reason}")]
    Foreign {
        /// `ConfigMap "x" in namespace "y"`.
        object: String,
        /// What is missing for it to be this release's.
        reason: String,
    },
    /// The records.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The cluster.
    #[error(transparent)]
    Kube(Box<KubeError>),
    /// The release's objects could not be deleted.
    #[error("failed to delete release: {name}")]
    Delete {
        /// The release.
        name: String,
        /// Why; Helm keeps it to its log.
        reasons: Vec<String>,
        /// What sort of failure the first one is.
        kind: ErrorKind,
    },
    /// The release is gone, but not all went well.
    #[error("uninstallation completed with {} error(s): {}", .0.len(), .0.iter().map(|err| helmd_kube::helm_text(err)).collect::<Vec<_>>().join("; "))]
    Uninstalled(Vec<ActionError>),
    /// Several failures, each in Helm's words.
    #[error("{text}")]
    Joined {
        /// The texts, joined as Helm does there.
        text: String,
        /// What sort of failure the first one is.
        kind: ErrorKind,
    },
    /// A sentence before the cause.
    #[error("{text}")]
    Context {
        /// What was being done.
        text: String,
        /// Why it failed.
        source: Box<ActionError>,
    },
    /// Something in helmd itself.
    #[error("{0}")]
    Internal(String),
}

impl From<KubeError> for ActionError {
    fn from(err: KubeError) -> Self {
        Self::Kube(Box::new(err))
    }
}

impl From<RenderError> for ActionError {
    fn from(err: RenderError) -> Self {
        Self::Render(Box::new(err))
    }
}

impl ActionError {
    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NameInUse(_) => ErrorKind::AlreadyExists,
            Self::NoRevision(_) => ErrorKind::NotFound,
            Self::InProgress(_) | Self::Lost { .. } | Self::AlreadyDeleted(_) | Self::Foreign { .. } => {
                ErrorKind::Conflict
            }
            Self::ReleaseName { .. }
            | Self::InvalidName { .. }
            | Self::InvalidRevision
            | Self::Options(_)
            | Self::SystemLabels
            | Self::KubeVersion { .. }
            | Self::Values(_)
            | Self::Render(_)
            | Self::Manifest(_) => ErrorKind::Invalid,
            Self::Stopped { .. } => ErrorKind::Timeout,
            Self::Storage(err) => err.kind(),
            Self::Kube(err) => err.kind(),
            Self::Delete { kind, .. } | Self::Joined { kind, .. } => *kind,
            Self::Uninstalled(errors) => errors.first().map_or(ErrorKind::Internal, Self::kind),
            Self::Context { source, .. } => source.kind(),
            Self::Interrupted { .. } | Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// The objects that were not ready after a wait that failed; empty for other failures.
    #[must_use]
    pub fn pending(&self) -> &[Pending] {
        match self {
            Self::Kube(err) => kube_pending(err),
            Self::Context { source, .. } => source.pending(),
            Self::Uninstalled(errors) => {
                errors.iter().map(Self::pending).find(|list| !list.is_empty()).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// What helmd found out about the failure beside Helm's sentence, or what to do about it.
    #[must_use]
    pub fn explanation(&self) -> Option<Explanation> {
        match self {
            Self::Kube(err) => err.explanation().cloned().or_else(|| err.hint().map(Explanation::of_hint)),
            Self::Storage(StorageError::Cluster { source, .. } | StorageError::Get { source, .. }) => {
                source.hint().map(Explanation::of_hint)
            }
            Self::Storage(err) => err.explanation().map(Explanation::of_hint),
            Self::InProgress(Some(by)) => Some(Explanation::of_hint(by.hint())),
            Self::Foreign { object, reason } => Some(Explanation::of_hint(of_foreign(object, reason))),
            Self::NameInUse(_) => Some(Explanation::of_hint(
                "take another name, upgrade the release that has it (upgrade --install does either), or uninstall that first".to_owned(),
            )),
            Self::Context { source, .. } => source.explanation(),
            Self::Uninstalled(errors) => errors.iter().find_map(Self::explanation),
            _ => None,
        }
    }

    /// Marks a revision as failed by this; what is known of it is kept with the record.
    pub(crate) fn fail(&self, release: &mut Release, description: String) {
        release.set_status(Status::Failed, description);
        release.explanation = self.explanation().map(Explanation::kept).unwrap_or_default();
    }

    pub(crate) fn in_progress(by: InProgress) -> Self {
        Self::InProgress(Some(Box::new(by)))
    }

    /// Who works on the release, where that is why.
    #[must_use]
    pub fn in_progress_by(&self) -> Option<&InProgress> {
        match self {
            Self::InProgress(by) => by.as_deref(),
            Self::Context { source, .. } => source.in_progress_by(),
            _ => None,
        }
    }

    /// Puts a sentence before this error.
    #[must_use]
    pub fn context(self, text: impl Into<String>) -> Self {
        Self::Context { text: text.into(), source: Box::new(self) }
    }

    /// Whether the release does not exist.
    #[must_use]
    pub fn is_release_not_found(&self) -> bool {
        match self {
            Self::Storage(err) => err.is_not_found(),
            Self::Context { source, .. } => source.is_release_not_found(),
            _ => false,
        }
    }
}

/// Whose the object is, and how it becomes this release's.
fn of_foreign(object: &str, reason: &str) -> String {
    // `…: current value is "other"` tells that another release has it.
    match reason.split("current value is \"").nth(1).and_then(|rest| rest.split('"').next()) {
        Some(owner) => format!(
            "{object} belongs to {owner:?}: name it otherwise in the chart, take it out of there, or take it over with --take-ownership"
        ),
        None => format!(
            "{object} was not made by Helm: delete it, take it over with --take-ownership, or give it the label \
             app.kubernetes.io/managed-by=Helm and the annotations meta.helm.sh/release-name and meta.helm.sh/release-namespace"
        ),
    }
}

fn kube_pending(err: &KubeError) -> &[Pending] {
    match err {
        KubeError::WaitTimeout { pending, .. } => pending,
        KubeError::Context { source, .. } => kube_pending(source),
        KubeError::Explained(explained) => kube_pending(&explained.error),
        KubeError::Performed(errors)
        | KubeError::Lines(errors)
        | KubeError::Several(errors)
        | KubeError::Updates(errors) => {
            errors.iter().map(kube_pending).find(|list| !list.is_empty()).unwrap_or_default()
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_objects_tell_whose_they_are() {
        let hint = |reason: &str| {
            let foreign = ActionError::Foreign { object: "ConfigMap \"x\"".into(), reason: reason.into() };
            foreign.context("unable").explanation().unwrap().text()
        };
        let key =
            "annotation validation error: key \"meta.helm.sh/release-name\" must equal \"a\": current value is \"b\"";
        assert!(hint(key).starts_with("hint: ConfigMap \"x\" belongs to \"b\": "));
        assert!(hint("missing key").contains("app.kubernetes.io/managed-by=Helm and the annotations"));
    }
}
