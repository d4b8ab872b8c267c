//! `helmd rollback`: helm rollback.

use super::command::{Call, Command, Count};
use super::flags::{Flag, Kind};
use super::install;
use super::live::{self, Signals};
use super::release_flags::{self as shared, text, yes};
use gotmpl::strconv::quote;
use helmd_action::{DryRun, Rollback, ServerSideApply};
use helmd_chart::HelmMajor;

/// The command.
pub const COMMAND: Command = Command {
    name: "rollback",
    words: "<RELEASE> [REVISION]",
    count: Count::AtLeast(1),
    about: "Bring a release back to what an earlier revision was, as helm rollback does.\n\n\
            Without REVISION, or with 0, it is the one before the newest. `helmd history RELEASE` shows which there are.",
    flags,
    run: rollback,
};

/// HELM: how many characters a description may have.
const LONGEST_DESCRIPTION: usize = 256;

fn flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = shared::apply(helm);
    flags.extend([
        yes("cleanup-on-fail", "delete what was created when it fails"),
        shared::history_max(),
        yes("no-hooks", "run no hooks"),
        shared::timeout(),
        shared::wait(helm),
        yes("wait-for-jobs", "with --wait: also until jobs have completed"),
    ]);
    match helm {
        HelmMajor::Helm3 => flags.extend([
            Flag::new("dry-run", Kind::Bool, "change nothing"),
            yes("recreate-pods", "renew the pods of changed objects"),
        ]),
        HelmMajor::Helm4 => flags.extend([
            text("description", "the description of the release's record; at most 256 characters"),
            shared::dry_run(helm),
            shared::server_side(),
        ]),
    }
    flags
}

fn rollback(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    shared::check_exclusive(matches, helm)?;
    let version = match matches.words.get(1) {
        Some(word) => atoi(word).map_err(|error| format!("could not convert revision to a number: {error}"))?,
        None => 0,
    };
    let description = matches.text("description");
    let length = description.chars().count();
    if length > LONGEST_DESCRIPTION {
        return Err(format!("description must be {LONGEST_DESCRIPTION} characters or less, got {length}"));
    }
    let (dry_run, server_side_apply) = match helm {
        HelmMajor::Helm3 => (matches.flag("dry-run"), ServerSideApply::False),
        HelmMajor::Helm4 => (install::dry_run(call)? != DryRun::None, shared::server_side_of(matches)?),
    };
    let rollback = Rollback {
        version,
        dry_run,
        disable_hooks: matches.flag("no-hooks"),
        wait: shared::wait_of(matches, helm, false),
        wait_for_jobs: matches.flag("wait-for-jobs"),
        timeout: shared::timeout_of(matches),
        recreate: matches.flag("recreate-pods"),
        force: shared::replaces(matches),
        cleanup_on_fail: matches.flag("cleanup-on-fail"),
        history_max: shared::count(matches.int("history-max", call.settings.max_history)),
        description: description.to_owned(),
        server_side_apply,
        force_conflicts: matches.flag("force-conflicts"),
        ..Rollback::new(matches.words.first().cloned().unwrap_or_default())
    };
    live::run(call, Signals::Cancel, |cx| async move { rollback.run(&cx).await })?;
    call.print(b"Rollback was a success! Happy Helming!\n")
}

/// Go's `strconv.Atoi`.
fn atoi(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let syntax = digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit());
    let why = if syntax { "invalid syntax" } else { "value out of range" };
    let number = if syntax { None } else { text.parse().ok() };
    number.ok_or_else(|| format!("strconv.Atoi: parsing {}: {why}", quote(text)))
}

#[cfg(test)]
mod tests {
    use super::atoi;

    #[test]
    fn numbers_are_gos() {
        assert_eq!((atoi("+7"), atoi("-1")), (Ok(7), Ok(-1)));
        assert!(atoi("1_0").is_err_and(|e| e == "strconv.Atoi: parsing \"1_0\": invalid syntax"));
        assert!(atoi("99999999999999999999").is_err_and(|e| e.ends_with("value out of range")));
    }
}
