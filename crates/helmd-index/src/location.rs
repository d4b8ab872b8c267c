//! URLs of repositories and charts, by the rules of Helm and of Go's `net/url`.

use sprig::paths;
use sprig::url::{Url, UrlError};

/// Why a URL next to another one has no meaning; the whole sentence is Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse {url} as URL")]
pub struct LocationError {
    /// The text that is no URL.
    pub url: String,
    /// Why.
    pub source: UrlError,
}

/// What a chart's URL in an index means: itself when it is absolute, else what it means below `base`, with the query of
/// `base` (tokens are passed so).
///
/// # Errors
/// When one of the two is no URL.
pub fn resolve(base: &str, reference: &str) -> Result<String, LocationError> {
    let parse = |url: &str| url.parse::<Url>().map_err(|source| LocationError { url: url.to_owned(), source });
    let parsed = parse(reference)?;
    if parsed.is_absolute() {
        return Ok(reference.to_owned());
    }
    let mut base = parse(base)?;
    for path in [&mut base.path, &mut base.raw_path] {
        if path.ends_with(b"/") {
            path.pop();
        }
        path.push(b'/');
    }
    let mut resolved = base.resolve(&parsed);
    resolved.query = base.query;
    Ok(resolved.to_string())
}

/// The URL with `path` below its path (Helm's `URLJoin`).
///
/// # Errors
/// When `base` is no URL.
pub fn join(base: &str, path: &str) -> Result<String, UrlError> {
    let mut url: Url = base.parse()?;
    url.path = paths::join(&[&url.path, path.as_bytes()]);
    Ok(url.to_string())
}

/// As [`join`], but a base that is no URL is a path.
pub fn join_or_path(base: &str, path: &str) -> String {
    join(base, path)
        .unwrap_or_else(|_| String::from_utf8_lossy(&paths::join(&[base.as_bytes(), path.as_bytes()])).into_owned())
}

/// Whether two URLs are the same: a missing path is `/`, and paths are cleaned; texts that are no URLs are paths.
pub fn equal(a: &str, b: &str) -> bool {
    let Ok(first) = a.parse::<Url>() else {
        return paths::clean(a.as_bytes()) == paths::clean(b.as_bytes());
    };
    let Ok(second) = b.parse::<Url>() else { return false };
    let normal = |mut url: Url| {
        url.path = if url.path.is_empty() { b"/".to_vec() } else { paths::clean(&url.path) };
        url.text()
    };
    normal(first) == normal(second)
}
