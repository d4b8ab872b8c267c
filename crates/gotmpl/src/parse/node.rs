//! The nodes of a parsed text, and their text in error messages.
//!
//! All nodes of one text lie in the tables of one [`Ast`] and name each other by place: few allocations, nothing to take
//! apart when it goes, and no recursion. Names are places in the text itself.

use super::Source;
use crate::builtins::Builtin;
use crate::value::GoString;

/// A variable's name within one parsed text.
pub(crate) type VarId = u32;

/// The variable `$`.
pub(crate) const ROOT_VAR: VarId = 0;

/// A run of bytes of the text, or of elements of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    fn of<T>(self, all: &[T]) -> &[T] {
        all.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// A place in [`Ast::pipes`].
pub(crate) type PipeId = u32;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// Byte position in the parsed text.
    pub pos: u32,
    pub kind: NodeKind,
}

/// What a node is; numbers are places in the [`Ast`]'s tables.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NodeKind {
    Text(Span),
    Action(PipeId),
    Break,
    Continue,
    If(u32),
    With(u32),
    Range(u32),
    Template(u32),
    Bool(bool),
    Dot,
    Nil,
    /// As written: `.a.b`.
    Field(Fields),
    /// The variable, and the fields behind it as written.
    Variable(VarId, Fields),
    Chain(u32),
    Function(Span, Option<Builtin>),
    Number(u32),
    String(u32),
    Pipe(PipeId),
}

/// Fields as written, each with its dot; for a variable its name with the `$` comes first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields(pub Span);

/// A string constant.
#[derive(Debug)]
pub(crate) struct Text {
    /// As written, quotes included.
    pub quoted: Span,
    pub text: GoString,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch {
    pub pipe: PipeId,
    pub list: Span,
    /// For `else if` and `else with` this holds exactly the next branch.
    pub otherwise: Option<Span>,
}

#[derive(Debug)]
pub(crate) struct TemplateCall {
    pub name: Box<str>,
    pub pipe: Option<PipeId>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pipe {
    pub pos: u32,
    /// `=` and not `:=`.
    pub assign: bool,
    pub decl: Span,
    pub cmds: Span,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Decl {
    pub var: VarId,
    /// With the `$`.
    pub name: Span,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    pub pos: u32,
    pub args: Span,
}

/// Fields of a value in parentheses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    pub inner: Node,
    pub fields: Fields,
}

/// A numeric constant in all the types it fits.
#[derive(Debug, Default)]
pub(crate) struct Number {
    /// As written.
    pub text: Span,
    pub int: Option<i64>,
    pub uint: Option<u64>,
    pub float: Option<f64>,
    pub complex: Option<(f64, f64)>,
    pub ideal: Ideal,
}

/// What a constant is where no type is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Ideal {
    #[default]
    None,
    Int(i64),
    Float(f64),
    Complex(f64, f64),
    Overflow,
}

/// The tables of one parsed text.
#[derive(Debug, Default)]
pub(crate) struct Ast {
    pub nodes: Vec<Node>,
    pub pipes: Vec<Pipe>,
    pub commands: Vec<Command>,
    pub decls: Vec<Decl>,
    pub branches: Vec<Branch>,
    pub calls: Vec<TemplateCall>,
    pub chains: Vec<Chain>,
    pub numbers: Vec<Number>,
    pub strings: Vec<Text>,
}

static NO_PIPE: Pipe = Pipe { pos: 0, assign: false, decl: Span { start: 0, end: 0 }, cmds: Span { start: 0, end: 0 } };

impl Source {
    pub(crate) fn text_at(&self, span: Span) -> &[u8] {
        span.of(&self.text)
    }
    /// A name in the text; names are always UTF-8.
    pub(crate) fn name_at(&self, span: Span) -> &str {
        std::str::from_utf8(self.text_at(span)).unwrap_or_default()
    }
    /// The fields' names.
    pub(crate) fn fields(&self, fields: Fields) -> FieldNames<'_> {
        FieldNames(self.text_at(fields.0).strip_prefix(b".").unwrap_or_default())
    }
    /// The fields behind a variable: what follows its name.
    pub(crate) fn fields_of_variable(&self, fields: Fields) -> FieldNames<'_> {
        let text = self.text_at(fields.0);
        let name = text.iter().position(|b| *b == b'.').map_or(text.len(), |dot| dot + 1);
        FieldNames(text.get(name..).unwrap_or_default())
    }
    pub(crate) fn list(&self, span: Span) -> &[Node] {
        span.of(&self.ast.nodes)
    }
    pub(crate) fn args(&self, command: &Command) -> &[Node] {
        command.args.of(&self.ast.nodes)
    }
    pub(crate) fn pipe(&self, id: PipeId) -> &Pipe {
        self.ast.pipes.get(id as usize).unwrap_or(&NO_PIPE)
    }
    pub(crate) fn commands(&self, pipe: &Pipe) -> &[Command] {
        pipe.cmds.of(&self.ast.commands)
    }
    pub(crate) fn decls(&self, pipe: &Pipe) -> &[Decl] {
        pipe.decl.of(&self.ast.decls)
    }
    pub(crate) fn branch(&self, id: u32) -> Option<&Branch> {
        self.ast.branches.get(id as usize)
    }
    pub(crate) fn call(&self, id: u32) -> Option<&TemplateCall> {
        self.ast.calls.get(id as usize)
    }
    pub(crate) fn chain(&self, id: u32) -> Option<&Chain> {
        self.ast.chains.get(id as usize)
    }
    pub(crate) fn number(&self, id: u32) -> Option<&Number> {
        self.ast.numbers.get(id as usize)
    }
    pub(crate) fn string(&self, id: u32) -> Option<&Text> {
        self.ast.strings.get(id as usize)
    }
}

