//! Failures of talking with a cluster, in the words that Helm's users know.

/// Joins an error chain as Helm prints it: `outer: inner: cause`.
pub use helmd_chart::error_text as helm_text;
use serde_json::Value as Json;

use crate::explanation::Explanation;

/// What sort of failure it is; the server maps it to a status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request, chart, values or manifest is wrong.
    Invalid,
    /// The named thing does not exist.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// Somebody else changed or is changing it.
    Conflict,
    /// Not allowed for this caller.
    Denied,
    /// It did not end in time, or was cancelled.
    Timeout,
    /// The cluster cannot be reached or does not answer.
    Unavailable,
    /// None of the above.
    Internal,
}

/// A refusal by the API server: the useful part of a `Status` object.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiStatus {
    /// HTTP status code.
    pub code: u16,
    /// `NotFound`, `AlreadyExists`, `Conflict`, …; empty if the server gave none.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
    /// `Retry-After` in seconds, if given.
    pub retry_after: Option<u64>,
    /// Whether it is something before the API server that says that it cannot reach it.
    pub from_gateway: bool,
}

/// Why something asked of a cluster did not happen.
#[derive(Debug, thiserror::Error)]
pub enum KubeError {
    /// The cluster cannot be reached at all; the cause is in `source`.
    #[error("Kubernetes cluster unreachable")]
    Unreachable {
        /// What stood in the way.
        source: Box<KubeError>,
    },
    /// The kubeconfig is unusable or asks for something that is not allowed.
    #[error("{0}")]
    Config(String),
    /// The API server said no.
    #[error(transparent)]
    Api(Box<ApiStatus>),
    /// No HTTP answer.
    #[error("{method} \"{url}\": {cause}")]
    Transport {
        /// HTTP method as Go writes it (`Get`).
        method: &'static str,
        /// The whole URL.
        url: String,
        /// The network failure in Go's words.
        cause: String,
        /// The answer did not come in time.
        timed_out: bool,
    },
    /// The answer was not what the API promises.
    #[error("{0}")]
    Answer(String),
    /// A manifest's text or object is not usable.
    #[error("{0}")]
    Manifest(String),
    /// The cluster does not serve this kind.
    #[error(
        "resource mapping not found for name: {name:?} namespace: {namespace:?} from \"\": {cause}\nensure CRDs are installed first"
    )]
    Mapping {
        /// Object name.
        name: String,
        /// Object namespace as written in the manifest.
        namespace: String,
        /// The kind that has no match.
        cause: NoKindMatch,
    },
    /// Several failures of independent objects.
    #[error("{}", aggregate(.0))]
    Several(Vec<KubeError>),
    /// Failures of objects that were worked on side by side.
    #[error("{}", performed(.0))]
    Performed(Vec<KubeError>),
    /// As [`KubeError::Performed`], in Helm 4's form.
    #[error("{}", .0.iter().map(|err| helm_text(err)).collect::<Vec<_>>().join("\n"))]
    Lines(Vec<KubeError>),
    /// Failures of objects that were updated one after the other.
    #[error("{}", .0.iter().map(|err| helm_text(err)).collect::<Vec<_>>().join(" && "))]
    Updates(Vec<KubeError>),
    /// A sentence before the cause.
    #[error("{text}")]
    Context {
        /// What was being done.
        text: String,
        /// Why it failed.
        source: Box<KubeError>,
    },
    /// A list of objects to work on was empty.
    #[error("no objects visited")]
    NoObjects,
    /// Waiting took longer than allowed.
    #[error("{text}")]
    WaitTimeout {
        /// Go's words for it.
        text: String,
        /// What was waited for in the end.
        pending: Vec<Pending>,
    },
    /// An object reached a state from which it does not become ready.
    #[error("{0}")]
    Failed(String),
    /// A failure with what could be found out about it; it reads as without.
    #[error(transparent)]
    Explained(Explained),
    /// The operation was cancelled.
    #[error("context canceled")]
    Cancelled,
}

/// A failure with what was found out about it.
#[derive(Debug)]
pub struct Explained {
    /// The failure.
    pub error: Box<KubeError>,
    /// What was found out.
    pub explanation: Box<Explanation>,
}

impl std::fmt::Display for Explained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Explained {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// An object that was not ready, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Pending {
    /// The object.
    pub object: crate::progress::ObjectRef,
    /// For people.
    pub message: String,
}

