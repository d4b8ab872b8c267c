//! `WWW-Authenticate`, as oras-go reads it.

use std::collections::BTreeMap;
use url::{Host, Url};

/// How a registry wants to know who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// Name and password.
    Basic,
    /// A token of somebody else.
    Bearer(BTreeMap<String, String>),
    /// In a way that nobody knows.
    Unknown,
}

impl Challenge {
    pub(crate) fn parse(header: &str) -> Challenge {
        let (scheme, rest) = token(header);
        if scheme.eq_ignore_ascii_case("basic") {
            return Challenge::Basic;
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Challenge::Unknown;
        }
        let mut parameters = BTreeMap::new();
        let mut rest = rest;
        while let Some((name, value, after)) = parameter(rest) {
            parameters.insert(name.to_owned(), value);
            match blank(after).strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        Challenge::Bearer(parameters)
    }
}

fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// A word of HTTP, and what follows it.
fn token(text: &str) -> (&str, &str) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.split_at(text.find(|c| !is_word(c)).unwrap_or(text.len()))
}

/// `name=value` or `name="value"`, and what follows.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = token(blank(text));
    let rest = blank(blank(rest).strip_prefix('=')?);
    if name.is_empty() {
        return None;
    }
    let Some(quoted) = rest.strip_prefix('"') else {
        let (value, rest) = token(rest);
        return (!value.is_empty()).then(|| (name, value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, '"') => return Some((name, value, quoted.get(at + 1..).unwrap_or_default())),
            _ => {
                value.push(c);
                escaped = false;
            }
        }
    }
    None
}

/// Whether a registry may send us to this place for a token: with it goes a password.
///
/// # Errors
/// Why not, in oras-go's words.
pub(crate) fn check_realm(realm: &str, registry: &Url) -> Result<Url, String> {
    let url = Url::parse(realm).map_err(|e| format!("failed to parse bearer realm {realm:?}: {e}"))?;
    match url.scheme() {
        "https" => {}
        "http" if registry.scheme() == "https" => {
            return Err(format!("bearer realm {realm:?} uses http but registry was contacted over https"));
        }
        "http" => {}
        scheme => return Err(format!("bearer realm {realm:?} uses unsupported scheme {scheme:?}")),
    }
    let inner = match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback() || v4.is_link_local() || v4.is_private() || v4.is_unspecified(),
        Some(Host::Ipv6(v6)) => {
            let first = v6.segments()[0];
            v6.is_loopback() || v6.is_unspecified() || (first & 0xffc0) == 0xfe80 || (first & 0xfe00) == 0xfc00
        }
        Some(Host::Domain(_)) => false,
        None => return Err(format!("bearer realm {realm:?} names no host")),
    };
    if inner && url.host_str() != registry.host_str() {
        let host = url.host_str().unwrap_or_default();
        return Err(format!("bearer realm host {host:?} is a loopback, link-local, private, or unspecified address"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        assert_eq!(Challenge::parse("Basic realm=\"r\""), Challenge::Basic);
        assert_eq!(Challenge::parse("Digest x=1"), Challenge::Unknown);
        let Challenge::Bearer(all) =
            Challenge::parse(r#"bearer realm="https://a/t?x=\"1\"", service = s ,scope="a b""#)
        else {
            panic!("no bearer")
        };
        let all: Vec<String> = all.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(all, [r#"realm=https://a/t?x="1""#, "scope=a b", "service=s"]);
        assert_eq!(Challenge::parse("Bearer realm=\"open"), Challenge::Bearer(BTreeMap::new()));
    }

    #[test]
    fn tokens_are_not_asked_of_anybody() {
        let check = |realm: &str, registry: &str| check_realm(realm, &Url::parse(registry).unwrap()).map(String::from);
        assert_eq!(check("https://auth.example/t", "https://r.example/v2/").as_deref(), Ok("https://auth.example/t"));
        assert!(check("http://127.0.0.1:1/t", "http://127.0.0.1:2/v2/").is_ok());
        for (realm, registry, why) in [
            ("http://auth.example/t", "https://r.example/v2/", "uses http but"),
            ("http://169.254.169.254/t", "http://r.example/v2/", "is a loopback, link-local"),
            ("https://[fd00::1]/t", "https://r.example/v2/", "is a loopback, link-local"),
            ("file:///etc/passwd", "http://r.example/v2/", "unsupported scheme"),
            ("nowhere", "http://r.example/v2/", "failed to parse"),
        ] {
            let error = check(realm, registry).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
