//! `helmd uninstall`: helm uninstall.

use super::command::{Call, Command, Count};
use super::flags::Flag;
use super::live::{self, Signals};
use super::release_flags::{self as shared, text, yes};
use helmd_action::{Uninstall, WaitStrategy};
use helmd_chart::HelmMajor;

/// The command.
pub const COMMAND: Command = Command {
    name: "uninstall",
    words: "RELEASE_NAME [...]",
    count: Count::AtLeast(1),
    about: "Remove the objects and the records of releases, as helm uninstall does.",
    flags,
    run: uninstall,
};

fn flags(helm: HelmMajor) -> Vec<Flag> {
    vec![
        text("cascade", "how what belongs to the objects goes: background, foreground, orphan (background)"),
        text("description", "with --keep-history: the description of the release's record"),
        yes("dry-run", "change nothing"),
        yes("ignore-not-found", "a release that is not there is no error"),
        shared::explain(),
        shared::interrupted(),
        yes("keep-history", "keep the records"),
        yes("no-hooks", "run no hooks"),
        shared::timeout(),
        shared::wait(helm),
    ]
}

fn uninstall(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    let cascade = matches.text_or("cascade", "background");
    if !matches!(cascade, "background" | "foreground" | "orphan") {
        let choices = "\"background\", \"foreground\", or \"orphan\"";
        return Err(format!("invalid cascade value ({cascade}). Must be {choices}"));
    }
    for name in &matches.words {
        let uninstall = Uninstall {
            disable_hooks: matches.flag("no-hooks"),
            dry_run: matches.flag("dry-run"),
            ignore_not_found: matches.flag("ignore-not-found"),
            keep_history: matches.flag("keep-history"),
            wait: shared::wait_of(matches, helm, false) != WaitStrategy::HookOnly,
            delete_propagation: cascade.to_owned(),
            timeout: shared::timeout_of(matches),
            description: matches.text("description").to_owned(),
            ..Uninstall::new(name)
        };
        let done = live::run(call, Signals::Cancel, |cx| async move { uninstall.run(&cx).await })?;
        if !done.info.is_empty() {
            call.print(format!("{}\n", done.info).as_bytes())?;
        }
        call.print(format!("release \"{name}\" uninstalled\n").as_bytes())?;
    }
    Ok(())
}
