//! `helmd show`: helm show.

use super::chart_path::{self, Heard, Located};
use super::command::{Call, Command, Count, Group, debug_line, disk};
use super::flags::{Flag, Kind};
use helmd_action::helm_text;
use helmd_action::show::{Part, Show};
use helmd_chart::Chart;
use helmd_repo::local::Detection;

/// The commands.
pub const GROUP: Group = Group {
    name: "show",
    about: "Print what a chart says of itself.",
    commands: &[
        (&["all"], "everything of the following", &ALL),
        (&["chart"], "the chart's metadata", &CHART),
        (&["crds"], "the chart's custom resource definitions", &CRDS),
        (&["readme"], "the chart's description", &README),
        (&["values"], "the chart's default values", &VALUES),
    ],
};

const ALL: Command = Command {
    name: "show all",
    words: "[CHART]",
    count: Count::Exactly(1),
    about: "Print metadata, default values, description and custom resource definitions of a chart: a folder, a .tgz\n\
            archive, or an archive's URL. Lines of --- stand between them.",
    flags: |_| flags(),
    run: |call| show(call, Part::All),
};

const CHART: Command = Command {
    name: "show chart",
    about: "Print the metadata of a chart, as they are read from its Chart.yaml.",
    run: |call| show(call, Part::Chart),
    ..ALL
};

const CRDS: Command = Command {
    name: "show crds",
    about: "Print the custom resource definitions in crds/ of a chart and of its subcharts.",
    run: |call| show(call, Part::Crds),
    ..ALL
};

const README: Command = Command {
    name: "show readme",
    about: "Print the description of a chart: its README.md, README.txt or README, in any case of letters.",
    run: |call| show(call, Part::Readme),
    ..ALL
};

const VALUES: Command = Command {
    name: "show values",
    about: "Print the default values of a chart: the text of its values.yaml, or what a JSONPath expression finds there.",
    flags: |_| {
        let mut flags = flags();
        flags.push(Flag::new("jsonpath", Kind::Text, "print only what this finds, as in '{.image.repository}'"));
        flags
    },
    run: |call| show(call, Part::Values),
    ..ALL
};

fn flags() -> Vec<Flag> {
    let mut flags = chart_path::flags();
    flags.push(Flag::new("devel", Kind::Bool, "development versions, too"));
    flags
}

fn show(call: &mut Call<'_>, part: Part) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    chart_path::check_tls_files(matches, helm)?;
    if call.settings.debug {
        let version = matches.text("version");
        let three = format!("Original chart version: {}", gotmpl::strconv::quote(version));
        tell(call, ("show.go:214", &three), ("original chart version", &[("version", version)]));
        if version.is_empty() && matches.flag("devel") {
            let text = "setting version to >0.0.0-0";
            tell(call, ("show.go:216", text), (text, &[]));
        }
    }
    let reference = matches.words.first().map_or("", String::as_str);
    let err = &mut *call.err;
    let mut warn = |line: &str| {
        let _closed = writeln!(err, "{line}");
    };
    let heard = Heard::default();
    let located = chart_path::locate(reference, matches, helm, (&mut warn, &heard));
    let _closed = write!(call.err, "{}", heard.take());
    let located = located?;
    let chart = load(call, &located)?;
    let show = Show { part, json_path: matches.text("jsonpath").to_owned(), helm };
    let text = show.run(&chart).map_err(|e| helm_text(&e))?;
    call.print(&text)
}

fn tell(call: &mut Call<'_>, three: (&str, &str), four: (&str, &[(&str, &str)])) {
    let _closed = writeln!(call.err, "{}", debug_line(call.helm, three, four));
}

fn load(call: &mut Call<'_>, located: &Located) -> Result<Chart, String> {
    let loader = call.loader()?;
    // HELM: what is only shown may be of any API version.
    let disk = disk(&loader, Detection::Skip);
    let mut log = Vec::new();
    let loaded = disk.load(&located.0, &mut log);
    call.log(&log);
    loaded.map_err(|e| helm_text(&e))
}
