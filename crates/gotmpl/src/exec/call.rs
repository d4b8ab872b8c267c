//! Calls of functions, methods and builtins.

use super::eval::Site;
use super::val::{Val, assign, can_be_nil, type_name, zero};
use super::walk::Frame;
use super::{Exec, Stop};
use crate::builtins::Builtin;
use crate::func::{FuncError, Function};
use crate::parse::Source;
use crate::parse::node::{Node, NodeKind, NodeRef};
use crate::value::{CallResult, GoType, Kind, Value, types};

impl<'t> Frame<'_, '_, 't> {
    pub(super) fn eval_function(&mut self, site: &Site<'_, 't>, node: &'t Node) -> Result<Val, Stop> {
        self.at(node);
        let NodeKind::Function(name, builtin) = node.kind else { return Ok(Val::Invalid) };
        let name = self.source().name_at(name);
        if let Some(builtin) = builtin
            && self.exec.is_builtin(builtin)
        {
            return self.eval_builtin(site, builtin, name);
        }
        let functions = self.exec.functions;
        match functions.get(name) {
            Some(function) => self.eval_call(site, function, name),
            None => self.fail("%q is not a defined function", &[Value::str(name)]),
        }
    }

    /// Go's check of the number of arguments; `fixed` ones and then any number, or exactly `fixed`.
    fn check_count(&self, site: &Site<'_, 't>, name: &str, fixed: usize, variadic: bool) -> Result<(), Stop> {
        let own = site.rest().len();
        let all = own + usize::from(site.last.is_some());
        let args = |got: usize| [Value::str(name), count(fixed), count(got)];
        if variadic && all < fixed {
            return self.fail("wrong number of args for %s: want at least %d got %d", &args(own));
        }
        if !variadic && all != fixed {
            return self.fail("wrong number of args for %s: want %d got %d", &args(all));
        }
        Ok(())
    }

    pub(super) fn eval_call(&mut self, site: &Site<'_, 't>, function: &Function, name: &str) -> Result<Val, Stop> {
        let fixed = function.params.len() - usize::from(function.variadic && !function.params.is_empty());
        self.check_count(site, name, fixed, function.variadic)?;
        self.exec.meter.limits.cancel.check().map_err(|s| self.over(s))?;
        let param = |i: usize| -> &'static GoType {
            function.params.get(i).or(function.params.last()).copied().unwrap_or(types::INTERFACE)
        };
        let mut args = self.exec.spare_args.pop().unwrap_or_default();
        for (i, arg) in site.rest().iter().enumerate() {
            let value = self.eval_arg(site.dot, param(i), arg)?;
            args.push(passed(value));
        }
        if let Some(last) = site.last {
            let value = self.validate(last.clone(), param(args.len()))?;
            args.push(passed(value));
        }
        let mut result = (function.body)(self.exec, &args);
        args.clear();
        self.exec.spare_args.push(args);
        if let Ok(value) = &result
            && let Err(stopped) = self.exec.meter.made(value.own_bytes())
        {
            result = Err(stopped.into());
        }
        match result {
            Ok(value) => Ok(Val::typed(Some(function.result), value)),
            Err(cause) => {
                self.node = site.node;
                Err(self.call_error(name, cause))
            }
        }
    }

    fn eval_builtin(&mut self, site: &Site<'_, 't>, builtin: Builtin, name: &str) -> Result<Val, Stop> {
        let (fixed, variadic) = builtin.arity();
        self.check_count(site, name, fixed, variadic)?;
        if matches!(builtin, Builtin::And | Builtin::Or) {
            return self.eval_and_or(site, builtin);
        }
        // Nearly all calls have at most two arguments; they need no list.
        let (first, second, rest);
        let mut args: &[Val] = &[];
        match (site.rest(), site.last) {
            ([], None) => {}
            ([], Some(last)) => {
                first = [self.builtin_last(builtin, 0, last)?];
                args = &first;
            }
            ([a], None) => {
                first = [self.builtin_arg(site.dot, builtin, 0, a)?];
                args = &first;
            }
            ([a, b], None) => {
                second = [self.builtin_arg(site.dot, builtin, 0, a)?, self.builtin_arg(site.dot, builtin, 1, b)?];
                args = &second;
            }
            ([a], Some(last)) => {
                second = [self.builtin_arg(site.dot, builtin, 0, a)?, last.clone()];
                args = &second;
            }
            (nodes, last) => {
                let mut list = Vec::with_capacity(nodes.len() + 1);
                for (i, node) in nodes.iter().enumerate() {
                    list.push(self.builtin_arg(site.dot, builtin, i, node)?);
                }
                list.extend(last.cloned());
                rest = list;
                args = &rest;
            }
        }
        self.exec.meter.limits.cancel.check().map_err(|s| self.over(s))?;
        let result = match builtin {
            Builtin::Call => {
                let shown = callee_name(self.source(), site);
                call_value(self.exec, &shown, args)
            }
            _ => builtin.call(args, &self.exec.meter.limits),
        };
        let meter = &mut self.exec.meter;
        let result = result.and_then(|value| Ok(meter.made(value.own_bytes()).map(|()| value)?));
        result.map(Val::plain).map_err(|cause| {
            self.node = site.node;
            self.call_error(name, cause)
        })
    }

    fn builtin_arg(&mut self, dot: &Val, builtin: Builtin, i: usize, node: &'t Node) -> Result<Val, Stop> {
        if builtin == Builtin::Printf && i == 0 {
            return self.eval_arg(dot, types::STRING, node).map(Val::Plain);
        }
        self.eval_any(dot, node)
    }

    fn builtin_last(&mut self, builtin: Builtin, i: usize, last: &Val) -> Result<Val, Stop> {
        if builtin == Builtin::Printf && i == 0 {
            return self.validate(last.clone(), types::STRING).map(Val::Plain);
        }
        Ok(last.clone())
    }

    /// Evaluates only as many arguments as decide the result.
    fn eval_and_or(&mut self, site: &Site<'_, 't>, builtin: Builtin) -> Result<Val, Stop> {
        let mut value = Val::Invalid;
        for arg in site.rest() {
            value = self.eval_any(site.dot, arg)?;
            if value.value().truth() == (builtin == Builtin::Or) {
                return Ok(value);
            }
        }
        Ok(site.last.cloned().unwrap_or(value))
    }
}

