//! Go's `time.Time` as JSON holds it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A point in time with its zone offset, kept as the text that Go writes (RFC 3339, no trailing zeros of the second).
///
/// Go's zero time is not a `GoTime`; fields are `Option<GoTime>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoTime(String);

impl GoTime {
    /// What Go writes for the zero time.
    pub const ZERO: &'static str = "0001-01-01T00:00:00Z";

    /// The time in UTC of a Unix time; `None` for Go's zero time and outside the years 0 to 9999 (Go cannot write them).
    pub fn from_unix(seconds: i64, nanos: u32) -> Option<GoTime> {
        let days = seconds.div_euclid(86_400);
        let rest = seconds.rem_euclid(86_400);
        let (year, month, day) = civil(days)?;
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        let text = format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{}Z",
            fraction(nanos % 1_000_000_000)
        );
        (text != Self::ZERO).then_some(GoTime(text))
    }

    /// The time of an RFC 3339 text, read as strictly as Go's `UnmarshalJSON` does; the inner `None` is Go's zero time.
    /// `None` when the text is no such time.
    pub fn parse(text: &str) -> Option<Option<GoTime>> {
        let b = text.as_bytes();
        let digits = |from: usize, n: usize| -> Option<u32> {
            let part = b.get(from..from + n)?;
            part.iter().try_fold(0u32, |acc, c| c.is_ascii_digit().then(|| acc * 10 + u32::from(c - b'0')))
        };
        let at = |i: usize, c: u8| b.get(i) == Some(&c);
        let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
        let (hour, minute, second) = (digits(11, 2)?, digits(14, 2)?, digits(17, 2)?);
        let marks = at(4, b'-') && at(7, b'-') && at(10, b'T') && at(13, b':') && at(16, b':');
        let in_range = (1..=days_in(year, month)?).contains(&day) && hour < 24 && minute < 60 && second < 60;
        if !marks || !in_range {
            return None;
        }
        let (nanos, end) = match b.get(19) {
            Some(b'.') => {
                let run = b.get(20..)?.iter().take_while(|c| c.is_ascii_digit()).count();
                (read_nanos(b.get(20..20 + run)?)?, 20 + run)
            }
            _ => (0, 19),
        };
        let zone = match text.get(end..)? {
            "Z" | "+00:00" | "-00:00" => "Z",
            zone => {
                let sign = matches!(b.get(end), Some(b'+' | b'-'));
                let size = digits(end + 1, 2)? < 24 && digits(end + 4, 2)? < 60;
                if !(sign && size && at(end + 3, b':') && b.len() == end + 6) {
                    return None;
                }
                zone
            }
        };
        let text = format!("{}{}{zone}", text.get(..19)?, fraction(nanos));
        Some((text != Self::ZERO).then_some(GoTime(text)))
    }

    /// Unix seconds and nanoseconds.
    pub fn unix(&self) -> (i64, u32) {
        let b = self.0.as_bytes();
        let digits = |from: usize, n: usize| -> i64 {
            let part = b.get(from..from + n).unwrap_or_default();
            part.iter().fold(0, |acc, c| acc * 10 + i64::from(c.wrapping_sub(b'0')))
        };
        let seconds = days(digits(0, 4), digits(5, 2), digits(8, 2)) * 86_400
            + digits(11, 2) * 3600
            + digits(14, 2) * 60
            + digits(17, 2);
        let zone = self.0.get(19..).unwrap_or_default().trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        let fraction = self.0.len() - zone.len();
        let nanos = b.get(20..fraction).and_then(read_nanos).unwrap_or_default();
        let offset = digits(fraction + 1, 2) * 3600 + digits(fraction + 4, 2) * 60;
        let offset = match zone.as_bytes().first() {
            Some(b'+') => offset,
            Some(b'-') => -offset,
            _ => 0,
        };
        (seconds - offset, nanos)
    }

    /// The time of a text in JSON, read as Go's `UnmarshalJSON` does; `None` is Go's zero time.
    ///
    /// # Errors
    /// Go's words for a text that is no such time.
    pub fn read(text: &str) -> Result<Option<GoTime>, String> {
        const RFC3339: &[u8] = b"2006-01-02T15:04:05Z07:00";
        const RFC3339_NANO: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";
        if let Some(time) = GoTime::parse(text) {
            return Ok(time);
        }
        // HELM: Go sees the text with JSON's escapes in it, and then is more lenient than RFC 3339 (`1:02:03` is a time).
        let mut escaped = Vec::with_capacity(text.len() + 2);
        gotmpl::json::write_string(&mut escaped, text.as_bytes(), gotmpl::json::Escape::Html);
        let raw = escaped.get(1..escaped.len().saturating_sub(1)).unwrap_or_default();
        let moment = sprig::time::parse_in(RFC3339, raw, &sprig::time::Zone::Utc).map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&moment.format(RFC3339_NANO)).into_owned();
        Ok((text != Self::ZERO).then_some(GoTime(text)))
    }

    /// The text, for example `2024-03-01T10:20:30.5+02:00`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Nanoseconds as Go writes them: nothing for 0, else a point and up to nine digits without trailing zeros.
