//! Floats from text.

use super::{NumError, NumErrorKind, underscores_ok};

/// The float nearest to `text`: decimal, hexadecimal (`0x1p-2`), `Inf`, `Infinity` or `NaN` in any case.
///
/// `bits` is 32 or 64; with 32 the value is one that a `float32` holds.
///
/// # Errors
/// Not a number, or too large for the type.
pub fn parse_float(text: impl AsRef<[u8]>, bits: u32) -> Result<f64, NumError> {
    let (value, error) = parse_float_clamped(text, bits);
    error.map_or(Ok(value), Err)
}

/// As [`parse_float`], with the value that Go gives beside an error: an infinity when out of range, else 0.
pub fn parse_float_clamped(text: impl AsRef<[u8]>, bits: u32) -> (f64, Option<NumError>) {
    let text = text.as_ref();
    let fail = |kind| Some(NumError::new("ParseFloat", text, kind));
    if let Some(value) = special(text) {
        return (value, None);
    }
    let Some(number) = scan(text) else {
        return (0.0, fail(NumErrorKind::Syntax));
    };
    let value = match number {
        Scanned::Decimal(plain) if bits == 32 => plain.parse::<f32>().map(f64::from).ok(),
        Scanned::Decimal(plain) => plain.parse::<f64>().ok(),
        Scanned::Hex(hex) => Some(hex.value(if bits == 32 { &FLOAT32 } else { &FLOAT64 })),
    };
    match value {
        Some(v) if v.is_infinite() => (v, fail(NumErrorKind::Range)),
        Some(v) => (v, None),
        None => (0.0, fail(NumErrorKind::Syntax)),
    }
}

fn special(text: &[u8]) -> Option<f64> {
    let (negative, word) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"infinity") {
        return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    text.eq_ignore_ascii_case(b"nan").then_some(f64::NAN)
}

enum Scanned {
    /// Digits, point and exponent without underscores.
    Decimal(String),
    Hex(Hex),
}

/// `mantissa × 2^exponent`; `inexact` when nonzero digits below the mantissa were dropped.
struct Hex {
    negative: bool,
    mantissa: u64,
    exponent: i64,
    inexact: bool,
}

/// Checks the form of the whole text.
fn scan(text: &[u8]) -> Option<Scanned> {
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    if text.contains(&b'_') && !underscores_ok(text) {
        return None;
    }
    let hex = matches!(unsigned, [b'0', b'x' | b'X', _, ..]);
    let digits = if hex { unsigned.get(2..)? } else { unsigned };
    let is_digit = |c: &u8| if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
    let (mut count, mut dots, mut end) = (0, 0, 0);
    for c in digits {
        match c {
            c if is_digit(c) => count += 1,
            b'.' if dots == 0 => dots = 1,
            b'_' => {}
            _ => break,
        }
        end += 1;
    }
    if count == 0 {
        return None;
    }
    let (number, rest) = digits.split_at_checked(end)?;
    let exponent = match rest {
        [] if !hex => None,
        [e, tail @ ..] if *e | 0x20 == if hex { b'p' } else { b'e' } => Some(exponent(tail)?),
        _ => return None,
    };
    let negative = text.first() == Some(&b'-');
    if hex {
        return Some(Scanned::Hex(Hex::new(negative, number, exponent?)));
    }
    let mut plain = String::with_capacity(text.len());
    if negative {
        plain.push('-');
    }
    plain.extend(number.iter().filter(|c| **c != b'_').map(|c| char::from(*c)));
    if let Some(e) = exponent {
        plain.push('e');
        plain.push_str(&e.to_string());
    }
    Some(Scanned::Decimal(plain))
}

/// An exponent with optional sign; it must begin with a digit. Saturates far beyond any float's range.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let mut value = 0_i64;
    for c in digits {
        match c {
            b'0'..=b'9' if value < 10_000 => value = value * 10 + i64::from(c - b'0'),
            b'0'..=b'9' | b'_' => {}
            _ => return None,
        }
    }
    Some(if negative { -value } else { value })
}

