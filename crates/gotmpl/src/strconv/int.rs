//! Integers and booleans from text.

use super::{NumError, NumErrorKind, underscores_ok};

/// The unsigned integer in `text`. Base 0 takes the base from the prefix (`0x`, `0o`, `0b`, `0`) and allows underscores.
///
/// # Errors
/// Not a number of that base, or more than `bits` bits (0 means 64).
pub fn parse_uint(text: impl AsRef<[u8]>, base: u32, bits: u32) -> Result<u64, NumError> {
    settle(parse_uint_clamped(text, base, bits))
}

/// The signed integer in `text`; otherwise as [`parse_uint`].
///
/// # Errors
/// As [`parse_uint`].
pub fn parse_int(text: impl AsRef<[u8]>, base: u32, bits: u32) -> Result<i64, NumError> {
    settle(parse_int_clamped(text, base, bits))
}

/// The decimal `int` in `text`.
///
/// # Errors
/// As [`parse_int`], in `Atoi`'s name.
pub fn atoi(text: impl AsRef<[u8]>) -> Result<i64, NumError> {
    settle(atoi_clamped(text))
}

/// The boolean in `text`: one of `1 t T true TRUE True 0 f F false FALSE False`.
///
/// # Errors
/// Anything else.
pub fn parse_bool(text: impl AsRef<[u8]>) -> Result<bool, NumError> {
    match text.as_ref() {
        b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => Ok(true),
        b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => Ok(false),
        other => Err(NumError::new("ParseBool", other, NumErrorKind::Syntax)),
    }
}

/// As [`parse_uint`], with the value that Go gives beside an error: the largest one when out of range, else 0.
pub fn parse_uint_clamped(text: impl AsRef<[u8]>, base: u32, bits: u32) -> (u64, Option<NumError>) {
    let text = text.as_ref();
    let (value, kind) = unsigned(text, base, bits);
    (value, kind.map(|kind| NumError::new("ParseUint", text, kind)))
}

/// As [`parse_int`], with the value that Go gives beside an error: the nearest one when out of range, else 0.
pub fn parse_int_clamped(text: impl AsRef<[u8]>, base: u32, bits: u32) -> (i64, Option<NumError>) {
    let text = text.as_ref();
    let (value, kind) = signed(text, base, bits);
    (value, kind.map(|kind| NumError::new("ParseInt", text, kind)))
}

/// As [`atoi`], with the value that Go gives beside an error.
pub fn atoi_clamped(text: impl AsRef<[u8]>) -> (i64, Option<NumError>) {
    let text = text.as_ref();
    let (value, kind) = signed(text, 10, 64);
    (value, kind.map(|kind| NumError::new("Atoi", text, kind)))
}

fn settle<T>((value, error): (T, Option<NumError>)) -> Result<T, NumError> {
    error.map_or(Ok(value), Err)
}

fn signed(text: &[u8], base: u32, bits: u32) -> (i64, Option<NumErrorKind>) {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (magnitude, kind) = unsigned(digits, base, bits);
    if kind.is_some_and(|k| k != NumErrorKind::Range) {
        return (0, kind);
    }
    let bits = if bits == 0 { 64 } else { bits };
    let limit = 1_u64 << (bits - 1);
    if negative {
        match magnitude > limit {
            true => (0_i64.wrapping_sub_unsigned(limit), Some(NumErrorKind::Range)),
            false => (0_i64.wrapping_sub_unsigned(magnitude), None),
        }
    } else if magnitude >= limit {
        (i64::try_from(limit - 1).unwrap_or(i64::MAX), Some(NumErrorKind::Range))
    } else {
        (i64::try_from(magnitude).unwrap_or(i64::MAX), None)
    }
}

fn unsigned(text: &[u8], base: u32, bits: u32) -> (u64, Option<NumErrorKind>) {
    if text.is_empty() {
        return (0, Some(NumErrorKind::Syntax));
    }
    let (radix, digits) = match base {
        0 => split_prefix(text),
        2..=36 => (base, text),
        _ => return (0, Some(NumErrorKind::Base(base))),
    };
    let max = match bits {
        0 | 64 => u64::MAX,
        1..64 => (1_u64 << bits) - 1,
        _ => return (0, Some(NumErrorKind::BitSize(bits))),
    };
    let mut underscores = false;
    let mut value = 0_u64;
    for &c in digits {
        if c == b'_' && base == 0 {
            underscores = true;
            continue;
        }
        let Some(digit) = char::from(c).to_digit(36).filter(|d| *d < radix) else {
            return (0, Some(NumErrorKind::Syntax));
        };
        let next = value.checked_mul(u64::from(radix)).and_then(|v| v.checked_add(u64::from(digit)));
        match next.filter(|v| *v <= max) {
            Some(v) => value = v,
            None => return (max, Some(NumErrorKind::Range)),
        }
    }
    if underscores && !underscores_ok(text) {
        return (0, Some(NumErrorKind::Syntax));
    }
    (value, None)
}

/// The base that a literal's prefix names, and what follows the prefix.
fn split_prefix(text: &[u8]) -> (u32, &[u8]) {
    match text {
        [b'0', b'b' | b'B', rest @ ..] if !rest.is_empty() => (2, rest),
        [b'0', b'o' | b'O', rest @ ..] if !rest.is_empty() => (8, rest),
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', rest @ ..] => (8, rest),
        _ => (10, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_zero_reads_literals() {
        for (text, want) in [
            ("0x_1f", Some(31)),
            ("-0b11", Some(-3)),
            ("0o17", Some(15)),
            ("017", Some(15)),
            ("08", None),
            ("1_000", Some(1000)),
            ("1__0", None),
            ("_1", None),
            ("0", Some(0)),
            ("0x", None),
            ("", None),
            ("+", None),
        ] {
            assert_eq!(parse_int(text, 0, 64).ok(), want, "{text}");
        }
    }

    #[test]
    fn out_of_range_gives_the_nearest() {
        let (value, error) = parse_int_clamped("-129", 10, 8);
        assert_eq!(value, -128);
        assert_eq!(
            error.map(|e| e.to_string()).as_deref(),
            Some("strconv.ParseInt: parsing \"-129\": value out of range")
        );
        assert_eq!(atoi_clamped("99999999999999999999").0, i64::MAX);
        assert_eq!(parse_int("-9223372036854775808", 10, 64), Ok(i64::MIN));
        assert_eq!(parse_uint("18446744073709551615", 10, 0), Ok(u64::MAX));
    }
}
