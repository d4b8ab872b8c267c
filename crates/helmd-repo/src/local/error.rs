//! What can be wrong with charts on the disk.

use gotmpl::exec::Exceeded;
use helmd_chart::ignore::IgnoreError;
use helmd_chart::{ArchiveError, ChartError, budgets};
use helmd_http::go_text;
use std::io;
use std::path::Path;

/// Why a chart on disk could not be loaded. A variant's text is its own layer, joined by [`helmd_chart::error_text`].
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// Nothing is there.
    #[error("path {0} not found")]
    NotFound(String),
    /// The system refused.
    #[error("{0}")]
    Io(String),
    /// A file could not be opened.
    #[error("{0}")]
    Open(String),
    /// The folder has no `Chart.yaml`.
    #[error("unable to detect chart at {file}: {cause}")]
    NoChart {
        /// Where it should be.
        file: String,
        /// What the system says.
        cause: String,
    },
    /// The archive has no `Chart.yaml`.
    #[error("unable to detect chart version, no Chart.yaml found")]
    NoChartInArchive,
    /// The chart's API version is none that we know.
    #[error("unsupported chart version")]
    UnsupportedVersion,
    /// The chart is of API version 3, which Helm 4 reads but does not use yet.
    #[error("invalid chart apiVersion")]
    Version3,
    /// The `.helmignore` cannot be used.
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
    /// A device, socket or the like.
    #[error("cannot load irregular file {0} as it has file mode type bits set")]
    Irregular(String),
    /// A symbolic link leads out of the chart. HELM: Helm follows it and warns.
    #[error("cannot load symbolic link {0} as it leads out of the chart")]
    LinkOutside(String),
    /// A symbolic link leads to a folder above it.
    #[error("cannot load symbolic link {0} as it leads to a folder above it")]
    LinkLoop(String),
    /// The files are too large.
    #[error("error reading {name}: chart exceeds maximum decompressed size of {limit} bytes")]
    TooLarge {
        /// The file at which the limit was met.
        name: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// One file is too large.
    #[error("chart file {name} is larger than the maximum file size {limit}")]
    FileTooLarge {
        /// The quoted name.
        name: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// There are too many files and folders.
    #[error("{}", Exceeded::new(budgets::ENTRIES, *.limit, "files and folders in a chart folder"))]
    TooManyEntries {
        /// Entries allowed.
        limit: usize,
    },
    /// A budget that was set otherwise than in Helm ran out.
    #[error("{0}")]
    Exceeded(Exceeded),
    /// The file is YAML.
    #[error("file '{0}' seems to be a YAML file, but expected a gzipped archive")]
    Yaml(String),
    /// The file is something else.
    #[error("file '{name}' does not appear to be a gzipped archive; got '{content_type}'")]
    NotArchive {
        /// The file.
        name: String,
        /// What its first bytes look like.
        content_type: &'static str,
    },
    /// The file begins like an archive, but is none.
    #[error("file '{name}' does not appear to be a valid chart file (details: {cause})")]
    NotGzip {
        /// The file.
        name: String,
        /// Why.
        cause: ArchiveError,
    },
    /// The archive is damaged, unsafe or too large. HELM: it does not say how.
    #[error("unable to load chart archive")]
    Archive {
        /// Why.
        cause: ArchiveError,
    },
    /// Something other than a folder is where one is to be.
    #[error("is not a directory: {0}")]
    NotFolder(String),
    /// The files make no chart.
    #[error(transparent)]
    Chart(#[from] ChartError),
}

/// A system call that failed, in Go's words.
pub(super) fn failed(operation: &str, path: &Path, error: &io::Error) -> RepoError {
    RepoError::Io(format!("{operation} {}: {}", path.display(), go_text(error)))
}
