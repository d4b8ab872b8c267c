//! Short words for the chapters: registering functions, reading checked arguments, Go's panics.

use gotmpl::exec::Limits;
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

/// Deepest value that is copied or merged, in levels; a map may hold itself.
pub(crate) const MAX_DEPTH: usize = 500;

pub(crate) type Params = &'static [&'static GoType];

/// Registers functions whose body needs nothing but its arguments.
pub(crate) trait Register {
    fn plain(&mut self, name: &'static str, params: Params, result: &'static GoType, body: fn(&[Value]) -> CallResult);
    fn rest(&mut self, name: &'static str, params: Params, result: &'static GoType, body: fn(&[Value]) -> CallResult);
    /// Functions that can make much out of little; they get the budgets.
    fn bounded(&mut self, name: &'static str, params: Params, result: &'static GoType, body: Bounded);
    /// As `bounded`, the last parameter repeats.
    fn bounded_rest(&mut self, name: &'static str, params: Params, result: &'static GoType, body: Bounded);
}

/// The body of a function that looks at the budgets.
pub(crate) type Bounded = fn(&Limits, &[Value]) -> CallResult;

impl Register for FuncMap {
    fn plain(&mut self, name: &'static str, params: Params, result: &'static GoType, body: fn(&[Value]) -> CallResult) {
        self.add(Function::new(name, params, result, move |_, args| body(args)));
    }
    fn rest(&mut self, name: &'static str, params: Params, result: &'static GoType, body: fn(&[Value]) -> CallResult) {
        self.add(Function::variadic(name, params, result, move |_, args| body(args)));
    }
    fn bounded(&mut self, name: &'static str, params: Params, result: &'static GoType, body: Bounded) {
        self.add(Function::new(name, params, result, move |exec, args| body(exec.limits(), args)));
    }
    fn bounded_rest(&mut self, name: &'static str, params: Params, result: &'static GoType, body: Bounded) {
        self.add(Function::variadic(name, params, result, move |exec, args| body(exec.limits(), args)));
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
