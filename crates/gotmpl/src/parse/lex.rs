//! Template text to tokens.

use super::letters::is_alphanumeric;
use super::node::Span;
use crate::strconv::utf8::{decode_last_rune, decode_rune};
use crate::value::Value;
use memchr::memmem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    fn is_keyword(self) -> bool {
        use Kind::{Block, Break, Continue, Define, Dot, Else, End, If, Nil, Range, Template, With};
        matches!(self, Block | Break | Continue | Dot | Define | Else | End | If | Nil | Range | Template | With)
    }
}

fn keyword(word: &[u8]) -> Option<Kind> {
    Some(match word {
        b"block" => Kind::Block,
        b"break" => Kind::Break,
        b"continue" => Kind::Continue,
        b"define" => Kind::Define,
        b"else" => Kind::Else,
        b"end" => Kind::End,
        b"if" => Kind::If,
        b"range" => Kind::Range,
        b"nil" => Kind::Nil,
        b"template" => Kind::Template,
        b"with" => Kind::With,
        _ => return None,
    })
}

/// One token: where it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub kind: Kind,
    pub pos: u32,
    pub end: u32,
}

impl Item {
    /// No token yet: what Go's zero item is.
    pub(super) const NONE: Item = Item { kind: Kind::Error, pos: 0, end: 0 };

    /// Where its text stands.
    pub(super) fn span(self) -> Span {
        Span { start: self.pos, end: self.end }
    }
}

/// Texts are not longer than positions reach.
pub(super) fn position(pos: usize) -> u32 {
    u32::try_from(pos).unwrap_or(u32::MAX)
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";
/// A trim marker is a minus and the space at its outer side.
const TRIM_LEN: usize = 2;
const DECIMAL: &[u8] = b"0123456789_";
const HEX: &[u8] = b"0123456789abcdefABCDEF_";

pub(super) struct Lexer<'t> {
    /// The whole text; empty after an error, when there is nothing more to read.
    input: &'t [u8],
    pos: usize,
    start: usize,
    at_eof: bool,
    paren_depth: i64,
    inside_action: bool,
    pub break_ok: bool,
    pub continue_ok: bool,
    text: &'t [u8],
    left: memmem::Finder<'static>,
    /// What a token of [`Kind::Error`] says.
    message: Vec<u8>,
}

