//! Template text to trees.

mod constant;
mod letters;
mod lex;
pub(crate) mod node;
mod parser;

use crate::value::Value;
use node::List;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One parsed template (a file's body or a `define`).
pub struct Tree {
    pub(crate) name: Arc<str>,
    pub(crate) source: Arc<Source>,
    pub(crate) root: List,
}

/// The text in which trees were written.
pub(crate) struct Source {
    /// Name of the parsed text.
    pub name: Arc<str>,
    pub text: Box<[u8]>,
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
        self.root.0.iter().all(|n| match &n.kind {
            node::NodeKind::Text(text) => String::from_utf8_lossy(text).trim().is_empty(),
            _ => false,
        })
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
        let text = |format: &str| String::from_utf8_lossy(&crate::fmt::sprintf(format.as_bytes(), args)).into_owned();
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
    pub fn parse(&mut self, name: &str, text: &str, is_function: &dyn Fn(&str) -> bool) -> Result<(), ParseError> {
        self.parse_bytes(name, text.as_bytes(), is_function)
    }

    /// As [`TemplateSet::parse`] for a text that need not be UTF-8.
    ///
    /// # Errors
    /// As [`TemplateSet::parse`].
    pub fn parse_bytes(
        &mut self,
        name: &str,
        text: &[u8],
        is_function: &dyn Fn(&str) -> bool,
    ) -> Result<(), ParseError> {
        let trees = parser::parse(name, text, is_function)?;
        let layer = self.writable();
        for tree in trees {
            if tree.is_empty() && layer.get(&tree.name).is_some() {
                continue;
            }
            layer.trees.insert(tree.name.clone(), Arc::new(tree));
        }
        Ok(())
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
