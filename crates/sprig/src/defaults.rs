//! Defaults and choices, emptiness, and sprig's JSON functions.

use crate::args::{ANY, BOOL, Register, STR, any, boolean, tail, text};
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

fn pretty(value: &Value) -> Result<Vec<u8>, JsonError> {
    json::marshal_indent(value, "", "  ")
}

/// The text, or nothing when the value cannot be written.
fn lenient(result: Result<Vec<u8>, JsonError>) -> CallResult {
    Ok(Value::str(result.unwrap_or_default()))
}

fn strict(result: Result<Vec<u8>, JsonError>) -> CallResult {
    result.map(Value::str).map_err(failed)
}

fn writing(map: &mut FuncMap) {
    map.plain("toJson", &[ANY], STR, |a| lenient(json::marshal(any(a, 0))));
    map.plain("mustToJson", &[ANY], STR, |a| strict(json::marshal(any(a, 0))));
    map.plain("toPrettyJson", &[ANY], STR, |a| lenient(pretty(any(a, 0))));
    map.plain("mustToPrettyJson", &[ANY], STR, |a| strict(pretty(any(a, 0))));
    // HELM: the one function of its family that panics.
    map.plain("toRawJson", &[ANY], STR, |a| strict(json::marshal_raw(any(a, 0))));
    map.plain("mustToRawJson", &[ANY], STR, |a| strict(json::marshal_raw(any(a, 0))));
}
