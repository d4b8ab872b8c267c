//! Go's regular expression syntax (`regexp/syntax` with its Perl flags) to [`Node`]s.

use super::class::{self, Brackets};
use super::error::{Code, ParseError};
use super::node::{MAX_HEIGHT, MAX_REPEAT, MAX_SIZE, Node, Term, repeats_are_few};
use gotmpl::strconv::utf8::{REPLACEMENT, decode_rune};
use regex_syntax::hir::{ClassUnicode, Look};

/// Ranges that all classes of one expression may hold together; Go stops at 16 times as many.
const MAX_RANGES: usize = 1 << 20;

/// What `(?imsU)` sets.
#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    multi_line: bool,
    dot_newline: bool,
    lazy: bool,
}

/// An open group; the first one is the whole expression.
struct Frame {
    /// The flags before the group.
    flags: Flags,
    capture: Option<u32>,
    alternatives: Vec<Term>,
    terms: Vec<Term>,
}

/// A parsed expression: its tree, and the groups' names with the whole match at 0.
pub(super) struct Parsed {
    /// Go's estimate of the compiled size, in instructions.
    pub size: u64,
    pub node: Node,
    pub names: Vec<Option<Vec<u8>>>,
}

/// Parses an expression.
pub(super) fn parse(pattern: &[u8]) -> Result<Parsed, ParseError> {
    let whole = Frame { flags: Flags::default(), capture: None, alternatives: Vec::new(), terms: Vec::new() };
    let mut parser = Parser {
        pattern,
        at: 0,
        flags: Flags::default(),
        frames: Vec::new(),
        top: whole,
        names: vec![None],
        ranges: 0,
        last_repeat: None,
    };
    while parser.at < pattern.len() {
        let repeat = parser.item()?;
        parser.last_repeat = repeat;
    }
    if !parser.frames.is_empty() {
        return Err(ParseError::new(Code::MissingParen, pattern));
    }
    let Term { node, size, .. } = parser.close_alternatives()?;
    Ok(Parsed { node, size, names: parser.names })
}

pub(super) struct Parser<'p> {
    pattern: &'p [u8],
    at: usize,
    flags: Flags,
    /// The groups around `top`.
    frames: Vec<Frame>,
    top: Frame,
    names: Vec<Option<Vec<u8>>>,
    ranges: usize,
    /// Where the repetition operator right before this place begins.
    last_repeat: Option<usize>,
}

type Parse<T> = Result<T, ParseError>;

