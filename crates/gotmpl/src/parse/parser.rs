//! Tokens to trees.
//!
//! Nesting is kept on explicit stacks ([`Unit::open`] for control actions, a local one for parentheses), so that no text
//! can exhaust the thread's stack. What is looked at when follows Go, since error messages name the last token read.

mod pipeline;

use super::lex::{Item, Kind, Lexer, position};
use super::node::{Ast, Branch, Command, Node, NodeKind, PipeId, ROOT_VAR, Span, TemplateCall, VarId};
use super::{ParseError, Source, Tree, is_blank};
use crate::builtins::Builtin;
use crate::strconv;
use crate::value::{GoString, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Positions are kept in 32 bits.
const MAX_TEXT_BYTES: usize = u32::MAX as usize;

const DEFINE: &str = "define clause";
const BLOCK: &str = "block clause";
const TEMPLATE: &str = "template clause";

type Result<T> = std::result::Result<T, ParseError>;

/// The trees of a text: its own and those that it defines, each name once.
pub(super) fn parse(name: &str, text: &GoString, is_function: &dyn Fn(&str) -> bool) -> Result<Vec<Tree>> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(ParseError::new(name, 1, "template text is longer than 4 GiB", &[]));
    }
    let name: Arc<str> = Arc::from(name);
    let mut lexer = Lexer::new(text);
    lexer.break_ok = !is_function("break");
    lexer.continue_ok = !is_function("continue");
    let mut parser = Parser {
        name: name.clone(),
        text,
        ast: Ast::default(),
        lexer,
        is_function,
        var_ids: Vec::new(),
        outer: Vec::new(),
        unit: Unit::new(name.clone(), UnitKind::File, 0),
        trees: BTreeMap::new(),
        nodes: Vec::new(),
        args: Vec::new(),
        commands: Vec::new(),
    };
    parser.file()?;
    let (trees, ast) = (parser.trees, parser.ast);
    let source = Arc::new(Source { name, text: text.clone(), ast });
    Ok(trees.into_iter().map(|(name, root)| Tree { name, source: source.clone(), root }).collect())
}

struct Parser<'t> {
    /// The text's name.
    name: Arc<str>,
    text: &'t [u8],
    ast: Ast,
    lexer: Lexer<'t>,
    is_function: &'t dyn Fn(&str) -> bool,
    /// Names of variables, `$` left out; a place here is an id less one.
    var_ids: Vec<&'t [u8]>,
    /// The units around the current one.
    outer: Vec<Unit>,
    unit: Unit,
    trees: BTreeMap<Arc<str>, Span>,
    /// Nodes of the lists that are not complete, those of inner lists last; a complete list moves to the tables.
    nodes: Vec<Node>,
    /// Likewise the arguments of commands.
    args: Vec<Node>,
    /// Likewise the commands of pipelines.
    commands: Vec<Command>,
}

/// One template being parsed. Each has its own look-ahead, as in Go.
struct Unit {
    name: Arc<str>,
    kind: UnitKind,
    /// Look-ahead; the first one is the last token read.
    tokens: [Item; 3],
    peeked: usize,
    vars: Vec<VarId>,
    /// Where the current action began, when in one.
    action: Option<u32>,
    range_depth: usize,
    open: Vec<Open>,
    /// Where its nodes begin among [`Parser::nodes`].
    nodes: usize,
}

enum UnitKind {
    File,
    Define,
    Block { pos: u32, pipe: PipeId },
}

/// A control action whose `end` has not come.
struct Open {
    control: Control,
    pipe: PipeId,
    /// Where the nodes of its list begin among [`Parser::nodes`].
    list: usize,
    /// The first list once `else` has come; `list` is the second one then.
    then: Option<Span>,
    vars: usize,
    /// Began as `else if` or `else with`: the `end` closes the one around it too.
    chained: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn word(self) -> &'static str {
        match self {
            Control::If => "if",
            Control::With => "with",
            Control::Range => "range",
        }
    }
}

