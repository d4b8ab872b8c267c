//! Why the store does not do something.

use crate::backend::BackendError;
use helmd_chart::ChartError;

/// Why a chart is not taken, found or removed. A variant's text is its own layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The bytes are no chart archive.
    #[error("this is no chart archive that helm could use")]
    NotAChart(#[source] ChartError),
    /// The chart's name cannot be a file's name.
    #[error("the chart's name {0:?} has characters beyond letters, digits, '.', '_' and '-'")]
    Name(String),
    /// The bytes are no signature.
    #[error("this is no provenance file: {0}")]
    Provenance(&'static str),
    /// There is one of this name and version already. ChartMuseum's words.
    #[error("file already exists")]
    Exists,
    /// There is none. ChartMuseum's words.
    #[error("no chart version found for {name}-{version}")]
    NotFound {
        /// The chart.
        name: String,
        /// Its version.
        version: String,
    },
    /// What lies there is another one than the index says, again and again.
    #[error("{0} changes while it is read")]
    Changing(String),
    /// The store is full. ChartMuseum's words.
    #[error("repo has reached storage limit")]
    Full,
    /// The index cannot be written.
    #[error("writing the index: {0}")]
    Index(String),
    /// The work ended by a fault of ours.
    #[error("internal error: reading a chart ended unexpectedly")]
    Ended,
    /// The place where the archives lie.
    #[error(transparent)]
    Backend(BackendError),
}

impl From<BackendError> for StoreError {
    fn from(error: BackendError) -> StoreError {
        match error {
            BackendError::Exists => StoreError::Exists,
            error => StoreError::Backend(error),
        }
    }
}
