//! What goes wrong, in Go's words: people look for them.

use url::Url;

/// Why a question has no good answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The client cannot be made.
    #[error("setting up the HTTP client")]
    Setup(#[source] reqwest::Error),
    /// Certificates cannot be used.
    #[error("can't create TLS config for client: {0}")]
    Tls(String),
    /// It is no URL; Go's words.
    #[error("parse {url:?}: {reason}")]
    Url {
        /// The text.
        url: String,
        /// Why.
        reason: String,
    },
    /// Not http or https.
    #[error("scheme {0:?} not supported")]
    Scheme(String),
    /// No answer.
    #[error("{method} {url:?}: {reason}")]
    NoAnswer {
        /// `Get`, `Post`, …
        method: String,
        /// What was asked for, without a password.
        url: String,
        /// The innermost reason.
        reason: String,
    },
    /// A machine that may not be asked.
    #[error("{url}: this server does not ask {host}: {reason}")]
    Refused {
        /// What was asked for, without a password.
        url: String,
        /// The machine.
        host: String,
        /// Why not.
        reason: &'static str,
    },
    /// An answer other than what was hoped for.
    #[error("failed to fetch {url} : {status}")]
    Status {
        /// What was asked for, without a password.
        url: String,
        /// Number and words.
        status: String,
    },
    /// Too much.
    #[error("{url}: the answer is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// What was asked for, without a password.
        url: String,
        /// The limit.
        limit_bytes: u64,
    },
}

/// Go's words when time is up before there is an answer.
pub(crate) const LATE: &str = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

/// A URL without its password, as Go shows it.
#[must_use]
pub fn shown(url: &str) -> String {
    match Url::parse(url) {
        Ok(parsed) if parsed.password().is_some() => {
            let mut parsed = parsed;
            // Only URLs that cannot have a password refuse one.
            let _refused = parsed.set_password(Some("xxxxx"));
            parsed.to_string()
        }
        _ => url.to_owned(),
    }
}

/// Go's word for a method: `Get`.
pub(crate) fn verb(method: &http::Method) -> String {
    let text = method.as_str();
    let rest = text.get(1..).unwrap_or_default().to_ascii_lowercase();
    format!("{}{rest}", text.get(..1).unwrap_or_default())
}

/// The system's words as Go gives them: lower case, without the number.
#[must_use]
pub fn go_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Go's words for what ended a request to `url`.
pub(crate) fn reason(error: &reqwest::Error, url: &Url) -> String {
    if error.is_timeout() {
        return LATE.to_owned();
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let mut innermost: &dyn std::error::Error = error;
    let mut looked_up = false;
    while let Some(inner) = innermost.source() {
        innermost = inner;
        looked_up |= inner.to_string().starts_with("dns error");
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            match io.kind() {
                std::io::ErrorKind::ConnectionRefused => {
                    let address = if host == "localhost" { "127.0.0.1" } else { host };
                    return format!("dial tcp {address}:{port}: connect: connection refused");
                }
                std::io::ErrorKind::ConnectionReset => return "read: connection reset by peer".to_owned(),
                std::io::ErrorKind::UnexpectedEof => return "EOF".to_owned(),
                std::io::ErrorKind::TimedOut => return format!("dial tcp {host}:{port}: i/o timeout"),
                _ => {}
            }
        }
    }
    let text = innermost.to_string();
    let is = |words: &str| text.contains(words);
    if looked_up && (is("failed to lookup address") || is("Name or service not known")) {
        format!("dial tcp: lookup {host}: no such host")
    } else if is("UnknownIssuer") || is("self-signed") || is("CaUsedAsEndEntity") {
        "tls: failed to verify certificate: x509: certificate signed by unknown authority".to_owned()
    } else if is("expired") || is("Expired") || is("NotValidYet") {
        "tls: failed to verify certificate: x509: certificate has expired or is not yet valid".to_owned()
    } else if is("not valid for name") || is("NotValidForName") {
        format!("tls: failed to verify certificate: x509: certificate is not valid for {host}")
    } else if is("corrupt message") || is("InvalidContentType") {
        "http: server gave HTTP response to HTTPS client".to_owned()
    } else if is("connection closed before message completed") {
        "EOF".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown("http://u:secret@h/x"), "http://u:xxxxx@h/x");
        assert_eq!(shown("http://h/x?a=b"), "http://h/x?a=b");
        assert_eq!(verb(&http::Method::GET), "Get");
    }
}
