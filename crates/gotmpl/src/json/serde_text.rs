//! Any serde type to JSON text in Go's form.

use super::JsonError;
use super::write::{Escape, write_float, write_fragment};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::io::{self, Write};

/// Gives the type as `json.Marshal` would print its Go equal: compact, HTML escapes, Go's float form.
///
/// Object keys keep the order in which the type gives them (`serde_json` maps are sorted).
///
/// # Errors
/// When the type fails to serialize itself, e.g. a map key that is not a string.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, JsonError> {
    finish(value, Compact)
}

/// Gives the type as `json.MarshalIndent` with an empty prefix would print its Go equal.
///
/// # Errors
/// As [`to_string`].
pub fn to_string_indent<T: Serialize + ?Sized>(value: &T, indent: &str) -> Result<String, JsonError> {
    finish(value, Indented(PrettyFormatter::with_indent(indent.as_bytes())))
}

fn finish<T: Serialize + ?Sized, F: Formatter>(value: &T, formatter: F) -> Result<String, JsonError> {
    let mut out = Vec::with_capacity(128);
    value
        .serialize(&mut Serializer::with_formatter(&mut out, formatter))
        .map_err(|e| JsonError::Serialize(e.to_string()))?;
    String::from_utf8(out).map_err(|e| JsonError::Serialize(e.to_string()))
}

fn float<W: ?Sized + Write>(writer: &mut W, value: f64) -> io::Result<()> {
    let mut text = Vec::with_capacity(24);
    write_float(&mut text, value).map_err(io::Error::other)?;
    writer.write_all(&text)
}

fn fragment<W: ?Sized + Write>(writer: &mut W, text: &str) -> io::Result<()> {
    if !text.bytes().any(|b| matches!(b, b'<' | b'>' | b'&' | 0xe2)) {
        return writer.write_all(text.as_bytes());
    }
    let mut escaped = Vec::with_capacity(text.len() + 16);
    write_fragment(&mut escaped, text.as_bytes(), Escape::Html);
    writer.write_all(&escaped)
}

struct Compact;

impl Formatter for Compact {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        float(writer, value)
    }
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        fragment(writer, text)
    }
}

struct Indented<'a>(PrettyFormatter<'a>);

impl Formatter for Indented<'_> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        float(writer, value)
    }
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        fragment(writer, text)
    }
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
