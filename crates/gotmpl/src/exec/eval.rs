//! Pipelines, commands and fields to values.

use super::val::{Val, is_nil_pointer, zero};
use super::walk::Frame;
use super::{MissingKey, Stop};
use crate::parse::node::{Command, FieldNames, Fields, Ideal, Node, NodeKind, NodeRef, Number, Pipe, VarId};
use crate::value::{Kind, Map, Object, Value, types};
use std::rc::Rc;

/// The common case of a field chain: plain maps that have the keys. Copies nothing but the last value.
fn descend(value: &Value, fields: FieldNames<'_>) -> Option<Val> {
    let (Value::Map(map), Some((name, rest))) = (value, fields.split_first()) else { return None };
    if map.has_method(name) {
        return None;
    }
    map.with(name, |v| match rest.is_empty() {
        true => Some(Val::typed(map.go_type().elem, v.clone())),
        false => descend(v, rest),
    })?
}

/// As [`descend`], handing the value to `f` in place of copying it.
fn visit<R>(value: &Value, fields: FieldNames<'_>, f: &mut dyn FnMut(&Value) -> Option<R>) -> Option<R> {
    match (value, fields.split_first()) {
        (value, None) => f(value),
        (Value::Map(map), Some((name, _))) if map.has_method(name) => None,
        (Value::Map(map), Some((name, rest))) => map.with(name, |v| visit(v, rest, f))?,
        _ => None,
    }
}

/// A field's name; the parser takes none that is not UTF-8.
fn utf8(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

/// Where a field or function is used.
#[derive(Clone, Copy)]
pub(super) struct Site<'s, 't> {
    /// What `.` is for the arguments.
    pub dot: &'s Val,
    /// What an error of the call points at.
    pub node: NodeRef<'t>,
    /// The function or field itself, then its arguments; empty when it is an argument itself.
    pub args: &'t [Node],
    /// The value that the pipeline hands on.
    pub last: Option<&'s Val>,
}

impl<'s, 't> Site<'s, 't> {
    fn without_args(dot: &'s Val, node: &'t Node) -> Self {
        Site { dot, node: NodeRef::Node(node), args: &[], last: None }
    }

    fn has_args(&self) -> bool {
        self.args.len() > 1 || self.last.is_some()
    }

    /// The arguments proper.
    pub(super) fn rest(&self) -> &'t [Node] {
        self.args.get(1..).unwrap_or_default()
    }
}

impl<'t> Frame<'_, '_, 't> {
    /// The value of a pipeline; what it declares is on the stack of variables afterwards.
    pub(super) fn eval_pipeline(&mut self, dot: &Val, pipe: &'t Pipe) -> Result<Val, Stop> {
        self.node = NodeRef::Pipe(pipe);
        let Some((first, others)) = self.source().commands(pipe).split_first() else { return Ok(Val::Invalid) };
        let mut value = self.eval_command(dot, first, None)?.dig();
        for cmd in others {
            value = self.eval_command(dot, cmd, Some(&value))?.dig();
        }
        if pipe.decl.start != pipe.decl.end {
            self.declare(pipe, &value)?;
        }
        Ok(value)
    }

    /// What `f` makes of a pipeline's value and the output, when the pipeline only reads a field or variable that is
    /// there; `None` when it does more, or when `f` gives none, and then nothing has happened.
    pub(super) fn peek_pipeline<R>(
        &mut self,
        dot: &Val,
        pipe: &'t Pipe,
        f: impl Fn(&Value, &mut Vec<u8>) -> Option<R>,
    ) -> Option<R> {
        let source = self.source();
        let ([cmd], true) = (source.commands(pipe), pipe.decl.start == pipe.decl.end) else { return None };
        let [node] = source.args(cmd) else { return None };
        let exec = &mut *self.exec;
        let (receiver, fields) = match node.kind {
            NodeKind::Field(fields) => (dot.value(), source.fields(fields)),
            NodeKind::Variable(var, fields) => {
                let own = exec.vars.get(self.base..)?;
                (own.iter().rev().find(|v| v.id == var)?.value.value(), source.fields_of_variable(fields))
            }
            NodeKind::Dot => (dot.value(), FieldNames::NONE),
            _ => return None,
        };
        let out = &mut exec.out;
        visit(receiver, fields, &mut |value| f(value, out))
    }

    /// A pipeline in parentheses: the one way in which evaluation nests without calling a template.
    fn eval_inner_pipeline(&mut self, dot: &Val, pipe: &'t Pipe) -> Result<Val, Stop> {
        self.exec.meter.stack().map_err(|b| self.over(b))?;
        self.eval_pipeline(dot, pipe)
    }

