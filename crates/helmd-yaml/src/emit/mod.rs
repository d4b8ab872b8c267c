//! Values to YAML text in go-yaml's layout.
//!
//! [`Emitter`] knows where it is on the page and how libyaml's emitter breaks and indents; `scalar` chooses the style of
//! scalars and writes them; `walk` goes through values; `keys` has go-yaml's order of keys.

mod keys;
mod scalar;
mod walk;

pub(crate) use keys::is_letter;
pub use walk::{json_to_yaml, to_yaml, to_yaml_pretty, to_yaml_pretty_within, to_yaml_within};

/// Whose layout it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// go-yaml version 2, as `sigs.k8s.io/yaml` uses it: lines fold at 80 columns, sequences in mappings do not indent.
    V2,
    /// go-yaml version 3 with an indent of two: no folding, sequences in mappings indent.
    V3,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Root,
    Item,
    /// A key on one line with its colon.
    SimpleKey,
    /// A mapping's value, or a key after `? `.
    InMapping,
}

/// Column after which version 2 folds lines.
const WIDTH: usize = 80;

/// The page.
pub(crate) struct Emitter {
    out: Vec<u8>,
    style: Style,
    /// In characters.
    column: usize,
    /// Indentation of the current collection; -1 outside of any.
    indent: isize,
    /// Whether the last character was white space.
    whitespace: bool,
    /// Whether there was nothing but indentation and indicators on this line.
    indention: bool,
}

impl Emitter {
    pub(crate) fn new(style: Style, capacity: usize) -> Emitter {
        Emitter { out: Vec::with_capacity(capacity), style, column: 0, indent: -1, whitespace: true, indention: true }
    }

    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// Bytes written so far.
    pub(crate) fn length(&self) -> usize {
        self.out.len()
    }

    /// Ends the document and gives the text.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.write_indent();
        self.out
    }

    fn put(&mut self, byte: u8) {
        self.out.push(byte);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push(b'\n');
        self.column = 0;
        if self.style == Style::V3 {
            self.indention = true;
        }
    }

    /// Goes to the indentation, on a new line unless it is reached on this one.
    fn write_indent(&mut self) {
        let indent = self.indent.max(0) as usize;
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        if self.column < indent {
            self.out.resize(self.out.len() + indent - self.column, b' ');
            self.column = indent;
        }
        self.whitespace = true;
        if self.style == Style::V2 {
            self.indention = true;
        }
    }

    /// Writes an indicator that needs white space before it.
    fn indicator(&mut self, text: &[u8], indention: bool) {
        if !self.whitespace {
            self.put(b' ');
        }
        self.close(text, indention);
    }

    /// Writes an indicator that needs no white space before it.
    fn close(&mut self, text: &[u8], indention: bool) {
        self.out.extend_from_slice(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention = self.indention && indention;
    }

    fn deeper(&mut self, indentless: bool) -> isize {
        let before = self.indent;
        if self.indent < 0 {
            self.indent = 0;
        } else if !indentless {
            self.indent += 2;
        }
        before
    }

    /// An empty sequence or mapping.
    pub(crate) fn empty(&mut self, brackets: &[u8; 2]) {
        self.indicator(brackets, false);
    }

    /// Begins a block sequence that is not empty; the result goes to [`Emitter::end`].
    pub(crate) fn begin_sequence(&mut self, place: Place) -> isize {
        let indentless = self.style == Style::V2 && place == Place::InMapping && !self.indention;
        self.deeper(indentless)
    }

    /// Goes to the next item.
    pub(crate) fn item(&mut self) {
        self.write_indent();
        self.indicator(b"-", true);
    }

    /// Begins a block mapping that is not empty; the result goes to [`Emitter::end`].
    pub(crate) fn begin_mapping(&mut self) -> isize {
        self.deeper(false)
    }

    /// Writes a key with its colon.
    pub(crate) fn key(&mut self, key: &str) {
        self.write_indent();
        let look = scalar::look_at(key);
        if !look.multiline && key.len() <= scalar::MAX_SIMPLE_KEY {
            self.string(key, &look, Place::SimpleKey);
            self.close(b":", false);
        } else {
            self.indicator(b"?", true);
            self.string(key, &look, Place::InMapping);
            self.write_indent();
            self.indicator(b":", true);
        }
    }

    /// Ends a sequence or mapping.
    pub(crate) fn end(&mut self, before: isize) {
        self.indent = before;
    }
}
