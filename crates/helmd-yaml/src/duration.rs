//! Go's `time.Duration` as text.

/// Gives the nanoseconds as `Duration.String` prints them: `1h2m3.5s`, `1.5ms`, `0s`.
pub(crate) fn format(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let n = nanoseconds.unsigned_abs();
    if n < 1_000_000_000 {
        return match n {
            0 => "0s".to_owned(),
            1..1_000 => format!("{sign}{n}ns"),
            1_000..1_000_000 => format!("{sign}{}µs", decimal(n, 1_000)),
            _ => format!("{sign}{}ms", decimal(n, 1_000_000)),
        };
    }
    let (minutes, rest) = (n / 60_000_000_000, n % 60_000_000_000);
    let seconds = decimal(rest, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, m) => format!("{sign}{m}m{seconds}s"),
        (h, m) => format!("{sign}{h}h{m}m{seconds}s"),
    }
}

/// `n / unit` with the decimals it needs.
fn decimal(n: u64, unit: u64) -> String {
    let (whole, mut rest) = (n / unit, n % unit);
    let mut out = whole.to_string();
    if rest > 0 {
        out.push('.');
        let mut place = unit / 10;
        while rest > 0 && place > 0 {
            out.push(char::from(b'0' + (rest / place) as u8));
            rest %= place;
            place /= 10;
        }
    }
    out
}
