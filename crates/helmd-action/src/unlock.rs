//! Mending a release that an operation has left in the middle: `pending-*` or `uninstalling`, with nobody working on it.

use std::time::Duration;

use helmd_chart::names::validate_release_name;
use helmd_release::{Release, Status};
use jiff::SignedDuration;

use crate::context::Context;
use crate::error::ActionError;
use crate::operation::{self, InProgress, Interrupted, JournalOptions, Recovered, Verb};
use crate::options::DEFAULT_TIMEOUT;
use crate::rollback::Rollback;
use crate::uninstall::Uninstall;

/// For how long a record that says "pending" is taken as somebody's who still works: Helm's default timeout.
const MAY_BE_ALIVE: SignedDuration = SignedDuration::from_mins(5);

/// Where the release is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnlockTo {
    /// As the interrupted operation wanted, where helmd ran it; else the pending revision is marked as failed, and an uninstall is
    /// finished.
    #[default]
    Auto,
    /// The pending revision is marked as failed; objects stay as they are.
    Failed,
    /// The pending revision is marked as failed, and the release goes back to the last good one, or away where there is none.
    RolledBack,
}

/// Mends a release that an operation has left in the middle.
#[derive(Debug, Clone)]
pub struct Unlock {
    /// Release.
    pub name: String,
    /// Where it is to come.
    pub to: UnlockTo,
    /// Only look.
    pub dry_run: bool,
    /// Also when the record is so young that a helm may still work on it.
    pub force: bool,
    /// For what is done.
    pub timeout: Duration,
}

/// What was found, and what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlocked {
    /// For people: which revision, which state, since when, who.
    pub found: String,
    /// For people; nothing when there was nothing to do, or it was only looked.
    pub done: Option<String>,
}

impl Unlock {
    /// With helmd's defaults.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), to: UnlockTo::Auto, dry_run: false, force: false, timeout: DEFAULT_TIMEOUT }
    }

    /// Looks, and mends.
    ///
    /// # Errors
    /// [`ActionError::InProgress`] when somebody works on the release, or may do so.
    pub async fn run(self, cx: &Context) -> Result<Unlocked, ActionError> {
        cx.cluster.check_reachable().await?;
        if validate_release_name(&self.name).is_err() {
            return Err(ActionError::InvalidName { place: "unlock: r", name: self.name });
        }
        if let Some(abandoned) = operation::abandoned_of(cx, &self.name).await? {
            return self.end_ours(cx, abandoned).await;
        }
        let last = cx.storage.last(&self.name).await?;
        let status = &last.info.status;
        if !status.is_pending() && *status != Status::Uninstalling {
            let found = format!("revision {} is {status}: nobody has left it in the middle of anything", last.version);
            return Ok(Unlocked { found, done: None });
        }
        let since = last.info.deleted.or(last.info.last_deployed).map(|time| time.timestamp());
        let age = since.map(|since| cx.outside.now().duration_since(since));
        let found = format!(
            "revision {} is {status}{}, and no helmd works on it",
            last.version,
            since.map(|since| format!(" since {since:.0}")).unwrap_or_default()
        );
        if self.dry_run {
            return Ok(Unlocked { found, done: None });
        }
        if !self.force && age.is_some_and(|age| age < MAY_BE_ALIVE) {
            return Err(ActionError::in_progress(InProgress::pending(&last)));
        }
        let options =
            JournalOptions { timeout_ms: JournalOptions::milliseconds(self.timeout), ..JournalOptions::default() };
        let held = operation::begin(cx, &self.name, cx.new_journal(Verb::Unlock, options)).await?;
        let done = self.mend(&held).await;
        operation::end(held, cx).await;
        Ok(Unlocked { found, done: Some(done?) })
    }

    /// An operation of a helmd that has ended.
    async fn end_ours(self, cx: &Context, abandoned: operation::Abandoned) -> Result<Unlocked, ActionError> {
        let policy = match self.to {
            UnlockTo::Auto => None,
            UnlockTo::Failed => Some(Interrupted::Fail),
            UnlockTo::RolledBack => Some(Interrupted::GoBack),
        };
        let found = abandoned.describe();
        if self.dry_run {
            return Ok(Unlocked { found, done: None });
        }
        let recovered: Recovered = abandoned.end_as(cx, policy).await.outcome?;
        Ok(Unlocked { found, done: Some(recovered.to_string()) })
    }

    async fn mend(&self, cx: &Context) -> Result<String, ActionError> {
        let mut last = cx.storage.last(&self.name).await?;
        if last.info.status == Status::Uninstalling && self.to == UnlockTo::Auto {
            let uninstall = Uninstall { timeout: self.timeout, ..Uninstall::new(&self.name) };
            Box::pin(uninstall.run(cx)).await?;
            return Ok("the uninstall was finished".to_owned());
        }
        let revision = last.version;
        if last.info.status.is_pending() || last.info.status == Status::Uninstalling {
            let was = last.info.status.to_string();
            last.set_status(Status::Failed, format!("Interrupted: left as {was}, unlocked"));
            cx.storage.update(&last).await?;
        }
        if self.to != UnlockTo::RolledBack {
            return Ok(format!("revision {revision} is marked as failed"));
        }
        let history = cx.history(&self.name).await?;
        let good = |release: &&Release| matches!(release.info.status, Status::Superseded | Status::Deployed);
        match history.iter().rev().find(good).map(|release| release.version) {
            Some(version) => {
                let rollback = Rollback { version, timeout: self.timeout, ..Rollback::new(&self.name) };
                let release = Box::pin(rollback.run(cx)).await?;
                Ok(format!(
                    "revision {revision} is marked as failed; revision {} is back at {version}",
                    release.version
                ))
            }
            None => {
                let uninstall = Uninstall { timeout: self.timeout, ..Uninstall::new(&self.name) };
                Box::pin(uninstall.run(cx)).await?;
                Ok("there is no good revision: the release was uninstalled".to_owned())
            }
        }
    }
}

impl operation::Abandoned {
    fn describe(&self) -> String {
        match self.journal() {
            Some(journal) => format!(
                "{} ended while {}: {}, begun at {:.0}, last seen at {:.0}",
                self.holder(),
                journal.step.doing(),
                journal.what(),
                journal.started,
                self.seen()
            ),
            None => format!("{} ended in the middle of an operation, last seen at {:.0}", self.holder(), self.seen()),
        }
    }
}
