//! Arguments against declared parameter types.

use super::Stop;
use super::val::{Val, assign, can_be_nil, is_any, type_name, zero};
use super::walk::Frame;
use crate::parse::node::{Node, NodeKind, Number};
use crate::value::{GoType, Kind, Value};

impl<'t> Frame<'_, '_, 't> {
    /// An argument of a builtin that takes anything as it is.
    pub(super) fn eval_any(&mut self, dot: &Val, node: &'t Node) -> Result<Val, Stop> {
        self.at(node);
        if let Some(value) = self.eval_operand(dot, node)? {
            return Ok(value);
        }
        match node.kind {
            NodeKind::Nil => Ok(Val::Invalid),
            _ => self.eval_constant(node),
        }
    }

    /// An argument for a parameter of type `ty`.
    pub(super) fn eval_arg(&mut self, dot: &Val, ty: &'static GoType, node: &'t Node) -> Result<Value, Stop> {
        self.at(node);
        if let Some(value) = self.eval_operand(dot, node)? {
            return self.validate(value, ty);
        }
        if matches!(node.kind, NodeKind::Nil) {
            return if can_be_nil(ty) { Ok(zero(ty)) } else { self.fail("cannot assign nil to %s", &[name(ty)]) };
        }
        if is_any(ty) {
            return self.eval_constant(node).map(Val::into_value);
        }
        let source = self.source();
        let number = match node.kind {
            NodeKind::Number(id) => source.number(id),
            _ => None,
        };
        let (value, wanted) = match (ty.kind, node.kind) {
            (Kind::Bool, NodeKind::Bool(b)) => (Some(Value::Bool(b)), ""),
            (Kind::Bool, _) => (None, "bool"),
            (Kind::String, NodeKind::String(id)) => (source.string(id).map(|s| Value::String(s.text.clone())), ""),
            (Kind::String, _) => (None, "string"),
            (kind, _) => match numeric(kind, ty, number) {
                Some(result) => result,
                None => {
                    let shown = self.shown(node);
                    return self.fail("can't handle %s for arg of type %s", &[shown, name(ty)]);
                }
            },
        };
        match value {
            Some(value) => Ok(value),
            None => {
                let shown = self.shown(node);
                self.fail("expected %s; found %s", &[Value::str(wanted), shown])
            }
        }
    }

    /// The value as the type, when Go would pass it.
    pub(super) fn validate(&mut self, value: Val, ty: &'static GoType) -> Result<Value, Stop> {
        let value = match value {
            Val::Invalid if can_be_nil(ty) => return Ok(zero(ty)),
            Val::Invalid => return self.fail("invalid value; expected %s", &[name(ty)]),
            Val::Iface(v) | Val::Plain(v) if is_any(ty) => return Ok(v),
            Val::Iface(Value::Nil) => {
                let args = [name(ty), Value::str(crate::value::types::INTERFACE.name)];
                return self.fail("wrong type for value; expected %s; got %s", &args);
            }
            Val::Iface(v) | Val::Plain(v) => v,
        };
        if let Some(value) = assign(&value, ty) {
            return Ok(value);
        }
        // One dereference is done, as for method receivers.
        let pointed = value.go_type().filter(|t| t.kind == Kind::Ptr).and_then(|t| t.elem);
        if pointed.is_some_and(|t| t.name == ty.name) {
            if super::val::is_nil_pointer(&value) {
                return self.fail("dereference of nil pointer of type %s", &[name(ty)]);
            }
            return Ok(value);
        }
        let args = [name(ty), Value::str(type_name(&value))];
        self.fail("wrong type for value; expected %s; got %s", &args)
    }
}

fn name(ty: &GoType) -> Value {
    Value::str(ty.name)
}

/// A numeric constant as a numeric type, or what was expected; `None` for types that take no constant.
fn numeric(kind: Kind, ty: &'static GoType, number: Option<&Number>) -> Option<(Option<Value>, &'static str)> {
    use Kind::{Complex128, Float32, Float64, Int, Int8, Int16, Int32, Int64, Uint, Uint8, Uint16, Uint32, Uint64};
    let int = |n: &Number| {
        n.int.map(|i| match kind {
            Int8 => i64::from(i as i8),
            Int16 => i64::from(i as i16),
            Int32 => i64::from(i as i32),
            _ => i,
        })
    };
    let uint = |n: &Number| {
        n.uint.map(|u| match kind {
            Uint8 => u64::from(u as u8),
            Uint16 => u64::from(u as u16),
            Uint32 => u64::from(u as u32),
            _ => u,
        })
    };
    let float = |n: &Number| n.float.map(|f| if kind == Float32 { f64::from(f as f32) } else { f });
    Some(match kind {
        Int | Int8 | Int16 | Int32 | Int64 => (number.and_then(int).map(|i| Value::Int(ty, i)), "integer"),
        Uint | Uint8 | Uint16 | Uint32 | Uint64 => {
            (number.and_then(uint).map(|u| Value::Uint(ty, u)), "unsigned integer")
        }
        Float32 | Float64 => (number.and_then(float).map(|f| Value::Float(ty, f)), "float"),
        Complex128 => (number.and_then(|n| n.complex).map(|(re, im)| Value::Complex(re, im)), "complex"),
        _ => return None,
    })
}
