//! What goes wrong with registries, in the words of Helm and oras-go.

use gotmpl::strconv::quote;
use helmd_http::HttpError;
use helmd_index::oci::{OciError, ReferenceError};

/// Why something with a registry did not go.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// It is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// No version will do.
    #[error(transparent)]
    Version(#[from] OciError),
    /// Helm 3 begins its sentence so.
    #[error("Could not locate a version matching provided version string {0}")]
    NoMatch3(String),
    /// The repository has no tags that are versions.
    #[error("unable to locate any tags in provided repository: {0}")]
    NoTags(String),
    /// A tag and a digest that do not belong together.
    #[error("chart reference digest mismatch: {got} is not {want}")]
    DigestMismatch {
        /// The digest of the tag.
        got: String,
        /// The digest that was asked for.
        want: String,
    },
    /// What oras-go was doing.
    #[error("failed to perform {} on {place}", quote(.step))]
    Perform {
        /// `FetchReference`, `Push`, …
        step: &'static str,
        /// `source` or `destination`.
        place: &'static str,
        /// Why.
        source: Box<RegistryError>,
    },
    /// There is no such thing.
    #[error("{0}: not found")]
    NotFound(String),
    /// No answer, or none that may be.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer other than what was hoped for.
    #[error("{method} {}: {refusal}", quote(.url))]
    Answer {
        /// `GET`, …
        method: String,
        /// What was asked for, without a password.
        url: String,
        /// What it said.
        refusal: Refusal,
    },
    /// Not what its digest says.
    #[error("{what}: mismatched digest: got {got}, want {want}")]
    Content {
        /// What was read.
        what: String,
        /// Its digest.
        got: String,
        /// What it should be.
        want: String,
    },
    /// More or less than the manifest says.
    #[error("{what}: mismatched size: got {got} bytes, want {want}")]
    Size {
        /// What was read.
        what: String,
        /// Its size.
        got: u64,
        /// What it should be.
        want: u64,
    },
    /// A manifest, a list or a token that cannot be read.
    #[error("{what}: failed to decode response: {reason}")]
    Decode {
        /// What was read.
        what: String,
        /// Why.
        reason: String,
    },
    /// The manifest is of something else.
    #[error("manifest does not contain minimum number of descriptors ({want}), descriptors found: {found}")]
    Descriptors {
        /// How many there must be.
        want: usize,
        /// How many there are.
        found: usize,
    },
    /// The manifest is of something else.
    #[error("could not load config with mediatype {0}")]
    NoConfig(&'static str),
    /// The manifest is of something else, or the chart has no signature.
    #[error("manifest does not contain a layer with mediatype {0}")]
    NoLayer(&'static str),
    /// The place an upload is to go to is another machine's.
    #[error("blob upload Location {} is on a different host than the registry {}", quote(.got), quote(.want))]
    UploadElsewhere {
        /// Where it should go.
        got: String,
        /// Who we talk to.
        want: String,
    },
    /// The name and tag of a pushed chart are those of its metadata.
    #[error("strict mode enabled, ref basename and tag must match the chart name and version")]
    Strict,
    /// The registry does not know us.
    #[error("authenticating to {}", quote(.host))]
    Login {
        /// Whom.
        host: String,
        /// Why.
        source: Box<RegistryError>,
    },
    /// A file of logins, or a program that keeps them.
    #[error("{0}")]
    Logins(String),
}

/// What a registry said in place of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A status, with the registry's or HTTP's words.
    #[error("response status code {code}: {words}")]
    Status {
        /// The number.
        code: u16,
        /// The words.
        words: String,
    },
    /// It wants a password, and there is none.
    #[error("basic credential not found")]
    NoCredential,
    /// Half a password.
    #[error("missing username or password for {0} auth")]
    HalfCredential(&'static str),
    /// The place that gives tokens may not be asked.
    #[error("{0}")]
    Realm(String),
    /// The place that gives tokens gave none.
    #[error("{0}")]
    Token(String),
}

impl RegistryError {
    /// Says what was being done, as oras-go does.
    pub(crate) fn performing(self, step: &'static str, place: &'static str) -> RegistryError {
        match self {
            RegistryError::Perform { .. } => self,
            other => RegistryError::Perform { step, place, source: Box::new(other) },
        }
    }

    /// Whether the registry has no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            RegistryError::NotFound(_) => true,
            RegistryError::Perform { source, .. } => source.is_not_found(),
            RegistryError::Answer { refusal: Refusal::Status { code, .. }, .. } => *code == 404,
            _ => false,
        }
    }
}
