//! The methods of Go's named types that are plain integers here: `time.Duration`, `time.Month`, `time.Weekday`.

use super::duration::{duration_in_units, duration_round, duration_string, duration_truncate};
use crate::func::Function;
use crate::value::{GoString, GoType, Value, types};
use std::rc::Rc;

/// January to December, as Go's `time.Month` prints them.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Sunday to Saturday, as Go's `time.Weekday` prints them.
pub const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What the value's `String` or `Error` method gives; `None` when its type has none.
pub(super) fn method_text(value: &Value) -> Option<GoString> {
    match value {
        Value::Object(object) => object.string(),
        Value::Int(ty, n) if ty.name == types::DURATION.name => Some(duration_string(*n).into()),
        Value::Int(ty, n) if ty.name == types::MONTH.name => Some(calendar_name("Month", &MONTHS, *n, 1)),
        Value::Int(ty, n) if ty.name == types::WEEKDAY.name => Some(calendar_name("Weekday", &WEEKDAYS, *n, 0)),
        _ => None,
    }
}

fn calendar_name(what: &str, names: &[&str], number: i64, first: i64) -> GoString {
    match number.checked_sub(first).and_then(|i| usize::try_from(i).ok()).and_then(|i| names.get(i)) {
        Some(name) => (*name).into(),
        None => format!("%!{what}({})", number as u64).into(),
    }
}

/// The method `name` of a value of one of these types as a function without receiver; `None` when there is none.
pub fn named_method(value: &Value, name: &str) -> Option<Rc<Function>> {
    let Value::Int(ty, n) = *value else {
        return None;
    };
    if ty.name == types::DURATION.name {
        return duration_method(n, name);
    }
    let text = method_text(value).filter(|_| name == "String")?;
    Some(Rc::new(Function::new("String", &[], types::STRING, move |_, _| Ok(Value::String(text.clone())))))
}

const SECOND: i64 = 1_000_000_000;

fn duration_method(d: i64, name: &str) -> Option<Rc<Function>> {
    let constant = |name, ty, value: Value| Function::new(name, &[], ty, move |_, _| Ok(value.clone()));
    let float = |name, unit| constant(name, types::FLOAT64, Value::float(duration_in_units(d, unit)));
    let int = |name, unit: i64| constant(name, types::INT64, Value::int64(d / unit));
    Some(Rc::new(match name {
        "Abs" => constant("Abs", types::DURATION, Value::Int(types::DURATION, d.saturating_abs())),
        "Hours" => float("Hours", 3600 * SECOND),
        "Minutes" => float("Minutes", 60 * SECOND),
        "Seconds" => float("Seconds", SECOND),
        "Milliseconds" => int("Milliseconds", 1_000_000),
        "Microseconds" => int("Microseconds", 1_000),
        "Nanoseconds" => int("Nanoseconds", 1),
        "Round" => multiple("Round", d, duration_round),
        "Truncate" => multiple("Truncate", d, duration_truncate),
        "String" => constant("String", types::STRING, Value::str(duration_string(d))),
        _ => return None,
    }))
}

fn multiple(name: &'static str, d: i64, change: fn(i64, i64) -> i64) -> Function {
    const PARAMS: &[&GoType] = &[types::DURATION];
    Function::new(name, PARAMS, types::DURATION, move |_, args| {
        let multiple = match args.first() {
            Some(Value::Int(_, n)) => *n,
            _ => 0,
        };
        Ok(Value::Int(types::DURATION, change(d, multiple)))
    })
}
