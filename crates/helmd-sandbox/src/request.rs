//! A request as the handlers see it: what it is about, the query, the body.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};

use crate::{error::ApiError, kinds::Kind};

/// A request whose body has been read.
#[derive(Debug)]
pub(crate) struct Call {
    pub method: Method,
    pub path: Vec<String>,
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The path began with the token.
    pub trusted: bool,
}

/// The query, decoded.
#[derive(Debug, Default, Clone)]
pub(crate) struct Query(pub Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        let decode = |part: &str| percent_decode(&part.replace('+', " "));
        let pair =
            |p: &str| p.split_once('=').map_or_else(|| (decode(p), String::new()), |(k, v)| (decode(k), decode(v)));
        Self(text.split('&').filter(|p| !p.is_empty()).map(pair).collect())
    }

    /// The first value under this name, or "".
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v.as_str())
    }

    /// `true` and `1` are true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1" | "True")
    }

    pub(crate) fn dry_run(&self) -> bool {
        self.0.iter().any(|(k, v)| k == "dryRun" && v == "All")
    }
}

/// Turns %41 into A; what is no such form stays.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |b: u8| char::from(b).to_digit(16);
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push((high * 16 + low) as u8);
            rest = after;
            continue;
        }
        out.push(*first);
        rest = tail;
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Call {
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Self {
        let path = uri.path().split('/').filter(|s| !s.is_empty()).map(percent_decode).collect();
        Self { method, path, query: Query::parse(uri.query().unwrap_or("")), headers, body, trusted: false }
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    pub(crate) fn content_type(&self) -> &str {
        self.header(header::CONTENT_TYPE).split(';').next().unwrap_or("").trim()
    }

    pub(crate) fn accept(&self) -> &str {
        self.header(header::ACCEPT)
    }

    /// The field manager: as given, or the program's name from the User-Agent.
    pub(crate) fn manager(&self) -> String {
        match self.query.get("fieldManager") {
            "" => self.header(header::USER_AGENT).split(['/', ' ']).next().unwrap_or("").chars().take(128).collect(),
            given => given.to_owned(),
        }
    }
}

/// What a request is about.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub kind: Arc<Kind>,
    /// Given in the path; none for cluster-wide kinds and for lists over all namespaces.
    pub namespace: Option<String>,
    pub name: Option<String>,
    pub subresource: Option<String>,
}

impl Target {
    pub(crate) fn ns(&self) -> &str {
        self.namespace.as_deref().unwrap_or("")
    }

    /// The name in the path.
    ///
    /// # Errors
    /// 405 when the path names a collection.
    pub(crate) fn name(&self) -> Result<&str, ApiError> {
        self.name.as_deref().ok_or_else(ApiError::no_method)
    }
}

/// Namespace, plural, name, subresource.
pub(crate) type Place = (Option<String>, String, Option<String>, Option<String>);

/// Takes the part of a path after the group version apart.
pub(crate) fn split_path(rest: &[String]) -> Option<Place> {
    match rest {
        [plural] => Some((None, plural.clone(), None, None)),
        [ns, name] if ns == "namespaces" => Some((None, ns.clone(), Some(name.clone()), None)),
        [ns, name, sub] if ns == "namespaces" && matches!(sub.as_str(), "status" | "finalize") => {
            Some((None, ns.clone(), Some(name.clone()), Some(sub.clone())))
        }
        [ns, namespace, plural] if ns == "namespaces" => Some((Some(namespace.clone()), plural.clone(), None, None)),
        [ns, namespace, plural, name] if ns == "namespaces" => {
            Some((Some(namespace.clone()), plural.clone(), Some(name.clone()), None))
        }
        [ns, namespace, plural, name, sub] if ns == "namespaces" => {
            Some((Some(namespace.clone()), plural.clone(), Some(name.clone()), Some(sub.clone())))
        }
        [plural, name] => Some((None, plural.clone(), Some(name.clone()), None)),
        [plural, name, sub] => Some((None, plural.clone(), Some(name.clone()), Some(sub.clone()))),
        _ => None,
    }
}