/// The cluster serves no such kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no matches for kind {kind:?} in version {version:?}")]
pub struct NoKindMatch {
    /// Kind.
    pub kind: String,
    /// `group/version`.
    pub version: String,
}

fn aggregate(errors: &[KubeError]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in errors {
        let text = helm_text(error);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// HELM: Helm 3 joins the failures of parallel work in this form, also a single one.
fn performed(errors: &[KubeError]) -> String {
    let points: Vec<String> = errors.iter().map(|err| format!("* {}", helm_text(err))).collect();
    let head = match points.len() {
        1 => "1 error occurred:".to_owned(),
        count => format!("{count} errors occurred:"),
    };
    format!("{head}\n\t{}\n\n", points.join("\n\t"))
}

impl KubeError {
    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { source } => match source.kind() {
                kind @ (ErrorKind::Denied | ErrorKind::Invalid) => kind,
                _ => ErrorKind::Unavailable,
            },
            Self::Config(_) | Self::Manifest(_) | Self::Mapping { .. } | Self::NoObjects => ErrorKind::Invalid,
            Self::Api(status) => status.kind(),
            Self::Transport { timed_out: true, .. } | Self::WaitTimeout { .. } | Self::Cancelled => ErrorKind::Timeout,
            Self::Transport { .. } => ErrorKind::Unavailable,
            Self::Answer(_) | Self::Failed(_) => ErrorKind::Internal,
            Self::Several(errors) | Self::Performed(errors) | Self::Lines(errors) | Self::Updates(errors) => {
                errors.first().map_or(ErrorKind::Internal, Self::kind)
            }
            Self::Context { source, .. } => source.kind(),
            Self::Explained(Explained { error, .. }) => error.kind(),
        }
    }

    /// The API server's refusal, wherever in the chain it stands.
    #[must_use]
    pub fn status(&self) -> Option<&ApiStatus> {
        match self {
            Self::Api(status) => Some(status),
            Self::Context { source, .. } | Self::Unreachable { source } => source.status(),
            Self::Explained(Explained { error, .. }) => error.status(),
            Self::Several(errors) | Self::Performed(errors) | Self::Lines(errors) => {
                errors.first().and_then(Self::status)
            }
            _ => None,
        }
    }

    /// What was found out about the failure, wherever in the chain it stands.
    #[must_use]
    pub fn explanation(&self) -> Option<&Explanation> {
        match self {
            Self::Explained(Explained { explanation, .. }) => Some(explanation),
            Self::Context { source, .. } => source.explanation(),
            Self::Several(errors) | Self::Performed(errors) | Self::Lines(errors) | Self::Updates(errors) => {
                errors.iter().find_map(Self::explanation)
            }
            _ => None,
        }
    }

    /// Whether the object does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status().is_some_and(|status| status.kind() == ErrorKind::NotFound)
    }

    /// Whether the object exists already.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.status().is_some_and(|status| status.reason == "AlreadyExists")
    }

    /// Whether the object was changed by somebody else meanwhile.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status().is_some_and(|status| status.reason == "Conflict")
    }

    /// Puts an explanation beside this error.
    #[must_use]
    pub fn explained(self, explanation: Explanation) -> Self {
        Self::Explained(Explained { error: Box::new(self), explanation: Box::new(explanation) })
    }

    /// Puts a sentence before this error.
    #[must_use]
    pub fn context(self, text: impl Into<String>) -> Self {
        Self::Context { text: text.into(), source: Box::new(self) }
    }
}

