//! Text to tokens: YAML 1.1 as libyaml and its Go port scan it, mistakes included.
//!
//! This file holds the position, the token queue and everything about indentation and simple keys; the child modules scan
//! the longer tokens. A simple key is a key without `?`: whether a scalar was one is known only when its `:` comes, so
//! tokens wait in the queue until that is settled.

mod block;
mod plain;
mod quoted;
mod tag;
mod token;

pub(crate) use token::{Kind, Tag, Token};

use crate::error::YamlError;
use crate::reader::Input;
use std::cell::Cell;
use std::collections::VecDeque;

/// Deepest nesting of flow collections, and of block collections. HELM: go-yaml's own limits.
const MAX_DEPTH: usize = 10_000;
const TOO_DEEP: &str = "exceeded max depth of 10000";

/// A simple key has at most this many characters. HELM: go-yaml's limit, from the YAML specification.
const MAX_SIMPLE_KEY: usize = 1024;

/// A place where a simple key may begin; one per flow level.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// Nothing but a key can stand there.
    required: bool,
    /// Number of its first token, counted from the start of the stream.
    token: usize,
    index: usize,
    line: u32,
    column: usize,
}

/// The scanner.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    broken: Option<&'static str>,
    /// Whether something looked beyond the end of the text.
    ran_out: Cell<bool>,
    marked: usize,
    /// Byte position.
    pos: usize,
    /// Bytes before `pos` that do not begin a character.
    wide: usize,
    line: u32,
    /// Index of the first character of this line.
    line_index: usize,
    queue: VecDeque<Token<'a>>,
    /// Number of tokens that have left the queue.
    taken: usize,
    keys: Vec<SimpleKey>,
    key_allowed: bool,
    /// Column of the current block collection; -1 outside of any.
    indent: isize,
    indents: Vec<isize>,
    ended: bool,
}

/// What white space and line breaks between the words of a scalar come to.
#[derive(Default)]
struct Fold {
    /// The first line break.
    first: String,
    /// The line breaks after it.
    more: String,
}

impl Fold {
    /// Appends the folded breaks: one alone is a space. Line and paragraph separators are kept.
    fn join(&mut self, out: &mut String) {
        if self.first.starts_with('\n') {
            if self.more.is_empty() {
                out.push(' ');
            }
        } else {
            out.push_str(&self.first);
        }
        out.push_str(&self.more);
        self.first.clear();
        self.more.clear();
    }
}

/// Bytes that do not begin a character.
fn continuing(run: &[u8]) -> usize {
    run.iter().filter(|b| **b & 0xc0 == 0x80).count()
}

type Scan<T> = Result<T, YamlError>;

