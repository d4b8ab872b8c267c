//! Text to times by a layout, with Go's error texts.

use super::civil::{DAY, DAYS_BEFORE, days_from, days_in, is_leap};
use super::layout::{Element, OffsetForm, Pad, next_chunk};
use super::moment::Moment;
use super::names::{MONTHS, WEEKDAYS};
use super::quote::quote;
use super::zone::Zone;
use std::rc::Rc;

/// Why a text is no time of a layout. `Display` is Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A part does not fit its element.
    #[error("parsing time {} as {}: cannot parse {} as {}", quote(.value), quote(.layout), quote(.part), quote(.element))]
    Mismatch {
        /// The whole text.
        value: Vec<u8>,
        /// The whole layout.
        layout: Vec<u8>,
        /// The text from the part on.
        part: Vec<u8>,
        /// The layout's element.
        element: Vec<u8>,
    },
    /// Every part fits, but the time does not exist.
    #[error("parsing time {}{message}", quote(.value))]
    Message {
        /// The whole text.
        value: Vec<u8>,
        /// Go's words, with the colon before them.
        message: String,
    },
}

/// What is wrong with one part.
enum Bad {
    Form,
    Range(&'static str),
}

type Part<T> = Result<T, Bad>;

/// What has been read.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    /// Whether an afternoon was named.
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone_name: Vec<u8>,
}

/// Go's `time.ParseInLocation`.
///
/// # Errors
/// The text does not have the layout's form, or no such time exists.
pub fn parse_in(layout: &[u8], value: &[u8], zone: &Zone) -> Result<Moment, ParseError> {
    let mut reader = Reader { rest: value, layout_after: layout, fields: Fields::default() };
    loop {
        let chunk = next_chunk(reader.layout_after);
        let mismatch = |part: &[u8], element: &[u8]| ParseError::Mismatch {
            value: value.to_vec(),
            layout: layout.to_vec(),
            part: part.to_vec(),
            element: element.to_vec(),
        };
        reader.skip(chunk.before).map_err(|part| mismatch(part, chunk.before))?;
        let Some((element, own)) = chunk.element else {
            if !reader.rest.is_empty() {
                return Err(message(value, format!(": extra text: {}", quote(reader.rest))));
            }
            return finish(reader.fields, value, zone);
        };
        reader.layout_after = chunk.after;
        let hold = reader.rest;
        match reader.element(element) {
            Ok(()) => {}
            Err(Bad::Form) => return Err(mismatch(hold, own)),
            Err(Bad::Range(what)) => return Err(message(value, format!(": {what} out of range"))),
        }
    }
}

fn message(value: &[u8], message: String) -> ParseError {
    ParseError::Message { value: value.to_vec(), message }
}

struct Reader<'v> {
    rest: &'v [u8],
    layout_after: &'v [u8],
    fields: Fields,
}

impl<'v> Reader<'v> {
    fn digit(&self, index: usize) -> Option<i64> {
        self.rest.get(index).filter(|c| c.is_ascii_digit()).map(|c| i64::from(c - b'0'))
    }

