//! Tokens to events: the grammar of YAML 1.1 as a state machine, so that depth costs no stack.

use crate::error::YamlError;
use crate::reader::Input;
use crate::scan::{Kind, Scanner, Tag, Token};
use std::borrow::Cow;

/// One step through a document.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias { name: &'a str, line: u32 },
    Scalar { head: Head<'a>, text: Cow<'a, str>, implicit: bool },
    SequenceStart(Head<'a>),
    SequenceEnd,
    MappingStart(Head<'a>),
    MappingEnd,
}

/// What stands before a node.
#[derive(Debug, Default)]
pub(crate) struct Head<'a> {
    pub anchor: Option<&'a str>,
    /// The whole tag; empty when there is none.
    pub tag: String,
    /// Line on which the node begins, from zero.
    pub line: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirst,
    BlockSequenceEntry,
    IndentlessSequenceEntry,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequenceEntry,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

/// Which node may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow,
    Block,
    /// As `Block`, and a sequence whose dashes are not indented.
    BlockOrIndentless,
}

const YAML_PREFIX: &str = "tag:yaml.org,2002:";

/// The parser.
pub(crate) struct Events<'a> {
    scanner: Scanner<'a>,
    state: State,
    /// Where to go on when a node is finished.
    states: Vec<State>,
    /// `%TAG` directives of the document, and the two that always hold.
    directives: Vec<Tag>,
}

type Step<'a> = Result<Event<'a>, YamlError>;