fn fraction(nanos: u32) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

/// The first nine digits of a fraction as nanoseconds; `None` without a digit.
fn read_nanos(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    Some((0..9).fold(0, |acc, i| acc * 10 + digits.get(i).map_or(0, |c| u32::from(c - b'0'))))
}

fn days_in(year: u32, month: u32) -> Option<u32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

/// The date of a day number counted from 1970-01-01, for the years 0 to 9999.
fn civil(days: i64) -> Option<(i64, i64, i64)> {
    // Days are counted from 0000-03-01, so that the leap day is the last one of a year.
    let days = days.checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (0..=9999).contains(&year).then_some((year, month, day))
}

/// The day number, counted from 1970-01-01, of a date: the other way round.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl Serialize for GoTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Serde of `Option<GoTime>` where the zero time is written out.
pub(crate) mod or_zero {
    use super::{Deserializer, GoTime, Serializer};

    pub fn serialize<S: Serializer>(time: &Option<GoTime>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(time.as_ref().map_or(GoTime::ZERO, GoTime::as_str))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GoTime>, D::Error> {
        super::deserialize(deserializer)
    }
}

/// Reads a time or `null`; the zero time gives `None`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GoTime>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    GoTime::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is no RFC 3339 time")))
}

#[cfg(test)]
mod tests {
    use super::GoTime;

    #[test]
    fn unix_times_are_written_as_go_does() {
        let text = |s, n| GoTime::from_unix(s, n).map(|t| t.to_string());
        assert_eq!(text(0, 0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(text(951_782_400, 120_000_000).as_deref(), Some("2000-02-29T00:00:00.12Z"));
        assert_eq!(text(-1, 1).as_deref(), Some("1969-12-31T23:59:59.000000001Z"));
        assert_eq!(text(-62_135_596_800, 0), None);
        assert_eq!(text(i64::MAX, 0), None);
    }

    #[test]
    fn times_go_back_to_unix() {
        for (seconds, nanos) in [(0, 0), (951_782_400, 120_000_000), (-1, 1), (253_402_300_799, 999_999_999)] {
            assert_eq!(GoTime::from_unix(seconds, nanos).map(|t| t.unix()), Some((seconds, nanos)));
        }
        let unix = |t| GoTime::parse(t).flatten().map(|t| t.unix());
        assert_eq!(unix("2024-01-01T00:00:00.5+01:30"), Some((1_704_061_800, 500_000_000)));
        assert_eq!(unix("2024-03-01T00:00:00-00:30"), Some((1_709_253_000, 0)));
    }

    #[test]
    fn texts_are_normalised() {
        let text = |t| GoTime::parse(t).map(|t| t.map(|t| t.to_string()));
        assert_eq!(text("2024-01-01T00:00:00.500+01:30"), Some(Some("2024-01-01T00:00:00.5+01:30".to_owned())));
        assert_eq!(text("2024-01-01T00:00:00+00:00"), Some(Some("2024-01-01T00:00:00Z".to_owned())));
        assert_eq!(text(GoTime::ZERO), Some(None));
        for bad in ["", "2024-02-30T00:00:00Z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z"]
        {
            assert_eq!(text(bad), None, "{bad}");
        }
    }
}
