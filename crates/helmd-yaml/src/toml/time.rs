//! TOML's dates and times, which Go gives to templates as `time.Time`.

use gotmpl::fmt::MONTHS;
use gotmpl::value::{GoType, Kind, Object};
use gotmpl::{GoString, Value};
use std::any::Any;

/// What a date says about its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Written as `Z`.
    Utc,
    /// With an offset from UTC in seconds.
    Offset(i32),
    /// Date and time without zone.
    LocalDateTime,
    /// A date alone.
    LocalDate,
    /// A time alone; its date is the first of January of the year 0.
    LocalTime,
}

/// A date as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// Year, from 0 to 9999.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hour.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
    /// Second.
    pub second: u8,
    /// Nanosecond.
    pub nanosecond: u32,
    /// Its zone.
    pub zone: Zone,
}

impl DateTime {
    /// Reads one of TOML's forms; `T` and `Z` are upper case already.
    pub(super) fn parse(text: &str) -> Option<DateTime> {
        let mut c = Cursor(text.as_bytes());
        let mut t =
            DateTime { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0, zone: Zone::LocalTime };
        if text.as_bytes().get(2) == Some(&b':') {
            c.clock(&mut t)?;
            return c.0.is_empty().then_some(t);
        }
        t.year = u16::from(c.two()?) * 100 + u16::from(c.two()?);
        c.literal(b'-')?;
        t.month = c.two()?;
        c.literal(b'-')?;
        t.day = c.two()?;
        if !(1..=12).contains(&t.month) || t.day < 1 || t.day > days_in(t.month, t.year) {
            return None;
        }
        t.zone = Zone::LocalDate;
        if c.0.is_empty() {
            return Some(t);
        }
        c.literal(b'T')?;
        c.clock(&mut t)?;
        t.zone = Zone::LocalDateTime;
        if let Some((sign, rest)) = c.0.split_first() {
            c.0 = rest;
            t.zone = match sign {
                b'Z' => Zone::Utc,
                b'+' | b'-' => {
                    let hours = i32::from(c.two()?);
                    c.literal(b':')?;
                    let minutes = i32::from(c.two()?);
                    if hours > 24 || minutes > 60 {
                        return None;
                    }
                    let seconds = hours * 3600 + minutes * 60;
                    Zone::Offset(if *sign == b'-' { -seconds } else { seconds })
                }
                _ => return None,
            };
        }
        c.0.is_empty().then_some(t)
    }

    fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    fn clock(&self) -> String {
        let mut out = format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second);
        if self.nanosecond > 0 {
            out.push_str(format!(".{:09}", self.nanosecond).trim_end_matches('0'));
        }
        out
    }

    /// As TOML writes it.
    pub(super) fn toml(&self) -> String {
        match self.zone {
            Zone::Utc | Zone::Offset(_) => self.rfc3339(),
            Zone::LocalDateTime => format!("{}T{}", self.date(), self.clock()),
            Zone::LocalDate => self.date(),
            Zone::LocalTime => self.clock(),
        }
    }

    /// As JSON and RFC 3339 have it; local times count as UTC.
    pub fn rfc3339(&self) -> String {
        let zone = match self.zone {
            Zone::Offset(seconds) if seconds != 0 => offset(seconds, ":"),
            _ => "Z".to_owned(),
        };
        format!("{}T{}{zone}", self.date(), self.clock())
    }
}

fn offset(seconds: i32, colon: &str) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

impl Object for DateTime {
    fn go_type(&self) -> &'static GoType {
        static TIME: GoType = GoType { name: "time.Time", kind: Kind::Struct, elem: None };
        &TIME
    }
    fn string(&self) -> Option<GoString> {
        let zone = match self.zone {
            Zone::Utc | Zone::Offset(0) => "+0000 UTC".to_owned(),
            Zone::Offset(seconds) => format!("{0} {0}", offset(seconds, "")),
            Zone::LocalDateTime => "+0000 datetime-local".to_owned(),
            Zone::LocalDate => "+0000 date-local".to_owned(),
            Zone::LocalTime => "+0000 time-local".to_owned(),
        };
        Some(GoString::from(format!("{} {} {zone}", self.date(), self.clock())))
    }
    fn go_string(&self) -> Option<GoString> {
        let zone = match self.zone {
            Zone::Utc => "time.UTC",
            // Go takes the local zone where its offset is the one that is written.
            Zone::Offset(0) => "time.Local",
            Zone::Offset(_) => "time.Location(\"\")",
            Zone::LocalDateTime => "time.Location(\"datetime-local\")",
            Zone::LocalDate => "time.Location(\"date-local\")",
            Zone::LocalTime => "time.Location(\"time-local\")",
        };
        let month = MONTHS.get(usize::from(self.month).saturating_sub(1)).copied().unwrap_or_default();
        let DateTime { year, day, hour, minute, second, nanosecond, .. } = self;
        let text = format!("time.Date({year}, time.{month}, {day}, {hour}, {minute}, {second}, {nanosecond}, {zone})");
        Some(text.into())
    }
    fn json(&self) -> Option<Value> {
        Some(Value::str(self.rfc3339()))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn digit(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        let digit = first.is_ascii_digit().then(|| first - b'0')?;
        self.0 = rest;
        Some(digit)
    }
    fn two(&mut self) -> Option<u8> {
        Some(self.digit()? * 10 + self.digit()?)
    }
    fn literal(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }
    fn clock(&mut self, t: &mut DateTime) -> Option<()> {
        t.hour = self.two()?;
        self.literal(b':')?;
        t.minute = self.two()?;
        if let Some(rest) = self.0.strip_prefix(b":") {
            self.0 = rest;
            t.second = self.two()?;
            if let Some(rest) = self.0.strip_prefix(b".") {
                self.0 = rest;
                let mut unit = 100_000_000;
                t.nanosecond = u32::from(self.digit()?) * unit;
                while let Some(digit) = self.digit() {
                    unit /= 10;
                    t.nanosecond += u32::from(digit) * unit;
                }
            }
        }
        (t.hour < 24 && t.minute < 60 && t.second < 60).then_some(())
    }
}

fn days_in(month: u8, year: u16) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
