//! Go values to JSON text.

use super::{JsonError, MAX_DEPTH};
use crate::value::{FieldReader, GoString, Kind, List, Map, Object, Value};
use std::io::Write as _;

/// Whether `<`, `>` and `&` in strings are written as `\u003c`, `\u003e`, `\u0026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As `json.Marshal` does.
    Html,
    /// As an encoder after `SetEscapeHTML(false)` does.
    Raw,
}

/// Gives `json.Marshal` of the value.
///
/// # Errors
/// NaN, infinities, functions, complex numbers, maps that contain themselves.
pub fn marshal(value: &Value) -> Result<Vec<u8>, JsonError> {
    marshal_within(value, usize::MAX)
}

/// As [`marshal`], at most about `limit` bytes. Values may share values, so that their JSON can be any number of times
/// larger than they are.
///
/// # Errors
/// As [`marshal`], and [`JsonError::TooLong`].
pub fn marshal_within(value: &Value, limit: usize) -> Result<Vec<u8>, JsonError> {
    write(value, Escape::Html, None, limit)
}

/// Gives `json.MarshalIndent` of the value.
///
/// # Errors
/// As [`marshal`].
pub fn marshal_indent(value: &Value, prefix: &str, indent: &str) -> Result<Vec<u8>, JsonError> {
    marshal_indent_within(value, (prefix, indent), usize::MAX)
}

/// As [`marshal_indent`] with prefix and indent, at most about `limit` bytes.
///
/// # Errors
/// As [`marshal`], and [`JsonError::TooLong`].
pub fn marshal_indent_within(value: &Value, layout: (&str, &str), limit: usize) -> Result<Vec<u8>, JsonError> {
    write(value, Escape::Html, Some(layout), limit)
}

/// Gives the value as an encoder without HTML escaping writes it, without the final newline.
///
/// # Errors
/// As [`marshal`].
pub fn marshal_raw(value: &Value) -> Result<Vec<u8>, JsonError> {
    marshal_raw_within(value, usize::MAX)
}

/// As [`marshal_raw`], at most about `limit` bytes.
///
/// # Errors
/// As [`marshal`], and [`JsonError::TooLong`].
pub fn marshal_raw_within(value: &Value, limit: usize) -> Result<Vec<u8>, JsonError> {
    write(value, Escape::Raw, None, limit)
}

fn write(value: &Value, escape: Escape, layout: Option<(&str, &str)>, limit: usize) -> Result<Vec<u8>, JsonError> {
    let mut writer = Writer { out: Vec::with_capacity(128), escape, layout, depth: 0, limit };
    writer.value(value)?;
    writer.fits()?;
    Ok(writer.out)
}

struct Writer<'a> {
    out: Vec<u8>,
    escape: Escape,
    /// Prefix and indent of `MarshalIndent`; `None` is the compact form.
    layout: Option<(&'a str, &'a str)>,
    depth: usize,
    limit: usize,
}

