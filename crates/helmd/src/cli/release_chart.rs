//! Chart and values of an install or upgrade.

use super::chart_path::{self, Heard, Located};
use super::command::Call;
use super::dependency;
use super::values;
use gotmpl::slog;
use helmd_action::{check_dependencies, check_installable, helm_text};
use helmd_chart::{Chart, HelmMajor, Values};

/// For whom a chart is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For an install.
    Install,
    /// For an upgrade of a release that there is.
    Upgrade,
}

/// Finds the chart, reads the values and loads the chart, in Helm's order.
///
/// # Errors
/// In Helm's words.
pub fn load(
    call: &mut Call<'_>,
    reference: &str,
    purpose: Purpose,
    between: impl FnOnce() -> Result<(), String>,
) -> Result<(Chart, Values), String> {
    let (helm, matches) = (call.helm, call.matches);
    let err = &mut *call.err;
    let mut warn = |line: &str| {
        let _closed = writeln!(err, "{line}");
    };
    let heard = Heard::default();
    let located = chart_path::locate(reference, matches, helm, (&mut warn, &heard));
    call.tell(&heard.take())?;
    let located = located?;
    between()?;
    let values = values::merge(matches, helm)?;
    Ok((chart(call, &located, purpose)?, values))
}

fn chart(call: &mut Call<'_>, located: &Located, purpose: Purpose) -> Result<Chart, String> {
    let chart = located.load(&call.loader()?)?;
    call.log(&chart.warnings);
    let deprecated = chart.metadata.deprecated.then(|| match call.helm {
        HelmMajor::Helm3 => "WARNING: This chart is deprecated".to_owned(),
        HelmMajor::Helm4 => slog::record("WARN", "this chart is deprecated", &[]),
    });
    let deprecated = deprecated.as_slice();
    if purpose == Purpose::Install {
        check_installable(&chart).map_err(|e| helm_text(&e))?;
        call.log(deprecated);
    }
    if let Err(missing) = check_dependencies(&chart) {
        if call.matches.flag("dependency-update") {
            dependency::update(call, &located.0)?;
            return located.load(&call.loader()?);
        }
        return Err(format!("{}: {missing}", incomplete(call.helm)));
    }
    if purpose == Purpose::Upgrade {
        call.log(deprecated);
    }
    Ok(chart)
}

/// Helm's sentence about dependencies that are not there.
pub fn incomplete(helm: HelmMajor) -> &'static str {
    match helm {
        HelmMajor::Helm3 => {
            "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies"
        }
        HelmMajor::Helm4 => {
            "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies"
        }
    }
}
