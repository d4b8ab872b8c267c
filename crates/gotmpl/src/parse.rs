//! Template text to trees.

mod cache;
mod constant;
mod letters;
mod lex;
pub(crate) mod node;
mod parser;

pub use cache::ParseCache;
pub use letters::is_alphanumeric;

use crate::value::{GoString, Value};
use node::{Ast, Node, NodeKind, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One parsed template (a file's body or a `define`).
pub struct Tree {
    pub(crate) name: Arc<str>,
    pub(crate) source: Arc<Source>,
    /// Its nodes among those of the text.
    pub(crate) root: Span,
}

/// The text in which trees were written.
pub(crate) struct Source {
    /// Name of the parsed text.
    pub name: Arc<str>,
    pub text: GoString,
    pub ast: Ast,
}

impl Source {
    /// 1-based line and 0-based byte column of a byte position.
    pub(crate) fn place(&self, pos: usize) -> (usize, usize) {
        let before = self.text.get(..pos).unwrap_or(&self.text);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let column = before.iter().rev().take_while(|b| **b != b'\n').count();
        (line, column)
    }
}

impl Tree {
    /// The template's name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Name of the text (the file) in which the template was written.
    pub fn source_name(&self) -> &str {
        &self.source.name
    }
    /// Whether there is nothing but space and comments; such a template replaces no other.
    pub fn is_empty(&self) -> bool {
        is_blank(&self.source.text, self.source.list(self.root))
    }
    pub(crate) fn nodes(&self) -> &[Node] {
        self.source.list(self.root)
    }
}

/// Whether there is nothing but space in a list of nodes.
fn is_blank(text: &[u8], nodes: &[Node]) -> bool {
    nodes.iter().all(|n| match n.kind {
        NodeKind::Text(span) => {
            let text = text.get(span.start as usize..span.end as usize).unwrap_or_default();
            // Most texts show at once that they hold something.
            !text.first().is_some_and(u8::is_ascii_graphic) && crate::strconv::utf8::to_text(text).trim().is_empty()
        }
        _ => false,
    })
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "template {:?} of {:?}, {} nodes", self.name, self.source.name, self.nodes().len())
    }
}

/// A parsed text: its own tree and those that it defines. It can be put into any number of sets, on any thread.
#[derive(Clone, Debug)]
pub struct Parsed(Arc<[Arc<Tree>]>);

impl Parsed {
    /// Parses `text` as the template `name`.
    ///
    /// `is_function` tells which function names exist; Go's builtins are always known.
    ///
    /// # Errors
    /// Go's parse errors.
    pub fn new(name: &str, text: &GoString, is_function: &dyn Fn(&str) -> bool) -> Result<Parsed, ParseError> {
        Ok(Parsed(parser::parse(name, text, is_function)?.into_iter().map(Arc::new).collect()))
    }
}

/// Why a text is no template. `Display` is Go's text: `template: NAME:LINE: …`.
#[derive(Debug, Clone)]
pub struct ParseError {
    /// Template name as given to [`TemplateSet::parse`].
    pub name: String,
    /// 1-based line.
    pub line: usize,
    /// Go's words.
    pub message: String,
    /// The whole text where Go's is not made of the parts (a name with `%` in it).
    pub(crate) whole: Option<String>,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.whole {
            Some(text) => f.write_str(text),
            None => write!(f, "template: {}:{}: {}", self.name, self.line, self.message),
        }
    }
}

impl std::error::Error for ParseError {}

impl ParseError {
    pub(crate) fn new(name: &str, line: usize, format: &str, args: &[Value]) -> ParseError {
        let text = |format: &str| crate::fmt::sprintf_text(format, args);
        // HELM: Go makes the name a part of the format, so a `%` in it takes arguments away.
        let whole = name.contains('%').then(|| text(&format!("template: {name}:{line}: {format}")));
        ParseError { name: name.to_owned(), line, message: text(format), whole }
    }
}

/// How many sets may be stacked before they are put together: `tpl` in `tpl` in `tpl`.
const MAX_LAYERS: usize = 4;

/// Templates by name: what Go's `*template.Template` shares among its associated templates. `Clone` is cheap, also when
/// more templates are parsed into the clone.
#[derive(Clone, Default, Debug)]
pub struct TemplateSet {
    top: Arc<Layer>,
}

#[derive(Clone, Default, Debug)]
struct Layer {
    trees: BTreeMap<Arc<str>, Arc<Tree>>,
    below: Option<Arc<Layer>>,
    depth: usize,
}

impl Layer {
    fn get(&self, name: &str) -> Option<&Arc<Tree>> {
        let mut layer = self;
        loop {
            if let Some(tree) = layer.trees.get(name) {
                return Some(tree);
            }
            layer = layer.below.as_deref()?;
        }
    }

    fn all(&self) -> BTreeMap<Arc<str>, Arc<Tree>> {
        let mut all = self.below.as_ref().map(|l| l.all()).unwrap_or_default();
        all.extend(self.trees.iter().map(|(k, v)| (k.clone(), v.clone())));
        all
    }
}

impl TemplateSet {
    /// Parses `text` as the template `name` and adds it and its `define`s, as Go's `New(name).Parse(text)` does
    /// (an empty body does not replace an existing template; a later definition replaces an earlier one).
    ///
    /// `is_function` tells which function names exist; Go's builtins are always known.
    ///
    /// # Errors
    /// Go's parse errors; the set is unchanged then.
    pub fn parse(
        &mut self,
        name: &str,
        text: impl Into<GoString>,
        is_function: &dyn Fn(&str) -> bool,
    ) -> Result<(), ParseError> {
        self.add(&Parsed::new(name, &text.into(), is_function)?);
        Ok(())
    }

    /// Adds a parsed text, as [`TemplateSet::parse`] does.
    pub fn add(&mut self, parsed: &Parsed) {
        let layer = self.writable();
        for tree in parsed.0.iter() {
            if tree.is_empty() && layer.get(&tree.name).is_some() {
                continue;
            }
            layer.trees.insert(tree.name.clone(), tree.clone());
        }
    }

    /// The top layer, a new one when others hold it.
    fn writable(&mut self) -> &mut Layer {
        if Arc::get_mut(&mut self.top).is_none() {
            self.top = Arc::new(if self.top.depth + 1 < MAX_LAYERS {
                Layer { trees: BTreeMap::new(), below: Some(self.top.clone()), depth: self.top.depth + 1 }
            } else {
                Layer { trees: self.top.all(), below: None, depth: 0 }
            });
        }
        Arc::make_mut(&mut self.top)
    }

    /// The template of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Tree>> {
        self.top.get(name)
    }

    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names = BTreeSet::new();
        let mut layer = Some(&self.top);
        while let Some(l) = layer {
            names.extend(l.trees.keys().map(|k| &**k));
            layer = l.below.as_ref();
        }
        names.into_iter()
    }
}
