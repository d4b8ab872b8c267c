//! Why the database did not do what was asked.

use std::error::Error as _;
use std::io;

use helmd_kube::ErrorKind;
use tokio_postgres::error::SqlState;

/// Why the database did not do what was asked. No text holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The connection string is wrong.
    #[error("unable to instantiate SQL driver: {0}")]
    Settings(String),
    /// There is no connection, or its schema cannot be made.
    #[error("unable to instantiate SQL driver: {cause} ({place})")]
    Connect {
        /// User, host and database.
        place: String,
        /// Why.
        cause: Box<SqlError>,
    },
    /// The connection ended, or did not come to be.
    #[error("{0}")]
    Lost(String),
    /// The database said no.
    #[error("pq: {message} ({code})")]
    Refused {
        /// SQLSTATE.
        code: String,
        /// The database's words.
        message: String,
    },
    /// What came back is not what was asked for.
    #[error("{0}")]
    Answer(String),
    /// Somebody else has changed the record since this operation read it.
    #[error("the record {0:?} has been changed by somebody else")]
    Changed(String),
    /// The record is there already.
    #[error("the record {0:?} exists")]
    Exists(String),
    /// The record is not there.
    #[error("there is no record {0:?}")]
    Missing(String),
}

impl SqlError {
    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Settings(_) => ErrorKind::Invalid,
            Self::Connect { cause, .. } => cause.kind(),
            Self::Lost(_) => ErrorKind::Unavailable,
            Self::Refused { code, .. } if code.starts_with("28") || code == "42501" => ErrorKind::Denied,
            // Too many connections, out of resources.
            Self::Refused { code, .. } if code.starts_with("53") => ErrorKind::Unavailable,
            Self::Refused { code, .. } if code.starts_with("22") => ErrorKind::Invalid,
            Self::Refused { .. } | Self::Answer(_) => ErrorKind::Internal,
            Self::Changed(_) => ErrorKind::Conflict,
            Self::Exists(_) => ErrorKind::AlreadyExists,
            Self::Missing(_) => ErrorKind::NotFound,
        }
    }

    pub(super) fn is_undefined_table(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == SqlState::UNDEFINED_TABLE.code())
    }

    pub(super) fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == SqlState::UNIQUE_VIOLATION.code())
    }
}

impl From<tokio_postgres::Error> for SqlError {
    fn from(err: tokio_postgres::Error) -> Self {
        if let Some(db) = err.as_db_error() {
            let refused = Self::Refused { code: db.code().code().to_owned(), message: db.message().to_owned() };
            // The server ends the connection, goes down, or comes up.
            let ends = ["08", "57P"].iter().any(|class| db.code().code().starts_with(class));
            return if ends { Self::Lost(refused.to_string()) } else { refused };
        }
        let mut text = err.to_string();
        let mut cause = err.source();
        let mut lost = err.is_closed() || text.starts_with("error connecting") || text.starts_with("timeout");
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            // rustls tells a certificate that will not do as invalid data.
            lost |= inner.downcast_ref::<io::Error>().is_some_and(|err| err.kind() != io::ErrorKind::InvalidData);
            cause = inner.source();
        }
        if lost { Self::Lost(text) } else { Self::Answer(text) }
    }
}