impl ApiStatus {
    /// What sort of refusal it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match (self.reason.as_str(), self.code) {
            ("NotFound", _) | ("", 404) => ErrorKind::NotFound,
            ("AlreadyExists", _) => ErrorKind::AlreadyExists,
            ("Conflict", _) | (_, 409) => ErrorKind::Conflict,
            (_, 401 | 403) => ErrorKind::Denied,
            (_, 400 | 405 | 406 | 413 | 415 | 422) => ErrorKind::Invalid,
            (_, 408 | 504) => ErrorKind::Timeout,
            (_, 429 | 502 | 503) => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        }
    }

    /// The refusal in an answer with this code and body.
    #[must_use]
    pub(crate) fn from_answer(method: &http::Method, code: u16, body: &[u8]) -> Self {
        if let Ok(Json::Object(status)) = serde_json::from_slice::<Json>(body)
            && status.get("kind").and_then(Json::as_str) == Some("Status")
        {
            let text = |key: &str| status.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            let message = text("message");
            return Self {
                code: status
                    .get("code")
                    .and_then(Json::as_u64)
                    .and_then(|code| u16::try_from(code).ok())
                    .unwrap_or(code),
                reason: text("reason"),
                message: if message.is_empty() { "unknown".to_owned() } else { message },
                retry_after: status.pointer_retry_after(),
                from_gateway: false,
            };
        }
        Self::unstructured(method, code, &String::from_utf8_lossy(body))
    }

    /// What client-go says of an answer whose body is no `Status` (or is not looked at).
    #[must_use]
    pub(crate) fn unstructured(method: &http::Method, code: u16, body: &str) -> Self {
        let body = body.trim();
        let (reason, message) = match code {
            409 if method == http::Method::POST => ("AlreadyExists", "the server reported a conflict"),
            409 => ("Conflict", "the server reported a conflict"),
            404 => ("NotFound", "the server could not find the requested resource"),
            400 => ("BadRequest", "the server rejected our request for an unknown reason"),
            401 => ("Unauthorized", "the server has asked for the client to provide credentials"),
            403 => ("Forbidden", body),
            405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
            406 => ("NotAcceptable", "the server was unable to respond with a content type that the client supports"),
            415 => ("UnsupportedMediaType", body),
            422 => ("Invalid", "the server rejected our request due to an error in our request"),
            429 => ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => (
                "Timeout",
                "the server was unable to return a response in the time allotted, but may still be processing the request",
            ),
            _ => ("", ""),
        };
        let message = if !message.is_empty() {
            message.to_owned()
        } else if code >= 500 {
            format!("an error on the server ({body:?}) has prevented the request from succeeding")
        } else if code == 403 {
            "forbidden".to_owned()
        } else {
            format!("the server responded with the status code {code} but did not return more information")
        };
        let reason = if reason.is_empty() && code >= 500 { "InternalError" } else { reason };
        let from_gateway = matches!(code, 502..=504);
        Self { code, reason: reason.to_owned(), message, retry_after: None, from_gateway }
    }
}

trait RetryAfter {
    fn pointer_retry_after(&self) -> Option<u64>;
}

impl RetryAfter for serde_json::Map<String, Json> {
    fn pointer_retry_after(&self) -> Option<u64> {
        self.get("details")?.get("retryAfterSeconds")?.as_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, reason: &str, message: &str) -> KubeError {
        let (reason, message) = (reason.into(), message.into());
        KubeError::Api(Box::new(ApiStatus { code, reason, message, retry_after: None, from_gateway: false }))
    }

    #[test]
    fn chain_reads_as_helm_joins_it() {
        let err =
            status(404, "NotFound", "namespaces \"nope\" not found").context("failed to create").context("create");
        assert_eq!(helm_text(&err), "create: failed to create: namespaces \"nope\" not found");
        assert!(err.is_not_found());
    }

    #[test]
    fn missing_kind_has_helms_sentence() {
        let err = KubeError::Mapping {
            name: "a".into(),
            namespace: String::new(),
            cause: NoKindMatch { kind: "X".into(), version: "v/v1".into() },
        };
        assert_eq!(
            helm_text(&err.context("unable to build kubernetes objects from release manifest")),
            "unable to build kubernetes objects from release manifest: resource mapping not found for name: \"a\" namespace: \"\" from \"\": no matches for kind \"X\" in version \"v/v1\"\nensure CRDs are installed first"
        );
    }

    #[test]
    fn answers_without_status_get_client_gos_words() {
        let status = ApiStatus::unstructured(&http::Method::GET, 401, "Unauthorized");
        assert_eq!(status.message, "the server has asked for the client to provide credentials");
        assert_eq!(status.kind(), ErrorKind::Denied);
    }

    #[test]
    fn explained_failures_read_as_without() {
        let plain = || KubeError::Performed(vec![status(404, "NotFound", "gone").context("outer")]);
        let explanation = Explanation::of_hint("look".into());
        let explained = plain().explained(explanation);
        assert_eq!(helm_text(&explained), helm_text(&plain()));
        assert_eq!(explained.kind(), ErrorKind::NotFound);
        assert_eq!(explained.context("more").explanation().unwrap().text(), "hint: look");
    }

    #[test]
    fn several_failures_are_listed_once_each() {
        let err = KubeError::Several(vec![
            status(403, "Forbidden", "a"),
            status(403, "Forbidden", "b"),
            status(403, "Forbidden", "a"),
        ]);
        assert_eq!(helm_text(&err), "[a, b]");
    }
}
