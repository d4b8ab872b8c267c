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

use error::{Code, ParseError};
use expand::{Piece, pieces};
use regex_automata::util::captures::Captures;
use regex_automata::{Input, meta};
use std::ops::Range;
use subject::Subject;

/// The longest text that one replacement may give.
pub const MAX_REPLACED_BYTES: usize = 256 << 20;

/// A replaced text that is longer than [`MAX_REPLACED_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("text after replacement is longer than {MAX_REPLACED_BYTES} bytes")]
pub struct ReplacedTooLong;

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
        let parsed = parser::parse(pattern).map_err(|e| e.to_string())?;
        let matcher =
            compile::compile(&parsed.node).ok_or_else(|| ParseError::new(Code::Large, pattern).to_string())?;
        Ok(GoRegex { matcher, names: parsed.names, is_empty: pattern.is_empty() })
    }

    /// Bytes of memory that the compiled form takes.
    pub fn memory_bytes(&self) -> usize {
        self.matcher.memory_usage()
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
    pub fn find_all(&self, text: &[u8], limit: i64) -> Vec<Range<usize>> {
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
                found.push(subject.origin(&range));
            }
        }
        found
    }

    fn find_from(&self, subject: &Subject<'_>, at: usize) -> Option<Range<usize>> {
        let input = Input::new(subject.text.as_ref()).span(at..subject.text.len());
        self.matcher.search(&input).map(|m| m.range())
    }

    /// The parts between matches, at most `limit` of them, the last one being the rest; `None` (Go's nil) when it is 0.
    pub fn split(&self, text: &[u8], limit: i64) -> Option<Vec<Range<usize>>> {
        if limit == 0 {
            return None;
        }
        if !self.is_empty && text.is_empty() {
            return Some(std::iter::once(0..0).collect());
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
        for found in self.find_all(text, limit) {
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
        Some(parts)
    }

    /// `text` with every match replaced by `replacement`, in which `$1`, `$name` and `${name}` stand for groups.
    ///
    /// # Errors
    /// The result would be too long.
    pub fn replace_all(&self, text: &[u8], replacement: &[u8]) -> Result<Vec<u8>, ReplacedTooLong> {
        self.replace(text, &pieces(replacement, &self.names))
    }

    /// As [`GoRegex::replace_all`] with a replacement in which nothing is special.
    ///
    /// # Errors
    /// As [`GoRegex::replace_all`].
    pub fn replace_all_literal(&self, text: &[u8], replacement: &[u8]) -> Result<Vec<u8>, ReplacedTooLong> {
        self.replace(text, &[Piece::Text(replacement)])
    }

    fn replace(&self, text: &[u8], pieces: &[Piece<'_>]) -> Result<Vec<u8>, ReplacedTooLong> {
        let subject = Subject::new(text);
        let end = subject.text.len();
        let mut captures = self.matcher.create_captures();
        let (mut out, mut last_end, mut at) = (Vec::with_capacity(text.len()), 0, 0);
        while at <= end {
            let Some(found) = self.captures_from(&subject, at, pieces, &mut captures) else {
                break;
            };
            let between = subject.origin(&(last_end..found.start));
            out.extend_from_slice(text.get(between).unwrap_or_default());
            // An empty match right after another match is not replaced.
            if found.end > last_end || found.start == 0 {
                append(&mut out, text, &subject, pieces, &captures);
            }
            if out.len() > MAX_REPLACED_BYTES {
                return Err(ReplacedTooLong);
            }
            last_end = found.end;
            at = (at + subject.width(at).max(1)).max(found.end);
        }
        let rest = subject.origin(&(last_end..end));
        out.extend_from_slice(text.get(rest).unwrap_or_default());
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

fn append(out: &mut Vec<u8>, text: &[u8], subject: &Subject<'_>, pieces: &[Piece<'_>], captures: &Captures) {
    for piece in pieces {
        match piece {
            Piece::Text(plain) => out.extend_from_slice(plain),
            Piece::Groups(indexes) => {
                if let Some(span) = indexes.iter().find_map(|index| captures.get_group(*index)) {
                    out.extend_from_slice(text.get(subject.origin(&span.range())).unwrap_or_default());
                }
            }
        }
        if out.len() > MAX_REPLACED_BYTES {
            return;
        }
    }
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
