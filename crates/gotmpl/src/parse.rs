//! Template text to trees.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One parsed template (a file's body or a `define`).
#[derive(Debug)]
pub struct Tree {}

/// Why a text is no template. `Display` is Go's text: `template: NAME:LINE: …`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("template: {name}:{line}: {message}")]
pub struct ParseError {
    /// Template name as given to [`TemplateSet::parse`].
    pub name: String,
    /// 1-based line.
    pub line: usize,
    /// Go's words.
    pub message: String,
}

/// Templates by name: what Go's `*template.Template` shares among its associated templates. `Clone` is cheap.
#[derive(Clone, Default, Debug)]
pub struct TemplateSet {
    trees: Arc<BTreeMap<Arc<str>, Arc<Tree>>>,
}

impl TemplateSet {
    /// Parses `text` as the template `name` and adds it and its `define`s, as Go's `New(name).Parse(text)` does
    /// (an empty body does not replace an existing template; a later definition replaces an earlier one).
    ///
    /// `is_function` tells which function names exist; Go's builtins are always known.
    ///
    /// # Errors
    /// Go's parse errors; the set is unchanged then.
    pub fn parse(&mut self, _name: &str, _text: &str, _is_function: &dyn Fn(&str) -> bool) -> Result<(), ParseError> {
        Ok(())
    }
    /// The template of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Tree>> {
        self.trees.get(name)
    }
    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.trees.keys().map(|k| &**k)
    }
}
