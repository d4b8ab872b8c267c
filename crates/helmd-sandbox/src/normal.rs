//! Built-in objects as Kubernetes would write them after reading them: empty fields left out, quantities in canonical form.

use crate::{
    json::Json,
    kinds::Kind,
    schema::{Schema, Type},
};

/// Brings an object of a built-in kind into the form that is stored.
pub(crate) fn normalize(schema: &Schema, kind: &Kind, object: &mut Json) {
    if kind.schema.is_some() {
        value(schema, &schema.root(kind), object);
    }
}

fn is_zero(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
    }
}

fn value(schema: &Schema, kind: &Type, object: &mut Json) {
    match (kind, object) {
        (Type::Message(name, _), object) if name == "resource.Quantity" => {
            let text = match &*object {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                _ => return,
            };
            *object = canonical(&text).unwrap_or(text).into();
        }
        (Type::Message(name, _), Json::Object(map)) => {
            let Some(message) = schema.message(name) else { return };
            map.retain(|key, below| {
                let Some(field) = message.field(key) else { return true };
                value(schema, &field.kind, below);
                !(field.vanishes && !matches!(field.kind, Type::Message(..)) && is_zero(below))
            });
        }
        (Type::List(inner, _), Json::Array(items)) => items.iter_mut().for_each(|item| value(schema, inner, item)),
        (Type::Map(inner, _), Json::Object(map)) => map.values_mut().for_each(|below| value(schema, inner, below)),
        _ => {}
    }
}

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// From nano upwards, each a thousand times the one before.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const NANO: i128 = 1_000_000_000;

/// The canonical form of a quantity: `1024Mi` is `1Gi`, `0.5` is `500m`. None for what is no quantity, has an exponent, or is
/// too large for exact arithmetic: that is left as it is.
fn canonical(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.len() > 9 || whole.len() > 18 {
        return None;
    }
    let digits = |text: &str| if text.is_empty() { Some(0i128) } else { text.parse::<i128>().ok().filter(|n| *n >= 0) };
    let scale = 10i128.checked_pow(u32::try_from(9 - fraction.len()).ok()?)?;
    let nano = digits(whole)?.checked_mul(NANO)?.checked_add(digits(fraction)?.checked_mul(scale)?)?;
    let text = if let Some(power) = BINARY.iter().skip(1).position(|s| *s == suffix) {
        let bytes = nano.checked_mul(1024i128.checked_pow(u32::try_from(power + 1).ok()?)?)?;
        if bytes < 1024 * NANO { decimal(bytes)? } else { binary(bytes)? }
    } else {
        let power = u32::try_from(DECIMAL.iter().position(|s| *s == suffix)?).ok()?;
        decimal(round_up(nano.checked_mul(1000i128.checked_pow(power)?)?, NANO))?
    };
    Some(if negative && text != "0" { format!("-{text}") } else { text })
}

fn round_up(value: i128, unit: i128) -> i128 {
    value / unit + i128::from(value % unit != 0)
}

/// Nano units with a decimal suffix.
fn decimal(mut nano: i128) -> Option<String> {
    if nano == 0 {
        return Some("0".to_owned());
    }
    let mut power = 0;
    while nano % 1000 == 0 && power + 1 < DECIMAL.len() {
        nano /= 1000;
        power += 1;
    }
    Some(format!("{nano}{}", DECIMAL.get(power)?))
}

/// Nano bytes, rounded up to bytes, with a binary suffix.
fn binary(nano: i128) -> Option<String> {
    let mut bytes = round_up(nano, NANO);
    let mut power = 0;
    while bytes % 1024 == 0 && power + 1 < BINARY.len() {
        bytes /= 1024;
        power += 1;
    }
    Some(format!("{bytes}{}", BINARY.get(power)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for (text, want) in [
            ("1", "1"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("1000", "1k"),
            ("512Ki", "512Ki"),
            ("100M", "100M"),
            ("0", "0"),
            ("0Mi", "0"),
            ("-1500m", "-1500m"),
            (".5Gi", "512Mi"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(want), "{text}");
        }
        for text in ["", "x", "1e3", "1Zi", "--1", "1.2.3"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
