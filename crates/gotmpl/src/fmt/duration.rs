//! `time.Duration`'s arithmetic and text: nanoseconds in 64 bits.

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

/// `Duration.Truncate`: towards zero to a multiple; unchanged when `multiple` is not positive.
pub fn duration_truncate(duration: i64, multiple: i64) -> i64 {
    if multiple <= 0 { duration } else { duration - duration % multiple }
}

/// `Duration.Round`: to the nearest multiple, halves away from zero; the largest duration when that does not fit.
pub fn duration_round(duration: i64, multiple: i64) -> i64 {
    if multiple <= 0 {
        return duration;
    }
    let (d, m) = (i128::from(duration), i128::from(multiple));
    let rest = d % m;
    let near = d - rest;
    let rounded = if rest.abs() * 2 < m { near } else { near + m * rest.signum() };
    i64::try_from(rounded).unwrap_or(if duration < 0 { i64::MIN } else { i64::MAX })
}

/// `Duration.Seconds` for the nanoseconds of a second, `Minutes`, `Hours` likewise: whole units and the rest added as
/// floats. The unit must not be 0.
pub fn duration_in_units(duration: i64, unit: i64) -> f64 {
    let whole = duration.checked_div(unit).unwrap_or(0);
    whole as f64 + duration.wrapping_sub(whole.wrapping_mul(unit)) as f64 / unit as f64
}

#[cfg(test)]
mod tests {
    use super::{duration_round, duration_string, duration_truncate};

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

    #[test]
    fn rounding() {
        const SECOND: i64 = 1_000_000_000;
        assert_eq!(duration_round(-95 * SECOND, 60 * SECOND), -120 * SECOND);
        assert_eq!(duration_round(90 * SECOND, 60 * SECOND), 120 * SECOND);
        assert_eq!(duration_round(i64::MAX, SECOND), i64::MAX);
        assert_eq!(duration_truncate(-95 * SECOND, 60 * SECOND), -60 * SECOND);
    }
}
