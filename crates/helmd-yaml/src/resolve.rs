//! What a plain scalar means in YAML 1.1 as go-yaml reads it.

use crate::timestamp;
use gotmpl::strconv;
use std::borrow::Cow;

/// The meaning of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Above the range of `int64`.
    Uint(u64),
    Float(f64),
    /// A date; it is kept as text.
    Timestamp,
    Str,
}

impl Scalar {
    /// The short tag of its type.
    pub(crate) fn tag(&self) -> &'static str {
        match self {
            Scalar::Null => "!!null",
            Scalar::Bool(_) => "!!bool",
            Scalar::Int(_) | Scalar::Uint(_) => "!!int",
            Scalar::Float(_) => "!!float",
            Scalar::Timestamp => "!!timestamp",
            Scalar::Str => "!!str",
        }
    }
}

/// Which words and numbers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// go-yaml version 2: `yes`, `on`, `y` and so on are booleans.
    V2,
    /// go-yaml version 3: they are strings; `0o+7` is a number.
    V3,
}

/// Whether dates are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    Yes,
    No,
}

/// Finds the meaning of a scalar that has no tag, or a tag that leaves the choice.
pub(crate) fn resolve(text: &str, schema: Schema, dates: Dates) -> Scalar {
    let Some(&first) = text.as_bytes().first() else { return Scalar::Null };
    match first {
        b'+' | b'-' | b'0'..=b'9' => word(text, schema).unwrap_or_else(|| number(text, schema, dates)),
        // HELM: here underscores between digits are Go's, elsewhere they may stand anywhere.
        b'.' => word(text, schema).unwrap_or_else(|| strconv::parse_float(text, 64).map_or(Scalar::Str, Scalar::Float)),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            word(text, schema).unwrap_or(Scalar::Str)
        }
        _ => Scalar::Str,
    }
}

fn word(text: &str, schema: Schema) -> Option<Scalar> {
    if text.len() > 5 {
        return None;
    }
    Some(match text {
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ if schema == Schema::V2 => Scalar::Bool(old_bool(text)?),
        _ => return None,
    })
}

/// The boolean words of YAML 1.1 beside `true` and `false`.
pub(crate) fn old_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn number(text: &str, schema: Schema, dates: Dates) -> Scalar {
    if dates == Dates::Yes && timestamp::is_timestamp(text) {
        return Scalar::Timestamp;
    }
    let plain = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    let plain = &*plain;
    if let Some(scalar) = integer(plain, 0) {
        return scalar;
    }
    if let Some(f) = float(plain) {
        return Scalar::Float(f);
    }
    if let Some(scalar) = signed_after_prefix(plain, "0b", 2) {
        return scalar;
    }
    if schema == Schema::V3
        && let Some(scalar) = signed_after_prefix(plain, "0o", 8)
    {
        return scalar;
    }
    Scalar::Str
}

/// HELM: go-yaml hands what follows the prefix to a parser that takes a sign: `0b-1` is -1.
fn signed_after_prefix(text: &str, prefix: &str, base: u32) -> Option<Scalar> {
    if let Some(digits) = text.strip_prefix(prefix) {
        return integer(digits, base);
    }
    let digits = text.strip_prefix('-')?.strip_prefix(prefix)?;
    i64::from_str_radix(&format!("-{}", unsigned(digits)?), base).ok().map(Scalar::Int)
}

fn unsigned(digits: &str) -> Option<&str> {
    (!digits.starts_with(['+', '-'])).then_some(digits)
}

/// `strconv.ParseInt`, then `ParseUint`; base 0 is found by prefix.
fn integer(text: &str, base: u32) -> Option<Scalar> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (digits, base) = if base == 0 { prefix(rest) } else { (rest, base) };
    let magnitude = u64::from_str_radix(unsigned(digits)?, base).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Scalar::Int);
    }
    match i64::try_from(magnitude) {
        Ok(i) => Some(Scalar::Int(i)),
        // `ParseUint` takes no sign.
        Err(_) => (rest.len() == text.len()).then_some(Scalar::Uint(magnitude)),
    }
}

fn prefix(digits: &str) -> (&str, u32) {
    let Some(rest) = digits.strip_prefix('0') else { return (digits, 10) };
    match rest.as_bytes().first() {
        None => (digits, 10),
        Some(b'x' | b'X') => (rest.get(1..).unwrap_or_default(), 16),
        Some(b'o' | b'O') => (rest.get(1..).unwrap_or_default(), 8),
        Some(b'b' | b'B') => (rest.get(1..).unwrap_or_default(), 2),
        Some(_) => (rest, 8),
    }
}

/// A float in YAML's form; out of range is no number.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text).as_bytes();
    let whole = run(unsigned);
    let mut rest = unsigned.get(whole..)?;
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix(b".") {
        fraction = run(after);
        rest = after.get(fraction..)?;
    }
    if whole == 0 && fraction == 0 {
        return None;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let digits = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        if digits.is_empty() || run(digits) != digits.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite())
}

fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Whether the text is a number in base 60, which YAML 1.1 knew.
pub(crate) fn is_base60(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['+', '-']).or(Some(text)) else { return false };
    if !rest.as_bytes().first().is_some_and(u8::is_ascii_digit) || !rest.contains(':') {
        return false;
    }
    let mut parts = rest.split(':');
    let whole = parts.next().unwrap_or_default();
    if !whole.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return false;
    }
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let digits = match part.split_once('.') {
            Some((digits, fraction)) => {
                if parts.peek().is_some() || !fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
                    return false;
                }
                digits
            }
            None => part,
        };
        let good = match digits.as_bytes() {
            [d] => d.is_ascii_digit(),
            [b'0'..=b'5', d] => d.is_ascii_digit(),
            _ => false,
        };
        if !good {
            return false;
        }
    }
    true
}
