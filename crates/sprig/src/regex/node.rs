//! The parsed expression, with what Go's limits are computed from.

use regex_syntax::hir::{ClassUnicode, Look};

/// Nested deeper than this, Go refuses an expression.
pub(super) const MAX_HEIGHT: u32 = 1000;

/// A compiled size (in Go's instructions) above this is refused: 128 MiB at 40 bytes each.
pub(super) const MAX_SIZE: u64 = (128 << 20) / 40;

/// The most copies of one thing that nested counted repetitions may ask for.
pub(super) const MAX_REPEAT: u32 = 1000;

/// One node of the expression.
#[derive(Debug)]
pub(super) enum Node {
    /// Matches the empty text.
    Empty,
    /// Code points one after the other (surrogates match nothing), `fold` for any letter case.
    Literal { runes: Vec<u32>, fold: bool },
    /// One character of a class.
    Class(ClassUnicode),
    /// A place.
    Look(Look),
    /// `min` to `max` times; no `max` is any number of times.
    Repeat { min: u32, max: Option<u32>, greedy: bool, counted: bool, sub: Box<Node> },
    /// A capturing group.
    Capture { index: u32, sub: Box<Node> },
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that matches.
    Alternate(Vec<Node>),
}

/// A node with its height and Go's estimate of its compiled size.
#[derive(Debug)]
pub(super) struct Term {
    pub node: Node,
    pub height: u32,
    pub size: u64,
}

impl Term {
    /// A node without children.
    pub fn leaf(node: Node) -> Term {
        let size = match &node {
            Node::Literal { runes, .. } => u64::try_from(runes.len()).unwrap_or(u64::MAX),
            _ => 1,
        };
        Term { node, height: 1, size }
    }

    /// The term once or several times.
    pub fn repeat(self, min: u32, max: Option<u32>, greedy: bool, counted: bool) -> Term {
        let copies = |n: u32| u64::from(n).saturating_mul(self.size);
        let size = match (min, max) {
            (0, None) => self.size.saturating_add(2),
            (1, None) if !counted => self.size.saturating_add(1),
            (0, Some(1)) if !counted => self.size.saturating_add(1),
            (min, None) => copies(min).saturating_add(1),
            (min, Some(max)) => copies(max).saturating_add(u64::from(max.saturating_sub(min))),
        };
        let node = Node::Repeat { min, max, greedy, counted, sub: Box::new(self.node) };
        Term { node, height: self.height + 1, size: size.max(1) }
    }

    /// The term in a capturing group.
    pub fn capture(self, index: u32) -> Term {
        let node = Node::Capture { index, sub: Box::new(self.node) };
        Term { node, height: self.height + 1, size: self.size.saturating_add(2) }
    }

    /// The terms one after the other; neighbouring literals become one.
    pub fn concat(terms: Vec<Term>) -> Term {
        let mut merged: Vec<Term> = Vec::with_capacity(terms.len());
        for term in terms {
            let last = merged.last_mut().map(|t| (&mut t.node, &mut t.size));
            match (last, &term.node) {
                (Some((Node::Literal { runes, fold }, size)), Node::Literal { runes: more, fold: same })
                    if fold == same =>
                {
                    runes.extend_from_slice(more);
                    *size = size.saturating_add(term.size);
                }
                _ => merged.push(term),
            }
        }
        Term::join(merged, Node::Concat, 0)
    }

    /// The terms as alternatives.
    pub fn alternate(terms: Vec<Term>) -> Term {
        let bars = u64::try_from(terms.len()).unwrap_or(u64::MAX).saturating_sub(1);
        Term::join(terms, Node::Alternate, bars)
    }

    fn join(mut terms: Vec<Term>, node: fn(Vec<Node>) -> Node, extra: u64) -> Term {
        if terms.len() <= 1 {
            return terms.pop().unwrap_or_else(|| Term::leaf(Node::Empty));
        }
        let height = terms.iter().map(|t| t.height).max().unwrap_or(0) + 1;
        let size = terms.iter().fold(extra, |sum, t| sum.saturating_add(t.size)).max(1);
        Term { node: node(terms.into_iter().map(|t| t.node).collect()), height, size }
    }
}

/// Whether no chain of counted repetitions asks for more than [`MAX_REPEAT`] copies.
pub(super) fn repeats_are_few(node: &Node) -> bool {
    let mut todo = vec![(node, MAX_REPEAT)];
    while let Some((node, mut left)) = todo.pop() {
        match node {
            Node::Repeat { min, max, counted, sub, .. } => {
                if *counted {
                    let copies = match max {
                        Some(0) => continue,
                        Some(max) => *max,
                        None => *min,
                    };
                    if copies > left {
                        return false;
                    }
                    left = left.checked_div(copies).unwrap_or(left);
                }
                todo.push((sub, left));
            }
            Node::Capture { sub, .. } => todo.push((sub, left)),
            Node::Concat(subs) | Node::Alternate(subs) => todo.extend(subs.iter().map(|sub| (sub, left))),
            Node::Empty | Node::Literal { .. } | Node::Class(_) | Node::Look(_) => {}
        }
    }
    true
}
