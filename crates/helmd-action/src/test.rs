//! `helm test`.

use std::time::Duration;

use helmd_chart::HelmMajor;
use helmd_chart::names::validate_release_name;
use helmd_release::{ApplyMethod, HookEvent, Release};

use crate::context::Context;
use crate::error::ActionError;
use crate::hooks::{self, HookRun};
use crate::options::DEFAULT_TIMEOUT;

/// Runs the test hooks of a release.
#[derive(Debug, Clone)]
pub struct Test {
    /// Release.
    pub name: String,
    /// For each hook.
    pub timeout: Duration,
    /// Only hooks with these names, unless empty.
    pub include: Vec<String>,
    /// No hooks with these names.
    pub exclude: Vec<String>,
}

impl Test {
    /// All tests of a release.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), timeout: DEFAULT_TIMEOUT, include: Vec::new(), exclude: Vec::new() }
    }

    /// Runs them; the release's hooks tell how it went.
    ///
    /// # Errors
    /// The first test that fails; the record has it, too.
    pub async fn run(self, cx: &Context) -> Result<Release, ActionError> {
        let (release, outcome) = self.run_told(cx).await?;
        outcome.map(|()| release)
    }

    /// As [`Test::run`], with the release also when a test fails.
    ///
    /// # Errors
    /// There is no release to test.
    pub async fn run_told(self, cx: &Context) -> Result<(Release, Result<(), ActionError>), ActionError> {
        cx.cluster.check_reachable().await?;
        if validate_release_name(&self.name).is_err() {
            return Err(ActionError::InvalidName { place: "releaseTest: R", name: self.name });
        }
        let mut release = cx.storage.last(&self.name).await?;
        let all = std::mem::take(&mut release.hooks);
        // HELM: skipped hooks come first in the record afterwards.
        let (executing, mut skipped): (Vec<_>, Vec<_>) = all.into_iter().partition(|hook| self.chooses(&hook.name));
        release.hooks = executing;
        // HELM: version 3 knows one way only.
        let server_side = cx.helm == HelmMajor::Helm4 && release.apply_method == ApplyMethod::ServerSide;
        let outcome = hooks::run(cx, &mut release, &HookEvent::Test, HookRun::new(self.timeout, server_side)).await;
        skipped.append(&mut release.hooks);
        release.hooks = skipped;
        let outcome = match outcome {
            Ok(()) => cx.storage.update(&release).await.map_err(ActionError::from),
            Err(err) => {
                cx.record(&release).await;
                Err(err)
            }
        };
        Ok((release, outcome))
    }

    fn chooses(&self, name: &String) -> bool {
        !self.exclude.contains(name) && (self.include.is_empty() || self.include.contains(name))
    }
}
