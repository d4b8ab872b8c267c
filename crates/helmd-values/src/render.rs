//! What a render starts from.

use crate::capabilities::Capabilities;
use crate::coalesce::coalesce_logged;
use crate::error::ValuesError;
use crate::schema::{self, SchemaLimits};
use crate::warning::Warnings;
use gotmpl::Map;
use helmd_chart::{Chart, HelmMajor, Values};

/// What templates see as `.Release`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseOptions {
    /// The release's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its revision, from 1.
    pub revision: i64,
    /// Whether this is an upgrade or a rollback.
    pub is_upgrade: bool,
    /// Whether this is an installation.
    pub is_install: bool,
}

/// Whether values are held against the charts' schemas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaCheck {
    /// They are.
    #[default]
    Validate,
    /// They are, within these limits.
    Within(SchemaLimits),
    /// They are not (`--skip-schema-validation`).
    Skip,
}

/// All that a render needs besides the chart, for one render: templates may change the values.
pub struct RenderValues {
    /// `.Values` of the root chart; those of subcharts are in tables of their names.
    pub values: Map,
    /// `.Release`
    pub release: ReleaseOptions,
    /// `.Capabilities`
    pub capabilities: Capabilities,
}

/// The values for a render: the user's over the defaults of the chart (whose dependencies are settled) and its subcharts.
///
/// # Errors
/// As [`crate::coalesce_values`], or the values break a chart's schema. What was warned of before is in `warnings`.
pub fn render_values(
    chart: &Chart,
    values: &Values,
    check: SchemaCheck,
    helm: HelmMajor,
    warnings: &mut Warnings,
) -> Result<Map, ValuesError> {
    let values = coalesce_logged(chart, values, helm, warnings)?.into_map();
    let limits = match check {
        SchemaCheck::Validate => Some(SchemaLimits::default()),
        SchemaCheck::Within(limits) => Some(limits),
        SchemaCheck::Skip => None,
    };
    if let Some(limits) = limits {
        schema::validate_chart(chart, &values, (helm, limits), warnings).map_err(ValuesError::Schema)?;
    }
    Ok(values)
}
