//! The command line with a stranger's chart: what it can see and touch, and what it may use up.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A folder with a chart, and one in which commands run.
struct Place {
    outer: tempfile::TempDir,
}

impl Place {
    fn new(template: &str) -> Place {
        let place = Place { outer: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(place.path("c/templates")).unwrap();
        std::fs::create_dir_all(place.path("work")).unwrap();
        std::fs::write(place.path("c/Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
        std::fs::write(place.path("c/templates/x.yaml"), template).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.outer.path().join(name)
    }

    /// Runs `helmd template` on the chart with these further arguments and variables.
    fn template(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.run(&[&["template", "r", "../c"], arguments].concat(), variables)
    }

    /// Runs `helmd` beside the chart, which is `../c`.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let started = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_helmd"))
            .args(arguments)
            .current_dir(self.path("work"))
            .env_clear()
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert!(started.elapsed() < Duration::from_secs(60), "took {:?}", started.elapsed());
        output
    }

    /// Every file of this place.
    fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(self.outer.path(), &mut found);
        found.sort();
        found
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success() && output.stdout.is_empty(), "{}", text(&output.stdout));
    text(&output.stderr)
}

/// The environment and its zone are not the chart's.
#[test]
fn the_environment_stays_outside() {
    let zone =
        "a: {{ dateInZone \"15:04 MST\" (toDate \"2006-01-02\" \"2026-07-01\") \"Local\" }} {{ now | date \"MST\" }}";
    let place = Place::new(zone);
    let output = place.template(&[], &[("TZ", "Asia/Tokyo"), ("CANARY", "canary"), ("HOME", "/canary")]);
    assert!(text(&output.stdout).contains("a: 00:00 UTC UTC"), "{}{}", text(&output.stdout), text(&output.stderr));
    let place = Place::new("a: {{ env \"CANARY\" }}");
    let refused = error(&place.template(&[], &[("CANARY", "canary")]));
    assert!(refused.contains("function \"env\" not defined") && !refused.contains("canary"), "{refused}");
}

/// CVE-2024-25620 and its kind: a chart chooses where a file is written.
#[test]
fn files_are_written_below_the_output_folder_only() {
    let evil = "kind: A\n---\n# Source: ../../evil.yaml\nkind: B\n---\n# Source: /tmp/../evil.yaml\nkind: C\n---\n\
        # Source: c/../../../evil.yaml\nkind: D\n";
    let place = Place::new(evil);
    let before = place.files();
    let output = place.template(&["--output-dir", "out"], &[]);
    let out = place.path("work/out");
    for file in place.files().into_iter().filter(|f| !before.contains(f)) {
        assert!(file.starts_with(&out), "{} was written: {}", file.display(), text(&output.stdout));
    }
    assert!(!Path::new("/evil.yaml").exists() && !Path::new("/tmp/evil.yaml").exists());
    // The chart itself is as it was.
    assert_eq!(std::fs::read_to_string(place.path("c/templates/x.yaml")).unwrap(), evil);
}

/// CVE-2025-53547: nothing is written into a chart.
#[test]
fn a_chart_is_only_read() {
    let place = Place::new("a: 1");
    let before = place.files();
    assert!(place.template(&[], &[]).status.success());
    assert_eq!(place.files(), before);
}

/// Budgets by flag and by variable; the flag counts more.
#[test]
fn budgets_are_settings() {
    let place = Place::new("a: {{ range until 100 }}{{ end }}1");
    assert!(place.template(&[], &[]).status.success());
    let flag = error(&place.template(&["--budget", "steps=10"], &[]));
    assert!(
        flag.contains("budget steps exceeded (at most 10 template steps); allow more with --budget steps=N"),
        "{flag}"
    );
    let variable = error(&place.template(&[], &[("HELMD_BUDGET_STEPS", "20")]));
    assert!(variable.contains("budget steps exceeded (at most 20 template steps)"), "{variable}");
    assert!(place.template(&["--budget", "steps=1000,items=1k"], &[("HELMD_BUDGET_STEPS", "20")]).status.success());
    for (arguments, variables, want) in [
        (
            &["--budget", "stepps=1"][..],
            &[][..],
            "Error: --budget: there is no budget \"stepps\"; the budgets are: steps, ",
        ),
        (&["--budget", "steps"], &[], "Error: --budget \"steps\": it must be NAME=VALUE"),
        (&["--budget", "steps=x"], &[], "Error: --budget: budget steps: \"x\" is no number"),
        (&[], &[("HELMD_BUDGET_STEPPS", "1")], "Error: HELMD_BUDGET_STEPPS: there is no budget \"STEPPS\""),
        (&["--budget", "render-time=0"], &[], "budget render-time exceeded (at most 0 seconds of rendering)"),
        (&["--budget", "archive-entries=1"], &[], "budget archive-entries exceeded (at most 1 files and folders"),
    ] {
        let refused = error(&place.template(arguments, variables));
        assert!(refused.contains(want), "{refused}");
    }
}

/// Each command that reads a chart does so within the budgets of flags and environment.
#[test]
fn budgets_hold_for_every_command() {
    let place = Place::new("a: {{ range until 100 }}{{ end }}1");
    let starter = place.path("c").display().to_string();
    let entries = "budget archive-entries exceeded (at most 1 files and folders";
    for command in [
        &["lint", "../c"][..],
        &["show", "all", "../c"],
        &["package", "../c"],
        &["dependency", "list", "../c"],
        &["create", "d", "--starter", &starter],
    ] {
        let with = |more: &[&str], variables: &[(&str, &str)]| {
            let output = place.run(&[command, more].concat(), variables);
            (output.status.success(), text(&output.stdout) + &text(&output.stderr))
        };
        let (good, said) = with(&[], &[]);
        assert!(good, "{command:?}: {said}");
        for (flag, variable, want) in [
            ("archive-entries=1", ("HELMD_BUDGET_ARCHIVE_ENTRIES", "1"), entries),
            ("yaml-bytes=9", ("HELMD_BUDGET_YAML_BYTES", "9"), "budget yaml-bytes exceeded (at most 9 bytes"),
            ("stepps=1", ("HELMD_BUDGET_STEPPS", "1"), "there is no budget \"step"),
        ] {
            for (good, said) in [with(&["--budget", flag], &[]), with(&[], &[variable])] {
                assert!(!good && said.to_lowercase().contains(want), "{command:?} {flag}: {said}");
            }
        }
    }
}

/// What lint renders has budgets, too: what runs out is a finding.
#[test]
fn lint_renders_within_its_budgets() {
    let place = Place::new("{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}");
    for (budget, want) in [
        ("steps=10", "budget steps exceeded (at most 10 template steps); allow more with --budget steps=N"),
        ("render-time=1s", "[ERROR] templates/: budget render-time exceeded (at most 1 seconds of rendering); allow "),
    ] {
        let output = place.run(&["lint", "../c", "--budget", budget], &[]);
        let found = text(&output.stdout);
        assert!(!output.status.success() && found.contains(want), "{found}");
        assert_eq!(text(&output.stderr), "Error: 1 chart(s) linted, 1 chart(s) failed\n");
    }
}

/// A render that never ends ends with its budget of time.
#[test]
fn time_is_over_some_time() {
    let place = Place::new("{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}");
    let started = Instant::now();
    let late = error(&place.template(&["--budget", "render-time=1s"], &[]));
    assert!(late.contains("budget render-time exceeded (at most 1 seconds of rendering)"), "{late}");
    assert!(started.elapsed() < Duration::from_secs(15), "took {:?}", started.elapsed());
}

/// The documentation has every budget with its default.
#[test]
fn the_documentation_is_whole() {
    let page = include_str!("../../../docs/budgets.md");
    let defaults = helmd_action::Budgets::default();
    for setting in &helmd_action::budgets::SETTINGS {
        let row = format!("| `{}` | {} |", setting.name, setting.shown(&defaults));
        assert!(page.contains(&row), "docs/budgets.md lacks the row {row}");
    }
}
