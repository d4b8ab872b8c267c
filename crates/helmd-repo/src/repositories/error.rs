//! What can be wrong with repositories. The sentences are Helm's.

use crate::local::go_text;
use gotmpl::strconv::quote;
use helmd_http::HttpError;
use helmd_index::location::LocationError;
use helmd_index::reference::ReferenceError;
use helmd_index::{IndexError, dependencies};
use helmd_registry::RegistryError;

/// Why the index in the cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexFault {
    /// It was not fetched yet.
    #[error("open {0}: no such file or directory")]
    NotThere(String),
    /// The system refused.
    #[error("open {path}: {reason}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// It is no index.
    #[error("error loading {path}")]
    Index {
        /// The file.
        path: String,
        /// Why.
        source: IndexError,
    },
}

impl IndexFault {
    pub(super) fn of_io(path: &str, error: &std::io::Error) -> IndexFault {
        match error.kind() {
            std::io::ErrorKind::NotFound => IndexFault::NotThere(path.to_owned()),
            _ => IndexFault::Io { path: path.to_owned(), reason: go_text(error) },
        }
    }
}

/// Why something with repositories did not go.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// There is no file.
    #[error("couldn't load repositories file ({0}): open {0}: no such file or directory")]
    NoFile(String),
    /// The file cannot be read.
    #[error("couldn't load repositories file ({path}): open {path}: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The file, a lock or an index cannot be written.
    #[error("{0}")]
    Io(String),
    /// The file says something else.
    #[error("{0}")]
    File(String),
    /// Somebody else holds the lock.
    #[error("{path}: another program is writing it: waited {seconds} seconds")]
    Locked {
        /// The file.
        path: String,
        /// How long.
        seconds: u64,
    },
    /// There are no repositories.
    #[error("no repositories configured")]
    None,
    /// No repository to update.
    #[error("no repositories found. You must add one before updating")]
    NoneToUpdate,
    /// A repository that was named is none.
    #[error("no repositories found matching '{0}'.  Nothing will be updated")]
    NotToUpdate(String),
    /// A repository that was named is none.
    #[error("no repo named {} found", quote(.0))]
    NotFound(String),
    /// A name that would be read as a repository and a chart.
    #[error("repository name ({0}) contains '/', please specify a different name without '/'")]
    Slash(String),
    /// A name that would be a path. HELM: helm writes where it leads.
    #[error(
        "repository name ({0}) is no name: it must not be empty or \"..\", or hold a path separator or control characters"
    )]
    Name(String),
    /// Another one has the name.
    #[error("repository name ({0}) already exists, please specify a different name")]
    Exists(String),
    /// It is gone for good.
    #[error("repo {} is no longer available; try {} instead", quote(.url), quote(.instead))]
    Gone {
        /// What was to be added.
        url: String,
        /// Where it is now.
        instead: &'static str,
    },
    /// The URL is none.
    #[error("invalid chart URL format: {0}")]
    Url(String),
    /// Nobody can fetch that.
    #[error("could not find protocol handler for: {0}")]
    Scheme(String),
    /// The URL of the index is none.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// No answer, or not a good one.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What came is no index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// It is no repository, or none that answers.
    #[error("looks like {} is not a valid chart repository or cannot be reached", quote(.url))]
    NotARepository {
        /// The URL.
        url: String,
        /// Why.
        source: Box<RepositoryError>,
    },
    /// There was never an index fetched.
    #[error("no cached repo found. (try 'helm repo update')")]
    NotCached(#[source] IndexFault),
    /// A reference that leads to no chart.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Dependencies that cannot be resolved.
    #[error(transparent)]
    Dependencies(#[from] dependencies::DependencyError),
    /// A digest of an index that is none.
    #[error("{0}")]
    Digest(String),
    /// What came is not what the index says. HELM: helm takes it.
    #[error(
        "{url}: the archive's digest is sha256:{got}, and the index says sha256:{want}: fetch the index anew ('helm repo update'), or ask whoever keeps the repository"
    )]
    Mismatch {
        /// What was fetched.
        url: String,
        /// Its digest.
        got: String,
        /// What it should be.
        want: String,
    },
    /// A registry has no answer, or not a good one.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A registry is no repository. HELM: it is asked for an `index.yaml` all the same.
    #[error("failed to perform \"FetchReference\" on source: invalid reference")]
    NoIndex,
}
