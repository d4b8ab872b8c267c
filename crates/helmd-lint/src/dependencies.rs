//! Rules for dependencies: those that `Chart.yaml` names, and those in `charts/`.

use crate::message::{Linter, Severity};
use helmd_chart::Chart;
use std::collections::BTreeSet;

pub(crate) fn lint(linter: &mut Linter<'_>) {
    let chart = match linter.chart() {
        Ok(chart) => chart,
        Err(text) => {
            linter.check(Severity::Error, "", Err(format!("unable to load chart\n\t{text}")));
            return;
        }
    };
    let path = &linter.folder.path;
    linter.check(Severity::Error, path, all_named(chart));
    linter.check(Severity::Error, path, no_name_twice(chart));
    linter.check(Severity::Warning, path, all_there(chart));
}

fn joined(what: &str, names: &[&str]) -> Result<(), String> {
    if names.is_empty() { Ok(()) } else { Err(format!("{what}: {}", names.join(","))) }
}

/// Each chart in `charts/` is named in `Chart.yaml`.
fn all_named(chart: &Chart) -> Result<(), String> {
    let named: BTreeSet<&str> = chart.metadata.dependencies.iter().map(|d| d.name.as_str()).collect();
    let missing: Vec<&str> = chart.dependencies.iter().map(Chart::name).filter(|name| !named.contains(name)).collect();
    joined("chart metadata is missing these dependencies", &missing)
}

fn no_name_twice(chart: &Chart) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let names = chart.metadata.dependencies.iter().map(|d| d.used_name());
    let twice: Vec<&str> = names.filter(|name| !seen.insert(*name)).collect();
    joined("multiple dependencies with name or alias", &twice)
}

/// Each chart that `Chart.yaml` names is in `charts/`.
fn all_there(chart: &Chart) -> Result<(), String> {
    let there: BTreeSet<&str> = chart.dependencies.iter().map(Chart::name).collect();
    let names = chart.metadata.dependencies.iter().map(|d| d.name.as_str());
    let missing: Vec<&str> = names.filter(|name| !there.contains(name)).collect();
    joined("chart directory is missing these dependencies", &missing)
}
