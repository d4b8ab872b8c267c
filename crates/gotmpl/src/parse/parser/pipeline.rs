//! Pipelines, commands and operands.

use super::super::constant;
use super::super::lex::{Item, Kind};
use super::super::node::{Command, Decl, Idents, Node, NodeKind, NodeRef, Pipe, Text};
use super::{Parser, Result, position, text};
use crate::builtins::Builtin;
use crate::value::Value;

/// Go's limit for parentheses within parentheses.
const MAX_PAREN_DEPTH: usize = 10_000;

/// A pipeline being parsed.
struct Partial {
    context: &'static str,
    end: Kind,
    pipe: Pipe,
    /// The command being parsed, when in one.
    command: Option<Command>,
}

impl<'t> Parser<'t> {
    pub(super) fn pipeline(&mut self, context: &'static str, end: Kind) -> Result<Pipe> {
        let mut around: Vec<Partial> = Vec::new();
        let mut top = self.begin_pipe(context, end)?;
        loop {
            if top.command.is_none() {
                let token = self.next_non_space();
                if token.kind == top.end {
                    self.check_pipeline(&top)?;
                    let pos = top.pipe.pos;
                    let Some(outer) = around.pop() else { return Ok(top.pipe) };
                    let node = Node { pos, kind: NodeKind::Pipe(std::mem::replace(&mut top, outer).pipe) };
                    self.operand(&mut top, node)?;
                    continue;
                }
                if !starts_operand(token.kind) {
                    return Err(self.unexpected(&token, top.context));
                }
                self.backup();
                let pos = position(self.peek_non_space().pos);
                top.command = Some(Command { pos, args: Vec::new() });
            }
            self.peek_non_space();
            let token = self.next_non_space();
            if token.kind == Kind::LeftParen {
                if around.len() >= MAX_PAREN_DEPTH {
                    return Err(self.error("max expression depth exceeded", &[]));
                }
                let inner = self.begin_pipe("parenthesized pipeline", Kind::RightParen)?;
                around.push(std::mem::replace(&mut top, inner));
                continue;
            }
            match self.term(&token)? {
                Some(node) => self.operand(&mut top, node)?,
                None => {
                    self.backup();
                    self.after_operand(&mut top)?;
                }
            }
        }
    }