impl Writer<'_> {
    fn fits(&self) -> Result<(), JsonError> {
        if self.out.len() > self.limit { Err(JsonError::TooLong { limit: self.limit }) } else { Ok(()) }
    }

    fn value(&mut self, value: &Value) -> Result<(), JsonError> {
        self.fits()?;
        match value {
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(_, i) => write_int(&mut self.out, *i),
            Value::Uint(_, u) => {
                let _ = write!(self.out, "{u}");
            }
            Value::Float(t, f) => write_sized_float(&mut self.out, *f, t.kind == Kind::Float32)?,
            Value::String(s) => write_string(&mut self.out, s, self.escape),
            Value::List(l) => return self.list(l),
            Value::Map(m) => return self.map(m),
            Value::Object(o) => return self.object(o.as_ref()),
            Value::Complex(..) => return Err(JsonError::UnsupportedType("complex128")),
            Value::Func(f) => return Err(JsonError::UnsupportedType(f.go_type().name)),
        }
        Ok(())
    }

    /// Goes one level down. Go looks for cycles from the thousandth level on and names the type it meets again, which is
    /// the type of this level.
    fn enter(&mut self, type_name: &str) -> Result<(), JsonError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(JsonError::UnsupportedValue(format!("encountered a cycle via {type_name}")));
        }
        Ok(())
    }

    fn newline(&mut self) {
        if let Some((prefix, indent)) = self.layout {
            self.out.push(b'\n');
            self.out.extend_from_slice(prefix.as_bytes());
            for _ in 0..self.depth {
                self.out.extend_from_slice(indent.as_bytes());
            }
        }
    }

    fn list(&mut self, list: &List) -> Result<(), JsonError> {
        if list.is_nil() {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        if list.go_type().elem.is_some_and(|e| e.kind == Kind::Uint8) {
            self.bytes(list);
            return Ok(());
        }
        self.enter(list.go_type().name)?;
        self.out.push(b'[');
        for (i, item) in list.iter().enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.newline();
            self.value(item)?;
        }
        self.depth -= 1;
        if !list.is_empty() {
            self.newline();
        }
        self.out.push(b']');
        Ok(())
    }

    /// Go writes `[]byte` as base64.
    fn bytes(&mut self, list: &List) {
        let data: Vec<u8> = list
            .iter()
            .map(|v| match v {
                Value::Uint(_, u) => (*u & 0xff) as u8,
                Value::Int(_, i) => (*i & 0xff) as u8,
                _ => 0,
            })
            .collect();
        self.out.push(b'"');
        base64(&mut self.out, &data);
        self.out.push(b'"');
    }

    fn map(&mut self, map: &Map) -> Result<(), JsonError> {
        if map.is_nil() {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        self.enter(map.go_type().name)?;
        self.out.push(b'{');
        let mut first = true;
        map.for_each(|key, value| self.entry(&mut first, key, value))?;
        self.end_object(first);
        Ok(())
    }

    fn object(&mut self, object: &dyn Object) -> Result<(), JsonError> {
        if let Some(cause) = object.json_error() {
            return Err(JsonError::Marshaler { go_type: object.go_type().name, cause });
        }
        if let Some(value) = object.json() {
            self.enter(object.go_type().name)?;
            self.depth -= 1;
            return self.value(&value);
        }
        if let Some(map) = object.as_map() {
            return self.map(&map);
        }
        self.enter(object.go_type().name)?;
        self.out.push(b'{');
        let mut first = true;
        for (name, value) in object.fields_for(FieldReader::Json) {
            self.entry(&mut first, &GoString::from(name), &value)?;
        }
        self.end_object(first);
        Ok(())
    }

    fn entry(&mut self, first: &mut bool, key: &GoString, value: &Value) -> Result<(), JsonError> {
        if !std::mem::replace(first, false) {
            self.out.push(b',');
        }
        self.newline();
        write_string(&mut self.out, key, self.escape);
        self.out.push(b':');
        if self.layout.is_some() {
            self.out.push(b' ');
        }
        self.value(value)
    }

    fn end_object(&mut self, empty: bool) {
        self.depth -= 1;
        if !empty {
            self.newline();
        }
        self.out.push(b'}');
    }
}

fn write_int(out: &mut Vec<u8>, i: i64) {
    let _ = write!(out, "{i}");
}

/// Appends a `float64` as `encoding/json` writes it: plain digits from 1e-6 up to 1e21, else an exponent.
///
/// # Errors
/// NaN and infinities.
pub fn write_float(out: &mut Vec<u8>, f: f64) -> Result<(), JsonError> {
    write_sized_float(out, f, false)
}

