//! Nodes to output.

use super::val::{Val, is_nil_pointer, type_name};
use super::{Exec, ExecError, Limits, Stop, Stopped, Variable};
use crate::func::FuncError;
use crate::parse::node::{Branch, Decl, Node, NodeKind, NodeRef, Pipe, TemplateCall};
use crate::parse::{Source, Tree};
use crate::value::{Kind, List, Value, types};
use std::io::Write as _;

/// One template being executed.
pub(super) struct Frame<'f, 'a, 't> {
    pub exec: &'f mut Exec<'a>,
    pub tree: &'t Tree,
    /// Where this template's variables begin.
    pub base: usize,
    /// What is being evaluated, for errors.
    pub node: NodeRef<'t>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

impl<'t> Frame<'_, '_, 't> {
    /// The text of the template with its nodes.
    #[inline]
    pub(super) fn source(&self) -> &'t Source {
        &self.tree.source
    }

    /// A node as error messages show it.
    #[cold]
    pub(super) fn shown(&self, node: &'t Node) -> Value {
        Value::str(NodeRef::Node(node).text(self.source()))
    }

    pub(super) fn at(&mut self, node: &'t Node) {
        self.node = NodeRef::Node(node);
    }

    /// An error at the current node. `format` is Go's; `%w` is `fmt.Errorf`'s `%v`.
    pub(super) fn error(&self, format: &str, args: &[Value]) -> Stop {
        let tree = self.tree;
        let text = |format: &str| crate::fmt::sprintf_text(format, args);
        let mut error = ExecError {
            template: tree.name.to_string(),
            executing: tree.name.to_string(),
            message: text(&format.replace("%w", "%v")),
            ..ExecError::default()
        };
        if !matches!(self.node, NodeRef::None) {
            (error.line, error.column) = tree.source.place(self.node.pos());
            error.template = tree.source.name.to_string();
            error.context = crate::strconv::utf8::to_text(&self.node.text(&tree.source)).into_owned();
            // HELM: Go makes the file's name a part of the format, so a `%` in it takes arguments away.
            error.whole = error.template.contains('%').then(|| {
                let name = crate::strconv::quote(error.executing.replace('%', "%%"));
                let context = error.context.replace('%', "%%");
                let (file, line, column) = (&error.template, error.line, error.column);
                text(&format!("template: {file}:{line}:{column}: executing {name} at <{context}>: {format}"))
            });
        }
        Box::new(error)
    }

    pub(super) fn fail<T>(&self, format: &str, args: &[Value]) -> Result<T, Stop> {
        Err(self.error(format, args))
    }

    /// The error of a function that failed.
    pub(super) fn call_error(&self, name: &str, cause: FuncError) -> Stop {
        // Every level of nesting repeats the text within it, so long chains are cut: they would grow with the square of
        // the depth.
        let stopped = super::error::stopped_by(&cause);
        let (text, cause) = match stopped {
            Some(stopped) => (stopped.to_string(), None),
            None => match super::error::shortened(cause.to_string()) {
                (text, false) => (text, Some(cause)),
                (text, true) => (text, None),
            },
        };
        let mut error = self.error("error calling %s: %w", &[Value::str(name), Value::str(text)]);
        (error.stopped, error.cause) = (stopped, cause);
        error
    }

    #[cold]
    pub(super) fn over(&self, stopped: Stopped) -> Stop {
        let mut error = self.error("%s", &[Value::str(stopped.to_string())]);
        error.stopped = Some(stopped);
        error
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.exec.meter.write(bytes.len()).map_err(|b| self.over(b))?;
        self.exec.out.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn walk_list(&mut self, dot: &Val, nodes: &'t [Node]) -> Result<Flow, Stop> {
        self.exec.meter.stack().map_err(|b| self.over(b))?;
        for node in nodes {
            let flow = self.walk(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn walk(&mut self, dot: &Val, node: &'t Node) -> Result<Flow, Stop> {
        self.at(node);
        self.exec.meter.step().map_err(|b| self.over(b))?;
        match node.kind {
            NodeKind::Text(span) => self.write(self.source().text_at(span))?,
            NodeKind::Action(pipe) => {
                let pipe = self.source().pipe(pipe);
                if let Some(written) = self.peek_pipeline(dot, pipe, print_scalar) {
                    self.exec.meter.write(written).map_err(|b| self.over(b))?;
                    return Ok(Flow::Next);
                }
                // Variables live on until the next `end`; a declaration prints nothing.
                let value = self.eval_pipeline(dot, pipe)?;
                if pipe.decl.start == pipe.decl.end {
                    self.print(node, &value)?;
                }
            }
            NodeKind::If(id) if let Some(branch) = self.source().branch(id) => return self.walk_if(dot, branch, false),
            NodeKind::With(id) if let Some(branch) = self.source().branch(id) => {
                return self.walk_if(dot, branch, true);
            }
            NodeKind::Range(id) if let Some(branch) = self.source().branch(id) => return self.walk_range(dot, branch),
            NodeKind::Template(id) if let Some(call) = self.source().call(id) => self.walk_template(dot, call)?,
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
            _ => return self.fail("unknown node: %s", &[self.shown(node)]),
        }
        Ok(Flow::Next)
    }

    /// `if` and `with` with all their `else if`s.
    fn walk_if(&mut self, dot: &Val, branch: &'t Branch, with: bool) -> Result<Flow, Stop> {
        let mark = self.exec.vars.len();
        let mut branch = branch;
        let flow = loop {
            let pipe = self.source().pipe(branch.pipe);
            let known = if with { None } else { self.peek_pipeline(dot, pipe, |v, _| Some(v.truth())) };
            let value = if known.is_some() { Val::Invalid } else { self.eval_pipeline(dot, pipe)? };
            if known.unwrap_or_else(|| value.value().truth()) {
                break self.walk_list(if with { &value } else { dot }, self.source().list(branch.list))?;
            }
            let Some(list) = branch.otherwise else { break Flow::Next };
            let nodes = self.source().list(list);
            let next = match nodes {
                [Node { kind: NodeKind::If(next), .. }] if !with => self.source().branch(*next),
                [Node { kind: NodeKind::With(next), .. }] if with => self.source().branch(*next),
                _ => None,
            };
            match next {
                Some(next) => branch = next,
                None => break self.walk_list(dot, nodes)?,
            }
            self.exec.meter.step().map_err(|b| self.over(b))?;
        };
        self.exec.vars.truncate(mark);
        Ok(flow)
    }

    fn walk_range(&mut self, dot: &Val, range: &'t Branch) -> Result<Flow, Stop> {
        let mark = self.exec.vars.len();
        let value = self.eval_pipeline(dot, self.source().pipe(range.pipe))?.into_value();
        let ran = match &value {
            Value::Nil => false,
            Value::Int(ty, n) => {
                self.one_variable(range, &value)?;
                self.range_numbers(range, 0..*n, |i| Value::Int(ty, i))?
            }
            Value::Uint(ty, n) => {
                self.one_variable(range, &value)?;
                self.range_numbers(range, 0..*n, |i| Value::Uint(ty, i))?
            }
            Value::List(list) => self.range_list(range, list)?,
            Value::Object(o) if let Some(list) = o.as_list() => self.range_list(range, &list)?,
            other => match other.as_map() {
                Some(map) => {
                    let elem = map.go_type().elem;
                    // A copy of the references: the body may change the map, which Go's sorted copy does not see either.
                    for (key, item) in map.entries() {
                        if !self.iterate(range, Val::Plain(Value::String(key)), Val::typed(elem, item))? {
                            break;
                        }
                    }
                    !map.is_empty()
                }
                None => {
                    return self.fail("range can't iterate over %s", &[Value::str(crate::fmt::format_v(&value))]);
                }
            },
        };
        let mut flow = Flow::Next;
        if !ran && let Some(list) = range.otherwise {
            // HELM: `break` in an `else` ends this loop, which has ended already; `continue` goes on with the one around.
            flow = match self.walk_list(dot, self.source().list(list))? {
                Flow::Continue => Flow::Continue,
                Flow::Break | Flow::Next => Flow::Next,
            };
        }
        self.exec.vars.truncate(mark);
        Ok(flow)
    }

    fn one_variable(&self, range: &Branch, value: &Value) -> Result<(), Stop> {
        if self.source().decls(self.source().pipe(range.pipe)).len() > 1 {
            let shown = Value::str(crate::fmt::format_v(value));
            return self.fail("can't use %s to iterate over more than one variable", &[shown]);
        }
        Ok(())
    }

    fn range_list(&mut self, range: &'t Branch, list: &List) -> Result<bool, Stop> {
        let elem = list.go_type().elem;
        for (i, item) in list.iter().enumerate() {
            let index = Val::Plain(Value::int(i64::try_from(i).unwrap_or(i64::MAX)));
            if !self.iterate(range, index, Val::typed(elem, item.clone()))? {
                break;
            }
        }
        Ok(!list.is_empty())
    }

    fn range_numbers<N>(
        &mut self,
        range: &'t Branch,
        numbers: impl Iterator<Item = N>,
        value: impl Fn(N) -> Value,
    ) -> Result<bool, Stop> {
        let mut ran = false;
        for n in numbers {
            ran = true;
            if !self.iterate(range, Val::Invalid, Val::Plain(value(n)))? {
                break;
            }
        }
        Ok(ran)
    }

    /// One turn of a loop; false after `break`.
    fn iterate(&mut self, range: &'t Branch, index: Val, elem: Val) -> Result<bool, Stop> {
        self.exec.meter.step().map_err(|b| self.over(b))?;
        let pipe = self.source().pipe(range.pipe);
        match (self.source().decls(pipe), pipe.assign) {
            ([], _) => {}
            ([one], true) => self.set_var(one, elem.clone())?,
            ([first, second, ..], true) => {
                self.set_var(first, index)?;
                self.set_var(second, elem.clone())?;
            }
            ([_], false) => self.set_top(1, elem.clone()),
            ([_, _, ..], false) => {
                self.set_top(1, elem.clone());
                self.set_top(2, index);
            }
        }
        let mark = self.exec.vars.len();
        let flow = self.walk_list(&elem, self.source().list(range.list))?;
        self.exec.vars.truncate(mark);
        Ok(flow != Flow::Break)
    }

    fn walk_template(&mut self, dot: &Val, call: &'t TemplateCall) -> Result<(), Stop> {
        let Some(tree) = self.exec.set.get(&call.name).cloned() else {
            return self.fail("template %q not defined", &[Value::str(&*call.name)]);
        };
        self.exec.meter.enter().map_err(|b| self.over(b))?;
        // Variables declared by the pipeline live on.
        let inner = match call.pipe {
            Some(pipe) => self.eval_pipeline(dot, self.source().pipe(pipe))?,
            None => Val::Invalid,
        };
        self.exec.render_tree(&tree, &inner)
    }

    fn print(&mut self, node: &'t Node, value: &Val) -> Result<(), Stop> {
        self.at(node);
        match value.value() {
            Value::Nil => self.write(b"<no value>"),
            Value::String(s) => self.write(s),
            v @ (Value::Bool(_) | Value::Int(..)) if let Some(written) = print_scalar(v, &mut self.exec.out) => {
                self.exec.meter.write(written).map_err(|b| self.over(b))
            }
            v @ Value::Func(_) => {
                let shown = self.shown(node);
                self.fail("can't print %s of type %s", &[shown, Value::str(type_name(v))])
            }
            Value::Object(o) if let (None, Some(text)) = (o.string(), o.pointer_string()) => self.write(&text),
            v => {
                let text = printed(v, &self.exec.meter.limits).map_err(|s| self.over(s))?;
                self.write(&text)
            }
        }
    }

    pub(super) fn set_var(&mut self, decl: &Decl, value: Val) -> Result<(), Stop> {
        let own = self.exec.vars.get_mut(self.base..).unwrap_or_default();
        match own.iter_mut().rev().find(|v| v.id == decl.var) {
            Some(variable) => {
                variable.value = value;
                Ok(())
            }
            None => self.fail("undefined variable: %s", &[Value::str(self.source().text_at(decl.name))]),
        }
    }

    /// Sets the variable `n` from the top.
    fn set_top(&mut self, n: usize, value: Val) {
        if let Some(variable) = self.exec.vars.iter_mut().nth_back(n - 1) {
            variable.value = value;
        }
    }

    pub(super) fn declare(&mut self, pipe: &'t Pipe, value: &Val) -> Result<(), Stop> {
        for decl in self.source().decls(pipe) {
            if pipe.assign {
                self.set_var(decl, value.clone())?;
            } else {
                self.exec.vars.push(Variable { id: decl.var, value: value.clone() });
            }
        }
        Ok(())
    }
}

/// Appends the values that need no formatting; gives how many bytes, `None` for other values.
fn print_scalar(value: &Value, out: &mut Vec<u8>) -> Option<usize> {
    let start = out.len();
    match value {
        Value::String(s) => out.extend_from_slice(s),
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Value::Int(ty, i) if std::ptr::eq(*ty, types::INT) || std::ptr::eq(*ty, types::INT64) => {
            // Writing to memory cannot fail.
            let _ = write!(out, "{i}");
        }
        _ => return None,
    }
    Some(out.len() - start)
}

/// A value as an action prints it: like `%v`, but what a pointer points at in place of the pointer.
///
/// # Errors
/// The text would be too long.
pub(crate) fn printed(value: &Value, limits: &Limits) -> Result<Vec<u8>, Stopped> {
    let text = limits.format_v(value)?;
    Ok(match value {
        Value::Object(o) if o.go_type().kind == Kind::Ptr && o.string().is_none() && !is_nil_pointer(value) => {
            text.strip_prefix(b"&").map(<[u8]>::to_vec).unwrap_or(text)
        }
        _ => text,
    })
}
