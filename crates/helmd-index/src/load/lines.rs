//! The YAML that programs write into indexes, read line by line: block mappings and lists of one-line texts, plain texts
//! over several lines, literal blocks.
//!
//! This is a small part of YAML, and the answer is what `helmd_yaml::parse_strict` gives, five times as fast. Whatever could
//! mean anything else (tabs, comments, flow collections, escapes, anchors, numbers, words like `on`) gives `None`, and the
//! text is read by the real parser.

use serde_json::{Map, Value as Json};

/// Collections are nested at most so deep; the index of a repository has five levels.
const MAX_DEPTH: usize = 16;

/// The longest key; longer ones are refused by YAML at some point.
const MAX_KEY_BYTES: usize = 256;

/// Reads a text that is one chart: a key with a list. Its versions go to `read` one by one, which keeps what is in memory at a
/// time small. `None` when the text needs the real parser, or when `read` gives `None`; what was read until then does not count.
pub(super) fn chart(text: &str, mut read: impl FnMut(Json) -> Option<()>) -> Option<&str> {
    let mut lines = Lines::of(text)?;
    let column = lines.line?.column;
    let (name, rest) = entry(lines.line?.content)?;
    if !rest.is_empty() {
        return None;
    }
    lines.advance();
    let list = lines.line.filter(|line| line.column >= column && line.content.starts_with("- "))?;
    lines.sequence(list.column, 1, &mut read)?;
    lines.line.is_none().then_some(name)
}

/// Reads a text that is one mapping; `None` when it needs the real parser.
#[cfg(test)]
pub(super) fn parse(text: &str) -> Option<Json> {
    let mut lines = Lines::of(text)?;
    let column = lines.line?.column;
    let mapping = lines.mapping(column, None, 0)?;
    lines.line.is_none().then_some(mapping)
}

/// Whether a character breaks lines, or may not stand in YAML, or means more than itself.
fn is_special(c: char) -> bool {
    match c {
        '\n' => false,
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        c => c.is_control(),
    }
}

#[derive(Clone, Copy)]
struct Line<'t> {
    column: usize,
    /// What stands behind the indentation; empty for an empty line.
    content: &'t str,
}

struct Lines<'t> {
    rest: &'t str,
    /// The line at hand; `None` at the end.
    line: Option<Line<'t>>,
}

/// A key and what stands behind its colon.
type Entry<'t> = (&'t str, &'t str);

impl<'t> Lines<'t> {
    /// A text at its first line; `None` when it has characters that need the real parser.
    fn of(text: &'t str) -> Option<Lines<'t>> {
        // In blocks without a way out of them, which are checked many bytes at a time.
        let all_plain =
            |block: &[u8]| block.iter().fold(true, |all, b| all & (matches!(b, b' '..=b'~') | (*b == b'\n')));
        if !text.ends_with('\n') || (!text.as_bytes().chunks(64).all(all_plain) && text.chars().any(is_special)) {
            return None;
        }
        let mut lines = Lines { rest: text, line: None };
        lines.advance();
        Some(lines)
    }

    fn advance(&mut self) {
        if self.rest.is_empty() {
            self.line = None;
            return;
        }
        let (line, rest) = match memchr::memchr(b'\n', self.rest.as_bytes()) {
            Some(end) => (self.rest.get(..end).unwrap_or_default(), self.rest.get(end + 1..).unwrap_or_default()),
            None => (self.rest, ""),
        };
        let content = line.trim_start_matches(' ');
        self.line = Some(Line { column: line.len() - content.len(), content });
        self.rest = rest;
    }

    /// Reads the mapping whose keys stand in this column; its first entry may stand behind a dash.
    fn mapping(&mut self, column: usize, mut first: Option<Entry<'t>>, depth: usize) -> Option<Json> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut entries = Map::new();
        loop {
            let (key, rest) = match first.take() {
                Some(entry) => entry,
                None => match self.line {
                    Some(line) if line.column == column && !line.content.is_empty() => entry(line.content)?,
                    Some(line) if line.column >= column || line.content.is_empty() => return None,
                    _ => break,
                },
            };
            self.advance();
            let value = if rest.is_empty() { self.below(column, depth)? } else { self.scalar(rest, column)? };
            if entries.insert(key.to_owned(), value).is_some() {
                return None;
            }
        }
        Some(Json::Object(entries))
    }

    /// Reads what belongs to a key in this column that has nothing behind its colon.
    fn below(&mut self, column: usize, depth: usize) -> Option<Json> {
        match self.line {
            Some(line) if line.content.is_empty() => None,
            Some(line) if line.column >= column && line.content.starts_with("- ") => {
                let mut items = Vec::new();
                self.sequence(line.column, depth + 1, &mut |item| {
                    items.push(item);
                    Some(())
                })?;
                Some(Json::Array(items))
            }
            Some(line) if line.column > column => self.mapping(line.column, None, depth + 1),
            _ => Some(Json::Null),
        }
    }

    fn sequence(&mut self, column: usize, depth: usize, read: &mut dyn FnMut(Json) -> Option<()>) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        while let Some(line) = self.line {
            let item = match line.content.strip_prefix("- ") {
                Some(item) if line.column == column => item,
                _ if line.content.is_empty() || line.column > column => return None,
                _ => break,
            };
            let first = if item.starts_with(['"', '\'']) { None } else { entry(item) };
            if first.is_some() {
                read(self.mapping(column + 2, first, depth + 1)?)?;
            } else {
                self.advance();
                read(self.scalar(item, column)?)?;
            }
        }
        Some(())
    }

