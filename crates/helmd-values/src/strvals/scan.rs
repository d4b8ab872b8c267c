//! The text under the parser: names, values, and where a JSON value ends.

use super::StrvalsError;
use gotmpl::json::JsonError;
use serde_json::Value as Json;

/// A text and a place in it.
pub(super) struct Scanner<'a> {
    rest: &'a str,
    /// Whether `\` takes the next character as it is.
    escapes: bool,
}

/// What was read up to a stop character; `None` when the text ended first.
pub(super) type Found = (String, Option<char>);

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, escapes: bool) -> Scanner<'a> {
        Scanner { rest: text, escapes }
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    /// Takes `c` when it is next.
    pub(super) fn take(&mut self, c: char) -> bool {
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn until(&mut self, stops: &[char]) -> Found {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if stops.contains(&c) {
                return (text, Some(c));
            }
            if c == '\\' && self.escapes {
                match self.next() {
                    Some(next) => text.push(next),
                    None => return (text, None),
                }
            } else {
                text.push(c);
            }
        }
        (text, None)
    }

    /// Skips spaces and one comma; false when something else comes first.
    pub(super) fn empty_value(&mut self) -> bool {
        loop {
            let before = self.rest;
            match self.next() {
                None | Some(',') => return true,
                Some(c) if c.is_whitespace() => {}
                Some(_) => {
                    self.rest = before;
                    return false;
                }
            }
        }
    }

    /// One JSON value; what follows it stays.
    pub(super) fn json(&mut self) -> Result<Json, StrvalsError> {
        let end = json_end(self.rest.as_bytes()).filter(|end| self.rest.is_char_boundary(*end));
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let value = gotmpl::json::parse(text.as_bytes()).map_err(|e| match e {
            JsonError::UnexpectedEnd | JsonError::EndInside(_) => StrvalsError::OpenJson,
            e => StrvalsError::Json(e),
        })?;
        self.rest = rest;
        Ok(value)
    }
}

/// Where the JSON value at the start of `text` ends, looking only at its outline; `None` when it has no end (or is none),
/// and the parser finds the fault.
fn json_end(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'{' | b'[' => brackets_end(text),
        b'"' => string_end(text, 0),
        b't' => text.starts_with(b"true").then_some(4),
        b'f' => text.starts_with(b"false").then_some(5),
        b'n' => text.starts_with(b"null").then_some(4),
        _ => number_end(text),
    }
}

fn brackets_end(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0usize, 0usize);
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

fn string_end(text: &[u8], quote: usize) -> Option<usize> {
    let mut at = quote + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn number_end(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| from + text.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let is = |at: usize, wanted: &[u8]| text.get(at).is_some_and(|b| wanted.contains(b));
    let start = usize::from(is(0, b"-"));
    let mut end = if is(start, b"0") { start + 1 } else { digits(start) };
    if end == start {
        return None;
    }
    if is(end, b".") {
        let after = digits(end + 1);
        if after == end + 1 {
            return None;
        }
        end = after;
    }
    if is(end, b"eE") {
        let sign = end + 1 + usize::from(is(end + 1, b"+-"));
        let after = digits(sign);
        if after == sign {
            return None;
        }
        end = after;
    }
    Some(end)
}
