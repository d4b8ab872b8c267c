//! Getting what a URL names, within limits.

use std::time::Duration;

/// A request is given up after this time, its redirects and body included.
const PATIENCE: Duration = Duration::from_secs(60);
/// A redirect beyond this many ends a request.
const MAX_REDIRECTS: usize = 3;

/// Why a URL gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The client cannot be made.
    #[error("setting up the HTTP client")]
    Setup(#[source] reqwest::Error),
    /// Not http or https.
    #[error("scheme {0:?} not supported")]
    Scheme(String),
    /// No answer.
    #[error("Get {url:?}: {reason}")]
    NoAnswer {
        /// What was asked for.
        url: String,
        /// The innermost reason.
        reason: String,
    },
    /// An answer other than 200.
    #[error("failed to fetch {url} : {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// Number and words.
        status: String,
    },
    /// Too much.
    #[error("{url}: the answer is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit.
        limit_bytes: usize,
    },
}

/// An HTTP client. It sends no credentials and follows no proxy of the environment.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: reqwest::Client,
}

impl Fetcher {
    /// A client with this crate's limits. The process must have chosen a TLS provider before.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Fetcher, FetchError> {
        let redirects = reqwest::redirect::Policy::limited(MAX_REDIRECTS);
        let client = reqwest::Client::builder()
            .user_agent(concat!("helmd/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(redirects)
            .no_proxy()
            .build()
            .map_err(FetchError::Setup)?;
        Ok(Fetcher { client })
    }

    /// The body that `url` gives, at most `limit_bytes` long.
    ///
    /// # Errors
    /// In Helm's words where Helm has them.
    pub async fn get(&self, url: &str, limit_bytes: usize) -> Result<Vec<u8>, FetchError> {
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("http" | "https") => {}
            scheme => return Err(FetchError::Scheme(scheme.unwrap_or_default().to_owned())),
        }
        let failed = |e: &reqwest::Error| FetchError::NoAnswer { url: url.to_owned(), reason: innermost(e) };
        let mut response = self.client.get(url).send().await.map_err(|e| failed(&e))?;
        if response.status() != 200 {
            return Err(FetchError::Status { url: url.to_owned(), status: response.status().to_string() });
        }
        let too_large = || FetchError::TooLarge { url: url.to_owned(), limit_bytes };
        if response.content_length().is_some_and(|length| length > limit_bytes as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|e| failed(&e))? {
            if body.len() + piece.len() > limit_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// The text of the last cause: what went wrong, without the layers above.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