    /// Reads a text that begins with `start` on the line before; what is indented more than `column` may belong to it.
    fn scalar(&mut self, start: &'t str, column: usize) -> Option<Json> {
        let continues = self.line.is_some_and(|line| line.column > column || line.content.is_empty());
        let text = match start {
            "|" => return self.literal(column, "\n"),
            "|-" => return self.literal(column, ""),
            "[]" if !continues => return Some(Json::Array(Vec::new())),
            "{}" if !continues => return Some(Json::Object(Map::new())),
            "true" if !continues => return Some(Json::Bool(true)),
            "false" if !continues => return Some(Json::Bool(false)),
            _ if continues => return self.folded(start, column),
            quoted if quoted.starts_with('"') => {
                let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
                (!inner.contains(['"', '\\'])).then(|| inner.to_owned())?
            }
            quoted if quoted.starts_with('\'') => {
                let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
                let plain = inner.replace("''", "\u{0}");
                (!plain.contains('\'')).then(|| plain.replace('\u{0}', "'"))?
            }
            plain => (is_plain(plain) && is_text(plain)).then(|| plain.to_owned())?,
        };
        Some(Json::String(text))
    }

    /// Reads a plain text over several lines.
    fn folded(&mut self, start: &'t str, column: usize) -> Option<Json> {
        if !is_plain(start) {
            return None;
        }
        let mut text = start.to_owned();
        while let Some(line) = self.line {
            if line.content.is_empty() {
                return None;
            }
            if line.column <= column {
                break;
            }
            if !continues_plain(line.content) {
                return None;
            }
            text.push(' ');
            text.push_str(line.content);
            self.advance();
        }
        // With a blank in it, it is neither a number nor a word with a meaning.
        Some(Json::String(text))
    }

    /// Reads a literal block and ends it with `end`.
    fn literal(&mut self, column: usize, end: &str) -> Option<Json> {
        let indent = self.line.filter(|line| !line.content.is_empty() && line.column > column)?.column;
        let mut text = String::new();
        let mut breaks = 0;
        while let Some(line) = self.line {
            if line.content.is_empty() {
                // Lines of blanks are read by other rules.
                if line.column > 0 {
                    return None;
                }
                breaks += 1;
            } else if line.column < indent {
                if line.column > column {
                    return None;
                }
                break;
            } else {
                text.extend(std::iter::repeat_n('\n', breaks));
                text.extend(std::iter::repeat_n(' ', line.column - indent));
                text.push_str(line.content);
                breaks = 1;
            }
            self.advance();
        }
        text.push_str(end);
        Some(Json::String(text))
    }
}

/// The key and the rest of a line like `key: rest` or `key:`; `None` for other lines.
fn entry(content: &str) -> Option<Entry<'_>> {
    let colon = memchr::memchr(b':', content.as_bytes())?;
    let (key, rest) = (content.get(..colon)?, content.get(colon + 1..)?);
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
    let letters = |b: u8| b.is_ascii_alphanumeric() || b"_./-".contains(&b);
    let is_key = key.len() <= MAX_KEY_BYTES && key.bytes().all(letters) && is_text(key);
    let starts = key.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    // More blanks, or one at the end: other rules.
    (is_key && starts && !rest.starts_with(' ')).then_some((key, rest))
}

/// Whether this begins a plain text of one line or more.
fn is_plain(text: &str) -> bool {
    let starts = |b: u8| b.is_ascii_alphanumeric() || !b.is_ascii() || b"/(_$".contains(&b);
    text.bytes().next().is_some_and(starts) && has_no_end(text)
}

/// Whether this goes on with a plain text.
fn continues_plain(text: &str) -> bool {
    let starts = |b: u8| b.is_ascii_alphanumeric() || !b.is_ascii() || b"/(_$)[]{}<=+.,;~\\^".contains(&b);
    text.bytes().next().is_some_and(starts) && has_no_end(text)
}

/// Whether a plain text goes on to the end of the line.
fn has_no_end(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |at: usize| match bytes.get(at) {
        Some(b':') => bytes.get(at + 1).is_none_or(|next| *next == b' '),
        _ => at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b' '),
    };
    bytes.last() != Some(&b' ') && !memchr::memchr2_iter(b':', b'#', bytes).any(ends)
}

/// Whether a plain text of one line is surely a text, not a number, a boolean or a null.
fn is_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'0'..=b'9') => {
            // Digests, versions, and what has a character that no number has.
            let no_number = |b: &u8| !(b.is_ascii_hexdigit() || b"xXoO_.+-".contains(b));
            let dots = bytes.iter().filter(|b| **b == b'.').count();
            let is_digest = bytes.len() == 64
                && bytes.iter().all(u8::is_ascii_hexdigit)
                && bytes.iter().skip(2).any(|b| matches!(b, b'a'..=b'd' | b'f'));
            dots > 1 || is_digest || bytes.iter().any(no_number)
        }
        Some(b'a'..=b'z' | b'A'..=b'Z') => {
            const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
            bytes.len() > 5 || !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        }
        Some(b'/' | b'(' | b'_' | b'$' | 0x80..) => true,
        _ => false,
    }
}
