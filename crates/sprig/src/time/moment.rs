//! Go's `time.Time` as a template value.

use super::civil::{Civil, DAY, ZERO_TIME, civil, days_from};
use super::format::Shown;
use super::methods;
use super::names::{MONTHS, name};
use super::quote::quote;
use super::zone::Zone;
use gotmpl::func::Function;
use gotmpl::value::{GoString, GoType, Kind, Object, Value};
use jiff::Timestamp;
use std::any::Any;
use std::rc::Rc;

/// `time.Time`
pub const TIME: &GoType = {
    static T: GoType = GoType { name: "time.Time", kind: Kind::Struct, elem: None };
    &T
};

/// What a time prints as.
const STRING_LAYOUT: &[u8] = b"2006-01-02 15:04:05.999999999 -0700 MST";

/// What a time is in JSON.
pub(super) const RFC3339_NANO: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";

/// A point in time and the zone that it is shown in.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Seconds since 1970.
    pub(super) unix: i64,
    /// 0 to 999,999,999
    pub(super) nanosecond: i64,
    pub(super) zone: Zone,
    /// Go's monotonic clock reading in nanoseconds, on times from `now` only; it shows in the printed text.
    pub(super) monotonic: Option<i64>,
}

impl Moment {
    /// A time from Unix seconds and nanoseconds, which may be of any size.
    pub fn new(unix: i64, nanoseconds: i64, zone: Zone) -> Moment {
        let unix = unix.saturating_add(nanoseconds.div_euclid(1_000_000_000));
        Moment { unix, nanosecond: nanoseconds.rem_euclid(1_000_000_000), zone, monotonic: None }
    }

    /// The host's clock, `since_start` being what Go's monotonic clock would show.
    pub fn now(timestamp: Timestamp, zone: Zone, since_start: i64) -> Moment {
        let mut moment = Moment::from_timestamp(timestamp, zone);
        moment.monotonic = Some(since_start);
        moment
    }

    /// The same point in time.
    pub fn from_timestamp(timestamp: Timestamp, zone: Zone) -> Moment {
        Moment::new(timestamp.as_second(), i64::from(timestamp.subsec_nanosecond()), zone)
    }

    /// Go's zero time: January 1, year 1, UTC.
    pub fn zero() -> Moment {
        Moment::new(ZERO_TIME, 0, Zone::Utc)
    }

    /// The template value.
    pub fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    /// The time in a template value.
    pub fn of(value: &Value) -> Option<Moment> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref::<Moment>().cloned(),
            _ => None,
        }
    }

    /// Seconds since 1970.
    pub fn unix(&self) -> i64 {
        self.unix
    }

    pub(super) fn nanoseconds(&self) -> i128 {
        i128::from(self.unix) * 1_000_000_000 + i128::from(self.nanosecond)
    }

    /// The same time shown in another zone.
    pub fn in_zone(&self, zone: Zone) -> Moment {
        Moment { zone, monotonic: None, ..self.clone() }
    }

    /// The time that many nanoseconds later.
    pub fn add(&self, duration: i64) -> Moment {
        let mut moment =
            Moment::new(self.unix, self.nanosecond.saturating_add(duration % 1_000_000_000), self.zone.clone());
        moment.unix = moment.unix.saturating_add(duration / 1_000_000_000);
        moment.monotonic = self.monotonic.and_then(|m| m.checked_add(duration));
        moment
    }

    /// The nanoseconds from `earlier` to this time, as far as a duration reaches.
    pub fn since(&self, earlier: &Moment) -> i64 {
        let difference = self.nanoseconds() - earlier.nanoseconds();
        i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
    }

    /// What clocks show.
    pub(super) fn civil(&self) -> Civil {
        civil(i128::from(self.unix) + i128::from(self.zone.at(self.unix).0))
    }

    /// `AddDate`: the calendar date moves, the time of day stays.
    pub(super) fn add_date(&self, years: i64, months: i64, days: i64) -> Moment {
        let c = self.civil();
        let date = days_from(c.year.saturating_add(years), c.month.saturating_add(months), c.day.saturating_add(days));
        let shown = date.saturating_mul(DAY).saturating_add(c.hour * 3600 + c.minute * 60 + c.second);
        Moment::new(self.zone.unix_of(shown), self.nanosecond, self.zone.clone())
    }

    /// The text by Go's layout.
    pub fn format(&self, layout: &[u8]) -> Vec<u8> {
        let (offset, zone) = self.zone.at(self.unix);
        let shown = Shown {
            civil: civil(i128::from(self.unix) + i128::from(offset)),
            nanosecond: self.nanosecond,
            offset,
            zone: &zone,
        };
        shown.format(layout)
    }

    /// Go's `Time.String`.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut out = self.format(STRING_LAYOUT);
        if let Some(reading) = self.monotonic {
            let (sign, reading) = (if reading < 0 { '-' } else { '+' }, reading.unsigned_abs());
            let text = format!(" m={sign}{}.{:09}", reading / 1_000_000_000, reading % 1_000_000_000);
            out.extend_from_slice(text.as_bytes());
        }
        out
    }
}

impl Object for Moment {
    fn go_type(&self) -> &'static GoType {
        TIME
    }
    fn method(&self, name: &str) -> Option<Rc<Function>> {
        methods::method(self, name)
    }
    fn string(&self) -> Option<GoString> {
        Some(self.text().into())
    }
    fn go_string(&self) -> Option<GoString> {
        let c = self.civil();
        let zone = match &self.zone {
            Zone::Utc => "time.UTC".to_owned(),
            Zone::Local(_) => "time.Local".to_owned(),
            other => format!("time.Location({})", quote(other.name())),
        };
        let clock = format!("{}, {}, {}, {}", c.hour, c.minute, c.second, self.nanosecond);
        Some(format!("time.Date({}, time.{}, {}, {clock}, {zone})", c.year, name(&MONTHS, c.month - 1), c.day).into())
    }
    fn json(&self) -> Option<Value> {
        Some(Value::str(self.format(RFC3339_NANO)))
    }
    fn json_error(&self) -> Option<&'static str> {
        let hours = self.zone.at(self.unix).0.abs() / 3600;
        if !(0..=9999).contains(&self.civil().year) {
            Some("Time.MarshalJSON: year outside of range [0,9999]")
        } else if hours >= 24 {
            Some("Time.MarshalJSON: timezone hour outside of range [0,23]")
        } else {
            None
        }
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