impl<'p> Parser<'p> {
    fn rest(&self) -> &'p [u8] {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.pattern.get(self.at + ahead).copied()
    }

    /// The mistake in what was read since `start`.
    fn fail<T>(&self, code: Code, start: usize) -> Parse<T> {
        Err(ParseError::new(code, self.pattern.get(start..self.at).unwrap_or_default()))
    }

    /// Reads one character; at the end it is the one that stands for none, as in Go.
    fn rune(&mut self) -> Parse<u32> {
        match decode_rune(self.rest()) {
            (REPLACEMENT, 1) => Err(ParseError::new(Code::Utf8, self.rest())),
            (rune, width) => {
                self.at += width;
                Ok(rune)
            }
        }
    }

    fn push(&mut self, term: Term) -> Parse<()> {
        self.check(&term)?;
        self.top.terms.push(term);
        Ok(())
    }

    fn check(&self, term: &Term) -> Parse<()> {
        match () {
            () if self.ranges > MAX_RANGES || term.size > MAX_SIZE => Err(ParseError::new(Code::Large, self.pattern)),
            () if term.height > MAX_HEIGHT => Err(ParseError::new(Code::NestingDepth, self.pattern)),
            () => Ok(()),
        }
    }

    fn literal(&mut self, rune: u32) -> Parse<()> {
        self.push(Term::leaf(Node::Literal { runes: vec![rune], fold: self.flags.fold }))
    }

    fn class(&mut self, class: ClassUnicode) -> Parse<()> {
        self.ranges += class.ranges().len();
        self.push(Term::leaf(Node::Class(class)))
    }

    fn look(&mut self, look: Look, width: usize) -> Parse<()> {
        self.at += width;
        self.push(Term::leaf(Node::Look(look)))
    }

    /// One item of the expression; gives the place of a repetition operator.
    fn item(&mut self) -> Parse<Option<usize>> {
        let start = self.at;
        match self.peek(0) {
            Some(b'(') if self.peek(1) == Some(b'?') => self.perl_group()?,
            Some(b'(') => {
                self.at += 1;
                self.open_capture(None);
            }
            Some(b'|') => {
                self.at += 1;
                let term = Term::concat(std::mem::take(&mut self.top.terms));
                self.check(&term)?;
                self.top.alternatives.push(term);
            }
            Some(b')') => {
                self.at += 1;
                self.close_group()?;
            }
            Some(b'^') => self.look(if self.flags.multi_line { Look::StartLF } else { Look::Start }, 1)?,
            Some(b'$') => self.look(if self.flags.multi_line { Look::EndLF } else { Look::End }, 1)?,
            Some(b'.') => {
                self.at += 1;
                self.class(class::any(self.flags.dot_newline))?;
            }
            Some(b'[') => self.brackets()?,
            Some(operator @ (b'*' | b'+' | b'?')) => {
                self.at += 1;
                let (min, max) = match operator {
                    b'*' => (0, None),
                    b'+' => (1, None),
                    _ => (0, Some(1)),
                };
                self.repeat(start, min, max, false)?;
                return Ok(Some(start));
            }
            Some(b'{') => {
                let Some((min, max, width)) = counts(self.rest()) else {
                    self.at += 1;
                    self.literal(u32::from('{'))?;
                    return Ok(None);
                };
                self.at += width;
                if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || min > max) {
                    return self.fail(Code::RepeatSize, start);
                }
                self.repeat(start, min, max, true)?;
                return Ok(Some(start));
            }
            Some(b'\\') => self.backslash()?,
            _ => {
                let rune = self.rune()?;
                self.literal(rune)?;
            }
        }
        Ok(None)
    }

    /// Applies a repetition operator, just read from `start` on, to the item before it.
    fn repeat(&mut self, start: usize, min: u32, max: Option<u32>, counted: bool) -> Parse<()> {
        let mut lazy = self.flags.lazy;
        if self.peek(0) == Some(b'?') {
            self.at += 1;
            lazy = !lazy;
        }
        if let Some(before) = self.last_repeat {
            return self.fail(Code::RepeatOp, before);
        }
        let Some(term) = self.top.terms.pop() else {
            return self.fail(Code::MissingRepeatArgument, start);
        };
        let term = term.repeat(min, max, !lazy, counted);
        self.check(&term)?;
        if counted && (min >= 2 || max.is_some_and(|max| max >= 2)) && !repeats_are_few(&term.node) {
            return self.fail(Code::RepeatSize, start);
        }
        self.top.terms.push(term);
        Ok(())
    }

    fn open_group(&mut self, capture: Option<u32>) {
        let frame = Frame { flags: self.flags, capture, alternatives: Vec::new(), terms: Vec::new() };
        self.frames.push(std::mem::replace(&mut self.top, frame));
    }

    fn open_capture(&mut self, name: Option<&[u8]>) {
        let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.map(<[u8]>::to_vec));
        self.open_group(Some(index));
    }

    fn close_group(&mut self) -> Parse<()> {
        let term = self.close_alternatives()?;
        let Some(outer) = self.frames.pop() else {
            return Err(ParseError::new(Code::UnexpectedParen, self.pattern));
        };
        let group = std::mem::replace(&mut self.top, outer);
        self.flags = group.flags;
        match group.capture {
            Some(index) => self.push(term.capture(index)),
            None => self.push(term),
        }
    }

    /// What the innermost group holds.
    fn close_alternatives(&mut self) -> Parse<Term> {
        let last = Term::concat(std::mem::take(&mut self.top.terms));
        self.check(&last)?;
        let mut alternatives = std::mem::take(&mut self.top.alternatives);
        alternatives.push(last);
        let term = Term::alternate(alternatives);
        self.check(&term)?;
        Ok(term)
    }

    /// `(?flags)`, `(?flags:…`, `(?P<name>…`, `(?<name>…`.
    fn perl_group(&mut self) -> Parse<()> {
        let start = self.at;
        let rest = self.rest();
        let name_at = match rest {
            [_, _, b'P', b'<', _, ..] => Some(4),
            [_, _, b'<', _, ..] => Some(3),
            _ => None,
        };
        if let Some(name_at) = name_at {
            return self.named_capture(name_at);
        }
        self.at += 2;
        let mut flags = self.flags;
        let (mut set, mut seen) = (true, false);
        while self.at < self.pattern.len() {
            match char::from_u32(self.rune()?) {
                Some('i') => flags.fold = set,
                Some('m') => flags.multi_line = set,
                Some('s') => flags.dot_newline = set,
                Some('U') => flags.lazy = set,
                Some('-') if set => {
                    set = false;
                    seen = false;
                    continue;
                }
                Some(end @ (':' | ')')) if set || seen => {
                    if end == ':' {
                        self.open_group(None);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            }
            seen = true;
        }
        self.fail(Code::PerlOp, start)
    }

    fn named_capture(&mut self, name_at: usize) -> Parse<()> {
        let rest = self.rest();
        let Some(end) = rest.iter().position(|c| *c == b'>') else {
            check_utf8(rest)?;
            return Err(ParseError::new(Code::NamedCapture, rest));
        };
        let name = rest.get(name_at..end).unwrap_or_default();
        check_utf8(name)?;
        self.at += end + 1;
        if name.is_empty() || !name.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_') {
            return self.fail(Code::NamedCapture, self.at - end - 1);
        }
        self.open_capture(Some(name));
        Ok(())
    }

    fn backslash(&mut self) -> Parse<()> {
        match self.peek(1) {
            Some(b'A') => return self.look(Look::Start, 2),
            Some(b'z') => return self.look(Look::End, 2),
            Some(b'b') => return self.look(Look::WordAscii, 2),
            Some(b'B') => return self.look(Look::WordAsciiNegate, 2),
            Some(b'C') => {
                self.at += 2;
                return self.fail(Code::Escape, self.at - 2);
            }
            Some(b'Q') => return self.quoted(),
            _ => {}
        }
        if let Some(class) = self.named_class()? {
            return self.class(class);
        }
        let rune = self.escape()?;
        self.literal(rune)
    }

    /// `\Q…\E`: everything in it is literal.
    fn quoted(&mut self) -> Parse<()> {
        self.at += 2;
        let length = self.rest().windows(2).position(|w| w == b"\\E");
        let end = length.map_or(self.pattern.len(), |n| self.at + n);
        let text = self.pattern.get(self.at..end).unwrap_or_default();
        let mut at = 0;
        while at < text.len() {
            let rest = text.get(at..).unwrap_or_default();
            match decode_rune(rest) {
                (REPLACEMENT, 0 | 1) => return Err(ParseError::new(Code::Utf8, rest)),
                (rune, width) => {
                    self.literal(rune)?;
                    at += width;
                }
            }
        }
        self.at = if length.is_some() { end + 2 } else { end };
        Ok(())
    }

    /// `\pL`, `\p{Greek}`, `\d` and the like, when one stands here.
    fn named_class(&mut self) -> Parse<Option<ClassUnicode>> {
        match (self.peek(0), self.peek(1)) {
            (Some(b'\\'), Some(letter @ (b'p' | b'P'))) => self.unicode_class(letter == b'P').map(Some),
            (Some(b'\\'), Some(letter)) => {
                let class = class::perl(letter, self.flags.fold);
                self.at += if class.is_some() { 2 } else { 0 };
                Ok(class)
            }
            _ => Ok(None),
        }
    }

    fn unicode_class(&mut self, negated: bool) -> Parse<ClassUnicode> {
        let start = self.at;
        let rest = self.rest();
        self.at += 2;
        let first = self.rune()?;
        let name = if first == u32::from('{') {
            let Some(end) = rest.iter().position(|c| *c == b'}') else {
                check_utf8(rest)?;
                return Err(ParseError::new(Code::CharRange, rest));
            };
            let name = rest.get(3..end).unwrap_or_default();
            check_utf8(name)?;
            self.at = start + end + 1;
            name
        } else {
            self.pattern.get(start + 2..self.at).unwrap_or_default()
        };
        let (flip, name) = name.strip_prefix(b"^").map_or((false, name), |rest| (true, rest));
        match class::unicode(name, self.flags.fold, negated != flip) {
            Some(class) => Ok(class),
            None => self.fail(Code::CharRange, start),
        }
    }

    /// `[…]`
    fn brackets(&mut self) -> Parse<()> {
        let start = self.at;
        self.at += 1;
        let negated = self.peek(0) == Some(b'^');
        self.at += usize::from(negated);
        let mut class = Brackets::default();
        let mut first = true;
        while first || self.peek(0) != Some(b']') {
            first = false;
            if let Some(named) = self.posix_class()? {
                class.push_class(&named);
                continue;
            }
            if let Some(named) = self.named_class()? {
                self.ranges += named.ranges().len();
                if self.ranges > MAX_RANGES {
                    return Err(ParseError::new(Code::Large, self.pattern));
                }
                class.push_class(&named);
                continue;
            }
            let from = self.at;
            let lo = self.class_rune(start)?;
            let mut hi = lo;
            // A minus before the end is a character.
            if self.peek(0) == Some(b'-') && self.peek(1).is_some_and(|c| c != b']') {
                self.at += 1;
                hi = self.class_rune(start)?;
                if hi < lo {
                    return self.fail(Code::CharRange, from);
                }
            }
            class.push(lo, hi);
        }
        self.at += 1;
        let class = class.finish(self.flags.fold, negated);
        self.class(class)
    }

    /// `[:alpha:]` inside brackets.
    fn posix_class(&mut self) -> Parse<Option<ClassUnicode>> {
        let rest = self.rest();
        let Some(after) = rest.strip_prefix(b"[:") else {
            return Ok(None);
        };
        let Some(end) = after.windows(2).position(|w| w == b":]") else {
            return Ok(None);
        };
        let start = self.at;
        self.at += end + 4;
        match class::posix(after.get(..end).unwrap_or_default(), self.flags.fold) {
            Some(class) => Ok(Some(class)),
            None => self.fail(Code::CharRange, start),
        }
    }

    fn class_rune(&mut self, start: usize) -> Parse<u32> {
        match self.peek(0) {
            None => Err(ParseError::new(Code::MissingBracket, self.pattern.get(start..).unwrap_or_default())),
            Some(b'\\') => self.escape(),
            Some(_) => self.rune(),
        }
    }

    /// An escaped character.
    fn escape(&mut self) -> Parse<u32> {
        let start = self.at;
        self.at += 1;
        if self.at >= self.pattern.len() {
            return Err(ParseError::new(Code::TrailingBackslash, b""));
        }
        let rune = self.rune()?;
        let octal = |c: Option<u8>| c.filter(|c| (b'0'..=b'7').contains(c)).map(|c| u32::from(c - b'0'));
        match char::from_u32(rune).unwrap_or_default() {
            c @ ('1'..='7' | '0') if c == '0' || octal(self.peek(0)).is_some() => {
                let mut value = rune - u32::from('0');
                for _ in 0..2 {
                    let Some(digit) = octal(self.peek(0)) else { break };
                    value = value * 8 + digit;
                    self.at += 1;
                }
                Ok(value)
            }
            'x' => self.hex_escape(start),
            'a' => Ok(7),
            'f' => Ok(12),
            'n' => Ok(10),
            'r' => Ok(13),
            't' => Ok(9),
            'v' => Ok(11),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(rune),
            _ => self.fail(Code::Escape, start),
        }
    }

    fn hex_escape(&mut self, start: usize) -> Parse<u32> {
        let digit = |rune: u32| char::from_u32(rune).and_then(|c| c.to_digit(16));
        if self.at >= self.pattern.len() {
            return self.fail(Code::Escape, start);
        }
        let first = self.rune()?;
        if first != u32::from('{') {
            let second = self.rune()?;
            return match (digit(first), digit(second)) {
                (Some(high), Some(low)) => Ok(high * 16 + low),
                _ => self.fail(Code::Escape, start),
            };
        }
        let mut value = None;
        while self.at < self.pattern.len() {
            let rune = self.rune()?;
            if rune == u32::from('}') {
                return value.map_or_else(|| self.fail(Code::Escape, start), Ok);
            }
            let next = digit(rune).map(|d| value.unwrap_or(0) * 16 + d).filter(|v| *v <= 0x10_ffff);
            if next.is_none() {
                return self.fail(Code::Escape, start);
            }
            value = next;
        }
        self.fail(Code::Escape, start)
    }
}

fn check_utf8(text: &[u8]) -> Parse<()> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(e) => Err(ParseError::new(Code::Utf8, text.get(e.valid_up_to()..).unwrap_or_default())),
    }
}

/// `{n}`, `{n,}` or `{n,m}` with its width; anything else is literal. Numbers that are far too large read as such.
fn counts(text: &[u8]) -> Option<(u32, Option<u32>, usize)> {
    let (min, used) = count(text.get(1..)?)?;
    let mut at = 1 + used;
    let mut max = Some(min);
    if text.get(at) == Some(&b',') {
        at += 1;
        max = None;
        if text.get(at) != Some(&b'}') {
            let (number, used) = count(text.get(at..)?)?;
            max = Some(number);
            at += used;
        }
    }
    (text.get(at) == Some(&b'}')).then_some((min, max, at + 1))
}

/// A decimal number without leading zeros and its width.
fn count(text: &[u8]) -> Option<(u32, usize)> {
    let width = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let digits = text.get(..width).filter(|d| !d.is_empty() && (d.len() == 1 || d.first() != Some(&b'0')))?;
    let value = digits.iter().fold(0_u32, |n, c| n.saturating_mul(10).saturating_add(u32::from(c - b'0')));
    Some((value, width))
}
