//! `helm test`.

use std::time::Duration;

use helmd_chart::names::validate_release_name;
use helmd_release::{HookEvent, Release};

use crate::context::Context;
use crate::error::ActionError;
use crate::hooks::{self, HookRun};
use crate::operation::{self, JournalOptions, Verb};
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
        cx.cluster.check_reachable().await?;
        if validate_release_name(&self.name).is_err() {
            return Err(ActionError::InvalidName { place: "releaseTest: R", name: self.name });
        }
        let options =
            JournalOptions { timeout_ms: JournalOptions::milliseconds(self.timeout), ..JournalOptions::default() };
        // The record is written back with how the tests went: nobody else may write it meanwhile.
        let held = operation::begin(cx, &self.name, cx.new_journal(Verb::Test, options)).await?;
        let result = self.work(&held).await;
        operation::end(held, cx).await;
        result
    }

    async fn work(self, cx: &Context) -> Result<Release, ActionError> {
        let mut release = cx.storage.last(&self.name).await?;
        let chosen =
            |name: &String| !self.exclude.contains(name) && (self.include.is_empty() || self.include.contains(name));
        let all = std::mem::take(&mut release.hooks);
        // HELM: skipped hooks come first in the record afterwards.
        let (executing, mut skipped): (Vec<_>, Vec<_>) = all.into_iter().partition(|hook| chosen(&hook.name));
        release.hooks = executing;
        let outcome = hooks::run(cx, &mut release, &HookEvent::Test, HookRun::new(self.timeout, false)).await;
        skipped.append(&mut release.hooks);
        release.hooks = skipped;
        match outcome {
            Ok(()) => {
                cx.storage.update(&release).await?;
                Ok(release)
            }
            Err(err) => {
                cx.record(&release).await;
                Err(err)
            }
        }
    }
}