impl Unit {
    fn new(name: Arc<str>, kind: UnitKind, nodes: usize) -> Self {
        Unit {
            name,
            kind,
            tokens: [Item::NONE; 3],
            peeked: 0,
            vars: vec![ROOT_VAR],
            action: None,
            range_depth: 0,
            open: Vec::new(),
            nodes,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    crate::strconv::utf8::to_text(bytes).into_owned()
}

/// Moves the last elements from `from` on to the end of a table.
fn settle<T>(pending: &mut Vec<T>, from: usize, table: &mut Vec<T>) -> Span {
    let start = position(table.len());
    table.extend(pending.drain(from.min(pending.len())..));
    Span { start, end: position(table.len()) }
}

/// Adds an element to a table; gives its place.
fn store<T>(table: &mut Vec<T>, element: T) -> u32 {
    let id = position(table.len());
    table.push(element);
    id
}

// Tokens and errors.
impl<'t> Parser<'t> {
    fn next(&mut self) -> Item {
        if self.unit.peeked > 0 {
            self.unit.peeked -= 1;
        } else {
            let [last, ..] = &mut self.unit.tokens;
            *last = self.lexer.next_item();
        }
        self.unit.tokens.get(self.unit.peeked).copied().unwrap_or(Item::NONE)
    }

    fn backup(&mut self) {
        self.unit.peeked += 1;
    }

    fn backup2(&mut self, before: Item) {
        let [_, second, _] = &mut self.unit.tokens;
        *second = before;
        self.unit.peeked = 2;
    }

    fn backup3(&mut self, first: Item, then: Item) {
        let [_, second, third] = &mut self.unit.tokens;
        (*second, *third) = (then, first);
        self.unit.peeked = 3;
    }

    fn peek(&mut self) -> Item {
        if self.unit.peeked == 0 {
            self.unit.peeked = 1;
            let [last, ..] = &mut self.unit.tokens;
            *last = self.lexer.next_item();
        }
        self.unit.tokens.get(self.unit.peeked - 1).copied().unwrap_or(Item::NONE)
    }

    fn next_non_space(&mut self) -> Item {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Item {
        let token = self.next_non_space();
        self.backup();
        token
    }

    fn error(&self, format: &str, args: &[Value]) -> ParseError {
        self.error_at(&self.unit, format, args)
    }

    fn error_at(&self, unit: &Unit, format: &str, args: &[Value]) -> ParseError {
        let [last, ..] = unit.tokens;
        ParseError::new(&self.name, self.lexer.line(last), format, args)
    }

    fn unexpected(&self, token: Item, context: &str) -> ParseError {
        let shown = Value::str(self.lexer.describe(token));
        if token.kind == Kind::Error {
            let mut extra = String::new();
            let line = self.unit.action.map_or(0, |pos| self.lexer.line_at(pos));
            if line != 0 && line != self.lexer.line(token) {
                // Avoids "action in action".
                let words = if self.lexer.val(token).ends_with(b" action") { "" } else { " in action" };
                extra = format!("{words} started at {}:{line}", self.name);
            }
            return self.error("%s%s", &[shown, Value::str(extra)]);
        }
        self.error("unexpected %s in %s", &[shown, Value::str(context)])
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Item> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(token, context)) }
    }

    fn unquote(&self, token: Item) -> Result<Vec<u8>> {
        strconv::unquote(self.lexer.val(token)).map_err(|e| self.error("%s", &[Value::str(e.to_string())]))
    }

    fn text_at(&self, span: Span) -> &'t [u8] {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn has_function(&self, name: &str, builtin: Option<Builtin>) -> bool {
        builtin.is_some() || (self.is_function)(name)
    }

    /// The variable's id in this text; `name` has its `$`.
    fn var_id(&mut self, name: Span) -> VarId {
        let name = self.text_at(name);
        if name == b"$" {
            return ROOT_VAR;
        }
        let known = self.var_ids.iter().position(|n| *n == name);
        1 + known.map_or_else(|| store(&mut self.var_ids, name), position)
    }

    /// Adds a node to the list that is being read.
    fn push(&mut self, pos: u32, kind: NodeKind) {
        self.nodes.push(Node { pos, kind });
    }
}

