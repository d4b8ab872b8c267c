//! The methods of `time.Time` that templates can call.

use super::civil::ZERO_TIME;
use super::moment::{Moment, RFC3339_NANO, TIME};
use super::zone::{LOCATION, Location, Zone};
use crate::args;
use gotmpl::func::{FuncError, Function};
use gotmpl::value::{CallResult, GoType, Value, types};
use std::cmp::Ordering;
use std::rc::Rc;

/// Name, parameters, result, body.
type Method = (&'static str, &'static [&'static GoType], &'static GoType, fn(&Moment, &[Value]) -> CallResult);

/// The method of that name, bound to `moment`.
pub(super) fn method(moment: &Moment, name: &str) -> Option<Rc<Function>> {
    let (name, params, result, body) = *METHODS.iter().find(|m| m.0 == name)?;
    let moment = moment.clone();
    Some(Rc::new(Function::new(name, params, result, move |_, args| body(&moment, args))))
}

const METHODS: &[Method] = &[
    ("Add", &[types::DURATION], TIME, |m, a| Ok(m.add(args::int(a, 0)).into_value())),
    ("AddDate", &[types::INT, types::INT, types::INT], TIME, |m, a| {
        Ok(m.add_date(args::int(a, 0), args::int(a, 1), args::int(a, 2)).into_value())
    }),
    ("After", &[TIME], types::BOOL, |m, a| Ok(Value::Bool(compare(m, a) == Ordering::Greater))),
    ("Before", &[TIME], types::BOOL, |m, a| Ok(Value::Bool(compare(m, a) == Ordering::Less))),
    ("Clock", &[], types::INT, |_, _| results("Clock", 3)),
    ("Compare", &[TIME], types::INT, |m, a| Ok(Value::int(compare(m, a) as i64))),
    ("Date", &[], types::INT, |_, _| results("Date", 3)),
    ("Day", &[], types::INT, |m, _| Ok(Value::int(m.civil().day))),
    ("Equal", &[TIME], types::BOOL, |m, a| Ok(Value::Bool(compare(m, a) == Ordering::Equal))),
    ("Format", &[types::STRING], types::STRING, |m, a| Ok(Value::str(m.format(args::text(a, 0))))),
    ("GoString", &[], types::STRING, |m, _| Ok(Value::str(go_string(m)))),
    ("Hour", &[], types::INT, |m, _| Ok(Value::int(m.civil().hour))),
    ("ISOWeek", &[], types::INT, |_, _| results("ISOWeek", 2)),
    ("In", &[&LOCATION], TIME, |m, a| match location(a) {
        Some(zone) => Ok(m.in_zone(zone).into_value()),
        None => Err(FuncError::Panic("time: missing Location in call to Time.In".to_owned())),
    }),
    ("IsDST", &[], types::BOOL, |m, _| Ok(Value::Bool(m.zone.is_dst(m.unix)))),
    ("IsZero", &[], types::BOOL, |m, _| Ok(Value::Bool(m.unix == ZERO_TIME && m.nanosecond == 0))),
    ("Local", &[], TIME, |m, _| Ok(m.in_zone(local(&m.zone)).into_value())),
    ("Location", &[], &LOCATION, |m, _| Ok(Value::Object(Rc::new(Location(m.zone.clone()))))),
    ("MarshalText", &[], types::BYTES, |m, _| Ok(bytes(m.format(RFC3339_NANO)))),
    ("Minute", &[], types::INT, |m, _| Ok(Value::int(m.civil().minute))),
    ("Month", &[], types::MONTH, |m, _| Ok(Value::Int(types::MONTH, m.civil().month))),
    ("Nanosecond", &[], types::INT, |m, _| Ok(Value::int(m.nanosecond))),
    ("Round", &[types::DURATION], TIME, |m, a| Ok(to_multiple(m, args::int(a, 0), true).into_value())),
    ("Second", &[], types::INT, |m, _| Ok(Value::int(m.civil().second))),
    ("String", &[], types::STRING, |m, _| Ok(Value::str(m.text()))),
    ("Sub", &[TIME], types::DURATION, |m, a| Ok(Value::Int(types::DURATION, m.since(&other(a))))),
    ("Truncate", &[types::DURATION], TIME, |m, a| Ok(to_multiple(m, args::int(a, 0), false).into_value())),
    ("UTC", &[], TIME, |m, _| Ok(m.in_zone(Zone::Utc).into_value())),
    ("Unix", &[], types::INT64, |m, _| Ok(Value::int64(m.unix))),
    ("UnixMicro", &[], types::INT64, |m, _| Ok(Value::int64(low_bits(m.nanoseconds().div_euclid(1_000))))),
    ("UnixMilli", &[], types::INT64, |m, _| Ok(Value::int64(low_bits(m.nanoseconds().div_euclid(1_000_000))))),
    ("UnixNano", &[], types::INT64, |m, _| Ok(Value::int64(low_bits(m.nanoseconds())))),
    ("Weekday", &[], types::WEEKDAY, |m, _| Ok(Value::Int(types::WEEKDAY, m.civil().weekday))),
    ("Year", &[], types::INT, |m, _| Ok(Value::int(m.civil().year))),
    ("YearDay", &[], types::INT, |m, _| Ok(Value::int(m.civil().year_day))),
    ("Zone", &[], types::STRING, |_, _| results("Zone", 2)),
];

/// Templates cannot call a method with several results.
fn results(name: &str, count: usize) -> CallResult {
    Err(FuncError::text(match count {
        2 => format!("invalid function signature for {name}: second return value should be error; is int"),
        _ => format!("function {name} has {count} return values; should be 1 or 2"),
    }))
}

fn other(args: &[Value]) -> Moment {
    Moment::of(args::any(args, 0)).unwrap_or_else(Moment::zero)
}

fn compare(moment: &Moment, args: &[Value]) -> Ordering {
    moment.nanoseconds().cmp(&other(args).nanoseconds())
}

fn location(args: &[Value]) -> Option<Zone> {
    match args.first() {
        Some(Value::Object(object)) => object.as_any().downcast_ref::<Location>().map(|l| l.0.clone()),
        _ => None,
    }
}

/// The local zone as far as the time knows it; a time that is shown elsewhere stays in UTC.
fn local(zone: &Zone) -> Zone {
    match zone {
        Zone::Local(_) => zone.clone(),
        _ => Zone::Local(jiff::tz::TimeZone::UTC),
    }
}

fn bytes(text: Vec<u8>) -> Value {
    Value::List(gotmpl::List::bytes(text.into()))
}

/// Go computes in 64 bits and lets them wrap.
fn low_bits(n: i128) -> i64 {
    n as i64
}

/// To a multiple of `duration` since Go's zero time, down or to the nearest.
fn to_multiple(moment: &Moment, duration: i64, nearest: bool) -> Moment {
    let plain = moment.in_zone(moment.zone.clone());
    if duration <= 0 {
        return plain;
    }
    let since_zero = moment.nanoseconds() - i128::from(ZERO_TIME) * 1_000_000_000;
    let rest = i64::try_from(since_zero.rem_euclid(i128::from(duration))).unwrap_or(0);
    let up = nearest && i128::from(rest) * 2 >= i128::from(duration);
    plain.add(if up { duration - rest } else { -rest })
}

fn go_string(moment: &Moment) -> String {
    let c = moment.civil();
    let month = gotmpl::fmt::format_v(&Value::Int(types::MONTH, c.month));
    let zone = match &moment.zone {
        Zone::Utc => "time.UTC".to_owned(),
        Zone::Local(_) => "time.Local".to_owned(),
        Zone::Named(name, _) | Zone::Fixed(name, _) => {
            format!("time.Location({})", super::quote::quote(name.as_bytes()))
        }
    };
    format!(
        "time.Date({}, time.{}, {}, {}, {}, {}, {}, {zone})",
        c.year,
        String::from_utf8_lossy(&month),
        c.day,
        c.hour,
        c.minute,
        c.second,
        moment.nanosecond
    )
}
