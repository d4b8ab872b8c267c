//! Tokens to trees.
//!
//! Nesting is kept on explicit stacks ([`Unit::open`] for control actions, a local one for parentheses), so that no text
//! can exhaust the thread's stack. What is looked at when follows Go, since error messages name the last token read.

mod pipeline;

use super::lex::{Item, Kind, Lexer};
use super::node::{Branch, List, Node, NodeKind, Pipe, ROOT_VAR, TemplateCall, VarId};
use super::{ParseError, Source, Tree};
use crate::builtins::Builtin;
use crate::strconv;
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Positions are kept in 32 bits.
const MAX_TEXT_BYTES: usize = u32::MAX as usize;

const DEFINE: &str = "define clause";
const BLOCK: &str = "block clause";
const TEMPLATE: &str = "template clause";

type Result<T> = std::result::Result<T, ParseError>;

/// The trees of a text: its own and those that it defines, each name once.
pub(super) fn parse(name: &str, text: &[u8], is_function: &dyn Fn(&str) -> bool) -> Result<Vec<Tree>> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(ParseError::new(name, 1, "template text is longer than 4 GiB", &[]));
    }
    let name: Arc<str> = Arc::from(name);
    let mut lexer = Lexer::new(text);
    lexer.break_ok = !is_function("break");
    lexer.continue_ok = !is_function("continue");
    let mut parser = Parser {
        source: Arc::new(Source { name: name.clone(), text: text.into() }),
        lexer,
        is_function,
        var_ids: BTreeMap::from([("$".into(), ROOT_VAR)]),
        outer: Vec::new(),
        unit: Unit::new(name, UnitKind::File),
        trees: BTreeMap::new(),
    };
    parser.file()?;
    Ok(parser.trees.into_values().collect())
}

struct Parser<'t> {
    source: Arc<Source>,
    lexer: Lexer<'t>,
    is_function: &'t dyn Fn(&str) -> bool,
    var_ids: BTreeMap<Box<str>, VarId>,
    /// The units around the current one.
    outer: Vec<Unit<'t>>,
    unit: Unit<'t>,
    trees: BTreeMap<Arc<str>, Tree>,
}

/// One template being parsed. Each has its own look-ahead, as in Go.
struct Unit<'t> {
    name: Arc<str>,
    kind: UnitKind,
    /// Look-ahead; the first one is the last token read.
    tokens: [Item<'t>; 3],
    peeked: usize,
    vars: Vec<VarId>,
    /// Line where the current action began; 0 outside of actions.
    action_line: usize,
    range_depth: usize,
    open: Vec<Open>,
    root: Vec<Node>,
}

enum UnitKind {
    File,
    Define,
    Block { pos: usize, pipe: Pipe },
}

/// A control action whose `end` has not come.
struct Open {
    control: Control,
    pipe: Pipe,
    list: Vec<Node>,
    /// The first list once `else` has come; `list` is the second one then.
    then: Option<Vec<Node>>,
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

impl<'t> Unit<'t> {
    fn new(name: Arc<str>, kind: UnitKind) -> Self {
        Unit {
            name,
            kind,
            tokens: [Item::none(), Item::none(), Item::none()],
            peeked: 0,
            vars: vec![ROOT_VAR],
            action_line: 0,
            range_depth: 0,
            open: Vec::new(),
            root: Vec::new(),
        }
    }