fn is_space_byte(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn has_left_marker(text: &[u8]) -> bool {
    matches!(text, [b'-', s, ..] if is_space_byte(*s))
}

fn has_right_marker(text: &[u8]) -> bool {
    matches!(text, [s, b'-', ..] if is_space_byte(*s))
}

/// The first character and its width; broken UTF-8 is U+FFFD of width 1.
fn decode(text: &[u8]) -> Option<(u32, usize)> {
    match text.first()? {
        b if b.is_ascii() => Some((u32::from(*b), 1)),
        _ => Some(decode_rune(text)),
    }
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Lexer {
            input: text,
            pos: 0,
            start: 0,
            at_eof: false,
            paren_depth: 0,
            inside_action: false,
            break_ok: true,
            continue_ok: true,
            text,
            left: memmem::Finder::new(LEFT),
            message: Vec::new(),
        }
    }

    /// The token's text; of an error, its message.
    pub(super) fn val(&self, item: Item) -> &[u8] {
        match item.kind {
            Kind::Error => &self.message,
            Kind::Eof => b"EOF",
            _ => self.text.get(item.pos as usize..item.end as usize).unwrap_or_default(),
        }
    }

    /// The line in which the token begins, counted from 1; 0 before the first token.
    pub(super) fn line(&self, item: Item) -> usize {
        if item.kind == Kind::Error && self.message.is_empty() { 0 } else { self.line_at(item.pos) }
    }

    /// The line of a place.
    pub(super) fn line_at(&self, pos: u32) -> usize {
        let before = self.text.get(..pos as usize).unwrap_or(self.text);
        1 + memchr::memchr_iter(b'\n', before).count()
    }

    /// As error messages show the token.
    pub(super) fn describe(&self, item: Item) -> Vec<u8> {
        let val = self.val(item);
        match item.kind {
            Kind::Eof | Kind::Error => val.to_vec(),
            k if k.is_keyword() => [b"<", val, b">"].concat(),
            _ if val.len() > 10 => crate::fmt::sprintf(b"%.10q...", &[Value::str(val)]),
            _ => crate::fmt::sprintf(b"%q", &[Value::str(val)]),
        }
    }

    fn rest(&self) -> &'t [u8] {
        self.input.get(self.pos..).unwrap_or_default()
    }

    fn pending(&self) -> &'t [u8] {
        self.input.get(self.start..self.pos).unwrap_or_default()
    }

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let Some((r, width)) = decode(self.rest()) else {
            self.at_eof = true;
            return None;
        };
        self.pos += width;
        Some(r)
    }

    fn backup(&mut self) {
        if self.at_eof || self.pos == 0 {
            return;
        }
        let before = self.input.get(..self.pos).unwrap_or_default();
        let width = match before.last() {
            Some(b) if b.is_ascii() => 1,
            _ => decode_last_rune(before).1,
        };
        self.pos -= width;
    }

    fn emit(&mut self, kind: Kind) -> Item {
        let item = Item { kind, pos: position(self.start), end: position(self.pos) };
        self.start = self.pos;
        item
    }

    /// Drops what was skipped.
    fn ignore(&mut self) {
        self.start = self.pos;
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        match self.input.get(self.pos) {
            Some(b) if valid.contains(b) => {
                self.pos += 1;
                true
            }
            None => {
                self.at_eof = true;
                false
            }
            Some(_) => false,
        }
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }

    fn error(&mut self, message: impl Into<Vec<u8>>) -> Item {
        let item = Item { kind: Kind::Error, pos: position(self.start), end: position(self.pos) };
        self.message = message.into();
        (self.start, self.pos, self.input) = (0, 0, b"");
        item
    }

    fn error_with(&mut self, format: &str, arg: Value) -> Item {
        self.error(crate::fmt::sprintf(format.as_bytes(), &[arg]))
    }

    fn bad_char(&mut self, r: Option<u32>) -> Item {
        self.error_with("bad character %#U", Value::Int(crate::value::types::INT32, r.map_or(-1, i64::from)))
    }

    /// The next token; at the end always [`Kind::Eof`].
    pub(super) fn next_item(&mut self) -> Item {
        if self.inside_action {
            return self.inside();
        }
        loop {
            if let Some(item) = self.text() {
                return item;
            }
        }
    }

    /// Text up to an action; `None` after a comment, when scanning starts again.
    fn text(&mut self) -> Option<Item> {
        let Some(x) = self.left.find(self.rest()) else {
            self.pos = self.input.len();
            if self.pos > self.start {
                return Some(self.emit(Kind::Text));
            }
            return Some(Item { kind: Kind::Eof, pos: position(self.pos), end: position(self.pos) });
        };
        if x > 0 {
            self.pos += x;
            let mut trim = 0;
            if has_left_marker(self.rest().get(LEFT.len()..).unwrap_or_default()) {
                trim = self.pending().iter().rev().take_while(|b| is_space_byte(**b)).count();
            }
            self.pos -= trim;
            let item = self.emit(Kind::Text);
            self.pos += trim;
            self.ignore();
            if item.end > item.pos {
                return Some(item);
            }
        }
        self.left_delim()
    }

    fn left_delim(&mut self) -> Option<Item> {
        self.pos += LEFT.len();
        let marker = if has_left_marker(self.rest()) { TRIM_LEN } else { 0 };
        if self.rest().get(marker..).unwrap_or_default().starts_with(b"/*") {
            self.pos += marker;
            self.ignore();
            return self.comment();
        }
        let item = self.emit(Kind::LeftDelim);
        self.inside_action = true;
        self.pos += marker;
        self.ignore();
        self.paren_depth = 0;
        Some(item)
    }

    fn comment(&mut self) -> Option<Item> {
        self.pos += 2;
        let Some(x) = memmem::find(self.rest(), b"*/") else {
            return Some(self.error("unclosed comment"));
        };
        self.pos += x + 2;
        let Some(trim) = self.at_right_delim() else {
            return Some(self.error("comment ends before closing delimiter"));
        };
        if trim {
            self.pos += TRIM_LEN;
        }
        self.pos += RIGHT.len();
        if trim {
            self.skip_spaces();
        }
        self.ignore();
        None
    }

    fn skip_spaces(&mut self) {
        self.pos += self.rest().iter().take_while(|b| is_space_byte(**b)).count();
    }

    /// Whether a closing delimiter is next; `Some(true)` when it trims the text after it.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_marker(rest) && rest.get(TRIM_LEN..).unwrap_or_default().starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn right_delim(&mut self) -> Item {
        let trim = self.at_right_delim() == Some(true);
        if trim {
            self.pos += TRIM_LEN;
            self.ignore();
        }
        self.pos += RIGHT.len();
        let item = self.emit(Kind::RightDelim);
        if trim {
            self.skip_spaces();
            self.ignore();
        }
        self.inside_action = false;
        item
    }

    fn inside(&mut self) -> Item {
        if self.at_right_delim().is_some() {
            return if self.paren_depth == 0 { self.right_delim() } else { self.error("unclosed left paren") };
        }
        let Some(r) = self.next() else {
            return self.error("unclosed action");
        };
        match u8::try_from(r).unwrap_or(0xff) {
            b' ' | b'\t' | b'\r' | b'\n' => {
                self.backup();
                self.space()
            }
            b'=' => self.emit(Kind::Assign),
            b':' => match self.next() {
                Some(0x3d) => self.emit(Kind::Declare),
                _ => self.error("expected :="),
            },
            b'|' => self.emit(Kind::Pipe),
            b'"' => self.quoted(b'"', Kind::String, "unterminated quoted string"),
            b'`' => self.raw(),
            b'$' => self.field_or_variable(Kind::Variable),
            b'\'' => self.quoted(b'\'', Kind::CharConstant, "unterminated character constant"),
            b'.' if self.rest().first().is_some_and(|b| !b.is_ascii_digit()) => self.field_or_variable(Kind::Field),
            b'.' | b'+' | b'-' | b'0'..=b'9' => {
                self.backup();
                self.number()
            }
            b'(' => {
                self.paren_depth += 1;
                self.emit(Kind::LeftParen)
            }
            b')' => {
                self.paren_depth -= 1;
                if self.paren_depth < 0 { self.error("unexpected right paren") } else { self.emit(Kind::RightParen) }
            }
            _ if is_alphanumeric(r) => self.identifier(),
            0x20..=0x7e => self.emit(Kind::Char),
            _ => self.error_with(
                "unrecognized character in action: %#U",
                Value::Int(crate::value::types::INT32, i64::from(r)),
            ),
        }
    }

    fn space(&mut self) -> Item {
        let count = self.rest().iter().take_while(|b| is_space_byte(**b)).count();
        self.pos += count;
        // The last space may belong to a trim marker.
        let from_last = self.input.get(self.pos.saturating_sub(1)..).unwrap_or_default();
        if has_right_marker(from_last) && from_last.get(TRIM_LEN..).unwrap_or_default().starts_with(RIGHT) {
            self.backup();
            if count == 1 {
                return self.right_delim();
            }
        }
        self.emit(Kind::Space)
    }

    /// Takes letters and digits; gives the character behind them.
    fn skip_word(&mut self) -> Option<u32> {
        self.pos += self.rest().iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let mut r = self.next();
        while r.is_some_and(is_alphanumeric) {
            r = self.next();
        }
        if r.is_some() {
            self.backup();
        }
        r
    }

    fn identifier(&mut self) -> Item {
        let r = self.skip_word();
        if !self.at_terminator() {
            return self.bad_char(r);
        }
        match self.pending() {
            b"true" | b"false" => self.emit(Kind::Bool),
            word => match keyword(word) {
                Some(Kind::Break) if !self.break_ok => self.emit(Kind::Identifier),
                Some(Kind::Continue) if !self.continue_ok => self.emit(Kind::Identifier),
                Some(kind) => self.emit(kind),
                None => self.emit(Kind::Identifier),
            },
        }
    }

    /// After the `.` or `$`.
    fn field_or_variable(&mut self, kind: Kind) -> Item {
        if self.at_terminator() {
            return self.emit(if kind == Kind::Variable { Kind::Variable } else { Kind::Dot });
        }
        let r = self.skip_word();
        if !self.at_terminator() {
            return self.bad_char(r);
        }
        self.emit(kind)
    }

    fn at_terminator(&self) -> bool {
        match self.rest() {
            [] => true,
            [b, ..] if is_space_byte(*b) || b".,|:)(".contains(b) => true,
            rest => rest.starts_with(RIGHT),
        }
    }

    fn quoted(&mut self, quote: u8, kind: Kind, unterminated: &str) -> Item {
        loop {
            match self.next() {
                Some(0x5c) if !matches!(self.next(), None | Some(0x0a)) => {}
                None | Some(0x0a | 0x5c) => return self.error(unterminated),
                Some(r) if r == u32::from(quote) => return self.emit(kind),
                Some(_) => {}
            }
        }
    }

    fn raw(&mut self) -> Item {
        match memchr::memchr(b'`', self.rest()) {
            None => self.error("unterminated raw quoted string"),
            Some(at) => {
                self.pos += at + 1;
                self.emit(Kind::RawString)
            }
        }
    }

    fn number(&mut self) -> Item {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.rest().first(), Some(b'+' | b'-')) {
            // Complex: 1+2i. No spaces, must end in `i`.
            if !self.scan_number() || self.pending().last() != Some(&b'i') {
                return self.bad_number();
            }
            return self.emit(Kind::Complex);
        }
        self.emit(Kind::Number)
    }

    fn bad_number(&mut self) -> Item {
        let text = Value::str(self.pending());
        self.error_with("bad number syntax: %q", text)
    }

    /// Takes what may be a number; whether it is one is decided by the parser.
    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits = DECIMAL;
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = HEX;
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        let exponent: &[u8] = match digits {
            DECIMAL => b"eE",
            HEX => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(DECIMAL);
        }
        self.accept(b"i");
        if decode(self.rest()).is_some_and(|(r, _)| is_alphanumeric(r)) {
            self.next();
            return false;
        }
        true
    }
}
