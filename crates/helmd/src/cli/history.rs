//! `helmd history`: helm history.

use super::command::{Call, Command, Count};
use super::flags::{Flag, Kind};
use super::live::{self, Signals};
use super::output::{self, Format};
use super::release_flags::yes;
use helmd_action::History;
use helmd_chart::HelmMajor;
use helmd_release::Release;
use serde::Serialize;

/// The command.
pub const COMMAND: Command = Command {
    name: "history",
    words: "RELEASE_NAME",
    count: Count::Exactly(1),
    about: "List the revisions of a release, as helm history does.",
    flags,
    run: history,
};

fn flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = vec![Flag::new("max", Kind::Int, "how many of the newest (256)"), output::flag()];
    if helm == HelmMajor::Helm4 {
        flags.push(yes("show-rollback-revision", "in the table, too: to which revision a rollback went"));
    }
    flags
}

/// A revision as it is printed.
#[derive(Serialize)]
struct Revision {
    revision: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
    status: String,
    chart: String,
    app_version: String,
    #[serde(skip_serializing_if = "is_zero")]
    rollback_revision: i64,
    description: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Revision {
    fn of(release: &Release, helm: HelmMajor) -> Revision {
        let time = release.info.last_deployed.map(|time| time.rfc3339_nano());
        let three = helm == HelmMajor::Helm3;
        Revision {
            revision: release.version,
            updated: if three { Some(time.unwrap_or_default()) } else { time },
            status: release.info.status.to_string(),
            chart: release.chart_title(),
            app_version: release.app_version().to_owned(),
            rollback_revision: if three { 0 } else { release.info.rollback_revision },
            description: release.info.description.clone(),
        }
    }
}

fn history(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    let history = History::new(matches.words.first().cloned().unwrap_or_default());
    let releases = live::run(call, Signals::End, |cx| async move { history.run(&cx).await })?;
    let max = usize::try_from(matches.int("max", 256)).unwrap_or_default();
    let shown = releases.get(releases.len().saturating_sub(max)..).unwrap_or_default();
    let revisions: Vec<Revision> = shown.iter().map(|release| Revision::of(release, helm)).collect();
    let text =
        output::write(Format::of(matches), &revisions, || Ok(table(shown, matches.flag("show-rollback-revision"))))?;
    call.print(text.as_bytes())
}

fn table(releases: &[Release], rollbacks: bool) -> String {
    let head = ["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"].map(str::to_owned);
    let row = |mut cells: Vec<String>, rollback: String, description: String| {
        if rollbacks {
            cells.push(rollback);
        }
        cells.push(description);
        cells
    };
    let mut rows = vec![row(head.to_vec(), "ROLLBACK".to_owned(), "DESCRIPTION".to_owned())];
    rows.extend(releases.iter().map(|release| {
        let cells = vec![
            release.version.to_string(),
            release.info.last_deployed.map_or_else(|| "Mon Jan  1 00:00:00 0001".to_owned(), |time| time.ansic()),
            release.info.status.to_string(),
            release.chart_title(),
            release.app_version().to_owned(),
        ];
        let rollback = match release.info.rollback_revision {
            revision if revision > 0 => revision.to_string(),
            _ => String::new(),
        };
        row(cells, rollback, release.info.description.clone())
    }));
    output::table(&rows)
}
