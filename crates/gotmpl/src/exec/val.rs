//! Values with what Go's `reflect` knows beyond the dynamic value: whether there is a value at all, and whether it was
//! read as an interface (a map's or list's element), which decides error texts and what nil means.

use crate::value::{GoString, GoType, Kind, List, Map, Value, types};

/// A `reflect.Value`.
#[derive(Clone)]
pub(crate) enum Val {
    /// No value: a missing key, an untyped nil. Prints as `<no value>`.
    Invalid,
    /// Something of static type `interface {}`, nil included.
    Iface(Value),
    /// Something of its own type, never nil.
    Plain(Value),
}

impl Val {
    /// What `reflect.ValueOf` gives.
    #[inline]
    pub(crate) fn plain(value: Value) -> Val {
        match value {
            Value::Nil => Val::Invalid,
            v => Val::Plain(v),
        }
    }

    /// A value of static type `ty` (an element or result); `None` counts as an interface.
    #[inline]
    pub(crate) fn typed(ty: Option<&'static GoType>, value: Value) -> Val {
        match (ty, value) {
            (Some(t), Value::Nil) if t.kind != Kind::Interface => Val::plain(zero(t)),
            (Some(t), v) if t.kind != Kind::Interface => Val::Plain(v),
            (_, v) => Val::Iface(v),
        }
    }

    /// Without the interface around it.
    #[inline]
    pub(crate) fn dig(self) -> Val {
        match self {
            Val::Iface(v) => Val::plain(v),
            v => v,
        }
    }

    /// The dynamic value; nil for no value.
    #[inline]
    pub(crate) fn value(&self) -> &Value {
        match self {
            Val::Invalid => &Value::Nil,
            Val::Iface(v) | Val::Plain(v) => v,
        }
    }

    #[inline]
    pub(crate) fn into_value(self) -> Value {
        match self {
            Val::Invalid => Value::Nil,
            Val::Iface(v) | Val::Plain(v) => v,
        }
    }

    /// Name of the static type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Val::Iface(_) => types::INTERFACE.name,
            v => type_name(v.value()),
        }
    }
}

/// Name of the dynamic type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    value.go_type().map_or("<nil>", |t| t.name)
}

/// A pointer object that points at nothing.
pub(crate) fn is_nil_pointer(value: &Value) -> bool {
    matches!(value, Value::Object(o) if o.go_type().kind == Kind::Ptr && !o.truth())
}

pub(crate) fn is_any(ty: &GoType) -> bool {
    std::ptr::eq(ty, types::INTERFACE) || ty.name == types::INTERFACE.name
}

/// Whether an untyped nil can be of the type.
pub(crate) fn can_be_nil(ty: &GoType) -> bool {
    matches!(ty.kind, Kind::Func | Kind::Interface | Kind::Map | Kind::Ptr | Kind::Slice)
}

/// The zero value of a type; nil for structs, which cannot be made here.
pub(crate) fn zero(ty: &'static GoType) -> Value {
    use Kind::{Bool, Complex128, Float32, Float64, Int, Int8, Int16, Int32, Int64};
    use Kind::{Map as MapKind, Slice, String, Uint, Uint8, Uint16, Uint32, Uint64};
    match ty.kind {
        Bool => Value::Bool(false),
        Int | Int8 | Int16 | Int32 | Int64 => Value::Int(ty, 0),
        Uint | Uint8 | Uint16 | Uint32 | Uint64 => Value::Uint(ty, 0),
        Float32 | Float64 => Value::Float(ty, 0.0),
        Complex128 => Value::Complex(0.0, 0.0),
        MapKind => Value::Map(Map::nil(ty)),
        Slice => Value::List(List::nil(ty)),
        String => Value::String(GoString::default()),
        Kind::Invalid | Kind::Func | Kind::Interface | Kind::Ptr | Kind::Struct => Value::Nil,
    }
}

fn is_named(ty: &GoType) -> bool {
    !(ty.name.starts_with("map[") || ty.name.starts_with('[') || ty.name.starts_with('*'))
}

/// Go's assignability of a value to a declared type; gives the value as that type.
pub(crate) fn assign(value: &Value, ty: &'static GoType) -> Option<Value> {
    if is_any(ty) {
        return Some(value.clone());
    }
    let own = value.go_type()?;
    if std::ptr::eq(own, ty) || own.name == ty.name {
        return Some(value.clone());
    }
    // The same underlying type, one of them without a name: Values as map[string]interface {}.
    let elem = |t: &GoType| t.elem.map(|e| e.name);
    if own.kind != ty.kind || elem(own) != elem(ty) || (is_named(own) && is_named(ty)) {
        return None;
    }
    match (ty.kind, value) {
        (Kind::Map, v) => Some(Value::Map(v.as_map()?.with_type(ty))),
        (Kind::Slice, v @ Value::List(_)) => Some(v.clone()),
        _ => None,
    }
}
