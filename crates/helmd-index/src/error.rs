//! What can be wrong with an index, or with a question to it.

use helmd_chart::{DecodeError, ValidationError};
use helmd_semver::SemverError;

/// Why an index could not be read or written. A variant's text is its own layer, joined by [`helmd_chart::error_text`].
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// There is nothing in it.
    #[error("empty index.yaml file")]
    Empty,
    /// It is no YAML, or a field has the wrong type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It is JSON, but a field has the wrong type; in the words of Go's decoder.
    #[error("{0}")]
    Json(String),
    /// It does not say which form it has.
    #[error("no API version specified")]
    NoApiVersion,
    /// A chart that is to be added has bad metadata.
    #[error("validate failed for {file}")]
    Invalid {
        /// The archive's name.
        file: String,
        /// Why.
        source: ValidationError,
    },
    /// It cannot be written.
    #[error("{0}")]
    Write(String),
}

/// Why an index does not give the version asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    /// There is no such chart.
    #[error("no chart name found")]
    NoChartName,
    /// The chart has no version at all.
    #[error("no chart version found")]
    NoChartVersion,
    /// The version asked for is neither a version nor a constraint.
    #[error(transparent)]
    Constraint(#[from] SemverError),
    /// No version will do.
    #[error("no chart version found for {name}-{version}")]
    NoMatch {
        /// The chart.
        name: String,
        /// The version or constraint asked for.
        version: String,
    },
}