    /// A pipeline's declarations.
    fn begin_pipe(&mut self, context: &'static str, end: Kind) -> Result<Partial> {
        let pos = position(self.peek_non_space().pos);
        let mut pipe = Pipe { pos, assign: false, decl: Vec::new(), cmds: Vec::new() };
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                break;
            }
            self.next();
            // Space is a token, so up to three are needed to tell `$x := …` from `$x foo`.
            let after = self.peek().clone();
            let next = self.peek_non_space();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.assign = next.kind == Kind::Assign;
                    self.next_non_space();
                    self.declare(&mut pipe, &variable);
                    break;
                }
                Kind::Char if &*next.val == b"," => {
                    self.next_non_space();
                    self.declare(&mut pipe, &variable);
                    if context != "range" || pipe.decl.len() >= 2 {
                        return Err(self.error("too many declarations in %s", &[Value::str(context)]));
                    }
                    let second = self.peek_non_space().kind;
                    if !matches!(second, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                        return Err(self.error("range can only initialize variables", &[]));
                    }
                }
                _ if after.kind == Kind::Space => {
                    self.backup3(variable, after);
                    break;
                }
                _ => {
                    self.backup2(variable);
                    break;
                }
            }
        }
        Ok(Partial { context, end, pipe, command: None })
    }

    fn declare(&mut self, pipe: &mut Pipe, variable: &Item<'_>) {
        let name = text(&variable.val);
        let var = self.var_id(&name);
        pipe.decl.push(Decl { var, name: name.into() });
        self.unit.vars.push(var);
    }

    fn check_pipeline(&self, partial: &Partial) -> Result<()> {
        if partial.pipe.cmds.is_empty() {
            return Err(self.error("missing value for %s", &[Value::str(partial.context)]));
        }
        for (i, cmd) in partial.pipe.cmds.iter().enumerate().skip(1) {
            use NodeKind::{Bool, Dot, Nil, Number, String};
            if let Some(Node { kind: Bool(_) | Dot | Nil | Number(_) | String(_), .. }) = cmd.args.first() {
                let stage = i64::try_from(i + 1).unwrap_or(i64::MAX);
                return Err(self.error("non executable command in pipeline stage %d", &[Value::int(stage)]));
            }
        }
        Ok(())
    }

    /// A term with the fields that follow it becomes an argument.
    fn operand(&mut self, top: &mut Partial, term: Node) -> Result<()> {
        let mut node = term;
        if self.peek().kind == Kind::Field {
            let pos = position(self.peek().pos);
            let mut fields: Vec<Box<str>> = Vec::new();
            while self.peek().kind == Kind::Field {
                let token = self.next();
                fields.push(text(token.val.get(1..).unwrap_or_default()).into());
            }
            let join = |idents: Idents| idents.into_iter().chain(fields.iter().cloned()).collect();
            let kind = match node.kind {
                NodeKind::Field(idents) => NodeKind::Field(join(idents)),
                NodeKind::Variable(var, idents) => NodeKind::Variable(var, join(idents)),
                NodeKind::Bool(_) | NodeKind::String(_) | NodeKind::Number(_) | NodeKind::Nil | NodeKind::Dot => {
                    let shown = Value::str(NodeRef::Node(&node).text());
                    return Err(self.error("unexpected . after term %q", &[shown]));
                }
                _ => NodeKind::Chain(Box::new(node), fields.into()),
            };
            node = Node { pos, kind };
        }
        if let Some(command) = &mut top.command {
            command.args.push(node);
        }
        self.after_operand(top)
    }

    fn after_operand(&mut self, top: &mut Partial) -> Result<()> {
        let token = self.next();
        match token.kind {
            Kind::Space => return Ok(()),
            Kind::RightDelim | Kind::RightParen => self.backup(),
            Kind::Pipe => {}
            _ => return Err(self.unexpected(&token, "operand")),
        }
        if let Some(command) = top.command.take() {
            if command.args.is_empty() {
                return Err(self.error("empty command", &[]));
            }
            top.pipe.cmds.push(command);
        }
        Ok(())
    }

    /// A term other than a parenthesized pipeline; `None` when the token begins none.
    fn term(&mut self, token: &Item<'t>) -> Result<Option<Node>> {
        let kind = match token.kind {
            Kind::Identifier => {
                let name = text(&token.val);
                if !self.has_function(&name) {
                    return Err(self.error("function %q not defined", &[Value::str(name)]));
                }
                let builtin = Builtin::named(&name);
                NodeKind::Function(name.into(), builtin)
            }
            Kind::Dot => NodeKind::Dot,
            Kind::Nil => NodeKind::Nil,
            Kind::Variable => {
                let name = text(&token.val);
                let var = self.var_id(&name);
                if !self.unit.vars.contains(&var) {
                    return Err(self.error("undefined variable %q", &[Value::str(name)]));
                }
                NodeKind::Variable(var, Box::new([name.into()]))
            }
            Kind::Field => NodeKind::Field(Box::new([text(token.val.get(1..).unwrap_or_default()).into()])),
            Kind::Bool => NodeKind::Bool(&*token.val == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let number =
                    constant::number(&token.val, token.kind).map_err(|e| self.error("%s", &[Value::str(e)]))?;
                NodeKind::Number(Box::new(number))
            }
            Kind::String | Kind::RawString => {
                let text = self.unquote(token)?.into();
                NodeKind::String(Box::new(Text { quoted: (*token.val).into(), text }))
            }
            _ => return Ok(None),
        };
        Ok(Some(Node { pos: position(token.pos), kind }))
    }
}

fn starts_operand(kind: Kind) -> bool {
    use Kind::{
        Bool, CharConstant, Complex, Dot, Field, Identifier, LeftParen, Nil, Number, RawString, String, Variable,
    };
    matches!(
        kind,
        Bool | CharConstant
            | Complex
            | Dot
            | Field
            | Identifier
            | Number
            | Nil
            | RawString
            | String
            | Variable
            | LeftParen
    )
}
