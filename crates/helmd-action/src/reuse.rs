//! Which values an upgrade works with: the given ones, the former ones, or both.

use std::collections::BTreeMap;
use std::sync::Arc;

use helmd_chart::{Chart, HelmMajor, Values};
use helmd_release::Release;
use helmd_values::{coalesce_tables, coalesce_values};

use crate::error::ActionError;

/// What becomes of the values of the former revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// They count when none are given.
    WhenNoneGiven,
    /// They do not count (`--reset-values`).
    Reset,
    /// They count with the former chart's defaults, the given ones over them (`--reuse-values`).
    UnderGiven,
    /// They count with the new chart's defaults, the given ones over them (`--reset-then-reuse-values`).
    UnderGivenOverNew,
}

/// The values for the new revision; may change the chart's defaults.
pub(crate) fn values(
    reuse: Reuse,
    chart: &mut Chart,
    former: &Release,
    given: Values,
    helm: HelmMajor,
) -> Result<Values, ActionError> {
    let config = former.config.clone().unwrap_or_default();
    match reuse {
        Reuse::Reset => Ok(given),
        Reuse::WhenNoneGiven if given.is_empty() => Ok(config),
        Reuse::WhenNoneGiven => Ok(given),
        Reuse::UnderGivenOverNew => Ok(coalesce_tables(&given, &config)?.0),
        Reuse::UnderGiven => {
            if let Some(former_chart) = &former.chart {
                let (defaults, _) = coalesce_values(former_chart, &config, helm)
                    .map_err(|err| ActionError::from(err).context("failed to rebuild old values"))?;
                chart.values = Some(Arc::new(defaults.into()));
            }
            Ok(coalesce_tables(&given, &config)?.0)
        }
    }
}

/// The labels of the former revision with the given ones over them; `null` takes one away.
pub(crate) fn labels(former: &BTreeMap<String, String>, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut labels = former.clone();
    labels.extend(given.clone());
    labels.retain(|_, value| value != "null");
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_takes_a_label_away() {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let former: BTreeMap<String, String> = map(&[("a", "1"), ("b", "2")]);
        assert_eq!(labels(&former, &map(&[("a", "null"), ("c", "3")])), map(&[("b", "2"), ("c", "3")]));
    }
}
