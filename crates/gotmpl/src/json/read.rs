//! JSON text to values, with the error texts of Go's scanner.

use super::{JsonError, MAX_DEPTH};
use crate::value::{GoString, List, Map, Value, types};
use serde_json::Value as Json;
use std::borrow::Cow;

/// Gives what `json.Unmarshal` into an `interface{}` gives: every number is a `float64`.
///
/// # Errors
/// Text that is not one JSON value, numbers beyond `float64`, too deep nesting.
pub fn unmarshal(text: &[u8]) -> Result<Value, JsonError> {
    let (value, error) = read(text, &GoValues)?;
    error.map_or(Ok(value), Err)
}

/// Gives what `json.Unmarshal` leaves in a `map[string]interface{}`, and its error: a number beyond `float64` is an error
/// but the rest of the map is there. `null` gives a nil map.
pub fn unmarshal_map(text: &[u8]) -> (Map, Option<JsonError>) {
    match read(text, &GoValues) {
        Ok((Value::Map(map), error)) => (map, error),
        Ok((Value::Nil, None)) => (Map::nil(types::MAP_ANY), None),
        Ok((other, _)) => (Map::any(), Some(mismatch(&other, types::MAP_ANY.name))),
        Err(error) => (Map::any(), Some(error)),
    }
}

/// Gives what `json.Unmarshal` leaves in a `[]interface{}`, and its error. `null` gives a nil slice.
pub fn unmarshal_list(text: &[u8]) -> (List, Option<JsonError>) {
    match read(text, &GoValues) {
        Ok((Value::List(list), error)) => (list, error),
        Ok((Value::Nil, None)) => (List::nil(types::LIST_ANY), None),
        Ok((other, _)) => (List::new(types::LIST_ANY, Vec::new()), Some(mismatch(&other, types::LIST_ANY.name))),
        Err(error) => (List::new(types::LIST_ANY, Vec::new()), Some(error)),
    }
}

/// Gives the text as a `serde_json` value in which every number is a float, as Go decodes it.
///
/// # Errors
/// As [`unmarshal`].
pub fn parse(text: &[u8]) -> Result<Json, JsonError> {
    let (value, error) = read(text, &JsonValues)?;
    error.map_or(Ok(value), Err)
}

fn mismatch(value: &Value, go_type: &'static str) -> JsonError {
    let name = match value {
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        // A number beyond float64 was read as nil.
        _ => "number",
    };
    JsonError::Type { value: name.to_owned(), go_type }
}

/// Makes values of one kind while the text is read.
pub(super) trait Build {
    type Value;
    type Entries: Default;
    fn null(&self) -> Self::Value;
    fn bool(&self, b: bool) -> Self::Value;
    /// `literal` is the number as it stands in the text.
    fn number(&self, f: f64, literal: &str) -> Self::Value;
    fn string(&self, s: Cow<'_, str>) -> Self::Value;
    fn list(&self, items: Vec<Self::Value>) -> Self::Value;
    fn entry(&self, entries: &mut Self::Entries, key: Cow<'_, str>, value: Self::Value);
    fn object(&self, entries: Self::Entries) -> Self::Value;
}

struct GoValues;

impl Build for GoValues {
    type Value = Value;
    type Entries = Vec<(GoString, Value)>;
    fn null(&self) -> Value {
        Value::Nil
    }
    fn bool(&self, b: bool) -> Value {
        Value::Bool(b)
    }
    fn number(&self, f: f64, _: &str) -> Value {
        Value::float(f)
    }
    fn string(&self, s: Cow<'_, str>) -> Value {
        Value::str(s)
    }
    fn list(&self, items: Vec<Value>) -> Value {
        Value::list(items)
    }
    fn entry(&self, entries: &mut Self::Entries, key: Cow<'_, str>, value: Value) {
        entries.push((GoString::from(key), value));
    }
    fn object(&self, entries: Self::Entries) -> Value {
        Value::map(entries)
    }
}

struct JsonValues;

impl Build for JsonValues {
    type Value = Json;
    type Entries = serde_json::Map<String, Json>;
    fn null(&self) -> Json {
        Json::Null
    }
    fn bool(&self, b: bool) -> Json {
        Json::Bool(b)
    }
    fn number(&self, f: f64, _: &str) -> Json {
        serde_json::Number::from_f64(f).map_or(Json::Null, Json::Number)
    }
    fn string(&self, s: Cow<'_, str>) -> Json {
        Json::String(s.into_owned())
    }
    fn list(&self, items: Vec<Json>) -> Json {
        Json::Array(items)
    }
    fn entry(&self, entries: &mut Self::Entries, key: Cow<'_, str>, value: Json) {
        entries.insert(key.into_owned(), value);
    }
    fn object(&self, entries: Self::Entries) -> Json {
        Json::Object(entries)
    }
}

/// The value and the first error that Go only reports at the end (it goes on after a number out of range).
fn read<B: Build>(text: &[u8], build: &B) -> Result<(B::Value, Option<JsonError>), JsonError> {
    let mut reader = Reader::at(text, 0);
    let value = reader.value(build)?;
    match reader.next_token() {
        None => Ok((value, reader.saved)),
        Some(byte) => Err(JsonError::Syntax { byte, context: "after top-level value" }),
    }
}

pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    saved: Option<JsonError>,
}

impl<'a> Reader<'a> {
    /// A reader that begins at this byte.
    pub(super) fn at(text: &'a [u8], at: usize) -> Self {
        Reader { text, at, depth: 0, saved: None }
    }

    /// The byte that comes next.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next byte that is not white space, without taking it.
    pub(super) fn next_token(&mut self) -> Option<u8> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn fail<T>(&self, context: &'static str) -> Result<T, JsonError> {
        Err(self.peek().map_or(JsonError::UnexpectedEnd, |byte| JsonError::Syntax { byte, context }))
    }

