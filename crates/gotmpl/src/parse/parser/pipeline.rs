//! Pipelines, commands and operands.

use super::super::constant;
use super::super::lex::{Item, Kind};
use super::super::node::{Chain, Command, Decl, Fields, Node, NodeKind, Pipe, PipeId, Span, Text};
use super::{Parser, Result, settle, store, text};
use crate::builtins::Builtin;
use crate::value::Value;

/// Go's limit for parentheses within parentheses.
const MAX_PAREN_DEPTH: usize = 10_000;

/// A pipeline being parsed.
struct Partial {
    context: &'static str,
    end: Kind,
    pipe: Pipe,
    /// Where its commands begin among [`Parser::commands`].
    commands: usize,
    /// The command being parsed, when in one: its position, and where its arguments begin among [`Parser::args`].
    command: Option<(u32, usize)>,
}

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &'static str, end: Kind) -> Result<PipeId> {
        let mut around: Vec<Partial> = Vec::new();
        let mut top = self.begin_pipe(context, end)?;
        loop {
            if top.command.is_none() {
                let token = self.next_non_space();
                if token.kind == top.end {
                    self.check_pipeline(&top)?;
                    top.pipe.cmds = settle(&mut self.commands, top.commands, &mut self.ast.commands);
                    let (pos, pipe) = (top.pipe.pos, store(&mut self.ast.pipes, top.pipe));
                    let Some(outer) = around.pop() else { return Ok(pipe) };
                    top = outer;
                    self.operand(&mut top, Node { pos, kind: NodeKind::Pipe(pipe) }, token.end)?;
                    continue;
                }
                if !starts_operand(token.kind) {
                    return Err(self.unexpected(token, top.context));
                }
                self.backup();
                top.command = Some((self.peek_non_space().pos, self.args.len()));
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
            match self.term(token)? {
                Some(node) => self.operand(&mut top, node, token.end)?,
                None => {
                    self.backup();
                    self.after_operand(&mut top)?;
                }
            }
        }
    }

    /// A pipeline's declarations.
    fn begin_pipe(&mut self, context: &'static str, end: Kind) -> Result<Partial> {
        let pos = self.peek_non_space().pos;
        let none = u32::try_from(self.ast.decls.len()).unwrap_or(u32::MAX);
        let decl = Span { start: none, end: none };
        let mut pipe = Pipe { pos, assign: false, decl, cmds: Span::default() };
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                break;
            }
            self.next();
            // Space is a token, so up to three are needed to tell `$x := …` from `$x foo`.
            let after = self.peek();
            let next = self.peek_non_space();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.assign = next.kind == Kind::Assign;
                    self.next_non_space();
                    self.declare(&mut pipe, variable);
                    break;
                }
                Kind::Char if self.lexer.val(next) == b"," => {
                    self.next_non_space();
                    self.declare(&mut pipe, variable);
                    if context != "range" || pipe.decl.end - pipe.decl.start >= 2 {
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
        Ok(Partial { context, end, pipe, commands: self.commands.len(), command: None })
    }

    fn declare(&mut self, pipe: &mut Pipe, variable: Item) {
        let name = variable.span();
        let var = self.var_id(name);
        pipe.decl.end = 1 + store(&mut self.ast.decls, Decl { var, name });
        self.unit.vars.push(var);
    }

    fn check_pipeline(&self, partial: &Partial) -> Result<()> {
        let commands = self.commands.get(partial.commands..).unwrap_or_default();
        if commands.is_empty() {
            return Err(self.error("missing value for %s", &[Value::str(partial.context)]));
        }
        for (i, cmd) in commands.iter().enumerate().skip(1) {
            use NodeKind::{Bool, Dot, Nil, Number, String};
            let first = self.ast.nodes.get(cmd.args.start as usize);
            if let Some(Node { kind: Bool(_) | Dot | Nil | Number(_) | String(_), .. }) = first {
                let stage = i64::try_from(i + 1).unwrap_or(i64::MAX);
                return Err(self.error("non executable command in pipeline stage %d", &[Value::int(stage)]));
            }
        }
        Ok(())
    }

    /// A term, which ends at `end`, with the fields that follow it becomes an argument.
    fn operand(&mut self, top: &mut Partial, term: Node, end: u32) -> Result<()> {
        let mut node = term;
        let first = self.peek();
        if first.kind == Kind::Field {
            let mut fields = first.span();
            while self.peek().kind == Kind::Field {
                fields.end = self.next().end;
            }
            // Fields follow what they belong to without a gap.
            let joined = |own: Fields| Fields(Span { start: own.0.start, end: fields.end });
            let kind = match node.kind {
                NodeKind::Field(own) => NodeKind::Field(joined(own)),
                NodeKind::Variable(var, own) => NodeKind::Variable(var, joined(own)),
                NodeKind::Bool(_) | NodeKind::String(_) | NodeKind::Number(_) | NodeKind::Nil | NodeKind::Dot => {
                    let shown = Value::str(self.text_at(Span { start: term.pos, end }));
                    return Err(self.error("unexpected . after term %q", &[shown]));
                }
                _ => NodeKind::Chain(store(&mut self.ast.chains, Chain { inner: node, fields: Fields(fields) })),
            };
            node = Node { pos: fields.start, kind };
        }
        if top.command.is_some() {
            self.args.push(node);
        }
        self.after_operand(top)
    }

    fn after_operand(&mut self, top: &mut Partial) -> Result<()> {
        let token = self.next();
        match token.kind {
            Kind::Space => return Ok(()),
            Kind::RightDelim | Kind::RightParen => self.backup(),
            Kind::Pipe => {}
            _ => return Err(self.unexpected(token, "operand")),
        }
        if let Some((pos, from)) = top.command.take() {
            if self.args.len() <= from {
                return Err(self.error("empty command", &[]));
            }
            let args = settle(&mut self.args, from, &mut self.ast.nodes);
            self.commands.push(Command { pos, args });
        }
        Ok(())
    }

    /// A term other than a parenthesized pipeline; `None` when the token begins none.
    fn term(&mut self, token: Item) -> Result<Option<Node>> {
        let kind = match token.kind {
            Kind::Identifier => {
                let name = std::str::from_utf8(self.text_at(token.span())).unwrap_or_default();
                let builtin = Builtin::named(name);
                if !self.has_function(name, builtin) {
                    return Err(self.error("function %q not defined", &[Value::str(name)]));
                }
                NodeKind::Function(token.span(), builtin)
            }
            Kind::Dot => NodeKind::Dot,
            Kind::Nil => NodeKind::Nil,
            Kind::Variable => {
                let var = self.var_id(token.span());
                if !self.unit.vars.contains(&var) {
                    let name = Value::str(text(self.text_at(token.span())));
                    return Err(self.error("undefined variable %q", &[name]));
                }
                NodeKind::Variable(var, Fields(token.span()))
            }
            Kind::Field => NodeKind::Field(Fields(token.span())),
            Kind::Bool => NodeKind::Bool(self.text_at(token.span()) == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let mut number = constant::number(self.text_at(token.span()), token.kind)
                    .map_err(|e| self.error("%s", &[Value::str(e)]))?;
                number.text = token.span();
                NodeKind::Number(store(&mut self.ast.numbers, number))
            }
            Kind::String | Kind::RawString => {
                let text = self.unquote(token)?.into();
                NodeKind::String(store(&mut self.ast.strings, Text { quoted: token.span(), text }))
            }
            _ => return Ok(None),
        };
        Ok(Some(Node { pos: token.pos, kind }))
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
