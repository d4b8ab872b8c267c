//! Time as Kubernetes writes it.

use jiff::Timestamp;

/// Now, to the second: `2026-11-22T22:38:06Z`.
pub(crate) fn now() -> String {
    stamp(Timestamp::now())
}

/// A moment to the second.
pub(crate) fn stamp(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whole seconds since the moment written in `text`; none when it cannot be read.
pub(crate) fn seconds_since(text: &str) -> Option<i64> {
    let then: Timestamp = text.parse().ok()?;
    Some(Timestamp::now().as_second() - then.as_second())
}

/// An age as kubectl writes it: `40s`, `2m5s`, `3h`, `5d`.
pub(crate) fn age(text: &str) -> String {
    match seconds_since(text) {
        Some(seconds) => short(seconds.max(0)),
        None => "<unknown>".to_owned(),
    }
}

/// A duration in kubectl's short form.
pub(crate) fn short(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |whole: i64, unit: &str, rest: i64, small: &str| {
        if rest == 0 { format!("{whole}{unit}") } else { format!("{whole}{unit}{rest}{small}") }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => two(days, "d", hours % 24, "h"),
        _ if days < 730 => format!("{days}d"),
        _ => format!("{}y{}d", days / 365, days % 365),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn short_forms() {
        for (seconds, want) in
            [(5, "5s"), (119, "119s"), (125, "2m5s"), (120, "2m"), (11_000, "3h3m"), (100_000, "27h")]
        {
            assert_eq!(super::short(seconds), want);
        }
    }
}
