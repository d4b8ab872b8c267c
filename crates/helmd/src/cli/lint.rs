//! `helmd lint`: helm lint.

use super::command::{Call, Command, Count};
use super::flags::{Flag, Kind};
use super::values;
use helmd_action::{Lint, Linted, helm_text};
use helmd_chart::{HelmMajor, Values};
use helmd_lint::{Options, Severity};
use helmd_repo::subcharts;
use helmd_values::KubeVersion;
use std::collections::BTreeSet;
use std::path::Path;

/// The command.
pub const COMMAND: Command = Command {
    name: "lint",
    words: "PATH...",
    // HELM: version 4 wants one, version 3 takes the working folder.
    count: Count::Any,
    about: "Examine charts for possible issues, as helm lint does.\n\n\
            What will make a chart fail is an [ERROR], what goes against conventions a [WARNING]. PATH is a folder or a .tgz\n\
            archive.",
    flags: |_| flags(),
    run: lint,
};

fn flags() -> Vec<Flag> {
    let yes = |name, usage| Flag::new(name, Kind::Bool, usage);
    let mut flags = values::flags();
    flags.extend([
        Flag::new("kube-version", Kind::Text, "Kubernetes version for capabilities and deprecations"),
        yes("quiet", "print warnings and errors only"),
        yes("skip-schema-validation", "do not check the values against the chart's schema"),
        yes("strict", "fail on warnings, too"),
        yes("with-subcharts", "lint the charts in charts/, too"),
    ]);
    flags
}

/// What the log says of a reference in a schema that nobody can resolve.
const UNRESOLVED_URN: &str = "unresolved URN reference ignored";

const USAGE: &str = "\"helm lint\" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]";

fn lint(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    let mut paths = matches.words.clone();
    match helm {
        HelmMajor::Helm3 if paths.is_empty() => paths.push(".".to_owned()),
        HelmMajor::Helm4 if paths.is_empty() => return Err(USAGE.to_owned()),
        _ => {}
    }
    let lint = action(call)?;
    if matches.flag("with-subcharts") {
        let below = matches.words.iter().flat_map(|path| subcharts::below(Path::new(path)));
        paths.extend(below.map(|path| path.to_string_lossy().into_owned()));
    }
    let mut values = values::merge(matches, helm)?;
    all(call, &lint, &paths, &mut values)
}

fn action(call: &Call<'_>) -> Result<Lint, String> {
    let (helm, matches) = (call.helm, call.matches);
    let kube_version = Some(matches.text("kube-version"))
        .filter(|text| !text.is_empty())
        .map(|text| KubeVersion::parse(text, helm).map_err(|e| format!("invalid kube version '{text}': {e}")));
    let options = Options {
        namespace: call.settings.namespace.clone(),
        kube_version: kube_version.transpose()?,
        skip_schema_validation: matches.flag("skip-schema-validation"),
        budgets: call.budgets()?,
        ..Options::new(helm)
    };
    Ok(Lint { strict: matches.flag("strict"), unpack_below: std::env::temp_dir(), ..Lint::new(options) })
}

fn all(call: &mut Call<'_>, lint: &Lint, paths: &[String], values: &mut Values) -> Result<(), String> {
    let quiet = call.matches.flag("quiet");
    let (mut failed, mut noted) = (0, false);
    let (mut text, mut warned) = (String::new(), BTreeSet::new());
    for path in paths {
        let mut linted = lint.path(Path::new(path), values).map_err(|error| helm_text(&error))?;
        // HELM: a process warns once of each URN.
        linted.log.retain(|line| !line.contains(UNRESOLVED_URN) || warned.insert(line.clone()));
        call.log(&linted.log);
        failed += usize::from(linted.failed);
        noted |= linted.has_warnings_or_errors();
        if !quiet || linted.has_warnings_or_errors() {
            text.push_str(&shown(path, &linted, quiet));
        }
    }
    let summary = format!("{} chart(s) linted, {failed} chart(s) failed", paths.len());
    if failed == 0 && (!quiet || noted) {
        text.push_str(&summary);
        text.push('\n');
    }
    call.print(text.as_bytes())?;
    if failed > 0 { Err(summary) } else { Ok(()) }
}

/// The findings on one chart, and a blank line.
fn shown(path: &str, linted: &Linted, quiet: bool) -> String {
    let mut text = format!("==> Linting {path}\n");
    if let Some(error) = &linted.error {
        text.push_str(&format!("Error {error}\n"));
    }
    for message in linted.messages.iter().filter(|m| !quiet || m.severity > Severity::Info) {
        text.push_str(&format!("{message}\n"));
    }
    text.push('\n');
    text
}
