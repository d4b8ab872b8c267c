//! `helmd status`: helm status.

use super::command::{Call, Command, Count};
use super::flags::Flag;
use super::live::{self, Signals};
use super::output::{self, Format};
use super::release_flags::{self as shared, yes};
use super::status_text::StatusText;
use helmd_action::Status;
use helmd_chart::HelmMajor;

/// The command.
pub const COMMAND: Command = Command {
    name: "status",
    words: "RELEASE_NAME",
    count: Count::Exactly(1),
    about: "Show a release: its state, its live objects, its tests and its notes, as helm status does.",
    flags,
    run: status,
};

fn flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = vec![
        shared::revision(),
        output::flag(),
        yes("explain", "tell why the revision failed: pods, logs, events, and what to do"),
    ];
    if helm == HelmMajor::Helm3 {
        flags.extend([
            yes("show-desc", "show the description, too"),
            yes("show-resources", "show the live objects, too"),
        ]);
    }
    flags
}

fn status(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    let format = Format::of(matches);
    let status = Status {
        revision: matches.int("revision", 0),
        // HELM: version 4 always shows them.
        show_resources: helm == HelmMajor::Helm4 || matches.flag("show-resources"),
        as_tables: format == Format::Table,
        ..Status::new(matches.words.first().cloned().unwrap_or_default())
    };
    let mut release = live::run(call, Signals::End, |cx| async move { status.run(&cx).await })?;
    // HELM: the chart is not shown.
    release.chart = None;
    let mut text = StatusText::new(&release, call);
    if helm == HelmMajor::Helm3 {
        text.description = matches.flag("show-desc");
        text.resources = matches.flag("show-resources");
    }
    text.explain = matches.flag("explain");
    let text = text.write(format)?;
    call.print(text.as_bytes())
}
