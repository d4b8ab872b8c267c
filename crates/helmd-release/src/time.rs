//! Points in time as releases record them.

use helmd_chart::GoTime;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;

/// A point in time with the zone offset in which it was recorded. Go's zero time is no `Time`; fields are `Option<Time>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    at: Timestamp,
    offset: Offset,
}

impl Time {
    /// The time in UTC.
    pub fn utc(at: Timestamp) -> Time {
        Time { at, offset: Offset::UTC }
    }

    /// The time as a clock at this offset shows it.
    pub fn with_offset(at: Timestamp, offset: Offset) -> Time {
        Time { at, offset }
    }

    /// The time of an RFC 3339 text, read as strictly as Go does; the inner `None` is Go's zero time.
    /// `None` when the text is no such time.
    pub fn parse(text: &str) -> Option<Option<Time>> {
        let Some(normal) = GoTime::parse(text)? else { return Some(None) };
        let normal = normal.as_str();
        let at: Timestamp = normal.parse().ok()?;
        let offset = if normal.ends_with('Z') {
            Offset::UTC
        } else {
            let zone = normal.get(normal.len().checked_sub(6)?..)?;
            let number = |from: usize| zone.get(from..from + 2)?.parse::<i32>().ok();
            let seconds = number(1)? * 3600 + number(4)? * 60;
            Offset::from_seconds(if zone.starts_with('-') { -seconds } else { seconds }).ok()?
        };
        // The zero time may be written with any offset.
        Some((at.as_second() != GO_ZERO_SECOND || at.subsec_nanosecond() != 0).then_some(Time { at, offset }))
    }

    /// The instant.
    pub fn timestamp(&self) -> Timestamp {
        self.at
    }

    /// The zone offset.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    fn civil(&self) -> DateTime {
        self.offset.to_datetime(self.at)
    }

    /// Go's `time.RFC3339Nano`: `2024-03-01T10:20:30.5+02:00`. This is also the JSON form.
    pub fn rfc3339_nano(&self) -> String {
        let c = self.civil();
        let mut text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
            c.year(),
            c.month(),
            c.day(),
            c.hour(),
            c.minute(),
            c.second(),
            fraction(c.subsec_nanosecond())
        );
        match self.offset.seconds() {
            0 => text.push('Z'),
            seconds => text.push_str(&zone(seconds, ":")),
        }
        text
    }

    /// Go's `time.ANSIC`, used by `helm status` and `helm history`: `Fri Mar  1 10:20:30 2024`.
    pub fn ansic(&self) -> String {
        let c = self.civil();
        let day = usize::try_from(c.weekday().to_monday_zero_offset()).ok().and_then(|d| DAYS.get(d));
        let month = usize::try_from(c.month() - 1).ok().and_then(|m| MONTHS.get(m));
        format!(
            "{} {} {:2} {:02}:{:02}:{:02} {:04}",
            day.unwrap_or(&""),
            month.unwrap_or(&""),
            c.day(),
            c.hour(),
            c.minute(),
            c.second(),
            c.year()
        )
    }

    /// Go's `Time.String()`, used by `helm list`: `2024-03-01 10:20:30.5 +0000 UTC`.
    ///
    /// `abbreviation` is the local zone's name where the offset is the local one; without it Go prints the offset twice
    /// (`+0200 +0200`).
    pub fn go_string(&self, abbreviation: Option<&str>) -> String {
        let c = self.civil();
        let seconds = self.offset.seconds();
        let offset = zone(seconds, "");
        let name = match (abbreviation, seconds) {
            (Some(name), _) => name,
            (None, 0) => "UTC",
            (None, _) => &offset,
        };
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{} {offset} {name}",
            c.year(),
            c.month(),
            c.day(),
            c.hour(),
            c.minute(),
            c.second(),
            fraction(c.subsec_nanosecond())
        )
    }
}

/// Unix second of Go's zero time, 0001-01-01T00:00:00Z.
const GO_ZERO_SECOND: i64 = -62_135_596_800;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn fraction(nanos: i32) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

fn zone(seconds: i32, separator: &str) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339_nano())
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Time {
        Time::utc(at)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339_nano())
    }
}

/// Reads a time; `null`, the empty text and the zero time give `None`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    let text = text.as_deref().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    Time::parse(text).ok_or_else(|| de::Error::custom(format!("{text:?} is no RFC 3339 time")))
}

/// Writes a time as helm 3 does: the zero time is the empty text.
pub(crate) fn or_empty<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => time.serialize(serializer),
        None => serializer.serialize_str(""),
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn texts_keep_their_offset() {
        let time = Time::parse("2023-01-02T03:04:05.100-07:00").unwrap().unwrap();
        assert_eq!(time.to_string(), "2023-01-02T03:04:05.1-07:00");
        assert_eq!(time.ansic(), "Mon Jan  2 03:04:05 2023");
        assert_eq!(time.go_string(None), "2023-01-02 03:04:05.1 -0700 -0700");
        assert_eq!(Time::utc(time.timestamp()).go_string(None), "2023-01-02 10:04:05.1 +0000 UTC");
    }

    #[test]
    fn the_zero_time_is_none_at_any_offset() {
        assert_eq!(Time::parse("0001-01-01T00:00:00Z"), Some(None));
        assert_eq!(Time::parse("0001-01-01T02:00:00+02:00"), Some(None));
        assert_eq!(Time::parse("yesterday"), None);
    }
}
