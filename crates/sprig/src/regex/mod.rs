//! Go's `regexp`: RE2 syntax with Go's error texts, matched leftmost-first in linear time.
//!
//! `parser` reads Go's syntax, `compile` hands the tree to `regex-automata`, this file searches and replaces by Go's
//! rules, `functions` are sprig's.

mod class;
mod compile;
mod error;
mod expand;
mod functions;
mod names;
mod node;
mod parser;
mod subject;

pub(crate) use functions::register;

use crate::budgets::names::REGEX_WORK;
use error::{Code, ParseError};
use expand::{Piece, pieces};
use gotmpl::exec::{Exceeded, Limits, Stopped};
use regex_automata::util::captures::Captures;
use regex_automata::{Input, meta};
use std::ops::Range;
use subject::Subject;

/// Why an expression could not be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Go's text.
    Mistake(String),
    /// It takes more memory than it may.
    Large,
}

/// What a search may use: the budgets of the render and what the expression's own budgets leave.
#[derive(Clone, Copy)]
pub struct Bounds<'a> {
    limits: &'a Limits,
    work: u64,
}

impl<'a> Bounds<'a> {
    /// These limits, and `work` as in [`Budgets::regex_work`](crate::Budgets::regex_work).
    pub fn new(limits: &'a Limits, work: u64) -> Bounds<'a> {
        Bounds { limits, work }
    }
}

/// A compiled Go regular expression.
pub struct GoRegex {
    matcher: meta::Regex,
    /// Names of the groups, the whole match at 0.
    names: Vec<Option<Vec<u8>>>,
    is_empty: bool,
}

impl GoRegex {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// Go's text: ``error parsing regexp: missing closing ): `(a` ``.
    pub fn new(pattern: &str) -> Result<GoRegex, String> {
        GoRegex::from_bytes(pattern.as_bytes())
    }

    /// As [`GoRegex::new`] for a Go string, which need not be UTF-8.
    ///
    /// # Errors
    /// As [`GoRegex::new`].
    pub fn from_bytes(pattern: &[u8]) -> Result<GoRegex, String> {
        GoRegex::within(pattern, crate::Budgets::default().regex_bytes).map_err(|failure| match failure {
            Failure::Mistake(text) => text,
            Failure::Large => ParseError::new(Code::Large, pattern).to_string(),
        })
    }

    /// Compiles `pattern` to at most `max_bytes`.
    pub(crate) fn within(pattern: &[u8], max_bytes: usize) -> Result<GoRegex, Failure> {
        let parsed = parser::parse(pattern).map_err(|e| Failure::Mistake(e.to_string()))?;
        let matcher = compile::compile(&parsed.node, max_bytes).ok_or(Failure::Large)?;
        Ok(GoRegex { matcher, names: parsed.names, is_empty: pattern.is_empty() })
    }

    /// Bytes of memory that the compiled form takes.
    pub fn memory_bytes(&self) -> usize {
        self.matcher.memory_usage()
    }

    /// Refuses a text that would take too long to search.
    ///
    /// # Errors
    /// [`Budgets::regex_work`](crate::Budgets::regex_work) ran out.
    pub fn affords(&self, text: &[u8], bounds: Bounds<'_>) -> Result<(), Stopped> {
        /// Bytes of a program that count as one state.
        const STATE_BYTES: usize = 64;
        let states = (self.memory_bytes() / STATE_BYTES).max(1);
        if (text.len() as u64).saturating_mul(states as u64) > bounds.work {
            let what = "steps of one regular expression search (bytes of text times size of the expression)";
            return Err(Exceeded::new(REGEX_WORK, bounds.work, what).into());
        }
        Ok(())
    }

    /// Whether the expression matches somewhere in `text`.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.matcher.is_match(Subject::new(text).text.as_ref())
    }