impl<'a> Events<'a> {
    pub(crate) fn new(input: &'a Input<'_>) -> Events<'a> {
        Events {
            scanner: Scanner::new(input),
            state: State::ImplicitDocumentStart,
            states: Vec::with_capacity(16),
            directives: Vec::new(),
        }
    }

    /// The next event; at the end `StreamEnd` again and again.
    pub(crate) fn next(&mut self) -> Step<'a> {
        match self.state {
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Place::Block),
            State::BlockSequenceFirst => self.first(Self::block_sequence_entry),
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingFirst => self.first(Self::block_mapping_key),
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => self.first(|p| p.flow_sequence_entry(true)),
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => {
                self.scanner.peek()?;
                self.state = State::FlowSequenceEntry;
                Ok(Event::MappingEnd)
            }
            State::FlowMappingFirst => self.first(|p| p.flow_mapping_key(true)),
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => {
                let line = self.line()?;
                self.empty(State::FlowMappingKey, line)
            }
            State::End => Ok(Event::StreamEnd),
        }
    }

    /// Takes the token that opens a collection and goes on with its first entry.
    fn first(&mut self, entry: impl FnOnce(&mut Self) -> Step<'a>) -> Step<'a> {
        self.scanner.take()?;
        entry(self)
    }

    fn peek(&mut self) -> Result<&Kind<'a>, YamlError> {
        self.scanner.peek().map(|t| &t.kind)
    }

    fn line(&mut self) -> Result<u32, YamlError> {
        self.scanner.peek().map(|t| t.line)
    }

    fn fail(&mut self, problem: &'static str) -> Step<'a> {
        let line = self.line()?;
        Err(YamlError::parse(line, problem))
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    /// Takes the closing token.
    fn close(&mut self, event: Event<'a>) -> Step<'a> {
        self.pop();
        self.scanner.take()?;
        Ok(event)
    }

    /// A scalar that is not there.
    fn empty(&mut self, next: State, line: u32) -> Step<'a> {
        self.state = next;
        let head = Head { line, ..Head::default() };
        Ok(Event::Scalar { head, text: Cow::Borrowed(""), implicit: true })
    }

    /// Parses a node and goes on in `then` after it.
    fn node_then(&mut self, then: State, place: Place) -> Step<'a> {
        self.states.push(then);
        self.node(place)
    }

    // --- documents ------------------------------------------------------------------------------------------------

    fn document_start(&mut self, implicit: bool) -> Step<'a> {
        if !implicit {
            while matches!(self.peek()?, Kind::DocumentEnd) {
                self.scanner.take()?;
            }
        }
        match self.peek()? {
            Kind::StreamEnd => {
                self.state = State::End;
                return Ok(Event::StreamEnd);
            }
            Kind::Version { .. } | Kind::TagDirective(_) | Kind::DocumentStart => {}
            _ if implicit => {
                self.default_directives();
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                return Ok(Event::DocumentStart);
            }
            _ => {}
        }
        self.read_directives()?;
        if !matches!(self.peek()?, Kind::DocumentStart) {
            return self.fail("did not find expected <document start>");
        }
        self.scanner.take()?;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(Event::DocumentStart)
    }

    fn read_directives(&mut self) -> Result<(), YamlError> {
        let mut version_seen = false;
        while matches!(self.peek()?, Kind::Version { .. } | Kind::TagDirective(_)) {
            let token = self.scanner.take()?;
            let problem = match token.kind {
                Kind::Version { .. } if version_seen => "found duplicate %YAML directive",
                Kind::Version { major: 1, minor: 1 } => {
                    version_seen = true;
                    continue;
                }
                Kind::TagDirective(tag) if !self.directives.iter().any(|d| d.handle == tag.handle) => {
                    self.directives.push(*tag);
                    continue;
                }
                Kind::TagDirective(_) => "found duplicate %TAG directive",
                _ => "found incompatible YAML document",
            };
            return Err(YamlError::parse(token.line, problem));
        }
        self.default_directives();
        Ok(())
    }

    fn default_directives(&mut self) {
        for (handle, rest) in [("!", "!"), ("!!", YAML_PREFIX)] {
            if !self.directives.iter().any(|d| d.handle == handle) {
                self.directives.push(Tag { handle: handle.to_owned(), rest: rest.to_owned() });
            }
        }
    }

    fn document_content(&mut self) -> Step<'a> {
        match self.peek()? {
            Kind::Version { .. }
            | Kind::TagDirective(_)
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::StreamEnd => {
                let line = self.line()?;
                self.pop();
                self.empty(self.state, line)
            }
            _ => self.node(Place::Block),
        }
    }

    fn document_end(&mut self) -> Step<'a> {
        if matches!(self.peek()?, Kind::DocumentEnd) {
            self.scanner.take()?;
        }
        self.directives.clear();
        self.state = State::DocumentStart;
        Ok(Event::DocumentEnd)
    }

    // --- nodes ----------------------------------------------------------------------------------------------------

    fn node(&mut self, place: Place) -> Step<'a> {
        if let Kind::Alias(name) = *self.peek()? {
            self.pop();
            let line = self.scanner.take()?.line;
            return Ok(Event::Alias { name, line });
        }
        let head = self.head()?;
        let block = place != Place::Flow;
        match self.peek()? {
            Kind::BlockEntry if place == Place::BlockOrIndentless => {
                self.state = State::IndentlessSequenceEntry;
                return Ok(Event::SequenceStart(head));
            }
            Kind::Scalar { .. } => return self.scalar(head),
            Kind::FlowSequenceStart => {
                self.state = State::FlowSequenceFirst;
                return Ok(Event::SequenceStart(head));
            }
            Kind::FlowMappingStart => {
                self.state = State::FlowMappingFirst;
                return Ok(Event::MappingStart(head));
            }
            Kind::BlockSequenceStart if block => {
                self.state = State::BlockSequenceFirst;
                return Ok(Event::SequenceStart(head));
            }
            Kind::BlockMappingStart if block => {
                self.state = State::BlockMappingFirst;
                return Ok(Event::MappingStart(head));
            }
            _ => {}
        }
        if head.anchor.is_some() || !head.tag.is_empty() {
            self.pop();
            let implicit = head.tag.is_empty();
            return Ok(Event::Scalar { head, text: Cow::Borrowed(""), implicit });
        }
        self.fail("did not find expected node content")
    }

    fn scalar(&mut self, head: Head<'a>) -> Step<'a> {
        self.pop();
        match self.scanner.take()?.kind {
            Kind::Scalar { text, plain } => {
                let implicit = (head.tag.is_empty() && plain) || head.tag == "!";
                Ok(Event::Scalar { head, text, implicit })
            }
            _ => self.fail("did not find expected node content"),
        }
    }

    /// Reads anchor and tag, in any order, and the line of what comes first.
    fn head(&mut self) -> Result<Head<'a>, YamlError> {
        let mut head = Head { line: self.line()?, ..Head::default() };
        let mut tag = None;
        loop {
            match self.peek()? {
                Kind::Anchor(name) if head.anchor.is_none() => {
                    head.anchor = Some(name);
                    self.scanner.take()?;
                }
                Kind::Tag(_) if tag.is_none() => tag = Some(self.scanner.take()?),
                _ => break,
            }
        }
        if let Some(Token { kind: Kind::Tag(tag), line, .. }) = tag {
            head.tag = self.expand(*tag, line)?;
        }
        Ok(head)
    }

    /// The whole tag: its handle's prefix and its suffix.
    fn expand(&self, tag: Tag, line: u32) -> Result<String, YamlError> {
        if tag.handle.is_empty() {
            return Ok(tag.rest);
        }
        match self.directives.iter().find(|d| d.handle == tag.handle) {
            Some(directive) => Ok(format!("{}{}", directive.rest, tag.rest)),
            None => Err(YamlError::parse(line, "found undefined tag handle")),
        }
    }

    // --- block collections ----------------------------------------------------------------------------------------

    fn block_sequence_entry(&mut self) -> Step<'a> {
        match self.peek()? {
            Kind::BlockEntry => {
                let line = self.scanner.take()?.line;
                match self.peek()? {
                    Kind::BlockEntry | Kind::BlockEnd => self.empty(State::BlockSequenceEntry, line),
                    _ => self.node_then(State::BlockSequenceEntry, Place::Block),
                }
            }
            Kind::BlockEnd => self.close(Event::SequenceEnd),
            _ => self.fail("did not find expected '-' indicator"),
        }
    }

    fn indentless_sequence_entry(&mut self) -> Step<'a> {
        if !matches!(self.peek()?, Kind::BlockEntry) {
            self.pop();
            return Ok(Event::SequenceEnd);
        }
        let line = self.scanner.take()?.line;
        match self.peek()? {
            Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => {
                self.empty(State::IndentlessSequenceEntry, line)
            }
            _ => self.node_then(State::IndentlessSequenceEntry, Place::Block),
        }
    }

    fn block_mapping_key(&mut self) -> Step<'a> {
        match self.peek()? {
            Kind::Key => {
                let line = self.scanner.take()?.line;
                self.block_mapping_node(line, State::BlockMappingValue)
            }
            Kind::BlockEnd => self.close(Event::MappingEnd),
            _ => self.fail("did not find expected key"),
        }
    }

    fn block_mapping_value(&mut self) -> Step<'a> {
        let line = self.line()?;
        if !matches!(self.peek()?, Kind::Value) {
            return self.empty(State::BlockMappingKey, line);
        }
        self.scanner.take()?;
        self.block_mapping_node(line, State::BlockMappingKey)
    }

    fn block_mapping_node(&mut self, line: u32, then: State) -> Step<'a> {
        match self.peek()? {
            Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(then, line),
            _ => self.node_then(then, Place::BlockOrIndentless),
        }
    }

    // --- flow collections -----------------------------------------------------------------------------------------

    fn flow_sequence_entry(&mut self, first: bool) -> Step<'a> {
        if !first && !matches!(self.peek()?, Kind::FlowSequenceEnd) {
            if !matches!(self.peek()?, Kind::FlowEntry) {
                return self.fail("did not find expected ',' or ']'");
            }
            self.scanner.take()?;
        }
        match self.peek()? {
            Kind::FlowSequenceEnd => self.close(Event::SequenceEnd),
            Kind::Key => {
                let line = self.scanner.take()?.line;
                self.state = State::FlowPairKey;
                Ok(Event::MappingStart(Head { line, ..Head::default() }))
            }
            _ => self.node_then(State::FlowSequenceEntry, Place::Flow),
        }
    }

    fn flow_pair_key(&mut self) -> Step<'a> {
        match self.peek()? {
            // HELM: libyaml takes the token here, so that a pair without key loses what follows.
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                let line = self.scanner.take()?.line;
                self.empty(State::FlowPairValue, line)
            }
            _ => self.node_then(State::FlowPairValue, Place::Flow),
        }
    }

    fn flow_pair_value(&mut self) -> Step<'a> {
        let line = self.line()?;
        if matches!(self.peek()?, Kind::Value) {
            self.scanner.take()?;
            if !matches!(self.peek()?, Kind::FlowEntry | Kind::FlowSequenceEnd) {
                return self.node_then(State::FlowPairEnd, Place::Flow);
            }
        }
        self.empty(State::FlowPairEnd, line)
    }

    fn flow_mapping_key(&mut self, first: bool) -> Step<'a> {
        if !first && !matches!(self.peek()?, Kind::FlowMappingEnd) {
            if !matches!(self.peek()?, Kind::FlowEntry) {
                return self.fail("did not find expected ',' or '}'");
            }
            self.scanner.take()?;
        }
        match self.peek()? {
            Kind::FlowMappingEnd => self.close(Event::MappingEnd),
            Kind::Key => {
                self.scanner.take()?;
                match self.peek()? {
                    Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => {
                        let line = self.line()?;
                        self.empty(State::FlowMappingValue, line)
                    }
                    _ => self.node_then(State::FlowMappingValue, Place::Flow),
                }
            }
            _ => self.node_then(State::FlowMappingEmptyValue, Place::Flow),
        }
    }

    fn flow_mapping_value(&mut self) -> Step<'a> {
        if matches!(self.peek()?, Kind::Value) {
            self.scanner.take()?;
            if !matches!(self.peek()?, Kind::FlowEntry | Kind::FlowMappingEnd) {
                return self.node_then(State::FlowMappingKey, Place::Flow);
            }
        }
        let line = self.line()?;
        self.empty(State::FlowMappingKey, line)
    }
}
