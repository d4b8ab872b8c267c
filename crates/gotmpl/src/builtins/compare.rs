//! `eq` and the orders.

use crate::exec::Limits;
use crate::exec::val::{Val, is_nil_pointer, type_name};
use crate::fmt::sprintf_text;
use crate::value::{FieldReader, Kind, Value, deep_equal};

const BAD_TYPE: &str = "invalid type for comparison";

/// Go's basic kinds: what can be compared with what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    None,
    Bool,
    Complex,
    Int,
    Float,
    String,
    Uint,
}

fn basic(v: &Value) -> Basic {
    match v {
        Value::Bool(_) => Basic::Bool,
        Value::Int(..) => Basic::Int,
        Value::Uint(..) => Basic::Uint,
        Value::Float(..) => Basic::Float,
        Value::Complex(..) => Basic::Complex,
        Value::String(_) => Basic::String,
        Value::Nil | Value::List(_) | Value::Map(_) | Value::Object(_) | Value::Func(_) => Basic::None,
    }
}

fn incompatible(a: &Value, b: &Value) -> String {
    format!("incompatible types for comparison: {} and {}", type_name(a), type_name(b))
}

/// Whether `a` equals one of `others`.
pub(super) fn eq(a: &Value, others: &[Val]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for b in others {
        if equal(a, b.value())? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(match (a, b) {
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(_, x), Value::Int(_, y)) => x == y,
        (Value::Uint(_, x), Value::Uint(_, y)) => x == y,
        (Value::Float(_, x), Value::Float(_, y)) => x == y,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::String(x), Value::String(y)) => x == y,
        // Integers compare whatever their sign.
        (Value::Int(_, i), Value::Uint(_, u)) | (Value::Uint(_, u), Value::Int(_, i)) => u64::try_from(*i) == Ok(*u),
        _ if basic(a) == Basic::None && basic(b) == Basic::None => equal_others(a, b)?,
        (Value::Nil, _) | (_, Value::Nil) => false,
        _ => return Err(incompatible(a, b)),
    })
}

/// Neither is of a basic kind.
fn equal_others(a: &Value, b: &Value) -> Result<bool, String> {
    let (ka, kb) = (a.kind(), b.kind());
    if ka != kb && ka != Kind::Invalid && kb != Kind::Invalid {
        let args = [a.clone(), Value::str(type_name(a)), Value::str(type_name(b)), b.clone()];
        return Err(sprintf_text("non-comparable types %s: %v, %s: %v", &args));
    }
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) == is_nil(b));
    }
    if !is_comparable(b, MAX_DEPTH) {
        return Err(sprintf_text("non-comparable type %s: %v", &[b.clone(), Value::str(type_name(b))]));
    }
    Ok(match (a, b) {
        (Value::Object(x), Value::Object(y)) if ka == Kind::Ptr => std::rc::Rc::ptr_eq(x, y),
        // Structs hold little.
        _ => deep_equal(a, b, &mut Limits::default().comparing()).map_err(|s| s.to_string())?,
    })
}

/// How deep structs in structs are looked into.
const MAX_DEPTH: usize = 16;

/// Whether Go's `==` is defined for the value's type.
fn is_comparable(v: &Value, depth: usize) -> bool {
    match v.kind() {
        Kind::Map | Kind::Slice | Kind::Func => false,
        Kind::Struct => match (v, depth.checked_sub(1)) {
            (Value::Object(o), Some(depth)) => {
                o.fields_for(FieldReader::Fmt).iter().all(|(_, field)| is_comparable(field, depth))
            }
            _ => false,
        },
        _ => true,
    }
}

fn is_nil(v: &Value) -> bool {
    match v {
        Value::Nil => true,
        Value::List(l) => l.is_nil(),
        Value::Map(m) => m.is_nil(),
        Value::Object(o) if o.go_type().kind == Kind::Map => o.as_map().is_some_and(|m| m.is_nil()),
        v => is_nil_pointer(v),
    }
}

pub(super) fn lt(a: &Value, b: &Value) -> Result<bool, String> {
    if basic(a) == Basic::None || basic(b) == Basic::None {
        return Err(BAD_TYPE.to_owned());
    }
    Ok(match (a, b) {
        (Value::Int(_, x), Value::Int(_, y)) => x < y,
        (Value::Uint(_, x), Value::Uint(_, y)) => x < y,
        (Value::Float(_, x), Value::Float(_, y)) => x < y,
        (Value::String(x), Value::String(y)) => x < y,
        (Value::Int(_, i), Value::Uint(_, u)) => u64::try_from(*i).map_or(true, |i| i < *u),
        (Value::Uint(_, u), Value::Int(_, i)) => u64::try_from(*i).is_ok_and(|i| *u < i),
        _ if basic(a) != basic(b) => return Err(incompatible(a, b)),
        _ => return Err(BAD_TYPE.to_owned()),
    })
}

pub(super) fn le(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(lt(a, b)? || equal(a, b)?)
}
