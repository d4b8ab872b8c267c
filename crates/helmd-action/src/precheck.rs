//! What is looked at before a chart goes anywhere.

use helmd_chart::Chart;

/// Charts that `Chart.yaml` names and `charts/` lacks.
#[derive(Debug, thiserror::Error)]
#[error("found in Chart.yaml, but missing in charts/ directory: {}", .0.join(", "))]
pub struct MissingDependencies(pub Vec<String>);

/// A chart that is only there for others to use.
#[derive(Debug, thiserror::Error)]
#[error("{0} charts are not installable")]
pub struct NotInstallable(pub String);

/// Checks that every dependency of `Chart.yaml` is in `charts/`.
///
/// # Errors
/// The missing names, in order.
pub fn check_dependencies(chart: &Chart) -> Result<(), MissingDependencies> {
    let present = |name: &str| chart.dependencies.iter().any(|d| d.name() == name);
    let missing: Vec<String> =
        chart.metadata.dependencies.iter().filter(|d| !present(&d.name)).map(|d| d.name.clone()).collect();
    if missing.is_empty() { Ok(()) } else { Err(MissingDependencies(missing)) }
}

/// Checks that the chart is an application.
///
/// # Errors
/// Its type, when it is another.
pub fn check_installable(chart: &Chart) -> Result<(), NotInstallable> {
    match chart.metadata.chart_type.as_str() {
        "" | "application" => Ok(()),
        other => Err(NotInstallable(other.to_owned())),
    }
}
