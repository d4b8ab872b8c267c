//! Short words for the chapters: registering functions, reading checked arguments, Go's panics.

use gotmpl::value::{CallResult, types};
use gotmpl::{FuncError, FuncMap, Function, GoString, GoType, List, Map, Value};

pub(crate) const ANY: &GoType = types::INTERFACE;
pub(crate) const STR: &GoType = types::STRING;
pub(crate) const INT: &GoType = types::INT;
pub(crate) const INT64: &GoType = types::INT64;
pub(crate) const FLOAT: &GoType = types::FLOAT64;
pub(crate) const BOOL: &GoType = types::BOOL;
pub(crate) const MAP: &GoType = types::MAP_ANY;
pub(crate) const LIST: &GoType = types::LIST_ANY;

/// Longest text that a function which multiplies its input makes, in bytes: what one rendered chart may be, many times
/// over.
pub(crate) const MAX_TEXT_BYTES: usize = 32 << 20;

/// Most items of a list that one call makes out of little, and most values that one call copies or merges: far above
/// any chart, some 32 MiB.
pub(crate) const MAX_SEQUENCE: usize = 1 << 20;

/// Deepest value that is copied or merged, in levels; a map may hold itself.
pub(crate) const MAX_DEPTH: usize = 500;

pub(crate) type Params = &'static [&'static GoType];

/// Registers functions whose body needs nothing but its arguments.
pub(crate) trait Register {
    fn plain(&mut self, name: &'static str, params: Params, result: &'static GoType, body: fn(&[Value]) -> CallResult);
    fn rest(&mut self, name: &'static str, params: Params, result: &'static GoType, body: fn(&[Value]) -> CallResult);
}

impl Register for FuncMap {
    fn plain(&mut self, name: &'static str, params: Params, result: &'static GoType, body: fn(&[Value]) -> CallResult) {
        self.add(Function::new(name, params, result, move |_, args| body(args)));
    }
    fn rest(&mut self, name: &'static str, params: Params, result: &'static GoType, body: fn(&[Value]) -> CallResult) {
        self.add(Function::variadic(name, params, result, move |_, args| body(args)));
    }
}

/// The argument at `n`; nil when there is none (the executor has checked the count).
pub(crate) fn any(args: &[Value], n: usize) -> &Value {
    args.get(n).unwrap_or(&Value::Nil)
}

/// The arguments from `n` on.
pub(crate) fn tail(args: &[Value], n: usize) -> &[Value] {
    args.get(n..).unwrap_or_default()
}

pub(crate) fn text(args: &[Value], n: usize) -> &[u8] {
    any(args, n).as_str().map_or(&[], GoString::as_bytes)
}

pub(crate) fn int(args: &[Value], n: usize) -> i64 {
    match any(args, n) {
        Value::Int(_, i) => *i,
        _ => 0,
    }
}

pub(crate) fn float(args: &[Value], n: usize) -> f64 {
    match any(args, n) {
        Value::Float(_, f) => *f,
        _ => 0.0,
    }
}

pub(crate) fn boolean(args: &[Value], n: usize) -> bool {
    matches!(any(args, n), Value::Bool(true))
}

/// A map argument, the same map also when it came under a named type; nil is the nil map.
pub(crate) fn map(args: &[Value], n: usize) -> Map {
    any(args, n).as_map().map_or_else(|| Map::nil(MAP), |m| m.with_type(MAP))
}

/// The value as a slice of any type, named ones included; `None` for every other kind.
pub(crate) fn slice(value: &Value) -> Option<List> {
    match value {
        Value::List(list) => Some(list.clone()),
        Value::Object(object) => object.as_list(),
        _ => None,
    }
}

/// A function's Go panic, which Go's executor makes an error.
pub(crate) fn panic<T>(text: impl Into<String>) -> Result<T, FuncError> {
    Err(FuncError::Panic(text.into()))
}

/// What Go says when a function looks into nil.
pub(crate) fn nil_pointer() -> FuncError {
    FuncError::Panic("runtime error: invalid memory address or nil pointer dereference".to_owned())
}

/// Ends a call that would make more than [`MAX_TEXT_BYTES`].
pub(crate) fn fits(bytes: Option<usize>) -> Result<(), FuncError> {
    match bytes {
        Some(n) if n <= MAX_TEXT_BYTES => Ok(()),
        _ => Err(FuncError::text(format!("result is longer than {MAX_TEXT_BYTES} bytes"))),
    }
}

/// Ends a call that would make or visit more than [`MAX_SEQUENCE`] values; a panic, so that `merge` does not swallow it.
pub(crate) fn few(values: usize) -> Result<(), FuncError> {
    if values < MAX_SEQUENCE { Ok(()) } else { panic(format!("more than {MAX_SEQUENCE} values in one call")) }
}
