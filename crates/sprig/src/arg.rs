//! Arguments as the executor hands them over: already of the declared types, so a mismatch here reads as the zero value.

use gotmpl::{GoString, Value};

/// The string at `index`.
pub(crate) fn string(args: &[Value], index: usize) -> GoString {
    args.get(index).and_then(Value::as_str).cloned().unwrap_or_default()
}

/// The integer at `index`.
pub(crate) fn int(args: &[Value], index: usize) -> i64 {
    match args.get(index) {
        Some(Value::Int(_, n)) => *n,
        _ => 0,
    }
}

/// The value at `index`; nil when absent.
pub(crate) fn value(args: &[Value], index: usize) -> Value {
    args.get(index).cloned().unwrap_or(Value::Nil)
}