fn count(n: usize) -> Value {
    Value::int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// How `call` names what it calls: as written, or as `reflect` shows a value that came through the pipeline.
fn callee_name(source: &Source, site: &Site<'_, '_>) -> Vec<u8> {
    if let Some(node) = site.rest().first() {
        return NodeRef::Node(node).text(source);
    }
    match site.last.map(Val::value) {
        Some(Value::String(s)) => s.to_vec(),
        None | Some(Value::Nil) => b"<invalid Value>".to_vec(),
        Some(v) => format!("<{} Value>", type_name(v)).into_bytes(),
    }
}

/// A value as the function sees it.
fn passed(value: Value) -> Value {
    let copy = match &value {
        Value::Object(object) => object.passed(),
        _ => None,
    };
    copy.unwrap_or(value)
}

/// The builtin `call`.
fn call_value(exec: &mut Exec<'_>, name: &[u8], args: &[Val]) -> CallResult {
    let name = crate::strconv::utf8::to_text(name);
    let text = |t: String| Err(FuncError::Text(t));
    let (Some(callee), args) = (args.first(), args.get(1..).unwrap_or_default()) else {
        return text("call of nil".to_owned());
    };
    let function = match callee.value() {
        Value::Nil => return text("call of nil".to_owned()),
        Value::Func(f) => f.clone(),
        other => return text(format!("non-function {name} of type {}", type_name(other))),
    };
    let (got, params) = (args.len(), function.params);
    let fixed = params.len() - usize::from(function.variadic && !params.is_empty());
    if function.variadic && got < fixed {
        return text(format!("wrong number of args for {name}: got {got} want at least {fixed}"));
    }
    if !function.variadic && got != fixed {
        return text(format!("wrong number of args for {name}: got {got} want {fixed}"));
    }
    let mut values = Vec::with_capacity(got);
    for (i, arg) in args.iter().enumerate() {
        let ty = params.get(i).or(params.last()).copied().unwrap_or(types::INTERFACE);
        match prepare(arg.value(), ty) {
            Ok(value) => values.push(passed(value)),
            Err(e) => return text(format!("arg {i}: {e}")),
        }
    }
    (function.body)(exec, &values)
}

/// A value as an argument of `call`: assignable, or an integer for an integer.
fn prepare(value: &Value, ty: &'static GoType) -> Result<Value, String> {
    if matches!(value, Value::Nil) {
        return if can_be_nil(ty) { Ok(zero(ty)) } else { Err(format!("value is nil; should be of type {}", ty.name)) };
    }
    if let Some(value) = assign(value, ty) {
        return Ok(value);
    }
    let bits = match value {
        Value::Int(_, i) => Some(*i),
        Value::Uint(_, u) => Some(u.cast_signed()),
        _ => None,
    };
    bits.and_then(|bits| integer(bits, ty))
        .ok_or_else(|| format!("value has type {}; should be {}", type_name(value), ty.name))
}

/// Go's conversion between integer types: the low bits.
fn integer(bits: i64, ty: &'static GoType) -> Option<Value> {
    Some(match ty.kind {
        Kind::Int | Kind::Int64 => Value::Int(ty, bits),
        Kind::Int8 => Value::Int(ty, (bits as i8).into()),
        Kind::Int16 => Value::Int(ty, (bits as i16).into()),
        Kind::Int32 => Value::Int(ty, (bits as i32).into()),
        Kind::Uint | Kind::Uint64 => Value::Uint(ty, bits.cast_unsigned()),
        Kind::Uint8 => Value::Uint(ty, (bits as u8).into()),
        Kind::Uint16 => Value::Uint(ty, (bits as u16).into()),
        Kind::Uint32 => Value::Uint(ty, (bits as u32).into()),
        _ => return None,
    })
}
