//! Times to text by a layout.

use super::civil::Civil;
use super::layout::{Element, OffsetForm, Pad, next_chunk};
use super::names::{MONTHS, WEEKDAYS, name};

/// A time as it is shown: the clock's reading, nanoseconds, seconds east of UTC, the zone's abbreviation.
pub(super) struct Shown<'z> {
    pub civil: Civil,
    pub nanosecond: i64,
    pub offset: i64,
    pub zone: &'z str,
}

impl Shown<'_> {
    /// The text by Go's layout.
    pub fn format(&self, layout: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(layout.len() + 10);
        let mut rest = layout;
        loop {
            let chunk = next_chunk(rest);
            out.extend_from_slice(chunk.before);
            let Some((element, _)) = chunk.element else {
                return out;
            };
            out.extend_from_slice(self.element(element).as_bytes());
            rest = chunk.after;
        }
    }

    fn element(&self, element: Element) -> String {
        let c = &self.civil;
        match element {
            Element::MonthName { long } => shortened(name(&MONTHS, c.month - 1), long),
            Element::WeekdayName { long } => shortened(name(&WEEKDAYS, c.weekday), long),
            Element::Month { zero } => number(c.month, zero),
            Element::Day(pad) => padded(c.day, 2, pad),
            Element::YearDay(pad) => padded(c.year_day, 3, pad),
            Element::Hour => number(c.hour, true),
            Element::Hour12 { zero } => number((c.hour + 11) % 12 + 1, zero),
            Element::Minute { zero } => number(c.minute, zero),
            Element::Second { zero } => number(c.second, zero),
            Element::LongYear if c.year < 0 => format!("-{:04}", c.year.unsigned_abs()),
            Element::LongYear => format!("{:04}", c.year),
            Element::Year => number(c.year.abs() % 100, true),
            Element::HalfDay { upper } => match (c.hour >= 12, upper) {
                (true, true) => "PM",
                (false, true) => "AM",
                (true, false) => "pm",
                (false, false) => "am",
            }
            .to_owned(),
            Element::ZoneName if self.zone.is_empty() => self.offset_text(OffsetForm::Plain),
            Element::ZoneName => self.zone.to_owned(),
            Element::Offset { z: true, .. } if self.offset == 0 => "Z".to_owned(),
            Element::Offset { form, .. } => self.offset_text(form),
            Element::Fraction { digits, trim, separator } => self.fraction(digits, trim, separator),
        }
    }

    fn offset_text(&self, form: OffsetForm) -> String {
        // Minutes are cut towards zero before the sign is taken.
        let sign = if self.offset / 60 < 0 { '-' } else { '+' };
        let minutes = (self.offset / 60).abs();
        let seconds = if sign == '-' { self.offset.abs() } else { self.offset } % 60;
        let (h, m) = (minutes / 60, minutes % 60);
        match form {
            OffsetForm::Hours => format!("{sign}{h:02}"),
            OffsetForm::Plain => format!("{sign}{h:02}{m:02}"),
            OffsetForm::Colon => format!("{sign}{h:02}:{m:02}"),
            OffsetForm::PlainSeconds => format!("{sign}{h:02}{m:02}{}", number(seconds, true)),
            OffsetForm::ColonSeconds => format!("{sign}{h:02}:{m:02}:{}", number(seconds, true)),
        }
    }

    fn fraction(&self, digits: usize, trim: bool, separator: u8) -> String {
        if trim && (digits == 0 || self.nanosecond == 0) {
            return String::new();
        }
        let all = format!("{:09}", self.nanosecond);
        let shown = all.get(..digits).unwrap_or(&all);
        let shown = if trim { shown.trim_end_matches('0') } else { shown };
        if trim && shown.is_empty() { String::new() } else { format!("{}{shown}", char::from(separator)) }
    }
}

fn shortened(name: &str, long: bool) -> String {
    if long { name.to_owned() } else { name.chars().take(3).collect() }
}

fn number(n: i64, zero: bool) -> String {
    match (zero, n < 0) {
        (false, _) => n.to_string(),
        (true, false) => format!("{n:02}"),
        (true, true) => format!("-{:02}", n.unsigned_abs()),
    }
}

fn padded(n: i64, width: usize, pad: Pad) -> String {
    match pad {
        Pad::None => n.to_string(),
        Pad::Space => format!("{n:>width$}"),
        Pad::Zero => format!("{n:0>width$}"),
    }
}
