//! `helmd test`: helm test.

use super::command::{Call, Command, Count};
use super::flags::{Flag, Kind};
use super::live::{self, Signals};
use super::release_flags::{self as shared, yes};
use super::status_text::StatusText;
use helmd_action::{ActionError, Context, Test, helm_text};
use helmd_chart::HelmMajor;
use helmd_release::Release;

/// The command.
pub const COMMAND: Command = Command {
    name: "test",
    words: "[RELEASE]",
    count: Count::Exactly(1),
    about: "Run the tests of a release, as helm test does.",
    flags,
    run: test,
};

fn flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = vec![
        Flag::new("filter", Kind::Csv, "which tests: name=a,name=b, or !name=c for all but that one"),
        yes("logs", "print what the tests' pods wrote"),
        shared::timeout(),
        shared::explain(),
    ];
    if helm == HelmMajor::Helm3 {
        flags.push(yes("hide-notes", "do not print the notes"));
    }
    flags
}

/// What is known when the tests are over.
struct Tested {
    release: Release,
    outcome: Result<(), ActionError>,
    logs: Option<(String, Result<(), String>)>,
    cleaned: Result<(), ActionError>,
}

fn test(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    let mut test = Test::new(matches.words.first().cloned().unwrap_or_default());
    test.timeout = shared::timeout_of(matches);
    for filter in matches.list("filter") {
        if let Some(name) = filter.strip_prefix("name=") {
            test.include.push(name.to_owned());
        } else if let Some(name) = filter.strip_prefix("!name=").or_else(|| filter.strip_prefix("! name=")) {
            test.exclude.push(name.to_owned());
        }
    }
    let logs = matches.flag("logs");
    let tested = live::run(call, Signals::Cancel, |cx| async move { run(&cx, test, logs).await })?;
    let status = StatusText {
        debug: call.settings.debug,
        hide_notes: helm == HelmMajor::Helm4 || matches.flag("hide-notes"),
        ..StatusText::new(&tested.release, call)
    };
    let text = status.table()?;
    call.print(text.as_bytes())?;
    let failed = tested.outcome.map_err(|error| live::explained(&error, call));
    let cleaned = tested.cleaned.map_err(|error| live::sentence(&error, helm));
    let Some((text, read)) = tested.logs else { return failed.and(cleaned) };
    call.print(format!("\n{text}").as_bytes())?;
    match (failed, read) {
        (failed, Ok(())) => failed.and(cleaned),
        // HELM: version 3 tells of the logs only.
        (Err(failed), Err(error)) if helm == HelmMajor::Helm4 => Err(format!("{failed}\n{error}")),
        (_, Err(error)) => Err(error),
    }
}

async fn run(cx: &Context, test: Test, logs: bool) -> Result<Tested, ActionError> {
    let (release, outcome) = test.run_told(cx).await?;
    let logs = if logs {
        let mut text = String::new();
        let read = test.logs(cx, &release, &mut text).await;
        Some((text, read.map_err(|error| helm_text(&error))))
    } else {
        None
    };
    let cleaned = test.clean_up(cx, &release, &outcome).await;
    Ok(Tested { release, outcome, logs, cleaned })
}
