//! A stream cut into its documents, as apimachinery's `YAMLReader` does it.

use std::borrow::Cow;

/// A line begins with `---` and goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid Yaml document separator: {0}")]
pub struct BadSeparator(pub String);

/// The documents of a text: a line that begins with `---` separates, but stays where no line is before it; CRLF becomes LF.
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    rest: &'a [u8],
    is_lost: fn(&[u8]) -> bool,
}

impl<'a> Documents<'a> {
    /// The documents of this text.
    pub fn new(text: &'a [u8]) -> Documents<'a> {
        Documents::losing(text, |_| false)
    }

    /// As [`Documents::new`] where the text ends before a line that is lost.
    pub fn losing(text: &'a [u8], is_lost: fn(&[u8]) -> bool) -> Documents<'a> {
        Documents { rest: text, is_lost }
    }

    /// The line at a place, with its end.
    fn line(&self, at: usize) -> Option<&'a [u8]> {
        self.rest.get(at..).filter(|rest| !rest.is_empty())?.split_inclusive(|b| *b == b'\n').next()
    }
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<Cow<'a, [u8]>, BadSeparator>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut at = 0;
        while let Some(line) = self.line(at) {
            if let Some(rest) = line.strip_prefix(b"---") {
                let rest = String::from_utf8_lossy(rest);
                let rest = rest.trim();
                if !(rest.is_empty() || rest.starts_with('#')) {
                    return Some(Err(BadSeparator(rest.to_owned())));
                }
                if at > 0 {
                    let document = self.rest.get(..at).unwrap_or_default();
                    self.rest = self.rest.get(at + line.len()..).unwrap_or_default();
                    return Some(Ok(with_line_feeds(document)));
                }
            }
            if (self.is_lost)(line) {
                break;
            }
            at += line.len();
        }
        let document = self.rest.get(..at).unwrap_or_default();
        self.rest = &[];
        (!document.is_empty()).then(|| Ok(with_line_feeds(document)))
    }
}

/// The document with each line ended by a line feed alone.
fn with_line_feeds(document: &[u8]) -> Cow<'_, [u8]> {
    if document.ends_with(b"\n") && !document.contains(&b'\r') {
        return Cow::Borrowed(document);
    }
    let mut out = Vec::with_capacity(document.len() + 1);
    for line in document.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.push(b'\n');
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::{BadSeparator, Documents};

    #[test]
    fn lines_of_dashes_separate() {
        let cut = |text: &str| -> Result<Vec<String>, BadSeparator> {
            Documents::new(text.as_bytes()).map(|d| d.map(|d| String::from_utf8_lossy(&d).into_owned())).collect()
        };
        assert_eq!(cut("---\na\r\n--- # c\nb").unwrap(), ["---\na\n", "b\n"]);
        assert_eq!(cut("").unwrap(), [""; 0]);
        assert_eq!(cut("a\n--- b\n").unwrap_err().to_string(), "invalid Yaml document separator: b");
        let short: Vec<_> = Documents::losing(b"a\nlong", |line| line.len() == 4).flatten().collect();
        assert_eq!(short, [&b"a\n"[..]]);
    }
}
