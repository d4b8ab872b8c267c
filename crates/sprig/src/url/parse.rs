//! The URL type: reading and writing.

use super::address;
use super::escape::{Part, escape, is_valid_encoding, unescape};
use crate::find::find;
use gotmpl::strconv::quote;

/// What is wrong with a URL; the words are Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum UrlFault {
    #[error("invalid URL escape {}", quote(.0))]
    Escape(Vec<u8>),
    #[error("invalid character {} in host name", quote(.0))]
    HostCharacter(Vec<u8>),
    #[error("invalid port {} after host", quote(.0))]
    Port(Vec<u8>),
    #[error("invalid host: {0}")]
    Address(String),
    #[error("{0}")]
    Other(&'static str),
}

/// Why a text is no URL, with the text. `Display` is Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parse {}: {fault}", quote(.url))]
pub struct UrlError {
    url: Vec<u8>,
    fault: UrlFault,
}

/// The user information of a URL, unescaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// The name; may be empty.
    pub name: Vec<u8>,
    /// The password; `None` without a colon.
    pub password: Option<Vec<u8>>,
}

impl User {
    /// `name:password`, escaped.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut out = escape(&self.name, Part::User);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(escape(password, Part::User));
        }
        out
    }
}

/// A URL in parts, as Go's `url.URL`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Url {
    /// In lower case, without its colon; empty for relative references.
    pub scheme: Vec<u8>,
    /// What follows a scheme without a slash.
    pub opaque: Vec<u8>,
    /// What stands before `@`.
    pub user: Option<User>,
    /// Host and port.
    pub host: Vec<u8>,
    /// The path, unescaped.
    pub path: Vec<u8>,
    /// The path as it was written where escaping `path` would give another text.
    pub raw_path: Vec<u8>,
    /// What follows `?`, as written.
    pub query: Vec<u8>,
    /// Whether there is a `?` with nothing behind it.
    pub force_query: bool,
    /// What follows `#`, unescaped.
    pub fragment: Vec<u8>,
    /// The fragment as it was written where escaping it would give another text.
    pub raw_fragment: Vec<u8>,
    /// Whether the URL has a scheme and a path but no authority (`x:/p`).
    pub omit_host: bool,
}

/// The text before and after the first `at`.
fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|b| *b == at) {
        Some(n) => (text.get(..n).unwrap_or_default(), text.get(n + 1..)),
        None => (text, None),
    }
}

fn last_cut(text: &[u8], at: u8) -> (Option<&[u8]>, &[u8]) {
    match text.iter().rposition(|b| *b == at) {
        Some(n) => (text.get(..n), text.get(n + 1..).unwrap_or_default()),
        None => (None, text),
    }
}

/// Reads a URL, relative ones too.
pub(super) fn parse(text: &[u8]) -> Result<Url, UrlError> {
    let (before, fragment) = cut(text, b'#');
    let mut url = parse_before_fragment(before).map_err(|fault| UrlError { url: before.to_vec(), fault })?;
    if let Some(fragment) = fragment.filter(|f| !f.is_empty()) {
        let plain = unescape(fragment, Part::Fragment).map_err(|fault| UrlError { url: text.to_vec(), fault })?;
        if escape(&plain, Part::Fragment) != fragment {
            url.raw_fragment = fragment.to_vec();
        }
        url.fragment = plain;
    }
    Ok(url)
}

