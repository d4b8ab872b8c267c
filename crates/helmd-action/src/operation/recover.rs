//! Ending an operation whose process has ended: the rest of it is done, or it is marked as failed, or taken back.

use helmd_kube::helm_text;
use helmd_release::Release;
use helmd_storage::StorageError;

use super::journal::{Interrupted, Journal, Step, Verb};
use crate::context::Context;
use crate::error::ActionError;
use crate::install::Install;
use crate::rollback::Rollback;
use crate::uninstall::Uninstall;
use crate::upgrade::Upgrade;

/// How often an operation is taken over before it counts as one that ends its process.
const MOST_TAKEN_OVER: u32 = 3;

/// What became of an operation whose process has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Recovered {
    /// It had not touched anything.
    Nothing {
        /// What it was.
        verb: Verb,
    },
    /// It had ended, only its Lease was left.
    Ended {
        /// What it was.
        verb: Verb,
    },
    /// The rest of it was done.
    Finished {
        /// What it was.
        verb: Verb,
        /// The revision that it made; 0 for none.
        revision: i64,
    },
    /// Its revision is marked as failed; with the reason.
    Failed {
        /// What it was.
        verb: Verb,
        /// The revision that it made.
        revision: i64,
        /// In Helm's words, as the record has it.
        reason: String,
    },
}

impl std::fmt::Display for Recovered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing { verb } => write!(f, "an interrupted {verb} had changed nothing"),
            Self::Ended { verb } => write!(f, "an interrupted {verb} had been done"),
            Self::Finished { verb, revision: 0 } => write!(f, "an interrupted {verb} was finished"),
            Self::Finished { verb, revision } => write!(f, "an interrupted {verb} to revision {revision} was finished"),
            Self::Failed { verb, revision, reason } => {
                write!(f, "an interrupted {verb} to revision {revision} is marked as failed: {reason}")
            }
        }
    }
}

/// What is said about a recovery.
pub(crate) fn told(outcome: &Result<Recovered, ActionError>) -> String {
    match outcome {
        Ok(recovered) => recovered.to_string(),
        Err(err) => format!("an interrupted operation could not be put in order: {}", helm_text(err)),
    }
}

/// Ends the operation of a journal that was found. The context holds its Lease.
///
/// # Errors
/// The operation is as it was: the cluster does not answer, or does not let us.
pub(crate) async fn recover(cx: &Context, release: &str, left: Journal) -> Result<Recovered, ActionError> {
    let Some(held) = &cx.operation else { return Ok(Recovered::Nothing { verb: left.verb }) };
    held.shared.state.lock().await.resumed = Some(left.step);
    let mut cx = cx.clone();
    cx.helm = left.helm();
    let verb = left.verb;
    if left.driver != cx.storage.driver_name() {
        let (theirs, ours) = (&left.driver, cx.storage.driver_name());
        let text = format!("its releases are kept as {theirs}, and this process looks at those in {ours}");
        return Err(ActionError::Options(text));
    }
    match verb {
        Verb::Test | Verb::Unlock => Ok(Recovered::Nothing { verb }),
        Verb::Uninstall => uninstall(&cx, release, &left).await,
        Verb::Install | Verb::Upgrade | Verb::Rollback if left.revision == 0 => Ok(Recovered::Nothing { verb }),
        Verb::Install | Verb::Upgrade | Verb::Rollback => change(&cx, release, &left).await,
    }
}

async fn uninstall(cx: &Context, release: &str, left: &Journal) -> Result<Recovered, ActionError> {
    let (verb, revision) = (left.verb, 0);
    if left.step == Step::Preparing {
        return Ok(Recovered::Nothing { verb });
    }
    match Uninstall::of_journal(release, left).work(cx).await {
        Ok(_) => Ok(Recovered::Finished { verb, revision }),
        Err(err) if err.is_release_not_found() => Ok(Recovered::Ended { verb }),
        Err(ActionError::AlreadyDeleted(_)) => Ok(Recovered::Ended { verb }),
        Err(err) => Err(err),
    }
}