    /// The leftmost match.
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        let subject = Subject::new(text);
        let found = self.matcher.find(subject.text.as_ref())?;
        Some(subject.origin(&found.range()))
    }

    /// The matches that do not overlap, at most `limit` of them; all when it is negative.
    ///
    /// # Errors
    /// There are more than a list may have, or the render was cancelled.
    pub fn find_all(&self, text: &[u8], limit: i64, bounds: Bounds<'_>) -> Result<Vec<Range<usize>>, Stopped> {
        self.affords(text, bounds)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let subject = Subject::new(text);
        let end = subject.text.len();
        let (mut found, mut at, mut last_end) = (Vec::new(), 0, None);
        while found.len() < limit && at <= end {
            let Some(range) = self.find_from(&subject, at) else {
                break;
            };
            let mut accept = true;
            if range.end == at {
                // An empty match right after another match does not count.
                accept = last_end != Some(range.start);
                at += subject.width(at).max(1);
            } else {
                at = range.end;
            }
            last_end = Some(range.end);
            if accept {
                bounds.limits.items(found.len() + 1)?;
                found.push(subject.origin(&range));
            }
        }
        Ok(found)
    }

    fn find_from(&self, subject: &Subject<'_>, at: usize) -> Option<Range<usize>> {
        let input = Input::new(subject.text.as_ref()).span(at..subject.text.len());
        self.matcher.search(&input).map(|m| m.range())
    }

    /// The parts between matches, at most `limit` of them, the last one being the rest; `None` (Go's nil) when it is 0.
    ///
    /// # Errors
    /// As [`GoRegex::find_all`].
    pub fn split(&self, text: &[u8], limit: i64, bounds: Bounds<'_>) -> Result<Option<Vec<Range<usize>>>, Stopped> {
        if limit == 0 {
            return Ok(None);
        }
        if !self.is_empty && text.is_empty() {
            return Ok(Some(std::iter::once(0..0).collect()));
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
        for found in self.find_all(text, limit, bounds)? {
            if parts.len() >= most - 1 {
                break;
            }
            end = found.start;
            if found.end != 0 {
                parts.push(begin..end);
            }
            begin = found.end;
        }
        if end != text.len() {
            parts.push(begin..text.len());
        }
        Ok(Some(parts))
    }

    /// `text` with every match replaced by `replacement`, in which `$1`, `$name` and `${name}` stand for groups.
    ///
    /// # Errors
    /// The result would be too long, the search too, or the render was cancelled.
    pub fn replace_all(&self, text: &[u8], replacement: &[u8], bounds: Bounds<'_>) -> Result<Vec<u8>, Stopped> {
        self.replace(text, &pieces(replacement, &self.names), bounds)
    }

    /// As [`GoRegex::replace_all`] with a replacement in which nothing is special.
    ///
    /// # Errors
    /// As [`GoRegex::replace_all`].
    pub fn replace_all_literal(&self, text: &[u8], replacement: &[u8], bounds: Bounds<'_>) -> Result<Vec<u8>, Stopped> {
        self.replace(text, &[Piece::Text(replacement)], bounds)
    }

    fn replace(&self, text: &[u8], pieces: &[Piece<'_>], bounds: Bounds<'_>) -> Result<Vec<u8>, Stopped> {
        self.affords(text, bounds)?;
        let most = bounds.limits.text_bytes;
        let subject = Subject::new(text);
        let end = subject.text.len();
        let mut captures = self.matcher.create_captures();
        let (mut out, mut last_end, mut at) = (Vec::with_capacity(text.len()), 0, 0);
        let mut turns = 0_usize;
        while at <= end {
            turns += 1;
            if turns.is_multiple_of(TURNS_BETWEEN_LOOKS) {
                bounds.limits.cancel.check()?;
            }
            let Some(found) = self.captures_from(&subject, at, pieces, &mut captures) else {
                break;
            };
            let between = subject.origin(&(last_end..found.start));
            out.extend_from_slice(text.get(between).unwrap_or_default());
            // An empty match right after another match is not replaced.
            if found.end > last_end || found.start == 0 {
                append(&mut out, text, &subject, (pieces, &captures), most);
            }
            bounds.limits.text(out.len())?;
            last_end = found.end;
            at = (at + subject.width(at).max(1)).max(found.end);
        }
        let rest = subject.origin(&(last_end..end));
        out.extend_from_slice(text.get(rest).unwrap_or_default());
        bounds.limits.text(out.len())?;
        Ok(out)
    }

    /// The next match; its groups only when a piece needs them.
    fn captures_from(
        &self,
        subject: &Subject<'_>,
        at: usize,
        pieces: &[Piece<'_>],
        captures: &mut Captures,
    ) -> Option<Range<usize>> {
        if !pieces.iter().any(|p| matches!(p, Piece::Groups(_))) {
            return self.find_from(subject, at);
        }
        let input = Input::new(subject.text.as_ref()).span(at..subject.text.len());
        self.matcher.search_captures(&input, captures);
        captures.get_match().map(|m| m.range())
    }
}

/// How many replacements pass between two looks at the cancel token.
const TURNS_BETWEEN_LOOKS: usize = 1024;

/// Appends the replacement of one match; stops soon after the output has `most` bytes.
fn append(
    out: &mut Vec<u8>,
    text: &[u8],
    subject: &Subject<'_>,
    (pieces, captures): (&[Piece<'_>], &Captures),
    most: usize,
) {
    for piece in pieces {
        match piece {
            Piece::Text(plain) => out.extend_from_slice(plain),
            Piece::Groups(indexes) => {
                if let Some(span) = indexes.iter().find_map(|index| captures.get_group(*index)) {
                    out.extend_from_slice(text.get(subject.origin(&span.range())).unwrap_or_default());
                }
            }
        }
        if out.len() > most {
            return;
        }
    }
}

/// Go's estimate of the instructions of an expression; `None` when it is none.
pub fn program_size(pattern: &[u8]) -> Option<u64> {
    parser::parse(pattern).ok().map(|parsed| parsed.size)
}

/// The expression that matches exactly this text.
pub fn quote_meta(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text {
        if b"\\.+*?()|[]{}^$".contains(c) {
            out.push(b'\\');
        }
        out.push(*c);
    }
    out
}

#[cfg(test)]
mod tests;
