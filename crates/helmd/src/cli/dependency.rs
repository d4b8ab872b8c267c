//! `helmd dependency`: helm dependency.

use super::chart_path::{self, Heard, chart_options};
use super::command::{Call, Command, Count, Group, disk};
use super::flags::{Flag, Kind, Matches};
use super::keyring;
use super::release_flags::yes;
use super::repo::now;
use crate::environment;
use helmd_action::{DependencyList, Outside as _, System, helm_text, source_date_epoch};
use helmd_chart::{HelmMajor, Loader, Saving};
use helmd_index::table::Table;
use helmd_repo::Verify;
use helmd_repo::dependencies::Manager;
use helmd_repo::local::Detection;
use helmd_repo::repositories::ChartOptions;
use std::path::Path;
use std::sync::Arc;

/// The commands.
pub const GROUP: Group = Group {
    name: "dependency",
    about: "The charts that a chart wants: those in `dependencies` of its Chart.yaml, which lie in its charts/.",
    commands: &[
        (&["list", "ls"], "which charts a chart wants, and whether they are there", &LIST),
        (&["build"], "fetch the versions in Chart.lock", &BUILD),
        (&["update", "up"], "fetch the newest versions that will do", &UPDATE),
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
    about: "Fetch the charts in a chart's Chart.lock into its charts/; without a lock, as `dependency update`.\n\
            CHART is a folder, the working folder unless given.",
    flags: |_| fetch_flags(),
    run: |call| fetch(call, true),
    ..LIST
};

const UPDATE: Command = Command {
    name: "dependency update",
    about: "Fetch the newest charts that a chart's Chart.yaml takes into its charts/, delete outdated ones, and write Chart.lock.\n\
            CHART is a folder, the working folder unless given.",
    run: |call| fetch(call, false),
    ..BUILD
};

fn fetch_flags() -> Vec<Flag> {
    const SHARED: [&str; 9] = [
        "ca-file",
        "cert-file",
        "insecure-skip-tls-verify",
        "key-file",
        "keyring",
        "password",
        "plain-http",
        "username",
        "verify",
    ];
    let mut flags: Vec<Flag> = chart_path::flags().into_iter().filter(|flag| SHARED.contains(&flag.name)).collect();
    flags.push(yes("skip-refresh", "take the indexes of the repositories as they are"));
    flags
}

fn fetch(call: &mut Call<'_>, build: bool) -> Result<(), String> {
    let chart = call.matches.words.first().map_or_else(|| ".".to_owned(), |path| helmd_chart::clean_path(path));
    chart_path::check_tls_files(call.matches, call.helm)?;
    let skip = call.matches.flag("skip-refresh");
    run_manager(call, Path::new(&chart), (build, skip))
}

/// Fetches what a chart's folder wants, as `dependency update`.
///
/// # Errors
/// In Helm's words.
pub fn update(call: &mut Call<'_>, chart: &Path) -> Result<(), String> {
    run_manager(call, chart, (false, false))
}

/// What is to be printed.
#[derive(Default)]
pub struct Texts {
    /// On standard output.
    pub out: String,
    /// On standard error.
    pub err: String,
    /// What of it is about registries.
    pub registries: String,
}

fn run_manager(call: &mut Call<'_>, chart: &Path, how: (bool, bool)) -> Result<(), String> {
    let loader = call.loader()?;
    let mut text = Texts::default();
    let done = work((call.matches, call.helm), (chart, &loader), how, &mut text);
    call.print(text.out.as_bytes())?;
    let _closed = write!(call.err, "{}", text.err);
    done
}

/// As [`update`]; `text` gets what is to be printed.
///
/// # Errors
/// As [`update`].
pub fn update_telling(whose: (&Matches, HelmMajor), chart: (&Path, &Loader), text: &mut Texts) -> Result<(), String> {
    work(whose, chart, (false, false), text)
}

fn work(
    (matches, helm): (&Matches, HelmMajor),
    (chart, loader): (&Path, &Loader),
    (build, skip_refresh): (bool, bool),
    text: &mut Texts,
) -> Result<(), String> {
    let stamp = source_date_epoch(environment::variable("SOURCE_DATE_EPOCH").as_deref(), helm)?;
    let heard = Heard::default();
    let pulled = Heard::default();
    let mut repos = pulled.from(chart_path::repos(matches, helm));
    if helm == HelmMajor::Helm4 {
        let (heard, pulled) = (heard.clone(), pulled.clone());
        repos.registries.told = Some(Arc::new(move |text| {
            heard.add(text);
            pulled.add(text);
        }));
    }
    let saving = Saving { helm, now: System.now().as_second(), stamp };
    let debug = matches.flag("debug");
    let verify = match (matches.flag("verify"), build) {
        (false, _) => Verify::Never,
        // HELM: a lock is fetched where signatures lack, too.
        (true, true) => Verify::IfPossible(keyring::keys(matches, helm)),
        (true, false) => Verify::Always(keyring::keys(matches, helm)),
    };
    let registry = chart_options(matches);
    let registry = ChartOptions { version: String::new(), repo_url: String::new(), ..registry };
    let manager = Manager { chart, repos: &repos, registry, loader, saving, now: now(), skip_refresh, debug, verify };
    let mut told = |line: &str| heard.add(line);
    let done = chart_path::wait(async {
        if build { manager.build(&mut told).await } else { manager.update(&mut told).await }
    });
    text.out.push_str(&heard.take());
    text.registries = pulled.take();
    // HELM: version 3's registry client has its own way out.
    if helm == HelmMajor::Helm3 {
        text.err.push_str(&text.registries);
    }
    done?
}

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