async fn change(cx: &Context, release: &str, left: &Journal) -> Result<Recovered, ActionError> {
    let verb = left.verb;
    let record = match cx.storage.get(release, left.revision).await {
        Ok(record) => record,
        // A rollback needs nothing but what is stored.
        Err(StorageError::NotFound) if verb == Verb::Rollback && left.interrupted == Interrupted::Finish => {
            let rollback = Rollback::of_journal(release, left);
            let done = Box::pin(rollback.run(cx)).await;
            return outcome(cx, release, left, done).await;
        }
        Err(StorageError::NotFound) => return Ok(Recovered::Nothing { verb }),
        Err(err) => return Err(err.into()),
    };
    let goes_back = left.step == Step::GoingBack;
    if !record.info.status.is_pending() && !goes_back {
        return Ok(Recovered::Ended { verb });
    }
    let policy = if left.taken_over > MOST_TAKEN_OVER { Interrupted::Fail } else { left.interrupted };
    let done = match policy {
        Interrupted::Finish if !goes_back => finish(cx, left, record).await,
        policy => Err(give_up(cx, left, record, policy == Interrupted::GoBack).await),
    };
    outcome(cx, release, left, done).await
}

/// Does the rest.
async fn finish(cx: &Context, left: &Journal, record: Release) -> Result<Release, ActionError> {
    let name = record.name.clone();
    match left.verb {
        Verb::Install => Install::of_journal(&name, left).resume(cx, record).await,
        Verb::Upgrade => {
            let former = cx.storage.get(&name, left.former).await?;
            Upgrade::of_journal(&name, left).resume(cx, former, record).await
        }
        _ => {
            let former = cx.storage.get(&name, left.former).await?;
            Rollback::of_journal(&name, left).resume(cx, former, record).await
        }
    }
}

/// Marks the record as failed, and takes back what was done if that is wanted.
async fn give_up(cx: &Context, left: &Journal, record: Release, back: bool) -> ActionError {
    let name = record.name.clone();
    let err = ActionError::Interrupted { doing: left.step.doing() };
    let marked = !record.info.status.is_pending();
    match left.verb {
        Verb::Install => {
            let mut install = Install::of_journal(&name, left);
            install.atomic |= back;
            if marked { install.go_away(cx, err).await } else { install.fail(cx, record, err).await }
        }
        Verb::Upgrade => {
            let mut upgrade = Upgrade::of_journal(&name, left);
            upgrade.atomic |= back;
            if marked { upgrade.go_back(cx, err).await } else { upgrade.fail(cx, record, Vec::new(), err).await }
        }
        _ => {
            let mut record = record;
            match cx.storage.get(&name, left.former).await {
                Ok(mut former) => {
                    Rollback::of_journal(&name, left).fail(cx, (&mut former, &mut record), &[], err).await
                }
                Err(source) => {
                    err.fail(&mut record, format!("Rollback {name:?} failed: {}", helm_text(&err)));
                    cx.record(&record).await;
                    source.into()
                }
            }
        }
    }
}

/// Whether it is ended now: the record says so.
async fn outcome(
    cx: &Context,
    release: &str,
    left: &Journal,
    done: Result<Release, ActionError>,
) -> Result<Recovered, ActionError> {
    let verb = left.verb;
    let err = match done {
        Ok(release) => return Ok(Recovered::Finished { verb, revision: release.version }),
        Err(err @ ActionError::Lost { .. }) => return Err(err),
        Err(err) => err,
    };
    match cx.storage.get(release, left.revision).await {
        Ok(record) if record.info.status.is_pending() => Err(err),
        Ok(_) | Err(StorageError::NotFound) => {
            Ok(Recovered::Failed { verb, revision: left.revision, reason: helm_text(&err) })
        }
        Err(second) => Err(second.into()),
    }
}
