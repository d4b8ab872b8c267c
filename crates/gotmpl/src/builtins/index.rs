//! `index`, `slice` and `len`.

use super::int;
use crate::exec::val::{Val, is_nil_pointer, type_name, zero};
use crate::value::{GoString, Kind, List, Map, Value, types};

/// What Go's `reflect` panics with when an index equals the length.
const SLICE_RANGE: &str = "reflect: slice index out of range";
const STRING_RANGE: &str = "reflect: string index out of range";
const NO_TYPE: &str = "reflect: call of reflect.Value.Type on zero Value";

/// An index as a number up to `cap`.
fn position(value: &Value, type_name: &str, cap: usize) -> Result<usize, String> {
    let (found, shown) = match value {
        Value::Int(_, i) => (usize::try_from(*i).ok(), *i),
        Value::Uint(_, u) => (usize::try_from(*u).ok(), u.cast_signed()),
        Value::Nil => return Err("cannot index slice/array with nil".to_owned()),
        _ => return Err(format!("cannot index slice/array with type {type_name}")),
    };
    found.filter(|i| *i <= cap && shown >= 0).ok_or_else(|| format!("index out of range: {shown}"))
}

/// `index x 1 2` is `x[1][2]`.
pub(super) fn index(item: &Value, indexes: &[Val]) -> Result<Value, String> {
    if matches!(item, Value::Nil) {
        return Err("index of untyped nil".to_owned());
    }
    let mut item = item.clone();
    for at in indexes {
        let at = at.value();
        item = match &item {
            Value::List(list) => element(list, at)?,
            Value::String(s) => {
                let i = position(at, type_name(at), s.len())?;
                s.get(i).map(|b| Value::Uint(types::UINT8, u64::from(*b))).ok_or(STRING_RANGE)?
            }
            Value::Map(map) => entry(map, at)?,
            Value::Nil => return Err("index of nil pointer".to_owned()),
            other if is_nil_pointer(other) => return Err("index of nil pointer".to_owned()),
            other => match (other.as_map(), named_list(other)) {
                (Some(map), _) => entry(&map, at)?,
                (None, Some(list)) => element(&list, at)?,
                (None, None) => return Err(format!("can't index item of type {}", pointed(other))),
            },
        };
    }
    Ok(item)
}

fn element(list: &List, at: &Value) -> Result<Value, String> {
    let i = position(at, type_name(at), list.len())?;
    Ok(list.get(i).cloned().ok_or(SLICE_RANGE)?)
}

/// The list when this is one of a named type with methods.
fn named_list(value: &Value) -> Option<List> {
    match value {
        Value::Object(o) => o.as_list(),
        _ => None,
    }
}

/// The type without a pointer before it.
fn pointed(value: &Value) -> &'static str {
    match value.go_type() {
        Some(t) if t.kind == Kind::Ptr => t.elem.map_or(t.name, |e| e.name),
        _ => type_name(value),
    }
}

fn entry(map: &Map, key: &Value) -> Result<Value, String> {
    match key {
        Value::String(key) => Ok(map.get(key).unwrap_or_else(|| map.go_type().elem.map_or(Value::Nil, zero))),
        Value::Nil => Err("value is nil; should be of type string".to_owned()),
        other => Err(format!("value has type {}; should be string", type_name(other))),
    }
}

/// `slice x 1 2` is `x[1:2]`.
pub(super) fn slice(item: &Value, indexes: &[Val]) -> Result<Value, String> {
    let named = named_list(item).map(Value::List);
    let item = named.as_ref().unwrap_or(item);
    match item {
        Value::Nil => return Err("slice of untyped nil".to_owned()),
        v if is_nil_pointer(v) => return Err("slice of nil pointer".to_owned()),
        _ => {}
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    let (len, cap) = match item {
        Value::String(_) if indexes.len() == 3 => return Err("cannot 3-index slice a string".to_owned()),
        Value::String(s) => (s.len(), s.len()),
        Value::List(list) => (list.len(), list.capacity()),
        other => return Err(format!("can't slice item of type {}", pointed(other))),
    };
    let mut bounds = [0, len, cap];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        // An interface is not looked into, unlike `index` does.
        *bound = match index {
            Val::Iface(_) => position(&Value::Bool(false), types::INTERFACE.name, cap)?,
            v => position(v.value(), type_name(v.value()), cap)?,
        };
    }
    let [from, to, end] = bounds;
    for (a, b) in [(from, to), (to, end)] {
        if a > b {
            return Err(format!("invalid slice index: {a} > {b}"));
        }
    }
    Ok(match item {
        Value::String(s) => Value::String(GoString::from(s.get(from..to).unwrap_or_default())),
        Value::List(list) => {
            // The bounds are checked; what Go has behind the length is kept.
            Value::List(list.window(from, to, end))
        }
        _ => Value::Nil,
    })
}

pub(super) fn length(item: &Val) -> Result<Value, String> {
    Ok(match item {
        Val::Invalid => return Err(NO_TYPE.to_owned()),
        Val::Iface(Value::Nil) => return Err("len of nil pointer".to_owned()),
        Val::Iface(v) | Val::Plain(v) => match v {
            Value::String(s) => int(s.len()),
            Value::List(list) => int(list.len()),
            v if is_nil_pointer(v) => return Err("len of nil pointer".to_owned()),
            v => match (v.as_map(), named_list(v)) {
                (Some(map), _) => int(map.len()),
                (None, Some(list)) => int(list.len()),
                (None, None) => return Err(format!("len of type {}", pointed(v))),
            },
        },
    })
}
