//! Events to a tree of nodes, the first document only.

use crate::error::YamlError;
use crate::events::{Event, Events, Head};
use crate::reader::Input;
use std::borrow::Cow;
use std::collections::HashMap;

/// Position of a node in its document.
pub(crate) type NodeId = u32;

/// No node.
pub(crate) const NONE: NodeId = u32::MAX;

/// One node. Children of a collection hang together by `next`, keys and values of a mapping in turn.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub kind: NodeKind<'a>,
    /// The whole tag, empty when there is none.
    pub tag: Box<str>,
    pub line: u32,
    pub next: NodeId,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum NodeKind<'a> {
    Scalar { text: Cow<'a, str>, implicit: bool },
    Sequence { first: NodeId, len: u32 },
    Mapping { first: NodeId, len: u32 },
    Alias { name: &'a str, target: NodeId },
}

/// A document: its nodes in order of their beginning; the first is the root. Empty without a document.
#[derive(Debug, Default)]
pub(crate) struct Document<'a> {
    nodes: Vec<Node<'a>>,
}

impl<'a> Document<'a> {
    /// The node, if there is one.
    pub(crate) fn node(&self, id: NodeId) -> Option<&Node<'a>> {
        self.nodes.get(id as usize)
    }
}

/// A collection that is not closed yet.
struct Open {
    id: NodeId,
    last: NodeId,
}

/// Reads the first document.
pub(crate) fn compose<'a>(input: &'a Input<'_>) -> Result<Document<'a>, YamlError> {
    let mut events = Events::new(input);
    let mut composer =
        Composer { nodes: Vec::with_capacity(input.text.len() / 16), open: Vec::new(), anchors: HashMap::new() };
    loop {
        match events.next()? {
            Event::StreamEnd | Event::DocumentEnd => return Ok(Document { nodes: composer.nodes }),
            Event::DocumentStart => {}
            Event::Alias { name, line } => {
                let Some(&target) = composer.anchors.get(name) else {
                    return Err(YamlError::Decode(format!("unknown anchor '{name}' referenced")));
                };
                composer.add(NodeKind::Alias { name, target }, Head { line, ..Head::default() });
            }
            Event::Scalar { head, text, implicit } => {
                composer.add(NodeKind::Scalar { text, implicit }, head);
            }
            Event::SequenceStart(head) => composer.begin(NodeKind::Sequence { first: NONE, len: 0 }, head),
            Event::MappingStart(head) => composer.begin(NodeKind::Mapping { first: NONE, len: 0 }, head),
            Event::SequenceEnd | Event::MappingEnd => {
                composer.open.pop();
            }
        }
    }
}

struct Composer<'a> {
    nodes: Vec<Node<'a>>,
    open: Vec<Open>,
    anchors: HashMap<&'a str, NodeId>,
}

impl<'a> Composer<'a> {
    fn begin(&mut self, kind: NodeKind<'a>, head: Head<'a>) {
        let id = self.add(kind, head);
        self.open.push(Open { id, last: NONE });
    }

    fn add(&mut self, kind: NodeKind<'a>, head: Head<'a>) -> NodeId {
        let id = self.nodes.len() as NodeId;
        if let Some(open) = self.open.last_mut() {
            if let Some(before) = self.nodes.get_mut(open.last as usize) {
                before.next = id;
            }
            open.last = id;
            let parent = self.nodes.get_mut(open.id as usize).map(|n| &mut n.kind);
            if let Some(NodeKind::Sequence { first, len } | NodeKind::Mapping { first, len }) = parent {
                *len += 1;
                if *first == NONE {
                    *first = id;
                }
            }
        }
        if let Some(anchor) = head.anchor {
            self.anchors.insert(anchor, id);
        }
        self.nodes.push(Node { kind, tag: head.tag.into_boxed_str(), line: head.line, next: NONE });
        id
    }
}
