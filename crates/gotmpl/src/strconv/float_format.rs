//! Floats to text.

/// More significant digits than this are zeros for any float64 (the longest has 767, the smallest 1074 decimals).
const EXACT_DIGITS: usize = 1100;

/// The text of `value` in one of Go's formats: `e E f g G` decimal, `b` mantissa and binary exponent, `x X` hexadecimal.
///
/// `precision` counts digits after the point (significant ones for `g`); -1 gives the fewest digits that read back as the
/// same float of `bits` (32 or 64) bits. Another format letter gives `%` and the letter.
pub fn format_float(value: f64, format: u8, precision: i32, bits: u8) -> String {
    // A float64 holds every float32 exactly.
    let value = if bits == 32 { f64::from(value as f32) } else { value };
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let body = match format {
        b'b' => binary(value, bits),
        b'x' | b'X' => hexadecimal(value, format, precision, bits),
        b'e' | b'E' | b'f' | b'g' | b'G' => decimal(value.abs(), format, usize::try_from(precision).ok(), bits),
        other => format!("%{}", char::from(other)),
    };
    format!("{sign}{body}")
}

/// Decimal digits without trailing zeros; the point stands before digit `point`.
struct Digits {
    digits: Vec<u8>,
    point: i32,
}

impl Digits {
    /// From what Rust prints with `{:e}`: `d.ddde±x`.
    fn from_scientific(text: &str) -> Digits {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        Digits { digits, point: exponent.parse::<i32>().unwrap_or(0) + 1 }.trimmed()
    }

    /// From what Rust prints with `{:.n}`.
    fn from_fixed(text: &str) -> Digits {
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        let all: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
        let zeros = all.iter().take_while(|d| **d == b'0').count();
        let point = i32::try_from(whole.len()).unwrap_or(i32::MAX) - i32::try_from(zeros).unwrap_or(0);
        Digits { digits: all.into_iter().skip(zeros).collect(), point }.trimmed()
    }

    fn trimmed(mut self) -> Digits {
        while self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.point = 0;
        }
        self
    }

    fn at(&self, index: i64) -> char {
        usize::try_from(index).ok().and_then(|i| self.digits.get(i)).map_or('0', |d| char::from(*d))
    }

    fn len(&self) -> i32 {
        i32::try_from(self.digits.len()).unwrap_or(i32::MAX)
    }

    fn scientific(&self, precision: i32, letter: u8) -> String {
        let mut out = String::new();
        out.push(self.at(0));
        if precision > 0 {
            out.push('.');
            out.extend((1..=i64::from(precision)).map(|i| self.at(i)));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        out.push(char::from(letter));
        out.push(if exponent < 0 { '-' } else { '+' });
        out.push_str(&format!("{:02}", exponent.unsigned_abs()));
        out
    }

    fn fixed(&self, precision: i32) -> String {
        let mut out = String::new();
        if self.point > 0 {
            out.extend((0..i64::from(self.point)).map(|i| self.at(i)));
        } else {
            out.push('0');
        }
        if precision > 0 {
            out.push('.');
            out.extend((0..i64::from(precision)).map(|i| self.at(i64::from(self.point) + i)));
        }
        out
    }
}

fn decimal(value: f64, format: u8, precision: Option<usize>, bits: u8) -> String {
    let Some(precision) = precision else {
        let digits = shortest(value, bits);
        let (len, point) = (digits.len(), digits.point);
        return match format {
            b'f' => digits.fixed((len - point).max(0)),
            b'e' | b'E' => digits.scientific((len - 1).max(0), format),
            _ => general(&digits, len, 6, format),
        };
    };
    let shown = i32::try_from(precision).unwrap_or(i32::MAX);
    match format {
        b'f' => Digits::from_fixed(&format!("{:.*}", precision.min(EXACT_DIGITS), value)).fixed(shown),
        b'e' | b'E' => {
            Digits::from_scientific(&format!("{:.*e}", precision.min(EXACT_DIGITS), value)).scientific(shown, format)
        }
        _ => {
            let significant = precision.max(1);
            let digits = Digits::from_scientific(&format!("{:.*e}", (significant - 1).min(EXACT_DIGITS), value));
            let shown = shown.max(1);
            let threshold = match shown > digits.len() && digits.len() >= digits.point {
                true => digits.len(),
                false => shown,
            };
            general(&digits, shown, threshold, format)
        }
    }
}