    fn advance(&mut self, count: usize) -> &'v [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, b""));
        self.rest = rest;
        taken
    }

    fn take(&mut self, count: usize) -> Part<&'v [u8]> {
        if self.rest.len() < count { Err(Bad::Form) } else { Ok(self.advance(count)) }
    }

    /// Skips the layout's plain text, any run of spaces standing for any other; gives what does not fit.
    fn skip(&mut self, plain: &[u8]) -> Result<(), &'v [u8]> {
        let spaces = |text: &[u8]| text.iter().take_while(|c| **c == b' ').count();
        let mut plain = plain;
        while let Some(&c) = plain.first() {
            if c == b' ' {
                if self.rest.first().is_some_and(|c| *c != b' ') {
                    return Err(self.rest);
                }
                plain = plain.get(spaces(plain)..).unwrap_or_default();
                self.advance(spaces(self.rest));
            } else if self.rest.first() == Some(&c) {
                plain = plain.get(1..).unwrap_or_default();
                self.advance(1);
            } else {
                return Err(self.rest);
            }
        }
        Ok(())
    }

    /// One or two digits; exactly two when `fixed`.
    fn number(&mut self, fixed: bool) -> Part<i64> {
        match (self.digit(0), self.digit(1)) {
            (Some(tens), Some(ones)) => {
                self.advance(2);
                Ok(tens * 10 + ones)
            }
            (Some(ones), None) if !fixed => {
                self.advance(1);
                Ok(ones)
            }
            _ => Err(Bad::Form),
        }
    }

    fn number_below(&mut self, fixed: bool, limit: i64, what: &'static str) -> Part<i64> {
        self.number(fixed).and_then(|n| if n < limit { Ok(n) } else { Err(Bad::Range(what)) })
    }

    /// Up to three digits; exactly three when `fixed`.
    fn year_day(&mut self, fixed: bool) -> Part<i64> {
        let digits: Vec<i64> = (0..3).map_while(|i| self.digit(i)).collect();
        if digits.is_empty() || (fixed && digits.len() != 3) {
            return Err(Bad::Form);
        }
        self.advance(digits.len());
        Ok(digits.iter().fold(0, |n, d| n * 10 + d))
    }

    /// The place of the name that the text begins with, in any letter case.
    fn name(&mut self, names: &[&str], long: bool) -> Part<i64> {
        for (name, index) in names.iter().zip(0..) {
            let name = if long { name.as_bytes() } else { name.as_bytes().get(..3).unwrap_or_default() };
            if self.rest.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name)) {
                self.advance(name.len());
                return Ok(index);
            }
        }
        Err(Bad::Form)
    }

    fn element(&mut self, element: Element) -> Part<()> {
        match element {
            Element::Year => {
                let year = signed_number(self.take(2)?)?;
                self.fields.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Element::LongYear => {
                self.digit(0).ok_or(Bad::Form)?;
                self.fields.year = signed_number(self.take(4)?)?;
            }
            Element::MonthName { long } => self.fields.month = Some(self.name(&MONTHS, long)? + 1),
            Element::Month { zero } => {
                let month = self.number(zero)?;
                if !(1..=12).contains(&month) {
                    return Err(Bad::Range("month"));
                }
                self.fields.month = Some(month);
            }
            // Which weekday it is does not matter.
            Element::WeekdayName { long } => {
                self.name(&WEEKDAYS, long)?;
            }
            Element::Day(pad) => {
                if pad == Pad::Space && self.rest.first() == Some(&b' ') {
                    self.advance(1);
                }
                self.fields.day = Some(self.number(pad == Pad::Zero)?);
            }
            Element::YearDay(pad) => {
                for _ in 0..2 {
                    if pad == Pad::Space && self.rest.first() == Some(&b' ') {
                        self.advance(1);
                    }
                }
                self.fields.year_day = Some(self.year_day(pad == Pad::Zero)?);
            }
            Element::Hour => self.fields.hour = self.number_below(false, 24, "hour")?,
            Element::Hour12 { zero } => self.fields.hour = self.number_below(zero, 13, "hour")?,
            Element::Minute { zero } => self.fields.minute = self.number_below(zero, 60, "minute")?,
            Element::Second { zero } => {
                self.fields.second = self.number_below(zero, 60, "second")?;
                self.unasked_fraction()?;
            }
            Element::HalfDay { upper } => {
                self.fields.afternoon = match (self.take(2)?, upper) {
                    (b"PM", true) | (b"pm", false) => Some(true),
                    (b"AM", true) | (b"am", false) => self.fields.afternoon.or(Some(false)),
                    _ => return Err(Bad::Form),
                };
            }
            Element::Offset { z, form } => self.offset(z, form)?,
            Element::ZoneName => self.zone_name()?,
            Element::Fraction { digits, trim: false, .. } => {
                let text = self.rest.get(..=digits).ok_or(Bad::Form)?;
                self.fields.nanosecond = nanoseconds(text)?;
                self.advance(digits + 1);
            }
            Element::Fraction { trim: true, .. } => {
                if matches!(self.rest.first(), Some(b'.' | b',')) && self.digit(1).is_some() {
                    self.fraction()?;
                }
            }
        }
        Ok(())
    }

    /// A fraction after the seconds is read even if the layout has none.
    fn unasked_fraction(&mut self) -> Part<()> {
        if !matches!(self.rest.first(), Some(b'.' | b',')) || self.digit(1).is_none() {
            return Ok(());
        }
        match next_chunk(self.layout_after).element {
            Some((Element::Fraction { .. }, _)) => Ok(()),
            _ => self.fraction(),
        }
    }

    /// A separator and all digits after it.
    fn fraction(&mut self) -> Part<()> {
        let digits = self.rest.iter().skip(1).take_while(|c| c.is_ascii_digit()).count();
        let text = self.advance(digits + 1);
        self.fields.nanosecond = nanoseconds(text)?;
        Ok(())
    }

    fn offset(&mut self, z: bool, form: OffsetForm) -> Part<()> {
        if z && self.rest.first() == Some(&b'Z') {
            self.advance(1);
            self.fields.utc = true;
            return Ok(());
        }
        let text = self.rest;
        let at = |range: std::ops::Range<usize>| text.get(range).ok_or(Bad::Form);
        let colon = |index: usize| if text.get(index) == Some(&b':') { Ok(()) } else { Err(Bad::Form) };
        let (width, hours, minutes, seconds): (usize, _, &[u8], &[u8]) = match form {
            OffsetForm::Hours => (3, at(1..3)?, b"00", b"00"),
            OffsetForm::Plain => (5, at(1..3)?, at(3..5)?, b"00"),
            OffsetForm::Colon => {
                at(0..6)?;
                colon(3)?;
                (6, at(1..3)?, at(4..6)?, b"00")
            }
            OffsetForm::PlainSeconds => (7, at(1..3)?, at(3..5)?, at(5..7)?),
            OffsetForm::ColonSeconds => {
                at(0..9)?;
                colon(3)?;
                colon(6)?;
                (9, at(1..3)?, at(4..6)?, at(7..9)?)
            }
        };
        self.advance(width);
        // After a part that is no number the others are not looked at; of several that are too large the last is told.
        let (mut readable, mut too_large) = (true, None);
        let mut part = |digits: &[u8], most: i64, what: &'static str| match two_digits(digits).filter(|_| readable) {
            Some(number) => {
                too_large = if number > most { Some(what) } else { too_large };
                number
            }
            None => {
                readable = false;
                0
            }
        };
        let hours = part(hours, 24, "time zone offset hour");
        let minutes = part(minutes, 60, "time zone offset minute");
        let seconds = part(seconds, 60, "time zone offset second");
        match (too_large, readable) {
            (Some(what), _) => return Err(Bad::Range(what)),
            (None, false) => return Err(Bad::Form),
            (None, true) => {}
        }
        let offset = (hours * 60 + minutes) * 60 + seconds;
        self.fields.offset = match text.first() {
            Some(b'+') => Some(offset),
            Some(b'-') => Some(-offset),
            _ => return Err(Bad::Form),
        };
        Ok(())
    }

    fn zone_name(&mut self) -> Part<()> {
        if self.rest.starts_with(b"UTC") {
            self.advance(3);
            self.fields.utc = true;
            return Ok(());
        }
        let width = zone_name_width(self.rest).ok_or(Bad::Form)?;
        self.fields.zone_name = self.take(width)?.to_vec();
        Ok(())
    }
}

