//! The `String` methods of named types that are plain integers here.

use crate::value::{GoString, Value, types};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What the value's `String` or `Error` method gives; `None` when its type has none.
pub(super) fn method_text(value: &Value) -> Option<GoString> {
    match value {
        Value::Object(object) => object.string(),
        Value::Int(ty, n) if ty.name == types::DURATION.name => Some(duration_string(*n).into()),
        Value::Int(ty, n) if ty.name == types::MONTH.name => Some(calendar_name("Month", &MONTHS, *n, 1)),
        Value::Int(ty, n) if ty.name == types::WEEKDAY.name => Some(calendar_name("Weekday", &WEEKDAYS, *n, 0)),
        _ => None,
    }
}

fn calendar_name(what: &str, names: &[&str], number: i64, first: i64) -> GoString {
    match number.checked_sub(first).and_then(|i| usize::try_from(i).ok()).and_then(|i| names.get(i)) {
        Some(name) => (*name).into(),
        None => format!("%!{what}({})", number as u64).into(),
    }
}

/// `time.Duration.String` of that many nanoseconds: `72h3m0.5s`, `1.5µs`, `0s`.
pub fn duration_string(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let (unit, name) = match total {
        0 => return "0s".to_owned(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let whole = total / unit;
    let fraction = fraction_text(total % unit, unit);
    if name != "s" {
        return format!("{sign}{whole}{fraction}{name}");
    }
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}{fraction}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}{fraction}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

/// The digits after the point, without trailing zeros, of `rest / unit` where `unit` is a power of ten above `rest`.
fn fraction_text(rest: u64, unit: u64) -> String {
    if rest == 0 {
        return String::new();
    }
    // A one in front keeps the leading zeros.
    let digits = (unit + rest).to_string();
    format!(".{}", digits.strip_prefix('1').unwrap_or(&digits).trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::duration_string;

    #[test]
    fn durations() {
        for (ns, want) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (3_600_000_000_000, "1h0m0s"),
            (1_111_000, "1.111ms"),
            (1_011_000, "1.011ms"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(duration_string(ns), want);
        }
    }
}
