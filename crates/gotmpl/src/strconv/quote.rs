//! Go's string and character literals, both ways.

use super::is_print;
use super::utf8::{REPLACEMENT, decode_rune, push_rune};

/// Which characters stand for themselves in a quoted text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    Printable,
    Ascii,
}

/// The double-quoted literal of a string (`%q`).
pub fn quote(text: impl AsRef<[u8]>) -> String {
    quote_text(text.as_ref(), Plain::Printable)
}

/// As [`quote`], with escapes for everything but ASCII.
pub fn quote_to_ascii(text: impl AsRef<[u8]>) -> String {
    quote_text(text.as_ref(), Plain::Ascii)
}

/// The single-quoted literal of a character; what is no character becomes U+FFFD.
pub fn quote_rune(rune: u32) -> String {
    quote_character(rune, Plain::Printable)
}

/// As [`quote_rune`], with escapes for everything but ASCII.
pub fn quote_rune_to_ascii(rune: u32) -> String {
    quote_character(rune, Plain::Ascii)
}

fn quote_text(text: &[u8], plain: Plain) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let (rune, width) = decode_rune(rest);
        if rune == REPLACEMENT && width == 1 {
            out.push_str(&format!("\\x{first:02x}"));
        } else {
            escape(&mut out, rune, '"', plain);
        }
        rest = rest.get(width..).unwrap_or_default();
    }
    out.push('"');
    out
}

fn quote_character(rune: u32, plain: Plain) -> String {
    let mut out = String::from('\'');
    escape(&mut out, char::from_u32(rune).map_or(REPLACEMENT, u32::from), '\'', plain);
    out.push('\'');
    out
}

fn escape(out: &mut String, rune: u32, quote: char, plain: Plain) {
    let c = char::from_u32(rune).unwrap_or(char::REPLACEMENT_CHARACTER);
    if c == quote || c == '\\' {
        out.push('\\');
        out.push(c);
        return;
    }
    if is_print(rune) && (plain == Plain::Printable || c.is_ascii()) {
        out.push(c);
        return;
    }
    match c {
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        '\0'..' ' | '\x7f' => out.push_str(&format!("\\x{rune:02x}")),
        '\u{10000}'.. => out.push_str(&format!("\\U{rune:08x}")),
        _ => out.push_str(&format!("\\u{rune:04x}")),
    }
}

/// Whether the text can stand in a one-line raw literal: valid UTF-8 without backquotes, controls (but tabs) and BOMs.
pub fn can_backquote(text: &[u8]) -> bool {
    std::str::from_utf8(text)
        .is_ok_and(|t| t.chars().all(|c| !matches!(c, '\0'..='\x08' | '\n'..='\x1f' | '`' | '\x7f' | '\u{feff}')))
}

/// A text that is no Go literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid syntax")]
pub struct InvalidSyntax;

/// One character of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnquotedChar {
    /// The character, or the byte of a `\x` or octal escape.
    pub value: u32,
    /// Whether `value` stands for its UTF-8 form, not for one byte.
    pub multibyte: bool,
    /// Bytes of the literal that it took.
    pub width: usize,
}

/// The first character of a literal's inside. `quote` is the literal's quote, which may be escaped but not stand alone.
///
/// # Errors
/// An unknown or incomplete escape, the quote itself, or no text.
pub fn unquote_char(text: &[u8], quote: u8) -> Result<UnquotedChar, InvalidSyntax> {
    let first = *text.first().ok_or(InvalidSyntax)?;
    if first == quote && matches!(quote, b'\'' | b'"') {
        return Err(InvalidSyntax);
    }
    if !first.is_ascii() {
        let (value, width) = decode_rune(text);
        return Ok(UnquotedChar { value, multibyte: true, width });
    }
    if first != b'\\' {
        return Ok(UnquotedChar { value: u32::from(first), multibyte: false, width: 1 });
    }
    let letter = *text.get(1).ok_or(InvalidSyntax)?;
    let simple = |value: u8| Ok(UnquotedChar { value: u32::from(value), multibyte: false, width: 2 });
    match letter {
        b'a' => simple(7),
        b'b' => simple(8),
        b'f' => simple(12),
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'v' => simple(11),
        b'\\' => simple(b'\\'),
        b'\'' | b'"' if letter == quote => simple(letter),
        b'x' => numeric(text, 2, 2, 16).map(|value| UnquotedChar { value, multibyte: false, width: 4 }),
        b'u' | b'U' => {
            let digits = if letter == b'u' { 4 } else { 8 };
            let value = numeric(text, 2, digits, 16)?;
            char::from_u32(value).ok_or(InvalidSyntax)?;
            Ok(UnquotedChar { value, multibyte: true, width: 2 + digits })
        }
        b'0'..=b'7' => {
            let value = numeric(text, 1, 3, 8)?;
            if value > 255 {
                return Err(InvalidSyntax);
            }
            Ok(UnquotedChar { value, multibyte: false, width: 4 })
        }
        _ => Err(InvalidSyntax),
    }
}

