//! Helm 4's duration functions. They are the engine's, which lays them over sprig's map; their rules live here beside
//! the durations.

use super::duration::{SECOND, in_units, parse_duration, round, truncate};
use crate::args;
use gotmpl::fmt::{format_v, quote};
use gotmpl::func::{FuncError, FuncMap, Function};
use gotmpl::strconv::parse_float;
use gotmpl::value::{Value, types};

/// Adds `mustToDuration`, `durationSeconds`, … `durationRoundTo`, `durationTruncateTo`.
pub fn helm_durations(map: &mut FuncMap) {
    map.add(Function::new("mustToDuration", &[types::INTERFACE], types::DURATION, |_, args| {
        as_duration(args::any(args, 0)).map(|d| Value::Int(types::DURATION, d)).map_err(FuncError::Panic)
    }));
    add_floats(map, "durationSeconds", |d| in_units(d, SECOND));
    add_floats(map, "durationMinutes", |d| in_units(d, 60 * SECOND));
    add_floats(map, "durationHours", |d| in_units(d, 3600 * SECOND));
    add_floats(map, "durationDays", |d| in_units(d, 3600 * SECOND) / 24.0);
    add_floats(map, "durationWeeks", |d| in_units(d, 3600 * SECOND) / 24.0 / 7.0);
    add_ints(map, "durationMilliseconds", 1_000_000);
    add_ints(map, "durationMicroseconds", 1_000);
    add_ints(map, "durationNanoseconds", 1);
    add_multiples(map, "durationRoundTo", round);
    add_multiples(map, "durationTruncateTo", truncate);
}

fn add_floats(map: &mut FuncMap, name: &'static str, units: fn(i64) -> f64) {
    map.add(Function::new(name, &[types::INTERFACE], types::FLOAT64, move |_, args| {
        Ok(Value::float(as_duration(args::any(args, 0)).map_or(0.0, units)))
    }));
}

fn add_ints(map: &mut FuncMap, name: &'static str, unit: i64) {
    map.add(Function::new(name, &[types::INTERFACE], types::INT64, move |_, args| {
        Ok(Value::int64(as_duration(args::any(args, 0)).map_or(0, |d| d / unit)))
    }));
}

fn add_multiples(map: &mut FuncMap, name: &'static str, change: fn(i64, i64) -> i64) {
    map.add(Function::new(name, &[types::INTERFACE, types::INTERFACE], types::DURATION, move |_, args| {
        let changed = as_duration(args::any(args, 0)).map(|d| match as_duration(args::any(args, 1)) {
            Ok(multiple) => change(d, multiple),
            Err(_) => d,
        });
        Ok(Value::Int(types::DURATION, changed.unwrap_or(0)))
    }));
}

/// A duration in nanoseconds: durations as they are, texts by `time.ParseDuration`, numbers as seconds.
fn as_duration(value: &Value) -> Result<i64, String> {
    match value {
        Value::Nil => Err("invalid duration".to_owned()),
        Value::Int(ty, n) if ty.name == types::DURATION.name => Ok(*n),
        Value::Int(_, n) => n.checked_mul(SECOND).ok_or_else(|| format!("duration seconds overflow: {n}")),
        Value::Uint(_, n) => i64::try_from(*n)
            .ok()
            .and_then(|n| n.checked_mul(SECOND))
            .ok_or_else(|| format!("duration seconds overflow: {n}")),
        Value::Float(_, f) => from_seconds(*f),
        Value::String(text) => {
            let trimmed = text.as_utf8().map_or_else(|| text.trim_ascii(), |t| t.trim().as_bytes());
            if trimmed.is_empty() {
                return Err("empty duration".to_owned());
            }
            if let Ok(duration) = parse_duration(trimmed) {
                return Ok(duration);
            }
            match parse_float(trimmed, 64) {
                Ok(seconds) => from_seconds(seconds),
                Err(_) => Err(format!("could not parse duration {}", quote(text))),
            }
        }
        other => {
            let name = other.go_type().map_or("<nil>", |ty| ty.name);
            Err(format!("unsupported duration type {name}"))
        }
    }
}

fn from_seconds(seconds: f64) -> Result<i64, String> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let shown = |f: f64| String::from_utf8_lossy(&format_v(&Value::float(f))).into_owned();
    if !seconds.is_finite() {
        return Err(format!("invalid duration seconds: {}", shown(seconds)));
    }
    if seconds.abs() > LIMIT / 1e9 {
        return Err(format!("duration seconds overflow: {}", shown(seconds)));
    }
    let nanoseconds = seconds * 1e9;
    if nanoseconds.abs() > LIMIT {
        return Err(format!("duration nanoseconds overflow: {}", shown(nanoseconds)));
    }
    // The limit itself is one too many; Go's conversion wraps there.
    Ok(if nanoseconds >= LIMIT { i64::MIN } else { nanoseconds as i64 })
}
