//! The nodes of a tree, and their text in error messages.

use super::Tree;
use crate::builtins::Builtin;
use crate::value::GoString;
use std::fmt;

/// A variable's name within one parsed text.
pub(crate) type VarId = u32;

/// The variable `$`.
pub(crate) const ROOT_VAR: VarId = 0;

#[derive(Debug)]
pub(crate) struct Node {
    /// Byte position in the parsed text.
    pub pos: u32,
    pub kind: NodeKind,
}

#[derive(Debug)]
pub(crate) enum NodeKind {
    Text(Box<[u8]>),
    Action(Pipe),
    Break,
    Continue,
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template(Box<TemplateCall>),
    Bool(bool),
    Dot,
    Nil,
    Field(Idents),
    /// The first identifier is the variable with its `$`, the others are fields.
    Variable(VarId, Idents),
    Chain(Box<Node>, Idents),
    Function(Box<str>, Option<Builtin>),
    Number(Box<Number>),
    String(Box<Text>),
    Pipe(Pipe),
}

pub(crate) type Idents = Box<[Box<str>]>;

/// A string constant.
#[derive(Debug)]
pub(crate) struct Text {
    /// As written, quotes included.
    pub quoted: Box<[u8]>,
    pub text: GoString,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub pipe: Pipe,
    pub list: List,
    /// For `else if` and `else with` this holds exactly the next branch.
    pub otherwise: Option<List>,
}

#[derive(Debug)]
pub(crate) struct TemplateCall {
    pub name: Box<str>,
    pub quoted: Box<str>,
    pub pipe: Option<Pipe>,
}

#[derive(Debug, Default)]
pub(crate) struct List(pub Vec<Node>);

#[derive(Debug)]
pub(crate) struct Pipe {
    pub pos: u32,
    /// `=` and not `:=`.
    pub assign: bool,
    pub decl: Vec<Decl>,
    pub cmds: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Decl {
    pub var: VarId,
    pub name: Box<str>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub pos: u32,
    pub args: Vec<Node>,
}

/// A numeric constant in all the types it fits.
#[derive(Debug, Default)]
pub(crate) struct Number {
    pub text: Box<str>,
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

impl Drop for List {
    fn drop(&mut self) {
        dismantle(std::mem::take(&mut self.0));
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        for cmd in self.cmds.drain(..) {
            dismantle(cmd.args);
        }
    }
}

/// Drops nodes without recursion, since texts can nest as deep as they are long.
fn dismantle(mut work: Vec<Node>) {
    fn take(pipe: &mut Pipe, work: &mut Vec<Node>) {
        for cmd in pipe.cmds.drain(..) {
            work.extend(cmd.args);
        }
    }
    while let Some(node) = work.pop() {
        match node.kind {
            NodeKind::Pipe(mut pipe) | NodeKind::Action(mut pipe) => take(&mut pipe, &mut work),
            NodeKind::If(mut b) | NodeKind::With(mut b) | NodeKind::Range(mut b) => {
                take(&mut b.pipe, &mut work);
                work.append(&mut b.list.0);
                if let Some(list) = &mut b.otherwise {
                    work.append(&mut list.0);
                }
            }
            NodeKind::Chain(inner, _) => work.push(*inner),
            _ => {}
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
}

impl NodeRef<'_> {
    pub(crate) fn pos(self) -> usize {
        match self {
            NodeRef::None => 0,
            NodeRef::Node(n) => n.pos as usize,
            NodeRef::Pipe(p) => p.pos as usize,
            NodeRef::Command(c) => c.pos as usize,
        }
    }

    /// The node as Go prints it: one space between words, whatever the text had.
    pub(crate) fn text(self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut work = vec![Work::Ref(self)];
        let mut parts = Vec::new();
        while let Some(piece) = work.pop() {
            match piece {
                Work::Word(w) => out.extend_from_slice(w),
                Work::Ref(NodeRef::None) => {}
                Work::Ref(NodeRef::Pipe(pipe)) => pipe_parts(pipe, &mut parts),
                Work::Ref(NodeRef::Command(cmd)) => command_parts(cmd, &mut parts),
                Work::Ref(NodeRef::Node(node)) => node_parts(node, &mut parts),
            }
            work.extend(parts.drain(..).rev());
        }
        out
    }
}

fn pipe_parts<'t>(pipe: &'t Pipe, parts: &mut Vec<Work<'t>>) {
    for (i, decl) in pipe.decl.iter().enumerate() {
        if i > 0 {
            parts.push(Work::Word(b", "));
        }
        parts.push(Work::Word(decl.name.as_bytes()));
    }
    if !pipe.decl.is_empty() {
        parts.push(Work::Word(if pipe.assign { b" = " } else { b" := " }));
    }
    for (i, cmd) in pipe.cmds.iter().enumerate() {
        if i > 0 {
            parts.push(Work::Word(b" | "));
        }
        parts.push(Work::Ref(NodeRef::Command(cmd)));
    }
}

fn command_parts<'t>(cmd: &'t Command, parts: &mut Vec<Work<'t>>) {
    for (i, arg) in cmd.args.iter().enumerate() {
        if i > 0 {
            parts.push(Work::Word(b" "));
        }
        bracketed(arg, parts);
    }
}

fn bracketed<'t>(node: &'t Node, parts: &mut Vec<Work<'t>>) {
    if let NodeKind::Pipe(pipe) = &node.kind {
        parts.extend([Work::Word(b"("), Work::Ref(NodeRef::Pipe(pipe)), Work::Word(b")")]);
    } else {
        parts.push(Work::Ref(NodeRef::Node(node)));
    }
}