// Texts, control actions, definitions.
impl<'t> Parser<'t> {
    fn file(&mut self) -> Result<()> {
        loop {
            if matches!(self.unit.kind, UnitKind::File) && self.unit.open.is_empty() {
                match self.peek().kind {
                    Kind::Eof => return self.add(self.unit.name.clone(), self.unit.nodes),
                    Kind::LeftDelim => {
                        let delim = self.next();
                        if self.next_non_space().kind == Kind::Define {
                            self.define()?;
                            continue;
                        }
                        self.backup2(delim);
                    }
                    _ => {}
                }
            } else if self.peek_non_space().kind == Kind::Eof {
                return Err(self.error("unexpected EOF", &[]));
            }
            self.text_or_action()?;
        }
    }

    /// Makes the nodes from `from` on the template `name`.
    fn add(&mut self, name: Arc<str>, from: usize) -> Result<()> {
        let root = settle(&mut self.nodes, from, &mut self.ast.nodes);
        let blank = |span: Span| {
            is_blank(self.text, self.ast.nodes.get(span.start as usize..span.end as usize).unwrap_or_default())
        };
        match self.trees.get(&name) {
            Some(old) if !blank(*old) => {
                if blank(root) {
                    return Ok(());
                }
                Err(self.error("template: multiple definition of template %q", &[Value::str(&*name)]))
            }
            _ => {
                self.trees.insert(name, root);
                Ok(())
            }
        }
    }

