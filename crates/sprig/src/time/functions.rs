//! sprig's date functions.

use super::duration::{SECOND, duration_string, parse_duration, round};
use super::moment::{Moment, TIME};
use super::parse::parse_in;
use super::zone::Zone;
use crate::args;
use crate::host::Host;
use gotmpl::func::{FuncError, FuncMap, Function};
use gotmpl::strconv::parse_int_clamped;
use gotmpl::value::{Value, types};
use std::rc::Rc;

/// The host's clock with the place where it started, for Go's monotonic reading.
#[derive(Clone)]
struct Clock {
    host: Rc<dyn Host>,
    start: Moment,
}

impl Clock {
    fn new(host: &Rc<dyn Host>) -> Clock {
        Clock { host: host.clone(), start: Moment::from_timestamp(host.now(), Zone::Utc) }
    }

    fn local(&self) -> Zone {
        Zone::Local(self.host.local_zone())
    }

    fn now(&self) -> Moment {
        let timestamp = self.host.now();
        let since_start = Moment::from_timestamp(timestamp, Zone::Utc).since(&self.start);
        Moment::now(timestamp, self.local(), since_start)
    }

    /// The time that sprig sees in a value: a time, or whole seconds since 1970 in one of `seconds`' types; anything else
    /// is now.
    fn moment(&self, value: &Value, seconds: &[&str]) -> Moment {
        match value {
            Value::Int(ty, n) if seconds.contains(&ty.name) => Moment::new(*n, 0, self.local()),
            other => Moment::of(other).unwrap_or_else(|| self.now()),
        }
    }

    fn format(&self, layout: &[u8], value: &Value, zone: &[u8]) -> Value {
        let zone = Zone::load(zone, &self.host.local_zone()).unwrap_or(Zone::Utc);
        let moment = self.moment(value, &["int64", "int", "int32"]);
        Value::str(moment.in_zone(zone).format(layout))
    }
}

/// Adds the date functions.
pub(crate) fn register(map: &mut FuncMap, host: &Rc<dyn Host>) {
    let clock = Clock::new(host);
    add_formats(map, &clock);
    add_changes(map);
    add_parsers(map, &clock);
    add_spans(map, &clock);
    let now = clock;
    map.add(Function::new("now", &[], TIME, move |_, _| Ok(now.now().into_value())));
    map.add(Function::new("unixEpoch", &[TIME], types::STRING, |_, args| {
        Ok(Value::str(moment(args, 0).unix().to_string()))
    }));
}

/// The zone that `date` and `htmlDate` show times in.
const LOCAL: &[u8] = b"Local";

/// The time at `index`.
fn moment(args: &[Value], index: usize) -> Moment {
    Moment::of(args::any(args, index)).unwrap_or_else(Moment::zero)
}

fn add_formats(map: &mut FuncMap, clock: &Clock) {
    let c = clock.clone();
    map.add(Function::new("date", &[types::STRING, types::INTERFACE], types::STRING, move |_, args| {
        Ok(c.format(args::text(args, 0), args::any(args, 1), LOCAL))
    }));
    let c = clock.clone();
    let params = &[types::STRING, types::INTERFACE, types::STRING];
    map.add(Function::new("dateInZone", params, types::STRING, move |_, args| {
        Ok(c.format(args::text(args, 0), args::any(args, 1), args::text(args, 2)))
    }));
    let c = clock.clone();
    map.add(Function::new("htmlDate", &[types::INTERFACE], types::STRING, move |_, args| {
        Ok(c.format(b"2006-01-02", args::any(args, 0), LOCAL))
    }));
    let c = clock.clone();
    map.add(Function::new("htmlDateInZone", &[types::INTERFACE, types::STRING], types::STRING, move |_, args| {
        Ok(c.format(b"2006-01-02", args::any(args, 0), args::text(args, 1)))
    }));
    map.alias("date_in_zone", "dateInZone");
}

fn add_changes(map: &mut FuncMap) {
    map.add(Function::new("dateModify", &[types::STRING, TIME], TIME, |_, args| {
        let date = moment(args, 1);
        Ok(match parse_duration(args::text(args, 0)) {
            Ok(duration) => date.add(duration),
            Err(_) => date,
        }
        .into_value())
    }));
    map.add(Function::new("mustDateModify", &[types::STRING, TIME], TIME, |_, args| {
        let duration = parse_duration(args::text(args, 0)).map_err(|e| FuncError::text(e.to_string()))?;
        Ok(moment(args, 1).add(duration).into_value())
    }));
    map.alias("date_modify", "dateModify");
    map.alias("must_date_modify", "mustDateModify");
}

fn add_parsers(map: &mut FuncMap, clock: &Clock) {
    let c = clock.clone();
    map.add(Function::new("toDate", &[types::STRING, types::STRING], TIME, move |_, args| {
        let parsed = parse_in(args::text(args, 0), args::text(args, 1), &c.local());
        Ok(parsed.unwrap_or_else(|_| Moment::zero()).into_value())
    }));
    let c = clock.clone();
    map.add(Function::new("mustToDate", &[types::STRING, types::STRING], TIME, move |_, args| {
        let parsed = parse_in(args::text(args, 0), args::text(args, 1), &c.local());
        parsed.map(Moment::into_value).map_err(|e| FuncError::text(e.to_string()))
    }));
}

fn add_spans(map: &mut FuncMap, clock: &Clock) {
    let c = clock.clone();
    map.add(Function::new("ago", &[types::INTERFACE], types::STRING, move |_, args| {
        let since = c.now().since(&c.moment(args::any(args, 0), &["int64", "int"]));
        Ok(Value::str(duration_string(round(since, SECOND))))
    }));
    map.add(Function::new("duration", &[types::INTERFACE], types::STRING, |_, args| {
        let seconds = match args.first() {
            Some(Value::String(text)) => parse_int_clamped(text, 10, 64).0,
            Some(Value::Int(ty, n)) if ty.name == "int64" => *n,
            _ => 0,
        };
        Ok(Value::str(duration_string(seconds.wrapping_mul(SECOND))))
    }));
    let c = clock.clone();
    map.add(Function::new("durationRound", &[types::INTERFACE], types::STRING, move |_, args| {
        let duration = match args.first() {
            Some(Value::String(text)) => parse_duration(text).unwrap_or(0),
            Some(Value::Int(ty, n)) if ty.name == "int64" => *n,
            Some(other) => Moment::of(other).map_or(0, |m| c.now().since(&m)),
            None => 0,
        };
        Ok(Value::str(rounded(duration)))
    }));
}

/// The largest unit that the duration is longer than, whatever its sign.
fn rounded(duration: i64) -> String {
    const UNITS: [(u64, &str); 6] =
        [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let size = duration.unsigned_abs();
    let unit = UNITS.iter().map(|(seconds, name)| (seconds * SECOND.unsigned_abs(), name)).find(|(u, _)| size > *u);
    unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", size / unit))
}