    fn push(&mut self, pos: usize, kind: NodeKind) {
        let list = self.open.last_mut().map_or(&mut self.root, |o| &mut o.list);
        list.push(Node { pos: position(pos), kind });
    }
}

/// Texts are not longer than positions reach.
fn position(pos: usize) -> u32 {
    u32::try_from(pos).unwrap_or(u32::MAX)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// Tokens and errors.
impl<'t> Parser<'t> {
    fn next(&mut self) -> Item<'t> {
        if self.unit.peeked > 0 {
            self.unit.peeked -= 1;
        } else {
            let [last, ..] = &mut self.unit.tokens;
            *last = self.lexer.next_item();
        }
        self.unit.tokens.get(self.unit.peeked).cloned().unwrap_or_else(Item::none)
    }

    fn backup(&mut self) {
        self.unit.peeked += 1;
    }

    fn backup2(&mut self, before: Item<'t>) {
        let [_, second, _] = &mut self.unit.tokens;
        *second = before;
        self.unit.peeked = 2;
    }

    fn backup3(&mut self, first: Item<'t>, then: Item<'t>) {
        let [_, second, third] = &mut self.unit.tokens;
        (*second, *third) = (then, first);
        self.unit.peeked = 3;
    }

    fn peek(&mut self) -> &Item<'t> {
        if self.unit.peeked == 0 {
            self.unit.peeked = 1;
            let [last, ..] = &mut self.unit.tokens;
            *last = self.lexer.next_item();
        }
        let [last, ..] = &self.unit.tokens;
        self.unit.tokens.get(self.unit.peeked - 1).unwrap_or(last)
    }

    fn next_non_space(&mut self) -> Item<'t> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Item<'t> {
        let token = self.next_non_space();
        self.backup();
        token
    }

    fn error(&self, format: &str, args: &[Value]) -> ParseError {
        Self::error_at(&self.source, &self.unit, format, args)
    }

    fn error_at(source: &Source, unit: &Unit<'_>, format: &str, args: &[Value]) -> ParseError {
        let [last, ..] = &unit.tokens;
        ParseError::new(&source.name, last.line, format, args)
    }

    fn unexpected(&self, token: &Item<'_>, context: &str) -> ParseError {
        if token.kind == Kind::Error {
            let mut extra = String::new();
            let line = self.unit.action_line;
            if line != 0 && line != token.line {
                // Avoids "action in action".
                let words = if token.val.ends_with(b" action") { "" } else { " in action" };
                extra = format!("{words} started at {}:{line}", self.source.name);
            }
            return self.error("%s%s", &[Value::str(token.describe()), Value::str(extra)]);
        }
        self.error("unexpected %s in %s", &[Value::str(token.describe()), Value::str(context)])
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Item<'t>> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(&token, context)) }
    }

    fn unquote(&self, token: &Item<'_>) -> Result<Vec<u8>> {
        strconv::unquote(&*token.val).map_err(|e| self.error("%s", &[Value::str(e.to_string())]))
    }

    fn has_function(&self, name: &str) -> bool {
        (self.is_function)(name) || Builtin::named(name).is_some()
    }

    fn var_id(&mut self, name: &str) -> VarId {
        if let Some(id) = self.var_ids.get(name) {
            return *id;
        }
        let id = position(self.var_ids.len());
        self.var_ids.insert(name.into(), id);
        id
    }
}

// Texts, control actions, definitions.
impl<'t> Parser<'t> {
    fn file(&mut self) -> Result<()> {
        loop {
            if matches!(self.unit.kind, UnitKind::File) && self.unit.open.is_empty() {
                match self.peek().kind {
                    Kind::Eof => {
                        let root = std::mem::take(&mut self.unit.root);
                        return self.add(self.unit.name.clone(), root);
                    }
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

    fn add(&mut self, name: Arc<str>, root: Vec<Node>) -> Result<()> {
        let tree = Tree { name: name.clone(), source: self.source.clone(), root: List(root) };
        match self.trees.get(&name) {
            Some(old) if !old.is_empty() => {
                if tree.is_empty() {
                    return Ok(());
                }
                Err(self.error("template: multiple definition of template %q", &[Value::str(&*name)]))
            }
            _ => {
                self.trees.insert(name, tree);
                Ok(())
            }
        }
    }

    /// After `{{define`.
    fn define(&mut self) -> Result<()> {
        self.enter(Unit::new("definition".into(), UnitKind::Define));
        let token = self.next_non_space();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(&token, DEFINE));
        }
        self.unit.name = text(&self.unquote(&token)?).into();
        self.expect(Kind::RightDelim, DEFINE)?;
        Ok(())
    }

    fn enter(&mut self, unit: Unit<'t>) {
        self.outer.push(std::mem::replace(&mut self.unit, unit));
    }

    fn text_or_action(&mut self) -> Result<()> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => self.unit.push(token.pos, NodeKind::Text(token.val.into())),
            Kind::LeftDelim => {
                self.unit.action_line = token.line;
                self.action()?;
            }
            _ => return Err(self.unexpected(&token, "input")),
        }
        Ok(())
    }

