//! What is asked.

use crate::tls::Tls;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::time::Duration;
use url::{Origin, Url};

/// HELM: how long an index or a chart may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Largest answer that is read unless a request says otherwise.
const LIMIT_BYTES: u64 = 100 << 20;

/// Who asks. Not shown by `Debug`.
#[derive(Clone)]
pub struct Credentials {
    value: HeaderValue,
    /// For whom they are; nobody in particular when absent.
    of: Option<Origin>,
}

impl Credentials {
    /// A name and a password for the server of `url`; for every server with `everywhere` (Helm's `--pass-credentials`).
    ///
    /// Nothing when one of the two is empty, as in Helm, or `url` is none.
    #[must_use]
    pub fn basic(username: &str, password: &str, url: &str, everywhere: bool) -> Option<Credentials> {
        if username.is_empty() || password.is_empty() {
            return None;
        }
        let text = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
        Credentials::of(&text, url, everywhere)
    }

    /// A token for the server of `url`.
    #[must_use]
    pub fn bearer(token: &str, url: &str) -> Option<Credentials> {
        Credentials::of(&format!("Bearer {token}"), url, false)
    }

    fn of(text: &str, url: &str, everywhere: bool) -> Option<Credentials> {
        let mut value = HeaderValue::from_str(text).ok()?;
        value.set_sensitive(true);
        let of = if everywhere { None } else { Some(Url::parse(url).ok()?.origin()) };
        Some(Credentials { value, of })
    }

    /// The header for a server, if they are for it.
    pub(crate) fn header(&self, url: &Url) -> Option<HeaderValue> {
        self.of.as_ref().is_none_or(|of| *of == url.origin()).then(|| self.value.clone())
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// One question.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// With what.
    pub url: String,
    /// More headers.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Bytes,
    /// Certificates.
    pub tls: Tls,
    /// Who asks.
    pub credentials: Option<Credentials>,
    /// Largest answer that is read.
    pub limit_bytes: u64,
    /// For everything: redirects and the answer's body included.
    pub timeout: Duration,
}

impl Request {
    /// Asks for what is at a URL.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Request {
        Request::new(Method::GET, url)
    }

    /// Any question.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Request {
        Request {
            method,
            url: url.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            tls: Tls::default(),
            credentials: None,
            limit_bytes: LIMIT_BYTES,
            timeout: PATIENCE,
        }
    }

    /// With a header more; one that HTTP does not know is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Request {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}
