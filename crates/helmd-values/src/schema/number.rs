//! Numbers as the original's printer writes them for English readers.

use gotmpl::strconv::format_float;
use serde_json::Number;

/// A whole number with commas between thousands.
pub(crate) fn grouped(number: usize) -> String {
    commas(&number.to_string())
}

/// A float with commas between thousands, or with a power of ten: `1×10³⁰`.
pub(crate) fn float(number: &Number) -> String {
    let text = format_float(number.as_f64().unwrap_or_default(), b'g', -1, 64);
    if let Some((digits, exponent)) = text.split_once('e') {
        let raised = exponent.chars().filter_map(|c| match c {
            '-' => Some('⁻'),
            '0' => Some('⁰'),
            '1' => Some('¹'),
            '2' => Some('²'),
            '3' => Some('³'),
            '4'..='9' => char::from_u32('⁴' as u32 + (c as u32 - '4' as u32)),
            _ => None,
        });
        return format!("{digits}×10{}", raised.collect::<String>());
    }
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", commas(whole)),
        None => commas(&text),
    }
}

fn commas(whole: &str) -> String {
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = sign.to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::float;
    use serde_json::Number;

    #[test]
    fn floats_are_for_english_readers() {
        for (number, want) in [
            (1.0, "1"),
            (-1234.5, "-1,234.5"),
            (100_000.0, "100,000"),
            (1_234_567.5, "1.2345675×10⁰⁶"),
            (0.0001, "0.0001"),
            (1e-7, "1×10⁻⁰⁷"),
            (1e30, "1×10³⁰"),
        ] {
            assert_eq!(Number::from_f64(number).map(|n| float(&n)).as_deref(), Some(want));
        }
    }
}
