//! Numeric and character constants of the template language.

use super::lex::Kind;
use super::node::{Ideal, Number};
use crate::strconv;
use crate::value::Value;
use std::borrow::Cow;

/// The number written as `text`; the place of the text is left to the caller.
pub(super) fn number(text: &[u8], kind: Kind) -> Result<Number, String> {
    match kind {
        Kind::CharConstant => character(text),
        Kind::Complex => {
            let (re, im) = complex(text)?;
            Ok(from_complex(re, im))
        }
        _ => plain_number(text),
    }
}

fn character(text: &[u8]) -> Result<Number, String> {
    let inside = text.get(1..).unwrap_or_default();
    let c = strconv::unquote_char(inside, b'\'').map_err(|e| e.to_string())?;
    if inside.get(c.width..) != Some(b"'") {
        return Err(format!("malformed character constant: {}", crate::strconv::utf8::to_text(text)));
    }
    let code = c.value;
    Ok(Number {
        int: Some(code.into()),
        uint: Some(code.into()),
        float: Some(code.into()),
        ideal: Ideal::Int(code.into()),
        ..Number::default()
    })
}

fn word(text: &[u8]) -> Cow<'_, str> {
    crate::strconv::utf8::to_text(text)
}

fn parse_float(text: &str) -> Option<f64> {
    strconv::parse_float(text, 64).ok()
}

/// `1+2i`: two numbers with the second one's sign between them.
fn complex(text: &[u8]) -> Result<(f64, f64), String> {
    const SCAN: &str = "syntax error scanning complex number";
    let text = std::str::from_utf8(text).ok().and_then(|t| t.strip_suffix('i')).ok_or(SCAN)?;
    let hex = text.trim_start_matches(['+', '-']).get(..2).is_some_and(|p| p.eq_ignore_ascii_case("0x"));
    let exponent: &[u8] = if hex { b"pP" } else { b"eE" };
    let bytes = text.as_bytes();
    let sign = (1..bytes.len())
        .find(|at| {
            matches!(bytes.get(*at), Some(b'+' | b'-')) && bytes.get(at - 1).is_some_and(|b| !exponent.contains(b))
        })
        .ok_or(SCAN)?;
    let (re, im) = text.split_at(sign);
    // Sscan knows no binary and octal parts.
    if [re, im].iter().any(|part| part.contains(['b', 'B', 'o', 'O']) && !hex) {
        return Err(SCAN.to_owned());
    }
    let part = |text: &str| strconv::parse_float(text, 64).map_err(|e| e.to_string());
    Ok((part(re)?, part(im)?))
}

fn from_complex(re: f64, im: f64) -> Number {
    let mut number = Number { complex: Some((re, im)), ideal: Ideal::Complex(re, im), ..Number::default() };
    if im == 0.0 {
        number.float = Some(re);
        number.int = whole(re);
        number.uint = whole_unsigned(re);
    }
    number
}

fn whole(f: f64) -> Option<i64> {
    let i = f as i64;
    // 2^63 is the one value that saturates to a neighbour which rounds back to it.
    (i as f64 == f && f < 9_223_372_036_854_775_808.0).then_some(i)
}

fn whole_unsigned(f: f64) -> Option<u64> {
    let u = f as u64;
    (u as f64 == f && f < 18_446_744_073_709_551_616.0).then_some(u)
}

fn plain_number(text: &[u8]) -> Result<Number, String> {
    // What nearly all numbers are.
    if let [digit @ b'0'..=b'9'] = text {
        return Ok(small(u32::from(digit - b'0')));
    }
    if let [tens @ b'1'..=b'9', ones @ b'0'..=b'9'] = text {
        return Ok(small(u32::from(tens - b'0') * 10 + u32::from(ones - b'0')));
    }
    let shown = word(text);
    if let Some(im) = shown.strip_suffix('i').and_then(parse_float) {
        return Ok(from_complex(0.0, im));
    }
    let mut number = Number {
        int: strconv::parse_int(&*shown, 0, 64).ok(),
        uint: strconv::parse_uint(&*shown, 0, 64).ok(),
        ..Number::default()
    };
    if number.int == Some(0) {
        number.uint = Some(0); // -0
    }
    let promoted = number.int.map(|i| i as f64).or(number.uint.map(|u| u as f64));
    number.float = promoted;
    let looks_float = shown.contains(['.', 'e', 'E', 'p', 'P']);
    if promoted.is_none()
        && let Some(f) = parse_float(&shown)
    {
        if !looks_float {
            return Err(quoted("integer overflow: %q", text));
        }
        number.float = Some(f);
        number.int = whole(f);
        number.uint = whole_unsigned(f);
    }
    let Some(float) = number.float else {
        return Err(quoted("illegal number syntax: %q", text));
    };
    number.ideal = match (number.int, number.uint) {
        _ if looks_float && !is_hex_int(&shown) => Ideal::Float(float),
        (Some(i), _) => Ideal::Int(i),
        (None, Some(_)) => Ideal::Overflow,
        (None, None) => Ideal::None,
    };
    Ok(number)
}

fn small(n: u32) -> Number {
    Number {
        int: Some(n.into()),
        uint: Some(n.into()),
        float: Some(n.into()),
        ideal: Ideal::Int(n.into()),
        ..Number::default()
    }
}

fn is_hex_int(text: &str) -> bool {
    let lower = text.as_bytes().get(..2).is_some_and(|p| p.eq_ignore_ascii_case(b"0x"));
    lower && text.len() > 2 && !text.contains(['p', 'P'])
}

fn quoted(format: &str, text: &[u8]) -> String {
    crate::fmt::sprintf_text(format, &[Value::str(text)])
}