    fn action(&mut self) -> Result<()> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Block => return self.block(),
            Kind::Break | Kind::Continue => self.jump(&token)?,
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
                self.unit.push(pos, NodeKind::Action(pipe));
            }
        }
        self.unit.action_line = 0;
        Ok(())
    }

    fn jump(&mut self, word: &Item<'t>) -> Result<()> {
        let (name, kind) = match word.kind {
            Kind::Break => ("{{break}}", NodeKind::Break),
            _ => ("{{continue}}", NodeKind::Continue),
        };
        let token = self.next_non_space();
        if token.kind != Kind::RightDelim {
            return Err(self.unexpected(&token, name));
        }
        if self.unit.range_depth == 0 {
            return Err(self.error(&format!("{name} outside {{{{range}}}}"), &[]));
        }
        self.unit.push(word.pos, kind);
        Ok(())
    }

    fn control(&mut self, control: Control, chained: bool) -> Result<()> {
        let vars = self.unit.vars.len();
        let pipe = self.pipeline(control.word(), Kind::RightDelim)?;
        if control == Control::Range {
            self.unit.range_depth += 1;
        }
        self.unit.open.push(Open { control, pipe, list: Vec::new(), then: None, vars, chained });
        Ok(())
    }

    fn otherwise(&mut self) -> Result<()> {
        let next = self.peek_non_space().kind;
        if !matches!(next, Kind::If | Kind::With) {
            self.expect(Kind::RightDelim, "else")?;
        }
        self.unit.action_line = 0;
        match self.unit.open.last_mut() {
            None => Err(self.stray("{{else}}")),
            Some(open) if open.then.is_some() => Err(self.error("expected end; found {{else}}", &[])),
            Some(open) => {
                open.then = Some(std::mem::take(&mut open.list));
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
                Self::error_at(&self.source, outer, "unexpected %s in %s", &args(BLOCK))
            }
        }
    }

    fn end(&mut self) -> Result<()> {
        self.expect(Kind::RightDelim, "end")?;
        self.unit.action_line = 0;
        if self.unit.open.is_empty() {
            return self.close_unit();
        }
        while let Some(open) = self.unit.open.pop() {
            if open.control == Control::Range && open.then.is_none() {
                self.unit.range_depth -= 1;
            }
            self.unit.vars.truncate(open.vars);
            let pos = open.pipe.pos;
            let (list, otherwise) = match open.then {
                Some(then) => (then, Some(List(open.list))),
                None => (open.list, None),
            };
            let branch = Box::new(Branch { pipe: open.pipe, list: List(list), otherwise });
            let node = match open.control {
                Control::If => NodeKind::If(branch),
                Control::With => NodeKind::With(branch),
                Control::Range => NodeKind::Range(branch),
            };
            self.unit.push(pos as usize, node);
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
        let root = std::mem::take(&mut self.unit.root);
        self.add(self.unit.name.clone(), root)?;
        let Some(outer) = self.outer.pop() else { return Ok(()) };
        let inner = std::mem::replace(&mut self.unit, outer);
        if let UnitKind::Block { pos, pipe } = inner.kind {
            self.push_template(pos, &inner.name, Some(pipe));
            self.unit.action_line = 0;
        }
        Ok(())
    }

    fn push_template(&mut self, pos: usize, name: &str, pipe: Option<Pipe>) {
        let call = TemplateCall { name: name.into(), quoted: strconv::quote(name).into(), pipe };
        self.unit.push(pos, NodeKind::Template(Box::new(call)));
    }

    fn template_name(&mut self, context: &str) -> Result<(usize, String)> {
        let token = self.next_non_space();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(&token, context));
        }
        Ok((token.pos, text(&self.unquote(&token)?)))
    }

    fn block(&mut self) -> Result<()> {
        let (pos, name) = self.template_name(BLOCK)?;
        let pipe = self.pipeline(BLOCK, Kind::RightDelim)?;
        self.enter(Unit::new(name.into(), UnitKind::Block { pos, pipe }));
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
