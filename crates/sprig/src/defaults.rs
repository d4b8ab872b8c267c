//! Defaults and choices, emptiness, and sprig's JSON functions.

use crate::args::{ANY, BOOL, Register, STR, any, boolean, tail, text};
use gotmpl::exec::Limits;
use gotmpl::json::{self, JsonError};
use gotmpl::value::{CallResult, Kind};
use gotmpl::{FuncError, FuncMap, Value};

pub(crate) fn add(map: &mut FuncMap) {
    map.rest("default", &[ANY, ANY], ANY, |a| {
        Ok(tail(a, 1).first().filter(|v| !is_empty(v)).unwrap_or(any(a, 0)).clone())
    });
    map.plain("empty", &[ANY], BOOL, |a| Ok(Value::Bool(is_empty(any(a, 0)))));
    map.rest("coalesce", &[ANY], ANY, |a| Ok(a.iter().find(|v| !is_empty(v)).cloned().unwrap_or(Value::Nil)));
    map.rest("all", &[ANY], BOOL, |a| Ok(Value::Bool(!a.iter().any(is_empty))));
    map.rest("any", &[ANY], BOOL, |a| Ok(Value::Bool(a.iter().any(|v| !is_empty(v)))));
    map.plain("ternary", &[ANY, ANY, BOOL], ANY, |a| Ok(any(a, usize::from(!boolean(a, 2))).clone()));
    reading(map);
    writing(map);
}

/// sprig's `empty`: nil, zero, and what has no items.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(object) => match (object.as_list(), object.as_map(), object.go_type().kind) {
            (Some(list), _, _) => list.is_empty(),
            (None, Some(map), _) => map.is_empty(),
            (None, None, Kind::Struct | Kind::Ptr) => false,
            _ => !object.truth(),
        },
        other => !other.truth(),
    }
}

fn reading(map: &mut FuncMap) {
    map.plain("fromJson", &[STR], ANY, |a| Ok(json::unmarshal(text(a, 0)).unwrap_or(Value::Nil)));
    map.plain("mustFromJson", &[STR], ANY, |a| json::unmarshal(text(a, 0)).map_err(failed));
}

fn failed(error: JsonError) -> FuncError {
    FuncError::Text(error.to_string())
}

fn pretty(limits: &Limits, value: &Value) -> Result<Vec<u8>, JsonError> {
    json::marshal_indent_within(value, ("", "  "), limits.text_bytes)
}

/// The text, or nothing when the value cannot be written.
fn lenient(limits: &Limits, result: Result<Vec<u8>, JsonError>) -> CallResult {
    match strict(limits, result) {
        Err(FuncError::Text(_)) => Ok(Value::str("")),
        other => other,
    }
}

fn strict(limits: &Limits, result: Result<Vec<u8>, JsonError>) -> CallResult {
    match result {
        Ok(text) => Ok(Value::str(text)),
        Err(JsonError::TooLong { .. }) => Err(limits.too_long().into()),
        Err(error) => Err(failed(error)),
    }
}

fn writing(map: &mut FuncMap) {
    map.bounded("toJson", &[ANY], STR, |l, a| lenient(l, json::marshal_within(any(a, 0), l.text_bytes)));
    map.bounded("mustToJson", &[ANY], STR, |l, a| strict(l, json::marshal_within(any(a, 0), l.text_bytes)));
    map.bounded("toPrettyJson", &[ANY], STR, |l, a| lenient(l, pretty(l, any(a, 0))));
    map.bounded("mustToPrettyJson", &[ANY], STR, |l, a| strict(l, pretty(l, any(a, 0))));
    // HELM: the one function of its family that panics.
    for name in ["toRawJson", "mustToRawJson"] {
        map.bounded(name, &[ANY], STR, |l, a| strict(l, json::marshal_raw_within(any(a, 0), l.text_bytes)));
    }
}
