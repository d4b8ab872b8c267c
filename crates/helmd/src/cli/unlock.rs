//! `helmd unlock`: mends a release that an operation has left in the middle. Helm has no such command.

use super::command::{Call, Command, Count};
use super::flags::Flag;
use super::live::{self, Signals};
use super::release_flags::{self as shared, text, yes};
use helmd_action::{Unlock, UnlockTo};
use helmd_chart::HelmMajor;

/// The command.
pub const COMMAND: Command = Command {
    name: "unlock",
    words: "RELEASE_NAME",
    count: Count::Exactly(1),
    about: "Mend a release that an operation has left pending-install, pending-upgrade, pending-rollback or uninstalling.\n\n\
            What a helmd was doing that has ended in the middle is ended as it was told to (--if-interrupted). What somebody else\n\
            has left, a helm that was killed, is marked as failed, so that upgrades are taken again; an uninstall is finished.\n\
            A release that a helmd works on is not touched. Nothing tells whether a helm still works on one: a record younger than\n\
            five minutes needs --force.",
    flags,
    run: unlock,
};

fn flags(_helm: HelmMajor) -> Vec<Flag> {
    vec![
        yes("dry-run", "only tell what is found"),
        yes("force", "also when a helm may still work on the release"),
        shared::timeout(),
        text("to", "where the release is to come: auto, failed, or rolled-back: to the last good revision (auto)"),
    ]
}

fn unlock(call: &mut Call<'_>) -> Result<(), String> {
    let matches = call.matches;
    let to = match matches.text_or("to", "auto") {
        "auto" => UnlockTo::Auto,
        "failed" => UnlockTo::Failed,
        "rolled-back" => UnlockTo::RolledBack,
        other => return Err(format!("invalid --to {other:?}: must be auto, failed or rolled-back")),
    };
    let name = matches.words.first().cloned().unwrap_or_default();
    let unlock = Unlock {
        to,
        dry_run: matches.flag("dry-run"),
        force: matches.flag("force"),
        timeout: shared::timeout_of(matches),
        ..Unlock::new(name)
    };
    let unlocked = live::run_hinting(call, Signals::Cancel, |cx| async move { unlock.run(&cx).await })?;
    call.print(format!("{}\n", unlocked.found).as_bytes())?;
    match unlocked.done {
        Some(done) => call.print(format!("{done}\n").as_bytes()),
        None => Ok(()),
    }
}