    fn eval_command(&mut self, dot: &Val, cmd: &'t Command, last: Option<&Val>) -> Result<Val, Stop> {
        let source = self.source();
        let args = source.args(cmd);
        let Some(first) = args.first() else { return Ok(Val::Invalid) };
        let site = Site { dot, node: NodeRef::Node(first), args, last };
        match first.kind {
            NodeKind::Field(fields) => {
                self.at(first);
                return self.eval_fields(&site, dot, source.fields(fields));
            }
            NodeKind::Chain(id) => return self.eval_chain(&site, first, id),
            NodeKind::Function(..) => {
                return self.eval_function(&Site { node: NodeRef::Command(cmd), ..site }, first);
            }
            NodeKind::Pipe(pipe) => {
                self.not_a_function(&site)?;
                return self.eval_inner_pipeline(dot, source.pipe(pipe));
            }
            NodeKind::Variable(var, fields) => return self.eval_variable(&site, first, var, fields),
            _ => {}
        }
        self.at(first);
        self.not_a_function(&site)?;
        match &first.kind {
            NodeKind::Dot => Ok(dot.clone()),
            NodeKind::Nil => self.fail("nil is not a command", &[]),
            _ => self.eval_constant(first),
        }
    }

    fn not_a_function(&self, site: &Site<'_, 't>) -> Result<(), Stop> {
        match site.args.first() {
            Some(first) if site.has_args() => {
                let shown = self.shown(first);
                self.fail("can't give argument to non-function %s", &[shown])
            }
            _ => Ok(()),
        }
    }

    /// A constant where no type is asked for.
    pub(super) fn eval_constant(&mut self, node: &'t Node) -> Result<Val, Stop> {
        self.at(node);
        Ok(Val::plain(match node.kind {
            NodeKind::Bool(b) => Value::Bool(b),
            NodeKind::String(id) if let Some(s) = self.source().string(id) => Value::String(s.text.clone()),
            NodeKind::Number(id) if let Some(n) = self.source().number(id) => self.ideal(n)?,
            _ => {
                let shown = self.shown(node);
                return self.fail("can't evaluate command %q", &[shown]);
            }
        }))
    }

    fn ideal(&self, number: &Number) -> Result<Value, Stop> {
        Ok(match number.ideal {
            Ideal::Int(i) => Value::int(i),
            Ideal::Float(f) => Value::float(f),
            Ideal::Complex(re, im) => Value::Complex(re, im),
            Ideal::None => Value::Nil,
            Ideal::Overflow => return self.fail("%s overflows int", &[Value::str(self.source().text_at(number.text))]),
        })
    }

    /// The value of an argument that is no constant; `None` for constants.
    pub(super) fn eval_operand(&mut self, dot: &Val, node: &'t Node) -> Result<Option<Val>, Stop> {
        let site = Site::without_args(dot, node);
        let source = self.source();
        Ok(Some(match node.kind {
            NodeKind::Dot => dot.clone(),
            NodeKind::Field(fields) => {
                self.at(node);
                self.eval_fields(&site, dot, source.fields(fields))?
            }
            NodeKind::Variable(var, fields) => self.eval_variable(&site, node, var, fields)?,
            NodeKind::Pipe(pipe) => self.eval_inner_pipeline(dot, source.pipe(pipe))?,
            NodeKind::Function(..) => self.eval_function(&site, node)?,
            NodeKind::Chain(id) => self.eval_chain(&site, node, id)?,
            _ => return Ok(None),
        }))
    }

    fn eval_chain(&mut self, site: &Site<'_, 't>, node: &'t Node, chain: u32) -> Result<Val, Stop> {
        self.at(node);
        let Some(chain) = self.source().chain(chain) else { return Ok(Val::Invalid) };
        if matches!(chain.inner.kind, NodeKind::Nil) {
            let shown = self.shown(node);
            return self.fail("indirection through explicit nil in %s", &[shown]);
        }
        self.at(&chain.inner);
        let receiver = self.eval_operand(site.dot, &chain.inner)?.unwrap_or(Val::Invalid);
        self.eval_fields(site, &receiver, self.source().fields(chain.fields))
    }

