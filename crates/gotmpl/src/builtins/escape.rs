//! `html`, `js` and `urlquery`.

use crate::exec::val::{Val, is_nil_pointer};
use crate::exec::{Limits, Stopped, printed};
use crate::strconv::{is_print, utf8};
use crate::value::{Kind, Value};
use std::borrow::Cow;

/// The arguments as one text, each as an action would print it.
///
/// # Errors
/// The text would be too long.
pub(super) fn text_of<'a>(args: &'a [Val], limits: &Limits) -> Result<Cow<'a, [u8]>, Stopped> {
    if let [arg] = args
        && let Value::String(s) = arg.value()
    {
        return Ok(Cow::Borrowed(s));
    }
    let shown = args.iter().map(|arg| {
        // A pointer is no text to Go, even where its method gives one.
        let is_text = matches!(arg.value(), Value::Nil) || arg.value().kind() == Kind::String;
        let shown = match arg.value() {
            Value::Nil => Value::str("<no value>"),
            v @ Value::Object(o) if o.go_type().kind == Kind::Ptr && !is_nil_pointer(v) => {
                Value::str(printed(v, limits)?)
            }
            v => v.clone(),
        };
        Ok((shown, is_text))
    });
    let shown = shown.collect::<Result<Vec<_>, Stopped>>()?;
    let parts = shown.iter().map(|(value, is_text)| (value, *is_text));
    limits.printed(crate::fmt::sprint_parts(parts, limits.text_bytes)).map(Cow::Owned)
}

pub(super) fn html(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for b in text {
        match b {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            _ => out.push(*b),
        }
    }
    out
}

pub(super) fn js(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (at, c) in utf8::runes(text) {
        match u8::try_from(c).unwrap_or(0xff) {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\'' => out.extend_from_slice(b"\\'"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'<' | b'>' | b'&' | b'=' | 0..=0x1f => out.extend_from_slice(format!("\\u{c:04X}").as_bytes()),
            b if b.is_ascii() => out.push(b),
            _ if is_print(c) => {
                // Also a broken byte is printable, being U+FFFD, and stays as it is.
                let (_, width) = utf8::decode_rune(text.get(at..).unwrap_or_default());
                out.extend_from_slice(text.get(at..at + width).unwrap_or_default());
            }
            _ => out.extend_from_slice(format!("\\u{c:04X}").as_bytes()),
        }
    }
    out
}

pub(super) fn url_query(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for b in text {
        match b {
            b' ' => out.push(b'+'),
            b if b.is_ascii_alphanumeric() || b"-_.~".contains(b) => out.push(*b),
            b => out.extend_from_slice(format!("%{b:02X}").as_bytes()),
        }
    }
    out
}