pub(super) fn parse_before_fragment(text: &[u8]) -> Result<Url, UrlFault> {
    if text.iter().any(|b| *b < b' ' || *b == 0x7f) {
        return Err(UrlFault::Other("net/url: invalid control character in URL"));
    }
    let mut url = Url::default();
    if text == b"*" {
        url.path = text.to_vec();
        return Ok(url);
    }
    let (scheme, rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (rest, query) = cut(rest, b'?');
    url.force_query = query.is_some_and(<[u8]>::is_empty);
    url.query = query.unwrap_or_default().to_vec();
    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        if cut(rest, b'/').0.contains(&b':') {
            return Err(UrlFault::Other("first path segment in URL cannot contain colon"));
        }
    }
    let has_authority = (!url.scheme.is_empty() || !rest.starts_with(b"///")) && rest.starts_with(b"//");
    let path = if has_authority {
        let rest = rest.get(2..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b'/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        url.set_authority(authority)?;
        path
    } else {
        url.omit_host = !url.scheme.is_empty() && rest.starts_with(b"/");
        rest
    };
    url.path = unescape(path, Part::Path)?;
    if escape(&url.path, Part::Path) != path {
        url.raw_path = path.to_vec();
    }
    Ok(url)
}

/// The scheme (empty when there is none) and what follows.
fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), UrlFault> {
    for (n, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if n > 0 => {}
            b':' if n == 0 => return Err(UrlFault::Other("missing protocol scheme")),
            b':' => return Ok((text.get(..n).unwrap_or_default(), text.get(n + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok((b"", text))
}

fn is_valid_userinfo(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b))
}

fn is_valid_port(text: &[u8]) -> bool {
    match text.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

/// The host part, checked and unescaped.
fn host(scheme: &[u8], text: &[u8]) -> Result<Vec<u8>, UrlFault> {
    match text.iter().rposition(|b| *b == b'[') {
        Some(0) => return bracketed_host(text),
        Some(_) => return Err(UrlFault::Other("invalid IP-literal")),
        None => {}
    }
    if let Some(first) = text.iter().position(|b| *b == b':') {
        let last = text.iter().rposition(|b| *b == b':').unwrap_or(first);
        // HELM: only http and https are strict about a second colon.
        let colon = if matches!(scheme, b"http" | b"https") { first } else { last };
        let port = text.get(colon..).unwrap_or_default();
        if !is_valid_port(port) {
            return Err(UrlFault::Port(port.to_vec()));
        }
    }
    unescape(text, Part::Host)
}

/// `[address%25zone]:port`
fn bracketed_host(text: &[u8]) -> Result<Vec<u8>, UrlFault> {
    let close = text.iter().rposition(|b| *b == b']').ok_or(UrlFault::Other("missing ']' in host"))?;
    let port = text.get(close + 1..).unwrap_or_default();
    if !is_valid_port(port) {
        return Err(UrlFault::Port(port.to_vec()));
    }
    let port = unescape(port, Part::Host)?;
    let name = text.get(1..close).unwrap_or_default();
    let zone = find(name, b"%25").unwrap_or(name.len());
    let (address, zone) = name.split_at(zone);
    let mut plain = unescape(address, Part::Host)?;
    plain.extend(unescape(zone, Part::Zone)?);
    address::check_ipv6(&plain)?;
    Ok([b"[", plain.as_slice(), b"]", &port].concat())
}

impl Url {
    fn set_authority(&mut self, authority: &[u8]) -> Result<(), UrlFault> {
        let (userinfo, host_text) = last_cut(authority, b'@');
        self.host = host(&self.scheme, host_text)?;
        let Some(userinfo) = userinfo else { return Ok(()) };
        if !is_valid_userinfo(userinfo) {
            return Err(UrlFault::Other("net/url: invalid userinfo"));
        }
        let (name, password) = cut(userinfo, b':');
        self.user = Some(User {
            name: unescape(name, Part::User)?,
            password: password.map(|p| unescape(p, Part::User)).transpose()?,
        });
        Ok(())
    }

    /// The host without port and brackets.
    pub fn hostname(&self) -> &[u8] {
        let mut name = self.host.as_slice();
        if let Some(colon) = name.iter().rposition(|b| *b == b':')
            && is_valid_port(name.get(colon..).unwrap_or_default())
        {
            name = name.get(..colon).unwrap_or_default();
        }
        name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")).unwrap_or(name)
    }

    /// The escaped form of a part: the one it was read from when that still means the same.
    pub(super) fn escaped(plain: &[u8], raw: &[u8], part: Part) -> Vec<u8> {
        let fits = !raw.is_empty() && is_valid_encoding(raw, part);
        if fits && unescape(raw, part).is_ok_and(|p| p == plain) { raw.to_vec() } else { escape(plain, part) }
    }

    /// The URL in one text.
    pub fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if self.force_query || !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(Url::escaped(&self.fragment, &self.raw_fragment, Part::Fragment));
        }
        out
    }

    /// Authority and path.
    fn write_hierarchy(&self, out: &mut Vec<u8>) {
        let nobody = self.host.is_empty() && self.user.is_none();
        if !(nobody && (self.scheme.is_empty() || self.omit_host)) {
            if !nobody || !self.path.is_empty() {
                out.extend_from_slice(b"//");
            }
            if let Some(user) = &self.user {
                out.extend(user.text());
                out.push(b'@');
            }
            out.extend(escape(&self.host, Part::Host));
        }
        let path = if self.path == b"*" && self.raw_path.is_empty() {
            self.path.clone()
        } else {
            Url::escaped(&self.path, &self.raw_path, Part::Path)
        };
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            out.push(b'/');
        }
        // A colon in the first segment of a relative path would read as a scheme.
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}