    fn eval_variable(&mut self, site: &Site<'_, 't>, node: &'t Node, var: VarId, fields: Fields) -> Result<Val, Stop> {
        self.at(node);
        let own = self.exec.vars.get(self.base..).unwrap_or_default();
        let Some(variable) = own.iter().rev().find(|v| v.id == var) else {
            let written = self.source().text_at(fields.0);
            let name = written.split(|b| *b == b'.').next().unwrap_or_default();
            return self.fail("undefined variable: %s", &[Value::str(name)]);
        };
        let fields = self.source().fields_of_variable(fields);
        if fields.is_empty() {
            let value = variable.value.clone();
            self.not_a_function(site)?;
            return Ok(value);
        }
        if !site.has_args()
            && let Some(value) = descend(variable.value.value(), fields)
        {
            return Ok(value);
        }
        let value = variable.value.clone();
        self.eval_fields(site, &value, fields)
    }

    /// `.a.b.c` on `receiver`; only the last field gets the arguments.
    fn eval_fields(&mut self, site: &Site<'_, 't>, receiver: &Val, fields: FieldNames<'t>) -> Result<Val, Stop> {
        if !site.has_args()
            && let Some(value) = descend(receiver.value(), fields)
        {
            return Ok(value);
        }
        let bare = Site { args: &[], last: None, ..*site };
        let (mut value, mut fields) = (None, fields);
        while let Some((name, rest)) = fields.split_first() {
            let site = if rest.is_empty() { site } else { &bare };
            value = Some(self.eval_field(site, utf8(name), value.as_ref().unwrap_or(receiver))?);
            fields = rest;
        }
        Ok(value.unwrap_or_else(|| receiver.clone()))
    }

    fn eval_field(&mut self, site: &Site<'_, 't>, name: &str, receiver: &Val) -> Result<Val, Stop> {
        match receiver {
            Val::Invalid if self.exec.missing == MissingKey::Error => {
                self.fail("nil data; no entry for key %q", &[Value::str(name)])
            }
            Val::Invalid => Ok(Val::Invalid),
            Val::Iface(Value::Nil) => {
                self.fail("nil pointer evaluating %s.%s", &[Value::str(types::INTERFACE.name), Value::str(name)])
            }
            Val::Iface(Value::Map(map)) | Val::Plain(Value::Map(map)) => match map.method(name) {
                Some(method) => self.eval_call(site, &method, name),
                None => self.map_field(site, name, map),
            },
            Val::Iface(v @ Value::Int(..)) | Val::Plain(v @ Value::Int(..)) => {
                match crate::fmt::named_method(v, name) {
                    Some(method) => self.eval_call(site, &method, name),
                    None => self.no_field(name, receiver),
                }
            }
            Val::Iface(Value::Object(object)) | Val::Plain(Value::Object(object)) => {
                self.object_field(site, name, receiver, object)
            }
            _ => self.no_field(name, receiver),
        }
    }

    fn no_field(&self, name: &str, receiver: &Val) -> Result<Val, Stop> {
        let args = [Value::str(name), Value::str(receiver.type_name())];
        self.fail("can't evaluate field %s in type %s", &args)
    }

    fn map_field(&mut self, site: &Site<'_, 't>, name: &str, map: &Map) -> Result<Val, Stop> {
        if site.has_args() {
            return self.fail("%s is not a method but has arguments", &[Value::str(name)]);
        }
        let elem = map.go_type().elem;
        match (map.get(name), self.exec.missing) {
            (Some(value), _) => Ok(Val::typed(elem, value)),
            (None, MissingKey::Invalid) => Ok(Val::Invalid),
            (None, MissingKey::Zero) => Ok(Val::typed(elem, elem.map_or(Value::Nil, zero))),
            (None, MissingKey::Error) => self.fail("map has no entry for key %q", &[Value::str(name)]),
        }
    }

    fn object_field(
        &mut self,
        site: &Site<'_, 't>,
        name: &str,
        receiver: &Val,
        object: &Rc<dyn Object>,
    ) -> Result<Val, Stop> {
        if let Some(method) = object.method(name) {
            return self.eval_call(site, &method, name);
        }
        let ty = object.go_type();
        if ty.kind == Kind::Map
            && let Some(map) = object.as_map()
        {
            return self.map_field(site, name, &map);
        }
        if !matches!(ty.kind, Kind::Struct | Kind::Ptr) {
            return self.no_field(name, receiver);
        }
        let Some(value) = object.field(name) else {
            return self.no_field(name, receiver);
        };
        if is_nil_pointer(receiver.value()) {
            let args = [Value::str(receiver.type_name()), Value::str(name)];
            return self.fail("nil pointer evaluating %s.%s", &args);
        }
        if site.has_args() {
            return self.fail("%s has arguments but cannot be invoked as function", &[Value::str(name)]);
        }
        Ok(match value {
            Value::Nil => Val::Iface(Value::Nil),
            v => Val::Plain(v),
        })
    }
}
