//! Numbers as they are written in a schema: the original shows `1.50` where a parsed number is 1.5.

use std::collections::BTreeMap;

/// The text of a schema that is known to be JSON.
pub(crate) struct Source<'s> {
    text: &'s [u8],
}

impl<'s> Source<'s> {
    pub(crate) fn new(text: &'s [u8]) -> Self {
        Source { text }
    }

    /// The literal at `keyword` (`enum/0`) of the schema at `url`, when it lies in this text and is no string or list.
    pub(crate) fn at(&self, url: &str, keyword: &str) -> Option<&'s str> {
        let text = std::str::from_utf8(self.text_at(url, keyword)?).ok()?;
        (!text.starts_with(['"', '{', '['])).then_some(text)
    }

    /// How long the list at `keyword` of the schema at `url` is; 0 where there is none.
    pub(crate) fn list_length(&self, url: &str, keyword: &str) -> usize {
        let items = self.text_at(url, keyword).map(serde_json::from_slice::<Vec<serde::de::IgnoredAny>>);
        items.and_then(Result::ok).map_or(0, |items| items.len())
    }

    /// The names of the entries at `keyword` of the schema at `url`; none where it is no object.
    pub(crate) fn names(&self, url: &str, keyword: &str) -> Vec<String> {
        let entries = self.text_at(url, keyword).map(serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>);
        entries.and_then(Result::ok).into_iter().flat_map(BTreeMap::into_keys).collect()
    }

    /// Whether the schema is of the newest draft, which is the default.
    pub(crate) fn is_newest_draft(&self) -> bool {
        let draft = self.text_at(super::LOCATION, "$schema").map(String::from_utf8_lossy);
        draft.is_none_or(|draft| draft.contains("/draft/2020-12/"))
    }

    fn text_at(&self, url: &str, keyword: &str) -> Option<&'s [u8]> {
        let (document, pointer) = url.split_once('#').unwrap_or((url, ""));
        if document != super::LOCATION {
            return None;
        }
        let path = format!("{pointer}/{keyword}");
        let mut cursor = Cursor { text: self.text, at: 0 };
        for token in path.split('/').skip(1) {
            cursor.enter(&unescape(token))?;
        }
        cursor.skip()
    }
}

/// A token of a JSON pointer in a URL fragment.
pub(crate) fn unescape(token: &str) -> String {
    let bytes = token.as_bytes();
    let mut plain = Vec::new();
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let hex = token.get(i + 1..i + 3).filter(|_| byte == b'%').and_then(|h| u8::from_str_radix(h, 16).ok());
        plain.push(hex.unwrap_or(byte));
        i += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).replace("~1", "/").replace("~0", "~")
}

/// Walks over valid JSON.
struct Cursor<'s> {
    text: &'s [u8],
    at: usize,
}

impl<'s> Cursor<'s> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Moves to the value of a key (the last one of that name) or index.
    fn enter(&mut self, token: &str) -> Option<()> {
        let list = match self.peek()? {
            b'[' => true,
            b'{' => false,
            _ => return None,
        };
        let mut found = None;
        self.at += 1;
        for index in 0usize.. {
            if matches!(self.peek()?, b']' | b'}') {
                break;
            }
            let matched = if list {
                index.to_string() == token
            } else {
                let key = self.skip()?;
                self.peek()?;
                self.at += 1;
                serde_json::from_slice::<String>(key).is_ok_and(|key| key == token)
            };
            self.peek()?;
            if matched {
                found = Some(self.at);
            }
            self.skip()?;
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        self.at = found?;
        Some(())
    }

    /// Moves behind the value here and gives its text.
    fn skip(&mut self) -> Option<&'s [u8]> {
        self.peek()?;
        let start = self.at;
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    while *self.text.get(self.at)? != b'"' {
                        self.at += if self.text.get(self.at) == Some(&b'\\') { 2 } else { 1 };
                    }
                    self.at += 1;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => self.at += self.word(),
            }
            if depth == 0 {
                return self.text.get(start..self.at);
            }
        }
    }

    /// How long the number, `true`, `false` or `null` here is; at least 1.
    fn word(&self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|c| !(c.is_ascii_alphanumeric() || b"+-.".contains(c)));
        end.unwrap_or(rest.len()).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn literals_are_found() {
        let source = Source::new(br#" {"a/b": {"enum": [1.50, {"x": ["]"]}, 1e3]}, "c": {"const": -0 } }"#);
        let at = |pointer, keyword| source.at(&format!("file:///values.schema.json#{pointer}"), keyword);
        assert_eq!(at("/a~1b", "enum/0"), Some("1.50"));
        assert_eq!(at("/a~1b", "enum/2"), Some("1e3"));
        assert_eq!(at("/c", "const"), Some("-0"));
        assert_eq!(at("/a~1b", "enum/1"), None);
        assert_eq!(at("/a~1b", "enum/9"), None);
        assert_eq!(at("/d", "const"), None);
    }
}
