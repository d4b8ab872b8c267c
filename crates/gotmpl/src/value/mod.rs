//! Go values as templates see them.
//!
//! [`Value`] is the one dynamic value from YAML to output. Scalars are plain; strings are shared bytes (Go strings need
//! not be UTF-8); lists are immutable; maps are references with interior mutability, since `set` and `unset` in one
//! template are seen by every other holder; structs and other named Go types are [`Object`]s.

mod collections;
mod convert;
mod frozen;
mod go_type;
mod string;

pub use collections::{List, Map};
pub use convert::carried;
pub use frozen::Frozen;
pub use go_type::{GoType, Kind, types};
pub use string::GoString;

use crate::exec::{Comparing, Stopped};
use crate::func::{FuncError, Function};
use std::any::Any;
use std::borrow::Cow;
use std::rc::Rc;

/// One Go value. `Clone` is cheap: at most a reference count.
#[derive(Clone)]
pub enum Value {
    /// An untyped nil interface.
    Nil,
    /// `bool`
    Bool(bool),
    /// A signed integer; the type is one of `int`, `int8` … `int64`, or a named type over them (`time.Duration`).
    Int(&'static GoType, i64),
    /// An unsigned integer; the type is one of `uint`, `uint8` … `uint64`, or a named type over them.
    Uint(&'static GoType, u64),
    /// `float32` or `float64`.
    Float(&'static GoType, f64),
    /// `complex128`: real and imaginary part.
    Complex(f64, f64),
    /// `string`
    String(GoString),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// A struct, pointer to struct, or another named Go type with methods.
    Object(Rc<dyn Object>),
    /// A function value (reachable through `call`).
    Func(Rc<Function>),
}

/// A Go package that looks into structs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldReader {
    /// `fmt`: fields that are not exported too.
    Fmt,
    /// `encoding/json`: names and omissions of the tags, embedded structs flat.
    Json,
    /// go-yaml version 3: names in lower case, embedded structs by their name.
    Yaml,
    /// BurntSushi's encoder: names as they are, embedded structs flat.
    Toml,
}

/// A Go value of a named type: a struct, or anything with methods.
pub trait Object: Any {
    /// The Go type, for `%T`, `typeOf`, `kindOf` and error texts. A pointer to a struct has kind `Ptr`.
    fn go_type(&self) -> &'static GoType;
    /// The exported field `name`; `None` when the type has no such field.
    fn field(&self, _name: &str) -> Option<Value> {
        None
    }
    /// The method `name` as a function without receiver; `None` when the type has no such method.
    fn method(&self, _name: &str) -> Option<Rc<Function>> {
        None
    }
    /// What `fmt` prints with `%v` when the type has a `String` or `Error` method; `None` prints the fields.
    fn string(&self) -> Option<GoString> {
        None
    }
    /// The exported fields in declaration order.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
    /// The fields as one of Go's packages that look into structs sees them: their names there, in its order.
    fn fields_for(&self, reader: FieldReader) -> Vec<(Cow<'static, str>, Value)> {
        let lower = reader == FieldReader::Yaml;
        let name = |n: &'static str| if lower { n.to_lowercase().into() } else { n.into() };
        self.fields().into_iter().map(|(n, v)| (name(n), v)).collect()
    }
    /// What `GoString` gives, which `%#v` prints.
    fn go_string(&self) -> Option<GoString> {
        None
    }
    /// What `encoding/json` would marshal in place of the object; `None` means an object of [`Object::fields`].
    fn json(&self) -> Option<Value> {
        None
    }
    /// Why `encoding/json` does not marshal this one: the error of its `MarshalJSON`.
    fn json_error(&self) -> Option<&'static str> {
        None
    }
    /// The truth of the value in `if`: structs are always true, as in Go.
    fn truth(&self) -> bool {
        true
    }
    /// A view as a map for named map types with methods (`range`, `index`, `len` work on it); `None` for structs.
    fn as_map(&self) -> Option<Map> {
        None
    }
    /// A view as a list for named slice types with methods (`range`, `index`, `len`, `slice` work on it).
    fn as_list(&self) -> Option<List> {
        None
    }
    /// What an action that prints the value itself gives when only the *pointer* type has a `String` method: the executor
    /// takes the address of what it reached through a pointer, `fmt` does not.
    fn pointer_string(&self) -> Option<GoString> {
        None
    }
    /// What a deep copy makes of it; `None` shares it. `addressed` says that the copy can be reached through a pointer:
    /// without one, Go does not find the methods of the pointer type.
    fn deep_copy(&self, _addressed: bool) -> Option<Value> {
        None
    }
    /// What a function gets in its place; `None` passes it as it is. Go copies a struct into the argument, and the copy can
    /// no longer be reached through the pointer that led to it.
    fn passed(&self) -> Option<Value> {
        None
    }
    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
}

impl Value {
    /// A Go `int`.
    pub fn int(v: i64) -> Value {
        Value::Int(types::INT, v)
    }
    /// A Go `int64`.
    pub fn int64(v: i64) -> Value {
        Value::Int(types::INT64, v)
    }
    /// A Go `float64`.
    pub fn float(v: f64) -> Value {
        Value::Float(types::FLOAT64, v)
    }
    /// A Go `string`.
    pub fn str(v: impl Into<GoString>) -> Value {
        Value::String(v.into())
    }
    /// A `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(List::new(types::LIST_ANY, items))
    }
    /// A `[]string`.
    pub fn string_list<S: Into<GoString>>(items: impl IntoIterator<Item = S>) -> Value {
        Value::List(List::new(types::LIST_STRING, items.into_iter().map(Value::str).collect()))
    }
    /// A `map[string]interface {}`.
    pub fn map(entries: impl IntoIterator<Item = (GoString, Value)>) -> Value {
        Value::Map(Map::from_entries(types::MAP_ANY, entries))
    }