fn numeric(text: &[u8], start: usize, count: usize, radix: u32) -> Result<u32, InvalidSyntax> {
    let digits = text.get(start..start + count).ok_or(InvalidSyntax)?;
    digits.iter().try_fold(0_u32, |value, c| {
        let digit = char::from(*c).to_digit(radix).ok_or(InvalidSyntax)?;
        value.checked_mul(radix).and_then(|v| v.checked_add(digit)).ok_or(InvalidSyntax)
    })
}

/// The value of a whole literal: double-quoted, backquoted, or one character in single quotes.
///
/// # Errors
/// Not a Go literal from its first to its last byte.
pub fn unquote(literal: impl AsRef<[u8]>) -> Result<Vec<u8>, InvalidSyntax> {
    let (quote, inside) = match literal.as_ref() {
        [q @ (b'`' | b'"' | b'\''), inside @ .., last] if q == last => (*q, inside),
        _ => return Err(InvalidSyntax),
    };
    if quote == b'`' {
        return match (memchr::memchr(b'`', inside), memchr::memchr(b'\r', inside)) {
            (Some(_), _) => Err(InvalidSyntax),
            (None, None) => Ok(inside.to_vec()),
            // Raw literals drop carriage returns.
            (None, Some(_)) => Ok(inside.iter().copied().filter(|c| *c != b'\r').collect()),
        };
    }
    let plain = |b: &u8| matches!(b, b' '..=b'~') && *b != quote && *b != b'\\';
    if quote == b'"' && inside.iter().all(plain) {
        return Ok(inside.to_vec());
    }
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(&first) = rest.first() {
        let c = unquote_char(rest, quote)?;
        if first == b'\n' {
            return Err(InvalidSyntax);
        }
        match u8::try_from(c.value) {
            Ok(byte) if byte.is_ascii() || !c.multibyte => out.push(byte),
            _ => push_rune(&mut out, c.value),
        }
        rest = rest.get(c.width..).unwrap_or_default();
        if quote == b'\'' && !rest.is_empty() {
            return Err(InvalidSyntax);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go() {
        assert_eq!(quote("a\"\\\n\u{7}\u{feff}é\u{a0}😀"), "\"a\\\"\\\\\\n\\a\\ufeffé\\u00a0😀\"");
        assert_eq!(quote(b"\xff\x01"), "\"\\xff\\x01\"");
        assert_eq!(quote_to_ascii("é😀"), "\"\\u00e9\\U0001f600\"");
        assert_eq!(quote_rune(u32::MAX), "'\u{fffd}'");
        assert_eq!(quote_rune(u32::from('\'')), "'\\''");
    }

    #[test]
    fn unquotes_as_go() {
        for (literal, want) in [
            ("\"a\\x41\\u00e9\\101\"", Some("aAéA")),
            ("`a\\n\r`", Some("a\\n")),
            ("'x'", Some("x")),
            ("'xy'", None),
            ("\"a", None),
            ("\"\\'\"", None),
            ("\"a\nb\"", None),
            ("\"\\400\"", None),
            ("\"\\ud800\"", None),
            ("", None),
            ("\"", None),
        ] {
            assert_eq!(unquote(literal).ok(), want.map(|w| w.as_bytes().to_vec()), "{literal}");
        }
        assert_eq!(unquote("\"\\xff\""), Ok(vec![0xff]));
    }
}