/// `%g`: scientific below 1e-4 and from 10^threshold on, else plain.
fn general(digits: &Digits, precision: i32, threshold: i32, format: u8) -> String {
    let exponent = digits.point - 1;
    if exponent < -4 || exponent >= threshold {
        return digits.scientific(precision.min(digits.len()) - 1, if format == b'G' { b'E' } else { b'e' });
    }
    let precision = if precision > digits.point { digits.len() } else { precision };
    digits.fixed((precision - digits.point).max(0))
}

/// The fewest digits that read back as the same float; of two that are equally near, the even one, as Go has it (the
/// standard library takes the upper one).
fn shortest(value: f64, bits: u8) -> Digits {
    let mut buffer = ryu::Buffer::new();
    let text = if bits == 32 { buffer.format_finite(value as f32) } else { buffer.format_finite(value) };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits = Digits::from_fixed(mantissa);
    Digits { point: digits.point + exponent.parse::<i32>().unwrap_or(0), ..digits }.trimmed()
}

/// Mantissa (implicit bit included), exponent of its lowest bit, and the number of mantissa bits.
fn parts(value: f64, bits: u8) -> (u64, i32, u32) {
    let (fraction, biased, width, bias) = if bits == 32 {
        let raw = (value as f32).abs().to_bits();
        (u64::from(raw & 0x7f_ffff), raw >> 23, 23, 127)
    } else {
        let raw = value.abs().to_bits();
        (raw & ((1 << 52) - 1), u32::try_from(raw >> 52).unwrap_or(0), 52, 1023)
    };
    let implicit = if biased == 0 { 0 } else { 1_u64 << width };
    let exponent = i32::try_from(biased.max(1)).unwrap_or(1) - bias - i32::try_from(width).unwrap_or(0);
    (fraction | implicit, exponent, width)
}

fn binary(value: f64, bits: u8) -> String {
    let (mantissa, exponent, _) = parts(value, bits);
    format!("{mantissa}p{exponent:+}")
}

fn hexadecimal(value: f64, format: u8, precision: i32, bits: u8) -> String {
    let (mantissa, exponent, width) = parts(value, bits);
    let mut exponent = if mantissa == 0 { 0 } else { exponent + i32::try_from(width).unwrap_or(0) };
    // The leading digit is bit 60.
    let mut mantissa = mantissa << (60 - width);
    while mantissa != 0 && mantissa >> 60 == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if (0..15).contains(&precision) {
        let shift = 4 * precision.unsigned_abs();
        let dropped = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        mantissa += u64::from(dropped | (mantissa & 1) > 1 << 59);
        mantissa <<= 60 - shift;
        if mantissa >> 61 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut fraction: Vec<char> =
        (0..15).rev().filter_map(|i| char::from_digit(u32::try_from(mantissa >> (4 * i) & 15).ok()?, 16)).collect();
    let wanted = match usize::try_from(precision) {
        Ok(n) => n,
        Err(_) => fraction.iter().rposition(|c| *c != '0').map_or(0, |i| i + 1),
    };
    fraction.resize(wanted, '0');
    let point = if fraction.is_empty() { "" } else { "." };
    let fraction: String = fraction.into_iter().collect();
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("0x{}{point}{fraction}p{sign}{:02}", mantissa >> 60 & 1, exponent.unsigned_abs());
    if format == b'X' { text.to_ascii_uppercase() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_prints() {
        for (value, format, precision, want) in [
            (1e6, b'g', -1, "1e+06"),
            (123_456.0, b'g', -1, "123456"),
            (1e-5, b'g', -1, "1e-05"),
            (1e21, b'f', -1, "1000000000000000000000"),
            (100.0, b'g', 3, "100"),
            (100.0, b'g', 2, "1e+02"),
            (100_000.0, b'g', 10, "100000"),
            (0.25, b'f', 1, "0.2"),
            (2.5, b'f', 0, "2"),
            (0.0, b'e', 3, "0.000e+00"),
            (-0.0, b'g', -1, "-0"),
            (1.5, b'x', -1, "0x1.8p+00"),
            (3.0, b'b', -1, "6755399441055744p-51"),
            (1.5, b'X', 4, "0X1.8000P+00"),
            (5e-324, b'x', -1, "0x1p-1074"),
            (1.999, b'x', 0, "0x1p+01"),
            (0.0, b'x', -1, "0x0p+00"),
            (173_215_370_283_480.62, b'g', -1, "1.7321537028348062e+14"),
            (5e-324, b'g', -1, "5e-324"),
        ] {
            assert_eq!(format_float(value, format, precision, 64), want, "{value} {}", char::from(format));
        }
        assert_eq!(format_float(0.1, b'g', -1, 32), "0.1");
        assert_eq!(format_float(f64::from(0.1_f32), b'g', -1, 64), "0.10000000149011612");
    }
}
