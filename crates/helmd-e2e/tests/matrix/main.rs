//! {helm 3, helm 4, helmd} install × {helm 3, helm 4, helmd} go on: upgrade, failed upgrade, rollback, uninstall; with both ways of
//! applying, for twelve charts. After each step everything equals what there is when helm 4 stands in helmd's place.
#![expect(clippy::unwrap_used, reason = "a walk that cannot begin is a failed test")]

mod charts;
mod state;

use anyhow::{Context, Result};
use helmd_e2e::proxy::Upstream;
use helmd_e2e::{Program, Setup};
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many sequences run at a time.
const PARALLEL: usize = 4;
/// Without `HELMD_MATRIX=all`, one chart of so many.
const SHARE: usize = 6;
const RELEASE: &str = "demo";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Helm3,
    Helm4,
    Helmd,
}

impl Who {
    /// The real program in its place.
    fn real(self) -> Who {
        if self == Who::Helmd { Who::Helm4 } else { self }
    }
}

/// A sequence: who installs, who goes on, and whether the server applies.
type Cell = (Who, Who, bool);

/// What was done and what there was then, step by step.
type Steps = Vec<(String, String)>;

struct World {
    upstream: Upstream,
    programs: BTreeMap<Who, Program>,
    reader: Program,
    kubectl: Program,
    _folder: tempfile::TempDir,
}

impl World {
    fn begin(setup: &Setup, folder: tempfile::TempDir) -> World {
        let kubeconfig = setup.kubeconfig.clone().unwrap();
        // The program's file name is the field manager.
        let named = |name: &str, program: &Path| {
            let place = folder.path().join(name);
            std::fs::create_dir_all(&place).unwrap();
            symlink(program, place.join("helm")).unwrap();
            Program::new(place.join("helm"), &kubeconfig, folder.path())
        };
        let programs = BTreeMap::from([
            (Who::Helm3, named("3", &setup.tools.join("helm3"))),
            (Who::Helm4, named("4", &setup.tools.join("helm4"))),
            (Who::Helmd, named("d", &setup.helmd)),
        ]);
        let reader = programs.get(&Who::Helm4).unwrap().clone();
        let kubectl = Program::new("kubectl", &kubeconfig, folder.path());
        World { upstream: Upstream::start(&kubeconfig).unwrap(), programs, reader, kubectl, _folder: folder }
    }

    /// The whole sequence in a namespace of its own.
    fn run(&self, (writer, other, server_side): Cell, chart: &Path, number: usize) -> Result<Steps> {
        let namespace = format!("mx-{}-{number:04}", std::process::id());
        self.kubectl.run(&["create", "namespace", &namespace])?;
        let chart = chart.display().to_string();
        let install: &[&str] = match (writer, server_side) {
            (Who::Helm3, _) => &["install", RELEASE, &chart],
            (_, true) => &["install", RELEASE, &chart, "--server-side=true"],
            (_, false) => &["install", RELEASE, &chart, "--server-side=false"],
        };
        let two = ["upgrade", RELEASE, &chart, "--set", "round=2", "--description", "second"];
        let broken = ["upgrade", RELEASE, &chart, "--set", "round=3,fail=true", "--reset-then-reuse-values"];
        let steps: [(&str, Who, &[&str]); 5] = [
            ("install", writer, install),
            ("upgrade", other, &two),
            ("failed upgrade", other, &broken),
            ("rollback", other, &["rollback", RELEASE, "1"]),
            ("uninstall", other, &["uninstall", RELEASE, "--keep-history"]),
        ];
        let mut done = Steps::new();
        for (name, who, words) in steps {
            let program = self.programs.get(&who).context("a program")?;
            let outcome = match program.run(&[words, &["-n", &namespace]].concat()) {
                Ok(_) => "done".to_owned(),
                Err(err) => {
                    let text = format!("{err:#}");
                    text.split_once("Error: ").map_or(text.clone(), |(_, error)| error.replace(&namespace, "NAMESPACE"))
                }
            };
            let state = state::read(&self.upstream, &self.reader, &namespace, RELEASE)?;
            done.push((format!("{name}: {outcome}"), state));
        }
        self.kubectl.run(&["delete", "namespace", &namespace, "--wait=false"])?;
        Ok(done)
    }
}

/// The first difference of two texts, in short.
fn difference(want: &str, got: &str) -> String {
    let lines: Vec<(&str, &str)> = want.lines().zip(got.lines()).filter(|(a, b)| a != b).take(6).collect();
    lines.iter().map(|(a, b)| format!("\n      helm  {}\n      helmd {}", a.trim(), b.trim())).collect()
}

fn compare(want: &Steps, got: &Steps) -> Vec<String> {
    let mut different = Vec::new();
    for ((want_step, want), (got_step, got)) in want.iter().zip(got) {
        if want_step != got_step {
            different.push(format!("{want_step}\n    helmd: {got_step}"));
        }
        if want != got {
            different.push(format!("{want_step}: {}", difference(want, got)));
        }
    }
    different
}

#[expect(clippy::disallowed_methods, reason = "the environment says how much is tested")]
fn share() -> usize {
    if std::env::var("HELMD_MATRIX").is_ok_and(|wanted| wanted == "all") { 1 } else { SHARE }
}

#[test]
fn matrix_of_who_writes_and_who_goes_on() {
    let Some(setup) = Setup::find(true) else { return };
    let folder = tempfile::tempdir().unwrap();
    let charts = charts::write(folder.path(), share()).unwrap();
    let world = World::begin(&setup, folder);
    let who = [Who::Helm3, Who::Helm4, Who::Helmd];
    let pairs = who.iter().flat_map(|a| who.iter().map(move |b| (*a, *b)));
    let cells: Vec<Cell> = pairs
        .flat_map(|(a, b)| [(a, b, false), (a, b, true)])
        // helm 3 knows one way, and what it does alone is no question.
        .filter(|(a, b, server_side)| !(*a == Who::Helm3 && (*server_side || *b == Who::Helm3)))
        .collect();
    let work: Vec<(usize, Cell)> = (0..charts.len()).flat_map(|c| cells.iter().map(move |cell| (c, *cell))).collect();
    let results = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    let run = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((chart, cell)) = work.get(number) else { return };
            let folder = &charts.get(*chart).unwrap().1;
            let steps = world.run(*cell, folder, number);
            results.lock().unwrap().insert((*chart, *cell), steps);
        }
    };
    std::thread::scope(|scope| (0..PARALLEL).for_each(|_| drop(scope.spawn(run))));
    let results = results.into_inner().unwrap();
    println!("| chart | installs | goes on | server-side | steps | result |\n|---|---|---|---|---|---|");
    let mut failures = Vec::new();
    for ((chart, cell @ (a, b, server_side)), steps) in &results {
        let name = charts.get(*chart).unwrap().0;
        if *a != Who::Helmd && *b != Who::Helmd {
            continue;
        }
        let reference = results.get(&(*chart, (a.real(), b.real(), *server_side))).unwrap();
        let different = match (reference, steps) {
            (Ok(want), Ok(got)) => compare(want, got),
            (Err(err), _) | (_, Err(err)) => vec![format!("{err:#}")],
        };
        let result = if different.is_empty() { "equal".to_owned() } else { format!("{} differ", different.len()) };
        println!("| {name} | {a:?} | {b:?} | {server_side} | 5 | {result} |");
        if !different.is_empty() {
            failures.push(format!("{name} {cell:?}\n  {}", different.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{} cells differ\n{}", failures.len(), failures.join("\n"));
}