/// Names of fields, from the first to the last. Names hold no dots.
#[derive(Clone, Copy)]
pub(crate) struct FieldNames<'t>(&'t [u8]);

impl<'t> FieldNames<'t> {
    pub(crate) const NONE: FieldNames<'static> = FieldNames(b"");

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The first name and those behind it.
    #[inline]
    pub(crate) fn split_first(self) -> Option<(&'t [u8], FieldNames<'t>)> {
        if self.0.is_empty() {
            return None;
        }
        match self.0.iter().position(|b| *b == b'.') {
            Some(dot) => {
                self.0.split_at_checked(dot).map(|(name, rest)| (name, FieldNames(rest.get(1..).unwrap_or_default())))
            }
            None => Some((self.0, FieldNames(b""))),
        }
    }
}

/// A place in a tree: what errors point at.
#[derive(Clone, Copy)]
pub(crate) enum NodeRef<'t> {
    None,
    Node(&'t Node),
    Pipe(&'t Pipe),
    Command(&'t Command),
}

enum Work<'t> {
    Ref(NodeRef<'t>),
    Word(&'t [u8]),
    Quoted(&'t str),
}

impl<'t> NodeRef<'t> {
    pub(crate) fn pos(self) -> usize {
        match self {
            NodeRef::None => 0,
            NodeRef::Node(n) => n.pos as usize,
            NodeRef::Pipe(p) => p.pos as usize,
            NodeRef::Command(c) => c.pos as usize,
        }
    }

    /// The node as Go prints it: one space between words, whatever the text had.
    pub(crate) fn text(self, source: &'t Source) -> Vec<u8> {
        let mut out = Vec::new();
        let mut work = vec![Work::Ref(self)];
        let mut parts = Vec::new();
        while let Some(piece) = work.pop() {
            match piece {
                Work::Word(w) => out.extend_from_slice(w),
                Work::Quoted(w) => out.extend_from_slice(crate::strconv::quote(w).as_bytes()),
                Work::Ref(NodeRef::None) => {}
                Work::Ref(NodeRef::Pipe(pipe)) => pipe_parts(source, pipe, &mut parts),
                Work::Ref(NodeRef::Command(cmd)) => command_parts(source, cmd, &mut parts),
                Work::Ref(NodeRef::Node(node)) => node_parts(source, node, &mut parts),
            }
            work.extend(parts.drain(..).rev());
        }
        out
    }
}

fn pipe_parts<'t>(source: &'t Source, pipe: &'t Pipe, parts: &mut Vec<Work<'t>>) {
    let decls = source.decls(pipe);
    for (i, decl) in decls.iter().enumerate() {
        if i > 0 {
            parts.push(Work::Word(b", "));
        }
        parts.push(Work::Word(source.text_at(decl.name)));
    }
    if !decls.is_empty() {
        parts.push(Work::Word(if pipe.assign { b" = " } else { b" := " }));
    }
    for (i, cmd) in source.commands(pipe).iter().enumerate() {
        if i > 0 {
            parts.push(Work::Word(b" | "));
        }
        parts.push(Work::Ref(NodeRef::Command(cmd)));
    }
}

fn command_parts<'t>(source: &'t Source, cmd: &'t Command, parts: &mut Vec<Work<'t>>) {
    for (i, arg) in source.args(cmd).iter().enumerate() {
        if i > 0 {
            parts.push(Work::Word(b" "));
        }
        bracketed(source, arg, parts);
    }
}

fn bracketed<'t>(source: &'t Source, node: &'t Node, parts: &mut Vec<Work<'t>>) {
    if let NodeKind::Pipe(pipe) = node.kind {
        parts.extend([Work::Word(b"("), Work::Ref(NodeRef::Pipe(source.pipe(pipe))), Work::Word(b")")]);
    } else {
        parts.push(Work::Ref(NodeRef::Node(node)));
    }
}

fn node_parts<'t>(source: &'t Source, node: &'t Node, parts: &mut Vec<Work<'t>>) {
    let word = |w: &'t str| Work::Word(w.as_bytes());
    match node.kind {
        NodeKind::Text(span) | NodeKind::Function(span, _) => parts.push(Work::Word(source.text_at(span))),
        NodeKind::Action(pipe) => {
            parts.extend([Work::Word(b"{{"), Work::Ref(NodeRef::Pipe(source.pipe(pipe))), Work::Word(b"}}")]);
        }
        NodeKind::Break => parts.push(word("{{break}}")),
        NodeKind::Continue => parts.push(word("{{continue}}")),
        // Errors point at the pipe of a control action, never at the whole of it.
        NodeKind::If(id) | NodeKind::With(id) | NodeKind::Range(id) => {
            parts.extend(source.branch(id).map(|b| Work::Ref(NodeRef::Pipe(source.pipe(b.pipe)))));
        }
        NodeKind::Template(id) => {
            let Some(call) = source.call(id) else { return };
            parts.extend([Work::Word(b"{{template "), Work::Quoted(&call.name)]);
            if let Some(pipe) = call.pipe {
                parts.extend([Work::Word(b" "), Work::Ref(NodeRef::Pipe(source.pipe(pipe)))]);
            }
            parts.push(Work::Word(b"}}"));
        }
        NodeKind::Bool(b) => parts.push(word(if b { "true" } else { "false" })),
        NodeKind::Dot => parts.push(word(".")),
        NodeKind::Nil => parts.push(word("nil")),
        NodeKind::Field(fields) | NodeKind::Variable(_, fields) => parts.push(Work::Word(source.text_at(fields.0))),
        NodeKind::Chain(id) => {
            let Some(chain) = source.chain(id) else { return };
            bracketed(source, &chain.inner, parts);
            parts.push(Work::Word(source.text_at(chain.fields.0)));
        }
        NodeKind::Number(id) => parts.extend(source.number(id).map(|n| Work::Word(source.text_at(n.text)))),
        NodeKind::String(id) => parts.extend(source.string(id).map(|s| Work::Word(source.text_at(s.quoted)))),
        NodeKind::Pipe(pipe) => parts.push(Work::Ref(NodeRef::Pipe(source.pipe(pipe)))),
    }
}
