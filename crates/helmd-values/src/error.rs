//! What can be wrong with values.

use gotmpl::Value;

/// Why values could not be composed.
#[derive(Debug, thiserror::Error)]
pub enum ValuesError {
    /// The parent's values hold something else than a table for a subchart.
    #[error("type mismatch on {chart}: {found}")]
    TypeMismatch {
        /// The subchart.
        chart: String,
        /// What was found, as Go prints it with a verb that does not fit.
        found: String,
    },
    /// The values break the charts' schemas.
    #[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
    Schema(String),
    /// Aliases multiply the charts.
    #[error("more than {limit} charts after dependency processing")]
    TooManyCharts {
        /// How many there may be.
        limit: usize,
    },
    /// Tables lie too deep in tables, possibly since values are imported into themselves.
    #[error("values are nested more than {limit} deep")]
    TooDeep {
        /// How deep they may lie.
        limit: usize,
    },
}

impl ValuesError {
    pub(crate) fn type_mismatch(chart: &str, found: &Value) -> ValuesError {
        // HELM: prints with %t, which fits booleans only.
        let found = gotmpl::fmt::sprintf(b"%t", std::slice::from_ref(found));
        ValuesError::TypeMismatch { chart: chart.to_owned(), found: String::from_utf8_lossy(&found).into_owned() }
    }
}