    /// As [`Reader::fail`] inside a word, number or escape, where not even the space would do that Go's scanner tries at
    /// the end of a text.
    fn fail_inside<T>(&self, context: &'static str) -> Result<T, JsonError> {
        Err(self.peek().map_or(JsonError::EndInside(context), |byte| JsonError::Syntax { byte, context }))
    }

    pub(super) fn value<B: Build>(&mut self, build: &B) -> Result<B::Value, JsonError> {
        match self.next_token() {
            Some(b'{') => self.object(build),
            Some(b'[') => self.array(build),
            Some(b'"') => Ok(build.string(self.string()?)),
            Some(b't') => self.literal("in literal true", b"true").map(|()| build.bool(true)),
            Some(b'f') => self.literal("in literal false", b"false").map(|()| build.bool(false)),
            Some(b'n') => self.literal("in literal null", b"null").map(|()| build.null()),
            Some(b'-' | b'0'..=b'9') => self.number(build),
            _ => self.fail("looking for beginning of value"),
        }
    }

    fn literal(&mut self, context: &'static str, word: &'static [u8]) -> Result<(), JsonError> {
        for expected in word {
            if self.peek() != Some(*expected) {
                return self.fail_inside(literal_context(context, *expected));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail("exceeded max depth");
        }
        self.at += 1;
        Ok(())
    }

    fn array<B: Build>(&mut self, build: &B) -> Result<B::Value, JsonError> {
        self.enter()?;
        let mut items = Vec::new();
        if self.next_token() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                items.push(self.value(build)?);
                match self.next_token() {
                    Some(b',') => self.at += 1,
                    Some(b']') => {
                        self.at += 1;
                        break;
                    }
                    _ => return self.fail("after array element"),
                }
            }
        }
        self.depth -= 1;
        Ok(build.list(items))
    }

    fn object<B: Build>(&mut self, build: &B) -> Result<B::Value, JsonError> {
        self.enter()?;
        let mut entries = B::Entries::default();
        if self.next_token() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                if self.next_token() != Some(b'"') {
                    return self.fail("looking for beginning of object key string");
                }
                let key = self.string()?;
                if self.next_token() != Some(b':') {
                    return self.fail("after object key");
                }
                self.at += 1;
                let value = self.value(build)?;
                build.entry(&mut entries, key, value);
                match self.next_token() {
                    Some(b',') => self.at += 1,
                    Some(b'}') => {
                        self.at += 1;
                        break;
                    }
                    _ => return self.fail("after object key:value pair"),
                }
            }
        }
        self.depth -= 1;
        Ok(build.object(entries))
    }

    fn number<B: Build>(&mut self, build: &B) -> Result<B::Value, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail_inside("in numeric literal"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return self.fail_inside("after decimal point in numeric literal");
            }
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return self.fail_inside("in exponent of numeric literal");
            }
            self.digits();
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(f) if f.is_finite() => Ok(build.number(f, text)),
            _ => {
                let value = format!("number {text}");
                self.saved.get_or_insert(JsonError::Type { value, go_type: types::FLOAT64.name });
                Ok(build.null())
            }
        }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    /// The string literal at the quote; bytes that are not UTF-8 and lone surrogates become U+FFFD.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let rest = self.text.get(self.at..).unwrap_or_default();
        let n = plain_run(rest);
        if rest.get(n) == Some(&b'"') {
            self.at += n + 1;
            let bytes = rest.get(..n).unwrap_or_default();
            return Ok(match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(replace_broken(bytes)),
            });
        }
        self.escaped_string()
    }

    fn escaped_string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let mut out = Vec::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let n = plain_run(rest);
            out.extend_from_slice(rest.get(..n).unwrap_or_default());
            self.at += n;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => {
                    self.at += 1;
                    let c = self.escape()?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => return self.fail("in string literal"),
            }
        }
        Ok(Cow::Owned(String::from_utf8(out).unwrap_or_else(|e| replace_broken(e.as_bytes()))))
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let c = match self.peek() {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'"') => '"',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return self.fail_inside("in string escape code"),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let high = self.hex4()?;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        let before = self.at;
        if high < 0xdc00 && self.text.get(self.at..).is_some_and(|t| t.starts_with(b"\\u")) {
            self.at += 2;
            // A broken second half is an error of its own when it is read again as a character.
            if let Ok(low @ 0xdc00..=0xdfff) = self.hex4() {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|b| char::from(b).to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.fail_inside("in \\u hexadecimal character escape"),
            }
            self.at += 1;
        }
        Ok(code)
    }
}

/// Length of the run of bytes that need no look: not a quote, a backslash or a control character.
fn plain_run(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| *b < 0x20 || *b == b'"' || *b == b'\\').unwrap_or(bytes.len())
}

/// Go replaces each broken byte by itself, Rust's lossy conversion a whole broken sequence.
fn replace_broken(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

fn literal_context(context: &'static str, expected: u8) -> &'static str {
    match (context, expected) {
        ("in literal true", b'r') => "in literal true (expecting 'r')",
        ("in literal true", b'u') => "in literal true (expecting 'u')",
        ("in literal true", _) => "in literal true (expecting 'e')",
        ("in literal false", b'a') => "in literal false (expecting 'a')",
        ("in literal false", b'l') => "in literal false (expecting 'l')",
        ("in literal false", b's') => "in literal false (expecting 's')",
        ("in literal false", _) => "in literal false (expecting 'e')",
        (_, b'u') => "in literal null (expecting 'u')",
        _ => "in literal null (expecting 'l')",
    }
}
