//! `helmd list`: helm list.

use super::command::{Call, Command, Count};
use super::flags::{Flag, Kind};
use super::live::{self, Signals};
use super::output::{self, Format, Tint, tinted};
use super::release_flags::{text, yes};
use helmd_action::{DefaultStates, List};
use helmd_chart::HelmMajor;
use helmd_release::Release;
use serde::Serialize;
use sprig::time::{Moment, Zone};

/// The command.
pub const COMMAND: Command = Command {
    name: "list",
    words: "",
    count: Count::Exactly(0),
    about: "List releases, as helm list does: those of the namespace, in every state (with --helm3: deployed and failed ones).",
    flags,
    run: list,
};

fn flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = vec![
        yes("all-namespaces", "those of all namespaces").short('A'),
        yes("date", "sort by the time of the last change").short('d'),
        yes("deployed", "deployed ones"),
        yes("failed", "failed ones"),
        text("filter", "those whose name matches a regular expression").short('f'),
        Flag::new("max", Kind::Int, "how many at most, 0 for all (256)").short('m'),
        yes("no-headers", "no head of the table"),
        Flag::new("offset", Kind::Int, "how many are left out at the start"),
        output::flag(),
        yes("pending", "pending ones"),
        yes("reverse", "sort the other way round").short('r'),
        text("selector", "those whose record has such labels: team=a,tier!=b").short('l'),
        yes("short", "names only").short('q'),
        yes("superseded", "superseded revisions"),
        text("time-format", "Go's layout for times: 2006-01-02 15:04:05Z0700"),
        yes("uninstalled", "uninstalled ones whose history is kept"),
        yes("uninstalling", "ones that are being uninstalled"),
    ];
    if helm == HelmMajor::Helm3 {
        flags.push(yes("all", "every state").short('a'));
    }
    flags
}

/// A release as it is printed.
#[derive(Serialize)]
struct Element {
    name: String,
    namespace: String,
    revision: String,
    updated: String,
    status: String,
    chart: String,
    app_version: String,
}

impl Element {
    fn of(release: &Release, layout: &str) -> Element {
        let updated = release.info.last_deployed.map_or_else(
            || "-".to_owned(),
            |time| {
                if layout.is_empty() {
                    return time.go_string(None);
                }
                let zone = match time.offset().seconds() {
                    0 => Zone::Utc,
                    seconds => Zone::Fixed("".into(), i64::from(seconds)),
                };
                let shown = Moment::from_timestamp(time.timestamp(), zone).format(layout.as_bytes());
                String::from_utf8_lossy(&shown).into_owned()
            },
        );
        Element {
            name: release.name.clone(),
            namespace: release.namespace.clone(),
            revision: release.version.to_string(),
            updated,
            status: release.info.status.to_string(),
            chart: release.chart_title(),
            app_version: release.app_version().to_owned(),
        }
    }

    fn cells(self, color: bool) -> Vec<String> {
        let Element { name, namespace, revision, updated, status, chart, app_version } = self;
        let namespace = tinted(&namespace, Tint::Namespace, color);
        let status = tinted(&status, Tint::Status, color);
        vec![name, namespace, revision, updated, status, chart, app_version]
    }
}

fn list(call: &mut Call<'_>) -> Result<(), String> {
    let matches = call.matches;
    let list = List {
        all: matches.flag("all"),
        all_namespaces: matches.flag("all-namespaces"),
        by_date: matches.flag("date"),
        sort_reverse: matches.flag("reverse"),
        limit: matches.int("max", 256),
        offset: matches.int("offset", 0),
        filter: matches.text("filter").to_owned(),
        uninstalled: matches.flag("uninstalled"),
        superseded: matches.flag("superseded"),
        uninstalling: matches.flag("uninstalling"),
        deployed: matches.flag("deployed"),
        failed: matches.flag("failed"),
        pending: matches.flag("pending"),
        selector: matches.text("selector").to_owned(),
        default_states: match call.helm {
            HelmMajor::Helm3 => DefaultStates::Helm3,
            HelmMajor::Helm4 => DefaultStates::Helm4,
        },
    };
    let listed = live::run(call, Signals::End, |cx| async move { list.run(&cx).await })?;
    let format = Format::of(matches);
    let text = if matches.flag("short") {
        let names: Vec<&str> = listed.releases.iter().map(|release| release.name.as_str()).collect();
        output::write(format, &names, || Ok(names.iter().map(|name| format!("{name}\n")).collect()))?
    } else {
        let layout = matches.text("time-format");
        let elements: Vec<Element> = listed.releases.iter().map(|release| Element::of(release, layout)).collect();
        match format {
            Format::Table => {
                let color = call.helm == HelmMajor::Helm4 && call.settings.color;
                table(elements, matches.flag("no-headers"), color)
            }
            other => output::write(other, &elements, || Ok(String::new()))?,
        }
    };
    call.print(text.as_bytes())
}

fn table(elements: Vec<Element>, bare: bool, color: bool) -> String {
    let head = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"];
    let mut rows = if bare { Vec::new() } else { vec![head.map(|name| tinted(name, Tint::Head, color)).to_vec()] };
    rows.extend(elements.into_iter().map(|element| element.cells(color)));
    output::table(&rows)
}