fn node_parts<'t>(node: &'t Node, parts: &mut Vec<Work<'t>>) {
    let word = |w: &'t str| Work::Word(w.as_bytes());
    let fields = |idents: &'t Idents, parts: &mut Vec<Work<'t>>| {
        for ident in idents {
            parts.extend([Work::Word(b"."), word(ident)]);
        }
    };
    match &node.kind {
        NodeKind::Text(text) => parts.push(Work::Word(text)),
        NodeKind::Action(pipe) => {
            parts.extend([Work::Word(b"{{"), Work::Ref(NodeRef::Pipe(pipe)), Work::Word(b"}}")]);
        }
        NodeKind::Break => parts.push(word("{{break}}")),
        NodeKind::Continue => parts.push(word("{{continue}}")),
        // Errors point at the pipe of a control action, never at the whole of it.
        NodeKind::If(b) | NodeKind::With(b) | NodeKind::Range(b) => parts.push(Work::Ref(NodeRef::Pipe(&b.pipe))),
        NodeKind::Template(call) => {
            parts.extend([Work::Word(b"{{template "), word(&call.quoted)]);
            if let Some(pipe) = &call.pipe {
                parts.extend([Work::Word(b" "), Work::Ref(NodeRef::Pipe(pipe))]);
            }
            parts.push(Work::Word(b"}}"));
        }
        NodeKind::Bool(b) => parts.push(word(if *b { "true" } else { "false" })),
        NodeKind::Dot => parts.push(word(".")),
        NodeKind::Nil => parts.push(word("nil")),
        NodeKind::Field(idents) => fields(idents, parts),
        NodeKind::Variable(_, idents) => {
            for (i, ident) in idents.iter().enumerate() {
                if i > 0 {
                    parts.push(Work::Word(b"."));
                }
                parts.push(word(ident));
            }
        }
        NodeKind::Chain(inner, idents) => {
            bracketed(inner, parts);
            fields(idents, parts);
        }
        NodeKind::Function(name, _) => parts.push(word(name)),
        NodeKind::Number(n) => parts.push(word(&n.text)),
        NodeKind::String(s) => parts.push(Work::Word(&s.quoted)),
        NodeKind::Pipe(pipe) => parts.push(Work::Ref(NodeRef::Pipe(pipe))),
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template {:?} of {:?}, {} nodes", self.name, self.source.name, self.root.0.len())
    }
}
