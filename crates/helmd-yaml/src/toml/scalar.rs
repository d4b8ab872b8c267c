//! TOML's strings and numbers from their tokens.

use super::lex::{Item, Kind};
use gotmpl::strconv;

/// The string of a token; `Err` is what is wrong with it.
pub(super) fn string(item: Item<'_>) -> Result<String, String> {
    match item.kind {
        Kind::Escaped => replace_escapes(item.text),
        Kind::Multiline => replace_escapes(&strip_escaped_newlines(strip_first_newline(item.text))),
        Kind::RawMultiline => Ok(strip_first_newline(item.text).to_owned()),
        _ => Ok(item.text.to_owned()),
    }
}

fn replace_escapes(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = after.chars();
        let (c, digits) = match chars.next() {
            Some('b') => ('\u{8}', 0),
            Some('t') => ('\t', 0),
            Some('n') => ('\n', 0),
            Some('f') => ('\u{c}', 0),
            Some('r') => ('\r', 0),
            Some('e') => ('\u{1b}', 0),
            Some('"') => ('"', 0),
            Some('\\') => ('\\', 0),
            Some('x') => ('x', 2),
            Some('u') => ('u', 4),
            Some('U') => ('U', 8),
            Some(c) => return Err(format!("invalid escape: '\\{c}'")),
            None => break,
        };
        rest = chars.as_str();
        if digits == 0 {
            out.push(c);
            continue;
        }
        let (code, after) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        match u32::from_str_radix(code, 16).ok().and_then(char::from_u32) {
            Some(c) => out.push(c),
            None => return Err(format!("Escaped character '\\u{code}' is not valid UTF-8.")),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// The integer; `Err` is what is wrong with it.
pub(super) fn integer(text: &str) -> Result<i64, String> {
    let shown = || strconv::quote(text.as_bytes());
    if !underscores_ok(text) {
        let message = format!("Invalid integer {}: underscores must be surrounded by digits", shown());
        return Err(message);
    }
    if leading_zero(text) {
        return Err(format!("Invalid integer {}: cannot have leading zeroes", shown()));
    }
    let plain = text.replace('_', "");
    let parsed = match plain.get(..2) {
        Some("0x") => i64::from_str_radix(plain.get(2..).unwrap_or_default(), 16),
        Some("0o") => i64::from_str_radix(plain.get(2..).unwrap_or_default(), 8),
        Some("0b") => i64::from_str_radix(plain.get(2..).unwrap_or_default(), 2),
        _ => plain.parse(),
    };
    parsed.map_err(|_| format!("{text} is out of range for int64"))
}

/// The float; `Err` is what is wrong with it.
pub(super) fn float(text: &str) -> Result<f64, String> {
    let shown = strconv::quote(text.as_bytes());
    let mut parts = text.split(['.', 'e', 'E']).filter(|p| !p.is_empty());
    if !parts.clone().all(underscores_ok) {
        let message = format!("Invalid float {shown}: underscores must be surrounded by digits");
        return Err(message);
    }
    if parts.next().is_some_and(leading_zero) {
        return Err(format!("Invalid float {shown}: cannot have leading zeroes"));
    }
    let points_ok = text.split('.').skip(1).all(|p| p.starts_with(|c: char| c.is_ascii_digit()));
    if !points_ok {
        let message = format!("Invalid float {shown}: '.' must be followed by one or more digits");
        return Err(message);
    }
    let plain = text.replace('_', "");
    match plain.as_str() {
        "nan" | "+nan" => return Ok(f64::NAN),
        "-nan" => return Ok(-f64::NAN),
        "inf" | "+inf" => return Ok(f64::INFINITY),
        "-inf" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    match plain.parse::<f64>() {
        Ok(f) if f.is_finite() => Ok(f),
        Ok(_) => Err(format!("{text} is out of range for float64")),
        Err(_) => Err(format!("Invalid float value: {shown}")),
    }
}

fn strip_first_newline(text: &str) -> &str {
    text.strip_prefix('\n').or_else(|| text.strip_prefix("\r\n")).unwrap_or(text)
}

/// Takes out backslashes at the end of lines and the white space after them.
fn strip_escaped_newlines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let trimmed = after.trim_start_matches([' ', '\t', '\r', '\n']);
        let white = after.get(..after.len() - trimmed.len()).unwrap_or_default();
        if let Some(escaped) = after.strip_prefix('\\') {
            out.push_str("\\\\");
            rest = escaped;
        } else if white.contains('\n') {
            rest = trimmed;
        } else {
            out.push('\\');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn leading_zero(text: &str) -> bool {
    match text.as_bytes() {
        [b'0', b'b' | b'o' | b'x', ..] => false,
        [b'0', _, ..] => true,
        [b'-' | b'+', b'0', _, ..] => true,
        _ => false,
    }
}

/// Whether each underscore stands between digits, and the text ends with one.
fn underscores_ok(text: &str) -> bool {
    if matches!(text, "nan" | "+nan" | "-nan" | "inf" | "-inf" | "+inf") {
        return true;
    }
    let mut after_digit = false;
    for c in text.chars() {
        if c == '_' && !after_digit {
            return false;
        }
        after_digit = c.is_ascii_hexdigit();
    }
    after_digit
}
