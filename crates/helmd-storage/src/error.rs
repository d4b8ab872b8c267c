//! Why a release could not be read or written.

use helmd_kube::{ErrorKind, KubeError};
use helmd_release::{DecodeError, RecordSize};

use crate::sql::SqlError;

/// Why a release could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no such release or revision.
    #[error("release: not found")]
    NotFound,
    /// The revision exists already: somebody else made it.
    #[error("release: already exists")]
    AlreadyExists,
    /// No revision has the status `deployed`.
    #[error("{name:?} has no deployed releases")]
    NoDeployed {
        /// The release.
        name: String,
    },
    /// The cluster refused or could not be asked.
    #[error("{text}")]
    Cluster {
        /// What was asked, in Helm's words.
        text: &'static str,
        /// Why it failed.
        source: KubeError,
    },
    /// A release is too large for the place.
    #[error(transparent)]
    TooLarge(Box<TooLarge>),
    /// As [`StorageError::Cluster`], for a question about one key.
    #[error("get: failed to get {key:?}")]
    Get {
        /// The record.
        key: String,
        /// Why it failed.
        source: KubeError,
    },
    /// Helm gives the cluster's words alone.
    #[error(transparent)]
    Plain(KubeError),
    /// A record holds something else than a release.
    #[error("get: failed to decode data {key:?}")]
    Decode {
        /// The record.
        key: String,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A release cannot be written down.
    #[error("{verb}: failed to encode release {name:?}: {reason}")]
    Encode {
        /// `create` or `update`.
        verb: &'static str,
        /// The release.
        name: String,
        /// Why.
        reason: String,
    },
    /// Several old revisions could not be removed.
    #[error("encountered {count} deletion errors. First is")]
    Prune {
        /// How many.
        count: usize,
        /// The first.
        source: Box<StorageError>,
    },
    /// The database.
    #[error(transparent)]
    Sql(SqlError),
    /// There is no driver of that name.
    #[error("unknown driver {0:?}")]
    UnknownDriver(String),
}

impl From<SqlError> for StorageError {
    fn from(err: SqlError) -> Self {
        match err {
            SqlError::Missing(_) => Self::NotFound,
            SqlError::Exists(_) => Self::AlreadyExists,
            err => Self::Sql(err),
        }
    }
}

/// A release is too large for the place: in Helm's words, and what takes the room.
#[derive(Debug)]
pub struct TooLarge {
    /// What takes the room.
    pub size: RecordSize,
    /// The cluster's words.
    pub cause: StorageError,
}

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for TooLarge {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

impl StorageError {
    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::NoDeployed { .. } => ErrorKind::NotFound,
            Self::AlreadyExists => ErrorKind::AlreadyExists,
            Self::Cluster { source, .. } | Self::Get { source, .. } | Self::Plain(source) => source.kind(),
            Self::TooLarge(_) => ErrorKind::Invalid,
            Self::Decode { .. } | Self::Encode { .. } => ErrorKind::Internal,
            Self::Prune { source, .. } => source.kind(),
            Self::Sql(err) => err.kind(),
            Self::UnknownDriver(_) => ErrorKind::Invalid,
        }
    }

    /// What a person needs to know beyond Helm's sentence, where there is more: several lines.
    #[must_use]
    pub fn explanation(&self) -> Option<String> {
        match self {
            Self::TooLarge(err) => Some(err.size.explanation()),
            _ => None,
        }
    }

    /// Whether there is no such release or revision.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound)
    }
}