struct Layout {
    mantissa_bits: u32,
    min_exponent: i64,
    max_exponent: i64,
}

static FLOAT64: Layout = Layout { mantissa_bits: 52, min_exponent: -1022, max_exponent: 1023 };
static FLOAT32: Layout = Layout { mantissa_bits: 23, min_exponent: -126, max_exponent: 127 };

impl Hex {
    fn new(negative: bool, number: &[u8], exponent: i64) -> Hex {
        let mut hex = Hex { negative, mantissa: 0, exponent, inexact: false };
        let mut after_point = false;
        for c in number {
            let Some(digit) = char::from(*c).to_digit(16) else {
                after_point |= *c == b'.';
                continue;
            };
            let fits = hex.mantissa >> 60 == 0;
            if fits {
                hex.mantissa = hex.mantissa << 4 | u64::from(digit);
            } else {
                hex.inexact |= digit != 0;
            }
            match (fits, after_point) {
                (true, true) => hex.exponent -= 4,
                (false, false) => hex.exponent += 4,
                _ => {}
            }
        }
        hex
    }

    /// Rounds to nearest, ties to even.
    fn value(&self, layout: &Layout) -> f64 {
        let sign = if self.negative { -1.0 } else { 1.0 };
        if self.mantissa == 0 {
            return 0.0 * sign;
        }
        let shift = self.mantissa.leading_zeros();
        let mantissa = u128::from(self.mantissa << shift);
        let top = self.exponent - i64::from(shift) + 63;
        if top > layout.max_exponent {
            return f64::INFINITY * sign;
        }
        // Bits to drop from the 64; below the smallest normal exponent more go.
        let drop = 63 - i64::from(layout.mantissa_bits) + (layout.min_exponent - top).max(0);
        if drop > 65 {
            return 0.0 * sign;
        }
        let kept = mantissa >> drop;
        let rest = mantissa & ((1 << drop) - 1);
        let half = 1_u128 << (drop - 1);
        let up = rest > half || (rest == half && (self.inexact || kept & 1 == 1));
        let kept = kept + u128::from(up);
        let scale = top.max(layout.min_exponent) - i64::from(layout.mantissa_bits);
        let value = power_of_two_times(kept, scale);
        let overflow = layout.mantissa_bits == 23 && value > f64::from(f32::MAX);
        if overflow { f64::INFINITY * sign } else { value * sign }
    }
}

/// `kept × 2^scale` for at most 54 bits; exact wherever a float can hold it, infinite above.
fn power_of_two_times(kept: u128, scale: i64) -> f64 {
    let mut value = kept as f64;
    let mut left = scale;
    while left != 0 && value != 0.0 && value.is_finite() {
        let step = left.clamp(-1000, 1000);
        value *= 2_f64.powi(i32::try_from(step).unwrap_or(0));
        left -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, want) in [
            ("1_23.50_0_0e+1_2", Some(1.235e14)),
            ("_1", None),
            ("1e", None),
            (".", None),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("0x1p-2", Some(0.25)),
            ("0x_1_0p0", Some(16.0)),
            ("0x1", None),
            ("0x1.fffffffffffff8p-1022", Some(2.0_f64.powi(-1021))),
            ("0x1p-1074", Some(f64::from_bits(1))),
            ("0x1p-1075", Some(0.0)),
            ("0x1.8p-1075", Some(f64::from_bits(1))),
            ("0x1p1024", None),
            ("+Inf", Some(f64::INFINITY)),
            ("infinit", None),
            ("1e400", None),
            ("1 ", None),
            ("", None),
        ] {
            assert_eq!(parse_float(text, 64).ok(), want, "{text}");
        }
        assert_eq!(parse_float("0.1", 32), Ok(f64::from(0.1_f32)));
    }
}
