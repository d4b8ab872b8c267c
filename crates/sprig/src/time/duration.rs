//! Go's `time.Duration`: nanoseconds in 64 bits.

use super::quote::quote;

pub use gotmpl::fmt::{
    duration_in_units as in_units, duration_round as round, duration_string, duration_truncate as truncate,
};

/// Nanoseconds of a second.
pub const SECOND: i64 = 1_000_000_000;

/// Why a text is no duration. `Display` is Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time: {what} {}", quote(.text))]
pub struct DurationError {
    what: String,
    text: Vec<u8>,
}

/// Go's `time.ParseDuration`: `1h30m`, `-1.5s`, `0`; in nanoseconds.
///
/// # Errors
/// Not of this form, an unknown unit, or out of range.
pub fn parse_duration(text: &[u8]) -> Result<i64, DurationError> {
    let fail = |what: String| DurationError { what, text: text.to_vec() };
    let invalid = || fail("invalid duration".to_owned());
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, after) = Number::read(rest).ok_or_else(invalid)?;
        let unit_width = after.iter().take_while(|c| **c != b'.' && !c.is_ascii_digit()).count();
        let (unit, after) = after.split_at_checked(unit_width).unwrap_or((after, b""));
        if unit.is_empty() {
            return Err(fail("missing unit in duration".to_owned()));
        }
        let size = unit_size(unit).ok_or_else(|| fail(format!("unknown unit {} in duration", quote(unit))))?;
        let value = number.times(size).ok_or_else(invalid)?;
        total = total.checked_add(value).filter(|t| *t <= 1 << 63).ok_or_else(invalid)?;
        rest = after;
    }
    match (negative, i64::try_from(total)) {
        (true, _) => Ok(0_i64.wrapping_sub_unsigned(total)),
        (false, Ok(total)) => Ok(total),
        (false, Err(_)) => Err(invalid()),
    }
}

fn unit_size(unit: &[u8]) -> Option<u64> {
    Some(match unit {
        b"ns" => 1,
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
        b"ms" => 1_000_000,
        b"s" => 1_000_000_000,
        b"m" => 60_000_000_000,
        b"h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `whole + fraction / scale`
struct Number {
    whole: u64,
    fraction: u64,
    scale: f64,
}

impl Number {
    fn read(text: &[u8]) -> Option<(Number, &[u8])> {
        let mut number = Number { whole: 0, fraction: 0, scale: 1.0 };
        let whole_width = text.iter().take_while(|c| c.is_ascii_digit()).count();
        for c in text.iter().take(whole_width) {
            let next = number.whole.checked_mul(10)?.checked_add(u64::from(c - b'0'))?;
            number.whole = Some(next).filter(|n| *n <= 1 << 63)?;
        }
        let rest = text.get(whole_width..)?;
        let Some(after) = rest.strip_prefix(b".") else {
            return (whole_width > 0).then_some((number, rest));
        };
        let width = after.iter().take_while(|c| c.is_ascii_digit()).count();
        // Digits beyond the precision do not count.
        for c in after.iter().take(width) {
            let next = number.fraction.checked_mul(10).and_then(|n| n.checked_add(u64::from(c - b'0')));
            match next.filter(|n| number.fraction <= ((1 << 63) - 1) / 10 && *n <= 1 << 63) {
                Some(n) => number.fraction = n,
                None => break,
            }
            number.scale *= 10.0;
        }
        (whole_width + width > 0).then_some((number, after.get(width..)?))
    }

    fn times(&self, unit: u64) -> Option<u64> {
        let whole = Some(self.whole).filter(|w| *w <= (1 << 63) / unit)? * unit;
        if self.fraction == 0 {
            return Some(whole);
        }
        let part = self.fraction as f64 * (unit as f64 / self.scale);
        whole.checked_add(part as u64).filter(|n| *n <= 1 << 63)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_as_go() {
        for (text, want) in [
            ("1h30m10s", Ok(5_410 * SECOND)),
            ("-1.5h", Ok(-5_400 * SECOND)),
            ("+.5s", Ok(SECOND / 2)),
            ("0", Ok(0)),
            ("1µs1μs1us", Ok(3_000)),
            ("-9223372036854775808ns", Ok(i64::MIN)),
            ("9223372036854775808ns", Err("time: invalid duration \"9223372036854775808ns\"")),
            ("", Err("time: invalid duration \"\"")),
            ("1", Err("time: missing unit in duration \"1\"")),
            ("1d", Err("time: unknown unit \"d\" in duration \"1d\"")),
            (".s", Err("time: invalid duration \".s\"")),
            ("3é", Err("time: unknown unit \"\\xc3\\xa9\" in duration \"3\\xc3\\xa9\"")),
        ] {
            assert_eq!(parse_duration(text.as_bytes()).map_err(|e| e.to_string()), want.map_err(str::to_owned));
        }
    }
}
