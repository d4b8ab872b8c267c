//! References: relative URLs and what they mean next to a base.

use super::escape::{Part, escape, unescape};
use super::parse::{self, Url, UrlError, UrlFault};
use std::fmt;
use std::str::FromStr;

impl FromStr for Url {
    type Err = UrlError;

    /// Go's `url.Parse`: relative references too.
    fn from_str(text: &str) -> Result<Url, UrlError> {
        parse::parse(text.as_bytes())
    }
}

/// The URL in one text; bytes that are no UTF-8 become U+FFFD.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text()))
    }
}

impl Url {
    /// Go's `url.ParseRequestURI`: an absolute URL or an absolute path, `#` being a character like others; `None` when the
    /// text is neither.
    pub fn of_request(text: &str) -> Option<Url> {
        let url = parse::parse_before_fragment(text.as_bytes()).ok()?;
        let is_absolute = url.is_absolute() || text == "*" || url.path.starts_with(b"/") || text.starts_with('/');
        (!text.is_empty() && is_absolute).then_some(url)
    }

    /// Whether it has a scheme.
    pub fn is_absolute(&self) -> bool {
        !self.scheme.is_empty()
    }

    /// The path with its escapes.
    pub fn escaped_path(&self) -> Vec<u8> {
        if self.path == b"*" && self.raw_path.is_empty() {
            return self.path.clone();
        }
        Url::escaped(&self.path, &self.raw_path, Part::Path)
    }

    /// What `reference` means next to this URL (Go's `ResolveReference`).
    pub fn resolve(&self, reference: &Url) -> Url {
        let mut url = reference.clone();
        if reference.scheme.is_empty() {
            url.scheme.clone_from(&self.scheme);
        }
        if !reference.scheme.is_empty() || !reference.host.is_empty() || reference.user.is_some() {
            url.set_escaped_path(&resolve_path(&reference.escaped_path(), b""));
            return url;
        }
        if !reference.opaque.is_empty() {
            return Url { user: None, host: Vec::new(), path: Vec::new(), ..url };
        }
        if reference.path.is_empty() && !reference.force_query && reference.query.is_empty() {
            url.query.clone_from(&self.query);
            if reference.fragment.is_empty() {
                url.fragment.clone_from(&self.fragment);
                url.raw_fragment.clone_from(&self.raw_fragment);
            }
        }
        if reference.path.is_empty() && !self.opaque.is_empty() {
            return Url { opaque: self.opaque.clone(), user: None, host: Vec::new(), path: Vec::new(), ..url };
        }
        url.host.clone_from(&self.host);
        url.user.clone_from(&self.user);
        url.set_escaped_path(&resolve_path(&self.escaped_path(), &reference.escaped_path()));
        url
    }

    /// Sets the path from its escaped form; a broken escape leaves the path as it is.
    fn set_escaped_path(&mut self, escaped: &[u8]) {
        let Ok::<_, UrlFault>(path) = unescape(escaped, Part::Path) else { return };
        self.raw_path = if escape(&path, Part::Path) == escaped { Vec::new() } else { escaped.to_vec() };
        self.path = path;
    }
}

/// The path of `reference` next to `base`, without dots.
fn resolve_path(base: &[u8], reference: &[u8]) -> Vec<u8> {
    let full = match reference.first() {
        None => base.to_vec(),
        Some(b'/') => reference.to_vec(),
        Some(_) => {
            let folder = base.iter().rposition(|b| *b == b'/').map_or(0, |n| n + 1);
            [base.get(..folder).unwrap_or_default(), reference].concat()
        }
    };
    if full.is_empty() {
        return full;
    }
    let mut out = vec![b'/'];
    let (mut first, mut last): (bool, &[u8]) = (true, b"");
    for element in full.split(|b| *b == b'/') {
        last = element;
        match element {
            b"." => first = false,
            b".." => {
                let parent = out.iter().skip(1).rposition(|b| *b == b'/').map_or(1, |n| n + 1);
                out.truncate(parent);
                first = out.len() == 1;
            }
            _ => {
                if !first {
                    out.push(b'/');
                }
                out.extend_from_slice(element);
                first = false;
            }
        }
    }
    if matches!(last, b"." | b"..") {
        out.push(b'/');
    }
    // HELM: Go begins with a slash of its own and drops it where the path has one.
    if out.get(1) == Some(&b'/') {
        out.remove(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: &str, reference: &str) -> String {
        base.parse::<Url>().unwrap().resolve(&reference.parse().unwrap()).to_string()
    }

    #[test]
    fn references_are_resolved_as_rfc_3986_says() {
        let base = "http://a/b/c/d;p?q";
        for (reference, want) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g/", "http://a/b/c/g/"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../../../g", "http://a/g"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("/a%2Fb/../c%2fd", "http://a/c%2fd"),
        ] {
            assert_eq!(resolved(base, reference), want, "{reference}");
        }
        assert_eq!(resolved("mailto:a@b", "#x"), "mailto:a@b#x");
    }
}