    /// The dynamic type; `None` for nil.
    pub fn go_type(&self) -> Option<&'static GoType> {
        Some(match self {
            Value::Nil => return None,
            Value::Bool(_) => types::BOOL,
            Value::Int(t, _) | Value::Uint(t, _) | Value::Float(t, _) => t,
            Value::Complex(..) => types::COMPLEX128,
            Value::String(_) => types::STRING,
            Value::List(l) => l.go_type(),
            Value::Map(m) => m.go_type(),
            Value::Object(o) => o.go_type(),
            Value::Func(f) => f.go_type(),
        })
    }

    /// The kind; [`Kind::Invalid`] for nil.
    pub fn kind(&self) -> Kind {
        self.go_type().map_or(Kind::Invalid, |t| t.kind)
    }

    /// Go's `template.IsTrue`: false for zero numbers, empty strings, empty collections and nil.
    pub fn truth(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(b) => *b,
            Value::Int(_, i) => *i != 0,
            Value::Uint(_, u) => *u != 0,
            Value::Float(_, f) => *f != 0.0,
            Value::Complex(re, im) => *re != 0.0 || *im != 0.0,
            Value::String(s) => !s.is_empty(),
            Value::List(l) => !l.is_empty(),
            Value::Map(m) => !m.is_empty(),
            Value::Object(o) => o.truth(),
            Value::Func(_) => true,
        }
    }

    /// About how much memory this value alone holds, in bytes, not counting what it refers to; nothing when somebody
    /// else holds the same text, list or map.
    #[inline]
    pub fn own_bytes(&self) -> u64 {
        match self {
            Value::String(s) if !s.is_shared() => s.len() as u64,
            Value::List(l) => l.own_bytes(),
            Value::Map(m) => m.own_bytes(),
            _ => 0,
        }
    }

    /// The string's bytes when this is a `string`.
    pub fn as_str(&self) -> Option<&GoString> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The map when this is one (named map types included).
    pub fn as_map(&self) -> Option<Map> {
        match self {
            Value::Map(m) => Some(m.clone()),
            Value::Object(o) => o.as_map(),
            _ => None,
        }
    }

    /// The list when this is one.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Value::List(l) => Some(l),
            _ => None,
        }
    }
}

/// How deep nested values are followed by comparison and conversion; a template can nest them without end.
const MAX_DEPTH: usize = 2_000;

/// `reflect.DeepEqual`: same dynamic types, same contents (a nil and an empty list or map differ, NaN differs from itself).
/// Values nested deeper than 2,000 levels count as different.
///
/// # Errors
/// The comparisons of the call ran out: values may share values, so that comparing them can take any time.
pub fn deep_equal(a: &Value, b: &Value, comparing: &mut Comparing<'_>) -> Result<bool, Stopped> {
    equal_within(a, b, MAX_DEPTH, comparing)
}

fn equal_within(a: &Value, b: &Value, depth: usize, comparing: &mut Comparing<'_>) -> Result<bool, Stopped> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(false) };
    comparing.one()?;
    Ok(match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(t, x), Value::Int(u, y)) => t.name == u.name && x == y,
        (Value::Uint(t, x), Value::Uint(u, y)) => t.name == u.name && x == y,
        (Value::Float(t, x), Value::Float(u, y)) => t.name == u.name && x == y,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::String(x), Value::String(y)) => {
            comparing.texts(x.len())?;
            x == y
        }
        (Value::List(x), Value::List(y)) => {
            x.go_type().name == y.go_type().name
                && x.is_nil() == y.is_nil()
                && x.len() == y.len()
                && all_equal(x.iter().zip(y.iter()), depth, comparing)?
        }
        (Value::Map(x), Value::Map(y)) => x.deep_equal(y, depth, comparing)?,
        (Value::Object(x), Value::Object(y)) => {
            if Rc::ptr_eq(x, y) {
                return Ok(true);
            }
            let (f, g) = (x.fields_for(FieldReader::Fmt), y.fields_for(FieldReader::Fmt));
            x.go_type().name == y.go_type().name
                && x.string() == y.string()
                && f.len() == g.len()
                && f.iter().zip(&g).all(|((n, _), (m, _))| n == m)
                && all_equal(f.iter().zip(&g).map(|((_, a), (_, b))| (a, b)), depth, comparing)?
        }
        _ => false,
    })
}

fn all_equal<'a>(
    pairs: impl Iterator<Item = (&'a Value, &'a Value)>,
    depth: usize,
    comparing: &mut Comparing<'_>,
) -> Result<bool, Stopped> {
    for (a, b) in pairs {
        if !equal_within(a, b, depth, comparing)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A call result; functions fail with [`FuncError`].
pub type CallResult = Result<Value, FuncError>;

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_small() {
        // Every argument and every element is one of these.
        assert_eq!(size_of::<super::Value>(), 32);
    }
}
