//! The tree to a matcher.

use super::class;
use super::node::Node;
use regex_automata::meta;
use regex_syntax::hir::{Capture, Class, Hir, Repetition};

/// The matcher; `None` when it would take more than `max_bytes`. Go allows 128 MiB for its own form.
pub(super) fn compile(node: &Node, max_bytes: usize) -> Option<meta::Regex> {
    let config = meta::Config::new().nfa_size_limit(Some(max_bytes));
    meta::Builder::new().configure(config).build_from_hir(&hir(node)).ok()
}

/// Recursion ends with the parser's height limit.
fn hir(node: &Node) -> Hir {
    match node {
        Node::Empty => Hir::empty(),
        Node::Literal { runes, fold: false } => literal(runes),
        Node::Literal { runes, fold: true } => Hir::concat(runes.iter().map(|rune| folded(*rune)).collect()),
        Node::Class(class) => Hir::class(Class::Unicode(class.clone())),
        Node::Look(look) => Hir::look(*look),
        Node::Repeat { min, max, greedy, sub, .. } => {
            Hir::repetition(Repetition { min: *min, max: *max, greedy: *greedy, sub: Box::new(hir(sub)) })
        }
        Node::Capture { index, sub } => Hir::capture(Capture { index: *index, name: None, sub: Box::new(hir(sub)) }),
        Node::Concat(subs) => Hir::concat(subs.iter().map(hir).collect()),
        Node::Alternate(subs) => Hir::alternation(subs.iter().map(hir).collect()),
    }
}

fn literal(runes: &[u32]) -> Hir {
    match runes.iter().map(|rune| char::from_u32(*rune)).collect::<Option<String>>() {
        Some(text) => Hir::literal(text.into_bytes()),
        // A surrogate, which no text has.
        None => Hir::fail(),
    }
}

fn folded(rune: u32) -> Hir {
    char::from_u32(rune).map_or_else(Hir::fail, |c| Hir::class(Class::Unicode(class::folded(c))))
}
