//! Where the sentences of Helm 3 and Helm 4 differ.

use gotmpl::slog;
use helmd_chart::HelmMajor;
use helmd_kube::{KubeError, helm_text};

use crate::context::Context;
use crate::error::ActionError;

/// The step of an install that makes sure that the cluster answers.
pub(crate) const REACHABILITY: &str = "cluster reachability check failed";

impl Context {
    /// The one of two sentences that the context's Helm says.
    pub(crate) fn says(&self, three: &'static str, four: &'static str) -> &'static str {
        match self.helm {
            HelmMajor::Helm3 => three,
            HelmMajor::Helm4 => four,
        }
    }

    /// The refusal of `--hide-secret` for what is no dry run.
    pub(crate) fn hides_secrets(&self) -> ActionError {
        const THREE: &str = "Hiding Kubernetes secrets requires a dry-run mode";
        ActionError::Options(self.says(THREE, "hiding Kubernetes secrets requires a dry-run mode").to_owned())
    }

    /// HELM: an install of version 4 logs it as well.
    pub(crate) fn hides_secrets_of_install(&self) -> ActionError {
        let error = self.hides_secrets();
        if self.helm == HelmMajor::Helm4 {
            self.log(slog::record("ERROR", &error.to_string(), &[]));
        }
        error
    }

    /// HELM: version 4 logs a failure that becomes part of a release's record.
    pub(crate) fn log_failure(&self, message: &str, attributes: &[(&str, &str)]) {
        if self.helm == HelmMajor::Helm4 {
            self.log(slog::record("WARN", message, attributes));
        }
    }

    /// HELM: version 3 says it with `--debug` only.
    pub(crate) fn log_warning(&self, message: &str) {
        match self.helm {
            HelmMajor::Helm3 => self.warn(message.to_owned()),
            HelmMajor::Helm4 => self.log(slog::record("WARN", message, &[])),
        }
    }

    /// HELM: version 4 tells failures of parallel work line by line.
    pub(crate) fn worded(&self, error: ActionError) -> ActionError {
        match self.helm {
            HelmMajor::Helm3 => error,
            HelmMajor::Helm4 => in_lines(error),
        }
    }

    /// As [`step`], logged.
    pub(crate) fn step<T>(&self, name: &'static str, done: Result<T, ActionError>) -> Result<T, ActionError> {
        done.map_err(|error| step(self.helm, name, error, &mut |line| self.log(line)))
    }
}

/// HELM: version 4 names the step of an install that failed, and logs it as well.
pub(crate) fn step(
    helm: HelmMajor,
    name: &'static str,
    error: ActionError,
    log: &mut dyn FnMut(String),
) -> ActionError {
    match helm {
        HelmMajor::Helm3 => error,
        HelmMajor::Helm4 if name == REACHABILITY => {
            let text = helm_text(&error).replacen("Kubernetes cluster", "kubernetes cluster", 1);
            let text = format!("{name}: {text}");
            log(slog::record("ERROR", &text, &[]));
            ActionError::Joined { text, kind: error.kind() }
        }
        HelmMajor::Helm4 => {
            log(slog::record("ERROR", name, &[("error", &helm_text(&error))]));
            error.context(name)
        }
    }
}

/// Looks through the sentences before a failure; there are a few at most.
fn in_lines(error: ActionError) -> ActionError {
    fn lines(error: KubeError) -> KubeError {
        match error {
            KubeError::Performed(errors) => KubeError::Lines(errors),
            KubeError::Context { text, source } => KubeError::Context { text, source: Box::new(lines(*source)) },
            KubeError::Explained(explained) => lines(*explained.error).explained(*explained.explanation),
            other => other,
        }
    }
    match error {
        ActionError::Kube(error) => lines(*error).into(),
        ActionError::Context { text, source } => ActionError::Context { text, source: Box::new(in_lines(*source)) },
        other => other,
    }
}