    /// After `{{define`.
    fn define(&mut self) -> Result<()> {
        self.enter(Unit::new("definition".into(), UnitKind::Define, self.nodes.len()));
        let token = self.next_non_space();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(token, DEFINE));
        }
        self.unit.name = text(&self.unquote(token)?).into();
        self.expect(Kind::RightDelim, DEFINE)?;
        Ok(())
    }

    fn enter(&mut self, unit: Unit) {
        self.outer.push(std::mem::replace(&mut self.unit, unit));
    }

    fn text_or_action(&mut self) -> Result<()> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => self.push(token.pos, NodeKind::Text(token.span())),
            Kind::LeftDelim => {
                self.unit.action = Some(token.pos);
                self.action()?;
            }
            _ => return Err(self.unexpected(token, "input")),
        }
        Ok(())
    }

    fn action(&mut self) -> Result<()> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Block => return self.block(),
            Kind::Break | Kind::Continue => self.jump(token)?,
            Kind::Else => return self.otherwise(),
            Kind::End => return self.end(),
            Kind::If => return self.control(Control::If, false),
            Kind::Range => return self.control(Control::Range, false),
            Kind::With => return self.control(Control::With, false),
            Kind::Template => self.template()?,
            _ => {
                self.backup();
                let pos = self.peek().pos;
                let pipe = self.pipeline("command", Kind::RightDelim)?;
                self.push(pos, NodeKind::Action(pipe));
            }
        }
        self.unit.action = None;
        Ok(())
    }

    fn jump(&mut self, word: Item) -> Result<()> {
        let (name, kind) = match word.kind {
            Kind::Break => ("{{break}}", NodeKind::Break),
            _ => ("{{continue}}", NodeKind::Continue),
        };
        let token = self.next_non_space();
        if token.kind != Kind::RightDelim {
            return Err(self.unexpected(token, name));
        }
        if self.unit.range_depth == 0 {
            return Err(self.error(&format!("{name} outside {{{{range}}}}"), &[]));
        }
        self.push(word.pos, kind);
        Ok(())
    }

    fn control(&mut self, control: Control, chained: bool) -> Result<()> {
        let vars = self.unit.vars.len();
        let pipe = self.pipeline(control.word(), Kind::RightDelim)?;
        if control == Control::Range {
            self.unit.range_depth += 1;
        }
        self.unit.open.push(Open { control, pipe, list: self.nodes.len(), then: None, vars, chained });
        Ok(())
    }

    fn otherwise(&mut self) -> Result<()> {
        let next = self.peek_non_space().kind;
        if !matches!(next, Kind::If | Kind::With) {
            self.expect(Kind::RightDelim, "else")?;
        }
        self.unit.action = None;
        match self.unit.open.last_mut() {
            None => Err(self.stray("{{else}}")),
            Some(open) if open.then.is_some() => Err(self.error("expected end; found {{else}}", &[])),
            Some(open) => {
                open.then = Some(settle(&mut self.nodes, open.list, &mut self.ast.nodes));
                let control = open.control;
                if control == Control::Range {
                    self.unit.range_depth -= 1;
                }
                match (control, next) {
                    (Control::If, Kind::If) | (Control::With, Kind::With) => {
                        self.next();
                        self.control(control, true)
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// The error for an `else` or `end` that belongs to nothing.
    fn stray(&self, word: &str) -> ParseError {
        let args = |context| [Value::str(word), Value::str(context)];
        match self.unit.kind {
            UnitKind::File => self.error("unexpected %s", &[Value::str(word)]),
            UnitKind::Define => self.error("unexpected %s in %s", &args(DEFINE)),
            UnitKind::Block { .. } => {
                let outer = self.outer.last().unwrap_or(&self.unit);
                self.error_at(outer, "unexpected %s in %s", &args(BLOCK))
            }
        }
    }

    fn end(&mut self) -> Result<()> {
        self.expect(Kind::RightDelim, "end")?;
        self.unit.action = None;
        if self.unit.open.is_empty() {
            return self.close_unit();
        }
        while let Some(open) = self.unit.open.pop() {
            if open.control == Control::Range && open.then.is_none() {
                self.unit.range_depth -= 1;
            }
            self.unit.vars.truncate(open.vars);
            let list = settle(&mut self.nodes, open.list, &mut self.ast.nodes);
            let (list, otherwise) = open.then.map_or((list, None), |then| (then, Some(list)));
            let pos = self.ast.pipes.get(open.pipe as usize).map_or(0, |p| p.pos);
            let branch = store(&mut self.ast.branches, Branch { pipe: open.pipe, list, otherwise });
            let node = match open.control {
                Control::If => NodeKind::If(branch),
                Control::With => NodeKind::With(branch),
                Control::Range => NodeKind::Range(branch),
            };
            self.push(pos, node);
            if !open.chained {
                break;
            }
        }
        Ok(())
    }

    /// After the `end` of a `define` or `block`.
    fn close_unit(&mut self) -> Result<()> {
        if matches!(self.unit.kind, UnitKind::File) {
            return Err(self.stray("{{end}}"));
        }
        self.add(self.unit.name.clone(), self.unit.nodes)?;
        let Some(outer) = self.outer.pop() else { return Ok(()) };
        let inner = std::mem::replace(&mut self.unit, outer);
        if let UnitKind::Block { pos, pipe } = inner.kind {
            self.push_template(pos, &inner.name, Some(pipe));
            self.unit.action = None;
        }
        Ok(())
    }

    fn push_template(&mut self, pos: u32, name: &str, pipe: Option<PipeId>) {
        let call = store(&mut self.ast.calls, TemplateCall { name: name.into(), pipe });
        self.push(pos, NodeKind::Template(call));
    }

    fn template_name(&mut self, context: &str) -> Result<(u32, String)> {
        let token = self.next_non_space();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        Ok((token.pos, text(&self.unquote(token)?)))
    }

    fn block(&mut self) -> Result<()> {
        let (pos, name) = self.template_name(BLOCK)?;
        let pipe = self.pipeline(BLOCK, Kind::RightDelim)?;
        self.enter(Unit::new(name.into(), UnitKind::Block { pos, pipe }, self.nodes.len()));
        Ok(())
    }

    fn template(&mut self) -> Result<()> {
        let (pos, name) = self.template_name(TEMPLATE)?;
        let mut pipe = None;
        if self.next_non_space().kind != Kind::RightDelim {
            self.backup();
            pipe = Some(self.pipeline(TEMPLATE, Kind::RightDelim)?);
        }
        self.push_template(pos, &name, pipe);
        Ok(())
    }
}
