//! What the scanner gives to the parser.

use std::borrow::Cow;

/// One token.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub kind: Kind<'a>,
    /// Line of its first character, from zero.
    pub line: u32,
    /// Nesting level of the simple key that may begin with this token.
    pub key_level: Option<usize>,
}

/// The tokens of YAML 1.1. Block starts and ends stand for indentation; `Key` is a `?` or what came before a `:`.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    StreamEnd,
    Version { major: u8, minor: u8 },
    TagDirective(Box<Tag>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    Tag(Box<Tag>),
    Scalar { text: Cow<'a, str>, plain: bool },
}

/// A tag, or a `%TAG` directive: its handle and what follows (the suffix, the prefix).
#[derive(Debug, Default)]
pub(crate) struct Tag {
    pub handle: String,
    pub rest: String,
}