impl<'a> Scanner<'a> {
    pub(crate) fn new(input: &'a Input<'_>) -> Scanner<'a> {
        Scanner {
            text: &input.text,
            broken: input.broken,
            ran_out: Cell::new(false),
            marked: input.marked,
            pos: 0,
            wide: 0,
            line: 0,
            line_index: 0,
            queue: VecDeque::with_capacity(16),
            taken: 0,
            keys: vec![SimpleKey::default()],
            key_allowed: true,
            indent: -1,
            indents: Vec::new(),
            ended: false,
        }
    }

    /// The next token, which stays. After the end of the stream there is always another end.
    pub(crate) fn peek(&mut self) -> Scan<&Token<'a>> {
        while self.needs_more()? {
            self.fetch()?;
        }
        if self.queue.is_empty() {
            self.push(Kind::StreamEnd, self.line);
        }
        // The queue cannot be empty here; the error is for the compiler.
        self.queue.front().ok_or_else(|| YamlError::read("unknown problem parsing YAML content"))
    }

    /// Takes the token that `peek` has shown.
    pub(crate) fn take(&mut self) -> Scan<Token<'a>> {
        self.peek()?;
        self.taken += 1;
        self.queue.pop_front().ok_or_else(|| YamlError::read("unknown problem parsing YAML content"))
    }

    /// Whether the first token may still turn out to begin a key, or there is none.
    fn needs_more(&mut self) -> Scan<bool> {
        let Some(front) = self.queue.front() else { return Ok(!self.ended) };
        let Some(level) = front.key_level else { return Ok(false) };
        match self.keys.get(level).copied() {
            Some(key) if key.possible && key.token == self.taken => self.still_valid(level),
            _ => Ok(false),
        }
    }

    // --- position -------------------------------------------------------------------------------------------------

    /// The byte `ahead` of the position; 0 at the end, which no text contains.
    fn at(&self, ahead: usize) -> u8 {
        match self.text.as_bytes().get(self.pos + ahead) {
            Some(byte) => *byte,
            None => {
                self.ran_out.set(true);
                0
            }
        }
    }

    fn index(&self) -> usize {
        self.pos - self.wide
    }

    fn column(&self) -> usize {
        self.index() - self.line_index
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.at(ahead), b' ' | b'\t')
    }

    /// Length of the line break `ahead`; 0 when there is none. CR LF counts as one.
    fn break_len(&self, ahead: usize) -> usize {
        match self.at(ahead) {
            b'\n' => 1,
            b'\r' if self.at(ahead + 1) == b'\n' => 2,
            b'\r' => 1,
            0xc2 if self.at(ahead + 1) == 0x85 => 2,
            0xe2 if self.at(ahead + 1) == 0x80 && matches!(self.at(ahead + 2), 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    fn is_breakz(&self, ahead: usize) -> bool {
        match self.at(ahead) {
            0 | b'\n' | b'\r' => true,
            0xc2 | 0xe2 => self.break_len(ahead) > 0,
            _ => false,
        }
    }

    fn is_blankz(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_breakz(ahead)
    }

    /// Goes over ASCII characters.
    fn skip(&mut self, n: usize) {
        self.pos = (self.pos + n).min(self.text.len());
    }

    /// Goes to the byte position `to` on the same line.
    fn skip_to(&mut self, to: usize) {
        let run = self.text.as_bytes().get(self.pos..to).unwrap_or_default();
        self.wide += if run.is_ascii() { 0 } else { continuing(run) };
        self.pos = to;
    }

    fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.pos += 1;
        }
    }

    /// Goes to the end of the line.
    fn skip_comment(&mut self) {
        let start = self.pos;
        let bytes = self.text.as_bytes();
        let line = memchr::memchr2(b'\n', b'\r', bytes.get(start..).unwrap_or_default());
        let end = line.map_or(bytes.len(), |length| start + length);
        if bytes.get(start..end).is_some_and(<[u8]>::is_ascii) {
            self.pos = end;
            return;
        }
        let mut to = start;
        while let Some(b) = bytes.get(to) {
            match b {
                b'\n' | b'\r' => break,
                0xc2 | 0xe2 if self.break_len(to - start) > 0 => break,
                _ => to += 1,
            }
        }
        self.skip_to(to);
    }

    /// Goes over a line break and says how it reads: line feed, or the separator itself. `None` when there is no break.
    fn take_break(&mut self) -> Option<&'a str> {
        let n = self.break_len(0);
        let read = match (n, self.at(0)) {
            (0, _) => return None,
            (3, _) => {
                self.wide += 2;
                self.text.get(self.pos..self.pos + 3).unwrap_or("\n")
            }
            (2, 0xc2) => {
                self.wide += 1;
                "\n"
            }
            _ => "\n",
        };
        self.pos += n;
        self.line += 1;
        self.line_index = self.index();
        Some(read)
    }

    /// Whether a line begins here with `---` or `...`.
    fn at_document_indicator(&self) -> bool {
        matches!((self.at(0), self.at(1), self.at(2)), (b'-', b'-', b'-') | (b'.', b'.', b'.'))
            && self.is_blankz(3)
            && self.column() == 0
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn fail<T>(&self, problem: &'static str) -> Scan<T> {
        Err(YamlError::scan(self.line, problem))
    }

    // --- queue and simple keys ------------------------------------------------------------------------------------

    fn push(&mut self, kind: Kind<'a>, line: u32) {
        self.queue.push_back(Token { kind, line, key_level: None });
    }

    /// Whether the possible key at `level` can still become one: it must be short and on one line.
    fn still_valid(&mut self, level: usize) -> Scan<bool> {
        let (line, index) = (self.line, self.index());
        let Some(key) = self.keys.get_mut(level) else { return Ok(false) };
        if !key.possible {
            return Ok(false);
        }
        if key.line < line || key.index + MAX_SIMPLE_KEY < index {
            if key.required {
                return self.fail("could not find expected ':'");
            }
            key.possible = false;
        }
        Ok(self.keys.get(level).is_some_and(|k| k.possible))
    }

    /// Notes that the next token may begin a simple key. Gives the level to be put on that token.
    fn save_key(&mut self) -> Scan<Option<usize>> {
        if !self.key_allowed {
            return Ok(None);
        }
        let key = SimpleKey {
            possible: true,
            required: self.keys.len() == 1 && self.indent == self.column() as isize,
            token: self.taken + self.queue.len(),
            index: self.index(),
            line: self.line,
            column: self.column(),
        };
        self.drop_key()?;
        let level = self.keys.len().saturating_sub(1);
        if let Some(slot) = self.keys.last_mut() {
            *slot = key;
        }
        Ok(Some(level))
    }

    /// Gives up the possible key of this level.
    fn drop_key(&mut self) -> Scan<()> {
        if let Some(key) = self.keys.last_mut()
            && key.possible
        {
            if key.required {
                return self.fail("could not find expected ':'");
            }
            key.possible = false;
        }
        Ok(())
    }

    fn in_flow(&self) -> bool {
        self.keys.len() > 1
    }

    /// Begins a block collection when `column` is deeper than the current one; its token goes to `place` in the queue.
    fn roll_indent(&mut self, column: usize, place: usize, line: u32, kind: Kind<'a>) -> Scan<()> {
        if self.in_flow() || self.indent >= column as isize {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column as isize;
        if self.indents.len() > MAX_DEPTH {
            return self.fail(TOO_DEEP);
        }
        let place = place.min(self.queue.len());
        self.queue.insert(place, Token { kind, line, key_level: None });
        Ok(())
    }

    /// Ends the block collections that are deeper than `column`.
    fn unroll_indent(&mut self, column: isize) {
        while !self.in_flow() && self.indent > column {
            self.push(Kind::BlockEnd, self.line);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    // --- dispatch -------------------------------------------------------------------------------------------------

    /// Scans one more token into the queue; a broken reader speaks up where go-yaml would read on.
    fn fetch(&mut self) -> Scan<()> {
        let result = self.fetch_token();
        match self.broken {
            Some(problem) if self.ran_out.get() => Err(YamlError::read(problem)),
            _ => result,
        }
    }

    fn fetch_token(&mut self) -> Scan<()> {
        self.skip_to_token();
        self.unroll_indent(self.column() as isize);
        if let Some(problem) = self.broken
            && self.text.get(self.pos..).is_none_or(|rest| rest.chars().take(4).count() < 4)
        {
            return Err(YamlError::read(problem));
        }
        let flow = self.in_flow();
        match self.at(0) {
            0 => self.stream_end(),
            b'%' if self.column() == 0 => self.directive(),
            b'-' | b'.' if self.at_document_indicator() => self.document_indicator(),
            b'[' => self.flow_start(Kind::FlowSequenceStart),
            b'{' => self.flow_start(Kind::FlowMappingStart),
            b']' => self.flow_end(Kind::FlowSequenceEnd),
            b'}' => self.flow_end(Kind::FlowMappingEnd),
            b',' => self.flow_entry(),
            b'-' if self.is_blankz(1) => self.block_entry(),
            b'?' if flow || self.is_blankz(1) => self.complex_key(),
            b':' if flow || self.is_blankz(1) => self.value(),
            b'*' => self.with_key(|s| s.scan_anchor().map(Kind::Alias)),
            b'&' => self.with_key(|s| s.scan_anchor().map(Kind::Anchor)),
            b'!' => self.with_key(|s| s.scan_tag().map(|t| Kind::Tag(Box::new(t)))),
            b'|' | b'>' if !flow => self.block_scalar(),
            b'\'' => self.with_key(|s| s.scan_single_quoted().map(|text| Kind::Scalar { text, plain: false })),
            b'"' => self.with_key(|s| s.scan_double_quoted().map(|text| Kind::Scalar { text, plain: false })),
            b'-' if !self.is_blank(1) => self.plain_scalar(),
            b'?' | b':' if !flow && !self.is_blankz(1) => self.plain_scalar(),
            b'\t' | b'-' | b'?' | b':' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                self.fail("found character that cannot start any token")
            }
            _ => self.plain_scalar(),
        }
    }

    /// Goes over white space, comments and line breaks.
    fn skip_to_token(&mut self) {
        loop {
            // HELM: go-yaml looks for the byte order mark at the start of its buffer, wherever it reads in it.
            if self.column() == 0 && self.pos < self.marked {
                let n = self.text.get(self.pos..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
                self.skip_to(self.pos + n);
            }
            // Tabs do not indent: they are white space only where no key can begin.
            while self.at(0) == b' ' || (self.at(0) == b'\t' && (self.in_flow() || !self.key_allowed)) {
                self.pos += 1;
            }
            if self.at(0) == b'#' {
                self.skip_comment();
            }
            if self.take_break().is_none() {
                return;
            }
            if !self.in_flow() {
                self.key_allowed = true;
            }
        }
    }

    fn stream_end(&mut self) -> Scan<()> {
        if self.column() != 0 {
            self.line += 1;
            self.line_index = self.index();
        }
        self.unroll_indent(-1);
        self.drop_key()?;
        self.key_allowed = false;
        self.ended = true;
        self.push(Kind::StreamEnd, self.line);
        Ok(())
    }

    fn document_indicator(&mut self) -> Scan<()> {
        self.unroll_indent(-1);
        self.drop_key()?;
        self.key_allowed = false;
        let kind = if self.at(0) == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd };
        self.push(kind, self.line);
        self.skip(3);
        Ok(())
    }

    fn directive(&mut self) -> Scan<()> {
        self.unroll_indent(-1);
        self.drop_key()?;
        self.key_allowed = false;
        let line = self.line;
        let kind = self.scan_directive()?;
        self.push(kind, line);
        Ok(())
    }

    fn flow_start(&mut self, kind: Kind<'a>) -> Scan<()> {
        let key_level = self.save_key()?;
        self.keys.push(SimpleKey { token: self.taken + self.queue.len(), ..SimpleKey::default() });
        if self.keys.len() - 1 > MAX_DEPTH {
            return self.fail(TOO_DEEP);
        }
        self.key_allowed = true;
        self.queue.push_back(Token { kind, line: self.line, key_level });
        self.skip(1);
        Ok(())
    }

    fn flow_end(&mut self, kind: Kind<'a>) -> Scan<()> {
        self.drop_key()?;
        if self.in_flow()
            && let Some(level) = self.keys.pop()
            && let Some(token) = level.token.checked_sub(self.taken).and_then(|i| self.queue.get_mut(i))
        {
            // HELM: a level without any key goes by its own first token, and so go-yaml forgets here that this token
            // may begin a key: `{}: a` is an empty mapping and what follows is not read.
            token.key_level = None;
        }
        self.key_allowed = false;
        self.push(kind, self.line);
        self.skip(1);
        Ok(())
    }

    fn flow_entry(&mut self) -> Scan<()> {
        self.drop_key()?;
        self.key_allowed = true;
        self.push(Kind::FlowEntry, self.line);
        self.skip(1);
        Ok(())
    }

    fn block_entry(&mut self) -> Scan<()> {
        if !self.in_flow() {
            if !self.key_allowed {
                return self.fail("block sequence entries are not allowed in this context");
            }
            self.roll_indent(self.column(), usize::MAX, self.line, Kind::BlockSequenceStart)?;
        }
        self.drop_key()?;
        self.key_allowed = true;
        self.push(Kind::BlockEntry, self.line);
        self.skip(1);
        Ok(())
    }

    fn complex_key(&mut self) -> Scan<()> {
        if !self.in_flow() {
            if !self.key_allowed {
                return self.fail("mapping keys are not allowed in this context");
            }
            self.roll_indent(self.column(), usize::MAX, self.line, Kind::BlockMappingStart)?;
        }
        self.drop_key()?;
        self.key_allowed = !self.in_flow();
        self.push(Kind::Key, self.line);
        self.skip(1);
        Ok(())
    }

    fn value(&mut self) -> Scan<()> {
        let level = self.keys.len().saturating_sub(1);
        if self.still_valid(level)? {
            let key = self.keys.get(level).copied().unwrap_or_default();
            // The key's tokens may have been taken already, see `flow_end`.
            let place = key.token.checked_sub(self.taken).map_or(self.queue.len(), |n| n.min(self.queue.len()));
            self.queue.insert(place, Token { kind: Kind::Key, line: key.line, key_level: None });
            let place = if key.token < self.taken { usize::MAX } else { place };
            self.roll_indent(key.column, place, key.line, Kind::BlockMappingStart)?;
            if let Some(key) = self.keys.last_mut() {
                key.possible = false;
            }
            self.key_allowed = false;
        } else {
            if !self.in_flow() {
                if !self.key_allowed {
                    return self.fail("mapping values are not allowed in this context");
                }
                self.roll_indent(self.column(), usize::MAX, self.line, Kind::BlockMappingStart)?;
            }
            self.key_allowed = !self.in_flow();
        }
        self.push(Kind::Value, self.line);
        self.skip(1);
        Ok(())
    }

    /// Scans a token that may begin a simple key and that no other key may follow.
    fn with_key(&mut self, scan: impl FnOnce(&mut Self) -> Scan<Kind<'a>>) -> Scan<()> {
        let key_level = self.save_key()?;
        self.key_allowed = false;
        let line = self.line;
        let kind = scan(self)?;
        self.queue.push_back(Token { kind, line, key_level });
        Ok(())
    }

    fn plain_scalar(&mut self) -> Scan<()> {
        self.with_key(|s| s.scan_plain().map(|text| Kind::Scalar { text, plain: true }))
    }

    fn block_scalar(&mut self) -> Scan<()> {
        self.drop_key()?;
        self.key_allowed = true;
        let line = self.line;
        let text = self.scan_block()?;
        self.push(Kind::Scalar { text: text.into(), plain: false }, line);
        Ok(())
    }
}
