//! `helmd dependency`: helm dependency.

use super::command::{Call, Command, Count, Group, disk};
use super::flags::{Flag, Kind};
use helmd_action::{DependencyList, helm_text};
use helmd_index::table::Table;
use helmd_repo::local::Detection;

/// The commands.
pub const GROUP: Group = Group {
    name: "dependency",
    about: "The charts that a chart wants: those in `dependencies` of its Chart.yaml, which lie in its charts/.",
    commands: &[
        (&["list", "ls"], "which charts a chart wants, and whether they are there", &LIST),
        (&["build"], "fetch the versions in Chart.lock (not there yet)", &BUILD),
        (&["update", "up"], "fetch the newest versions that will do (not there yet)", &UPDATE),
    ],
};

const LIST: Command = Command {
    name: "dependency list",
    words: "CHART",
    count: Count::AtMost(1),
    about: "List the charts that a chart wants, and whether they are there: \"ok\" as an archive, \"unpacked\" as a folder,\n\
            \"missing\", or in the wrong version. CHART is a folder or an archive, the working folder unless given.",
    flags: |_| vec![Flag::new("max-col-width", Kind::Uint, "cut columns that are wider; 0 cuts none (80 unless set)")],
    run: list,
};

const BUILD: Command = Command {
    name: "dependency build",
    about: "Fetch the charts in a chart's Chart.lock. Not there yet.",
    flags: |_| Vec::new(),
    run: |_| Err("dependency build is not there yet: put the charts into charts/ yourself".to_owned()),
    ..LIST
};

const UPDATE: Command = Command {
    name: "dependency update",
    about: "Fetch the charts that a chart wants and write Chart.lock. Not there yet.",
    run: |_| Err("dependency update is not there yet: put the charts into charts/ yourself".to_owned()),
    ..BUILD
};

fn list(call: &mut Call<'_>) -> Result<(), String> {
    let chart = call.matches.words.first().map_or_else(|| ".".to_owned(), |path| helmd_chart::clean_path(path));
    let loader = call.loader()?;
    let mut log = Vec::new();
    let listed = DependencyList { chart }.run(&disk(&loader, Detection::Skip), &mut log);
    call.log(&log);
    let listed = listed.map_err(|e| helm_text(&e))?;
    let Some(wanted) = listed.wanted else {
        return call.print(format!("WARNING: no dependencies at {}\n", listed.folder).as_bytes());
    };
    let width = call.matches.text_or("max-col-width", "80").parse().unwrap_or(usize::MAX);
    let mut table = Table::new(width);
    table.row(["NAME", "VERSION", "REPOSITORY", "STATUS"]);
    for chart in wanted {
        table.row([chart.name.as_str(), &chart.version, &chart.repository, &chart.status.to_string()]);
    }
    call.print(format!("{table}\n\n").as_bytes())?;
    let warnings: String = listed.warnings.iter().map(|line| format!("{line}\n")).collect();
    call.print(warnings.as_bytes())
}