fn two_digits(text: &[u8]) -> Option<i64> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    }
}

/// A decimal number with optional sign that takes the whole text.
fn signed_number(text: &[u8]) -> Part<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Bad::Form);
    }
    let value = digits.iter().fold(0_i64, |n, c| n.saturating_mul(10).saturating_add(i64::from(c - b'0')));
    Ok(if negative { -value } else { value })
}

/// The fraction with its separator; digits beyond the ninth do not count.
fn nanoseconds(text: &[u8]) -> Part<i64> {
    let text = text.get(..10).unwrap_or(text);
    let (Some(b'.' | b','), Some(digits)) = (text.first(), text.get(1..)) else {
        return Err(Bad::Form);
    };
    let value = signed_number(digits)?;
    if value < 0 {
        return Err(Bad::Range("fractional second"));
    }
    Ok((digits.len()..9).fold(value, |n, _| n * 10))
}

/// The width of what looks like a zone's abbreviation.
fn zone_name_width(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(after) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_hours_width(after));
    }
    if matches!(text.first(), Some(b'+' | b'-')) {
        return Some(signed_hours_width(text)).filter(|width| *width > 0);
    }
    match text.iter().take(6).take_while(|c| c.is_ascii_uppercase()).count() {
        5 if text.get(4) == Some(&b'T') => Some(5),
        4 if text.get(3) == Some(&b'T') || text.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The width of `+3` or `-04`, 0 when it is none or above 23 hours.
fn signed_hours_width(text: &[u8]) -> usize {
    let Some((b'+' | b'-', after)) = text.split_first() else {
        return 0;
    };
    let digits: Vec<u8> = after.iter().copied().take_while(u8::is_ascii_digit).collect();
    match signed_number(&digits) {
        Ok(hours) if !digits.is_empty() && hours <= 23 => digits.len() + 1,
        _ => 0,
    }
}

/// The time that the fields make.
fn finish(mut f: Fields, value: &[u8], zone: &Zone) -> Result<Moment, ParseError> {
    match f.afternoon {
        Some(true) if f.hour < 12 => f.hour += 12,
        Some(false) if f.hour == 12 => f.hour = 0,
        _ => {}
    }
    if let Some(year_day) = f.year_day {
        let (month, day) =
            from_year_day(year_day, f.year).ok_or_else(|| message(value, ": day-of-year out of range".to_owned()))?;
        if f.month.is_some_and(|m| m != month) {
            return Err(message(value, ": day-of-year does not match month".to_owned()));
        }
        if f.day.is_some_and(|d| d != day) {
            return Err(message(value, ": day-of-year does not match day".to_owned()));
        }
        (f.month, f.day) = (Some(month), Some(day));
    }
    let (month, day) = (f.month.unwrap_or(1), f.day.unwrap_or(1));
    if day < 1 || day > days_in(month, f.year) {
        return Err(message(value, ": day out of range".to_owned()));
    }
    let shown = days_from(f.year, month, day) * DAY + f.hour * 3600 + f.minute * 60 + f.second;
    Ok(placed(&f, shown, zone))
}

/// The time at which clocks show `shown`, in the zone that the text names, else in `zone`.
fn placed(f: &Fields, shown: i64, zone: &Zone) -> Moment {
    let moment = |unix, zone| Moment::new(unix, f.nanosecond, zone);
    if f.utc {
        return moment(shown, Zone::Utc);
    }
    let name = String::from_utf8_lossy(&f.zone_name).into_owned();
    // An offset of one second west reads as none in Go.
    if let Some(offset) = f.offset.filter(|offset| *offset != -1) {
        let unix = shown - offset;
        let (here, here_name) = zone.at(unix);
        let known = here == offset && (name.is_empty() || here_name == name);
        return moment(unix, if known { zone.clone() } else { Zone::Fixed(Rc::from(name), offset) });
    }
    if !name.is_empty() {
        if let Some(offset) = zone.offset_of_name(&name, shown) {
            return moment(shown - offset, zone.clone());
        }
        // HELM: `GMT+3` sets the offset in which the time is shown, but the time itself was read as UTC.
        let hours = name.strip_prefix("GMT").and_then(|hours| signed_number(hours.as_bytes()).ok()).unwrap_or(0);
        return moment(shown, Zone::Fixed(Rc::from(name), hours * 3600));
    }
    moment(zone.unix_of(shown), zone.clone())
}

/// Month and day of the n-th day of a year.
fn from_year_day(year_day: i64, year: i64) -> Option<(i64, i64)> {
    let leap_day = 31 + 29;
    let day = match (is_leap(year), year_day) {
        (true, d) if d == leap_day => return Some((2, 29)),
        (true, d) if d > leap_day => d - 1,
        (_, d) => d,
    };
    if !(1..=365).contains(&day) {
        return None;
    }
    let (before, month) = DAYS_BEFORE.iter().zip(1..).take_while(|(before, _)| **before < day).last()?;
    Some((month, day - before))
}
