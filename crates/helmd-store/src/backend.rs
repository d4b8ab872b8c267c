//! Where archives lie.

use async_trait::async_trait;
use bytes::Bytes;
use helmd_http::HttpError;
use helmd_registry::RegistryError;
use std::path::Path;

/// An archive (`.tgz`) or a signature (`.tgz.prov`) that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its file name.
    pub name: String,
    /// Changes whenever the content does.
    pub stamp: String,
    /// When it was written, in Unix seconds and nanoseconds.
    pub modified: Option<(i64, u32)>,
}

/// What becomes of an object of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It stays, and that is an error.
    New,
    /// It is replaced.
    Replace,
}

/// Holds objects by their file names. Each write is whole or not at all, also when the process ends in the middle of it.
#[async_trait]
pub trait Backend: Send + Sync + std::fmt::Debug {
    /// All archives and signatures, in the order of their names.
    ///
    /// # Errors
    /// It does not answer; it holds more than this store takes.
    async fn list(&self) -> Result<Vec<Object>, BackendError>;

    /// What lies under a name; nothing when there is none.
    ///
    /// # Errors
    /// It does not answer; the object is larger than `limit_bytes`.
    async fn get(&self, name: &str, limit_bytes: u64) -> Result<Option<Bytes>, BackendError>;

    /// Writes an object and gives its stamp.
    ///
    /// # Errors
    /// [`BackendError::Exists`] with [`Put::New`]; it does not answer.
    async fn put(&self, name: &str, bytes: Bytes, put: Put) -> Result<String, BackendError>;

    /// Removes an object. One that is not there is no error.
    ///
    /// # Errors
    /// It does not answer.
    async fn delete(&self, name: &str) -> Result<(), BackendError>;

    /// The folder on this machine where the objects lie as files of their names, if they do.
    fn folder(&self) -> Option<&Path> {
        None
    }
}

/// Why an object cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// There is one of this name.
    #[error("file already exists")]
    Exists,
    /// A name that is none, or leads elsewhere.
    #[error("{0:?} is no name for a file")]
    Name(String),
    /// The folder; the system's words with the path before them, as Go has them.
    #[error("{verb} {path}: {reason}")]
    Folder {
        /// What was tried.
        verb: &'static str,
        /// With which file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Too much.
    #[error("{name} is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The object.
        name: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// More objects than the store takes.
    #[error("the chart store holds more than {0} files: remove some, or raise chartStore.maxFiles")]
    TooMany(usize),
    /// The bucket's server does not answer.
    #[error("the bucket of the chart store does not answer")]
    Http(#[from] HttpError),
    /// The bucket's server refuses.
    #[error("the bucket of the chart store: {what}: {status}{code}")]
    Refused {
        /// What was asked.
        what: String,
        /// HTTP's status.
        status: u16,
        /// S3's word for it, with a blank before it.
        code: String,
    },
    /// The registry refuses, or does not answer.
    #[error("the registry of the chart store")]
    Registry(#[from] RegistryError),
    /// What a registry cannot hold.
    #[error("the chart store is a registry: {0}")]
    NotInRegistry(String),
    /// The bucket's answer makes no sense.
    #[error("the bucket of the chart store: {0}")]
    Answer(String),
}
