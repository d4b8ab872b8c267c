//! The table of types without a pointer in it. A program whose tables point into its texts has each of their pages changed
//! and copied when it starts, whatever it starts for; so the table, as it is written, is packed by the compiler.

use super::table;

/// A type as the table has it. Numbers are places in the table.
pub(super) enum Source {
    Struct(&'static str, &'static [SourceField]),
    Pointer(u16),
    List(u16),
    Plain(&'static str),
}

/// A field as the table has it.
pub(super) struct SourceField {
    name: &'static str,
    of: u16,
    strategy: &'static str,
    key: &'static str,
}

pub(super) const fn f(name: &'static str, of: u16) -> SourceField {
    SourceField { name, of, strategy: "", key: "" }
}

pub(super) const fn m(name: &'static str, of: u16, strategy: &'static str, key: &'static str) -> SourceField {
    SourceField { name, of, strategy, key }
}

/// A text by its place in the texts of all.
#[derive(Clone, Copy)]
pub(super) struct Text {
    at: u32,
    len: u32,
}

/// A Go type. Numbers are places in [`types`].
pub(super) enum Type {
    /// The type's name and its fields.
    Struct(Text, Fields),
    Pointer(u16),
    List(u16),
    /// Anything else, by Go's name of its kind.
    Plain(Text),
}

/// Fields by their places among those of all.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    first: usize,
    end: usize,
}

/// A field of a struct.
pub(super) struct Field {
    /// The JSON name.
    pub name: Text,
    /// The type.
    pub of: u16,
    /// The patch strategies, comma separated.
    pub strategy: Text,
    /// The merge key.
    pub key: Text,
}

/// API version, kind and its type.
pub(super) struct Kind(pub Text, pub Text, pub u16);

impl Text {
    pub const EMPTY: Text = Text { at: 0, len: 0 };

    pub fn bytes(self) -> &'static [u8] {
        let (at, len) = (self.at as usize, self.len as usize);
        PACKED.texts.get(at..at + len).unwrap_or_default()
    }

    pub fn get(self) -> &'static str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

impl Fields {
    pub fn get(self) -> &'static [Field] {
        PACKED.fields.get(self.first..self.end).unwrap_or_default()
    }
}

/// All types.
pub(super) fn types() -> &'static [Type] {
    &PACKED.types
}

/// All kinds, sorted.
pub(super) fn kinds() -> &'static [Kind] {
    &PACKED.kinds
}

const TYPES: usize = table::TYPES.len();
const KINDS: usize = table::KINDS.len();
/// How many fields there are, and how long all texts are.
const SIZES: (usize, usize) = sizes();

struct Packed {
    texts: [u8; SIZES.1],
    /// How much of the texts is written.
    written: usize,
    fields: [Field; SIZES.0],
    types: [Type; TYPES],
    kinds: [Kind; KINDS],
}

static PACKED: Packed = pack();

const fn sizes() -> (usize, usize) {
    let (mut fields, mut texts, mut i) = (0, 0, 0);
    while i < TYPES {
        match &table::TYPES[i] {
            Source::Struct(name, of) => {
                fields += of.len();
                texts += name.len();
                let mut j = 0;
                while j < of.len() {
                    texts += of[j].name.len() + of[j].strategy.len() + of[j].key.len();
                    j += 1;
                }
            }
            Source::Plain(name) => texts += name.len(),
            Source::Pointer(_) | Source::List(_) => {}
        }
        i += 1;
    }
    i = 0;
    while i < KINDS {
        texts += table::KINDS[i].0.len() + table::KINDS[i].1.len();
        i += 1;
    }
    (fields, texts)
}

impl Packed {
    const fn add(&mut self, text: &str) -> Text {
        let (_, free) = self.texts.split_at_mut(self.written);
        let (place, _) = free.split_at_mut(text.len());
        place.copy_from_slice(text.as_bytes());
        let at = self.written as u32;
        self.written += text.len();
        Text { at, len: text.len() as u32 }
    }
}

const fn pack() -> Packed {
    let mut packed = Packed {
        texts: [0; SIZES.1],
        written: 0,
        fields: [const { Field { name: Text::EMPTY, of: 0, strategy: Text::EMPTY, key: Text::EMPTY } }; SIZES.0],
        types: [const { Type::Pointer(0) }; TYPES],
        kinds: [const { Kind(Text::EMPTY, Text::EMPTY, 0) }; KINDS],
    };
    let (mut next, mut i) = (0, 0);
    while i < TYPES {
        packed.types[i] = match &table::TYPES[i] {
            Source::Struct(name, of) => {
                let (first, mut j) = (next, 0);
                while j < of.len() {
                    let SourceField { name, of, strategy, key } = &of[j];
                    let (name, strategy, key) = (packed.add(name), packed.add(strategy), packed.add(key));
                    packed.fields[next] = Field { name, of: *of, strategy, key };
                    next += 1;
                    j += 1;
                }
                Type::Struct(packed.add(name), Fields { first, end: next })
            }
            Source::Pointer(to) => Type::Pointer(*to),
            Source::List(of) => Type::List(*of),
            Source::Plain(kind) => Type::Plain(packed.add(kind)),
        };
        i += 1;
    }
    i = 0;
    while i < KINDS {
        let (version, kind, of) = &table::KINDS[i];
        packed.kinds[i] = Kind(packed.add(version), packed.add(kind), *of);
        i += 1;
    }
    packed
}
