//! Numbers and quoted strings as texts, by the rules and with the error texts of Go's `strconv`.
//!
//! Inputs are anything with bytes, because Go strings need not be UTF-8.

mod float_format;
mod float_parse;
mod int;
mod printable;
mod quote;
pub mod utf8;

pub use float_format::format_float;
pub use float_parse::{parse_float, parse_float_clamped};
pub use int::{atoi, atoi_clamped, parse_bool, parse_int, parse_int_clamped, parse_uint, parse_uint_clamped};
pub use printable::is_print;
pub use quote::{
    InvalidSyntax, UnquotedChar, can_backquote, quote, quote_rune, quote_rune_to_ascii, quote_to_ascii, unquote,
    unquote_char,
};

use std::fmt;

/// What is wrong with a number's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumErrorKind {
    /// Not a number of this form.
    Syntax,
    /// A number that the type cannot hold.
    Range,
    /// A base outside 0 and 2–36.
    Base(u32),
    /// More bits than 64.
    BitSize(u32),
}

impl fmt::Display for NumErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NumErrorKind::Syntax => f.write_str("invalid syntax"),
            NumErrorKind::Range => f.write_str("value out of range"),
            NumErrorKind::Base(base) => write!(f, "invalid base {base}"),
            NumErrorKind::BitSize(bits) => write!(f, "invalid bit size {bits}"),
        }
    }
}

/// A text that is not the wanted number. `Display` is Go's: `strconv.ParseInt: parsing "x": invalid syntax`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("strconv.{function}: parsing {}: {kind}", quote(.input))]
pub struct NumError {
    /// The Go function that would have failed.
    pub function: &'static str,
    /// The whole text.
    pub input: Vec<u8>,
    /// What is wrong with it.
    pub kind: NumErrorKind,
}

impl NumError {
    fn new(function: &'static str, input: &[u8], kind: NumErrorKind) -> NumError {
        NumError { function, input: input.to_vec(), kind }
    }
}

/// Whether underscores stand only between digits (a base prefix counts as one), as in Go's number literals.
fn underscores_ok(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let prefix = match digits {
        [b'0', p, ..] if matches!(p | 0x20, b'b' | b'o' | b'x') => Some(p | 0x20),
        _ => None,
    };
    let hex = prefix == Some(b'x');
    // The class of the character before: a digit (or the prefix), an underscore, or anything else.
    let mut before = if prefix.is_some() { b'0' } else { b'^' };
    for &c in digits.iter().skip(if prefix.is_some() { 2 } else { 0 }) {
        let digit = c.is_ascii_digit() || (hex && c.is_ascii_hexdigit());
        before = match (digit, c) {
            (true, _) => b'0',
            (false, b'_') if before == b'0' => b'_',
            (false, b'_') => return false,
            (false, _) if before == b'_' => return false,
            (false, _) => b'!',
        };
    }
    before != b'_'
}
