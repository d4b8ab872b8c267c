//! Types and kinds of values.

use crate::args::{ANY, BOOL, Register, STR, any, text};
use gotmpl::value::deep_equal;
use gotmpl::{FuncMap, Value};

pub(crate) fn add(map: &mut FuncMap) {
    map.plain("typeOf", &[ANY], STR, |a| Ok(Value::str(type_name(any(a, 0)))));
    map.plain("kindOf", &[ANY], STR, |a| Ok(Value::str(any(a, 0).kind().name())));
    map.plain("typeIs", &[STR, ANY], BOOL, |a| Ok(Value::Bool(text(a, 0) == type_name(any(a, 1)).as_bytes())));
    map.plain("typeIsLike", &[STR, ANY], BOOL, |a| {
        let name = type_name(any(a, 1)).as_bytes();
        Ok(Value::Bool(name == text(a, 0) || name.strip_prefix(b"*") == Some(text(a, 0))))
    });
    map.plain("kindIs", &[STR, ANY], BOOL, |a| Ok(Value::Bool(text(a, 0) == any(a, 1).kind().name().as_bytes())));
    map.bounded("deepEqual", &[ANY, ANY], BOOL, |limits, a| {
        Ok(Value::Bool(deep_equal(any(a, 0), any(a, 1), &mut limits.comparing())?))
    });
}

/// What `%T` prints.
fn type_name(value: &Value) -> &'static str {
    value.go_type().map_or("<nil>", |ty| ty.name)
}