fn write_sized_float(out: &mut Vec<u8>, f: f64, single: bool) -> Result<(), JsonError> {
    if !f.is_finite() {
        let text = if f.is_nan() {
            "NaN"
        } else if f > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        };
        return Err(JsonError::UnsupportedValue(text.to_owned()));
    }
    /// Whole numbers below this are exact and print as integers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if f.abs() < EXACT && f.fract() == 0.0 && (f != 0.0 || f.is_sign_positive()) {
        write_int(out, f as i64);
        return Ok(());
    }
    let single_abs = f.abs() as f32;
    let exponent = if single { !(1e-6..1e21).contains(&single_abs) } else { !(1e-6..1e21).contains(&f.abs()) };
    if f.is_sign_negative() {
        out.push(b'-');
    }
    // Ryu, unlike the standard library, rounds a tie to the even digit, as Go does.
    let mut buffer = ryu::Buffer::new();
    let text = if single { buffer.format_finite(single_abs) } else { buffer.format_finite(f.abs()) };
    if f == 0.0 {
        out.push(b'0');
    } else {
        write_digits(out, text, exponent);
    }
    Ok(())
}

/// Lays out digits like `12.34e5` anew: with or without exponent.
fn write_digits(out: &mut Vec<u8>, text: &str, exponent: bool) {
    let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole.as_bytes(), fraction.as_bytes()].concat();
    let zeros = all.iter().take_while(|d| **d == b'0').count();
    let digits = all.get(zeros..).unwrap_or_default();
    let trailing = digits.iter().rev().take_while(|d| **d == b'0').count();
    let digits = digits.get(..digits.len() - trailing).unwrap_or_default();
    // The point stands after this many digits.
    let point = whole.len() as i32 - zeros as i32 + power.parse::<i32>().unwrap_or(0);
    if exponent {
        let (first, rest) = digits.split_at(digits.len().min(1));
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        let _ = write!(out, "e{:+}", point - 1);
        return;
    }
    if point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + point.unsigned_abs() as usize, b'0');
        out.extend_from_slice(digits);
        return;
    }
    let point = point as usize;
    out.extend_from_slice(digits.get(..point.min(digits.len())).unwrap_or_default());
    out.resize(out.len() + point.saturating_sub(digits.len()), b'0');
    if point < digits.len() {
        out.push(b'.');
        out.extend_from_slice(digits.get(point..).unwrap_or_default());
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What to do with a byte of valid UTF-8 in a string: copy it, escape it, or look closer (0xE2 starts U+2028).
const fn classes(html: bool) -> [bool; 256] {
    let mut plain = [true; 256];
    let mut b = 0;
    while b < 0x20 {
        plain[b] = false;
        b += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain[0xe2] = false;
    if html {
        plain[b'<' as usize] = false;
        plain[b'>' as usize] = false;
        plain[b'&' as usize] = false;
    }
    plain
}
static PLAIN_HTML: [bool; 256] = classes(true);
static PLAIN_RAW: [bool; 256] = classes(false);

/// Appends a JSON string literal with its quotes; every byte that is not UTF-8 becomes `\ufffd`.
pub fn write_string(out: &mut Vec<u8>, text: &[u8], escape: Escape) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        write_fragment(out, chunk.valid().as_bytes(), escape);
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

/// Appends valid UTF-8 with JSON's escapes, without quotes.
pub(super) fn write_fragment(out: &mut Vec<u8>, text: &[u8], escape: Escape) {
    let plain = if escape == Escape::Html { &PLAIN_HTML } else { &PLAIN_RAW };
    let mut rest = text;
    while let Some(n) = rest.iter().position(|b| !plain[usize::from(*b)]) {
        let (head, tail) = rest.split_at(n);
        out.extend_from_slice(head);
        let used = match tail {
            [0xe2, 0x80, last @ (0xa8 | 0xa9), ..] => {
                out.extend_from_slice(b"\\u202");
                out.push(HEX[usize::from(last & 0xf)]);
                3
            }
            [0xe2, ..] => {
                out.push(0xe2);
                1
            }
            [byte, ..] => {
                write_escape(out, *byte);
                1
            }
            [] => 0,
        };
        rest = tail.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 0xf)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn base64(out: &mut Vec<u8>, data: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in data.chunks(3) {
        let word = chunk.iter().fold(0_u32, |w, b| (w << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = ALPHABET[((word >> (18 - 6 * i)) & 0x3f) as usize];
            out.push(if i <= chunk.len() { letter } else { b'=' });
        }
    }
}
