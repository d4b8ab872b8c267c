//! Scalars: which style a string can have, and how each is written.

use super::{Emitter, Place, Style, WIDTH};
use crate::resolve::{Dates, Scalar, Schema, is_base60, old_bool, resolve};

/// Longest key that stands before its colon without `? `, in bytes.
pub(super) const MAX_SIMPLE_KEY: usize = 128;

/// What a string contains that matters for its style.
#[derive(Default, Clone, Copy)]
pub(super) struct Look {
    pub multiline: bool,
    line_feed: bool,
    block_indicators: bool,
    /// Characters that only escapes can show. A tab is one in version 2 only.
    special: bool,
    tab: bool,
    /// Whether its first or last character is a space or a break.
    padded: bool,
    trailing_space: bool,
    break_space: bool,
    space_break: bool,
    ascii: bool,
}

/// How a string is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Single,
    Double,
    Literal,
}

/// Bytes that need no look wherever they stand.
static HARMLESS: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0x21;
    while b < 0x7f {
        table[b] = !matches!(b as u8, b':' | b'#');
        b += 1;
    }
    table
};

/// Looks at every character once.
pub(super) fn look_at(text: &str) -> Look {
    let bytes = text.as_bytes();
    let mut look = Look { ascii: text.is_ascii(), ..Look::default() };
    let Some(&first) = bytes.first() else { return look };
    let blank_at = |i: usize| bytes.get(i).is_none_or(|b| matches!(b, b' ' | b'\t'));
    look.block_indicators = text.starts_with("---")
        || text.starts_with("...")
        || match first {
            b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
            | b'`' => true,
            b'?' | b':' | b'-' => blank_at(1),
            _ => false,
        };
    if bytes.iter().all(|b| HARMLESS[usize::from(*b)]) {
        return look;
    }
    let (mut after_space, mut after_break, mut after_white) = (false, false, true);
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        let rest = bytes.get(i..).unwrap_or_default();
        let n = width(b);
        let is_break = break_at(rest);
        match b {
            b':' if blank_at(i + 1) => look.block_indicators = true,
            b'#' if after_white && i > 0 => look.block_indicators = true,
            b'\t' => look.tab = true,
            b'\n' => look.line_feed = true,
            _ if !printable(rest) => look.special = true,
            _ => {}
        }
        let edge = i == 0 || i + n >= bytes.len();
        if b == b' ' {
            look.padded |= edge;
            look.trailing_space |= i + 1 == bytes.len();
            look.break_space |= after_break;
        } else if is_break {
            look.multiline = true;
            look.padded |= edge;
            look.space_break |= after_space;
        }
        after_space = b == b' ';
        after_break = is_break;
        after_white = is_break || matches!(b, b' ' | b'\t' | 0);
        i += n;
    }
    look
}

fn width(lead: u8) -> usize {
    match lead {
        0..=0xbf => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// Whether the text begins with a line break.
fn break_at(bytes: &[u8]) -> bool {
    matches!(bytes, [b'\n' | b'\r', ..] | [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..])
}

/// Whether the first character can stand unescaped. HELM: go-yaml counts nothing above U+FFFF as printable.
fn printable(bytes: &[u8]) -> bool {
    match bytes {
        [b'\n' | 0x20..=0x7e, ..] => true,
        [0xc2, second, ..] => *second >= 0xa0,
        [0xed, second, ..] => *second < 0xa0,
        [0xef, 0xbb, 0xbf, ..] | [0xef, 0xbf, 0xbe | 0xbf, ..] => false,
        [0xc3..=0xef, ..] => true,
        _ => false,
    }
}

impl Emitter {
    /// Writes a string in the style that go-yaml chooses for it.
    pub(crate) fn text(&mut self, text: &str, place: Place) {
        let look = look_at(text);
        self.string(text, &look, place);
    }

    pub(super) fn string(&mut self, text: &str, look: &Look, place: Place) {
        let fold = place != Place::SimpleKey && self.style == Style::V2;
        let form = self.form(text, look, place);
        let before = self.scalar_indent();
        match form {
            Form::Plain => self.plain(text, look, fold),
            Form::Single => self.single_quoted(text, fold),
            Form::Double => self.double_quoted(text, fold),
            Form::Literal => self.literal(text),
        }
        self.indent = before;
    }

    /// Writes `!!binary` data; version 3 does so with strings that are not UTF-8.
    pub(crate) fn binary(&mut self, base64: &str, place: Place) {
        self.indicator(b"!!binary", false);
        let look = look_at(base64);
        let before = self.scalar_indent();
        if look.line_feed && place != Place::SimpleKey {
            self.literal(base64);
        } else if look.line_feed {
            self.double_quoted(base64, false);
        } else {
            self.plain(base64, &look, false);
        }
        self.indent = before;
    }

    /// Writes a number, a boolean, null: what is always plain.
    pub(crate) fn word(&mut self, text: &str) {
        if !self.whitespace {
            self.put(b' ');
        }
        self.out.extend_from_slice(text.as_bytes());
        self.column += text.len();
        self.whitespace = false;
        self.indention = false;
    }

    fn scalar_indent(&mut self) -> isize {
        let before = self.indent;
        self.indent = if self.indent < 0 { 2 } else { self.indent + 2 };
        before
    }

    fn form(&self, text: &str, look: &Look, place: Place) -> Form {
        let v3 = self.style == Style::V3;
        let special = look.special || (look.tab && !v3);
        let single_allowed = !look.break_space && !look.space_break && !special && !look.tab;
        if look.line_feed {
            let block_allowed = !look.trailing_space && !look.space_break && !special;
            return if block_allowed && place != Place::SimpleKey { Form::Literal } else { Form::Double };
        }
        if place == Place::SimpleKey && look.multiline {
            return Form::Double;
        }
        let schema = if v3 { Schema::V3 } else { Schema::V2 };
        let is_text = resolve(text, schema, Dates::Yes) == Scalar::Str;
        if !is_text || is_base60(text) || (v3 && old_bool(text).is_some()) {
            return Form::Double;
        }
        if single_allowed && !look.padded && !look.multiline && !look.block_indicators {
            Form::Plain
        } else if single_allowed {
            Form::Single
        } else {
            Form::Double
        }
    }

    /// Copies one character.
    fn copy(&mut self, bytes: &[u8], i: &mut usize) {
        let n = bytes.get(*i).map_or(1, |b| width(*b));
        self.out.extend_from_slice(bytes.get(*i..*i + n).unwrap_or_default());
        self.column += 1;
        *i += n;
    }

    /// Copies a line break; a line feed becomes the page's own.
    fn copy_break(&mut self, bytes: &[u8], i: &mut usize) {
        if bytes.get(*i) == Some(&b'\n') {
            self.put_break();
            *i += 1;
        } else {
            self.copy(bytes, i);
            self.column = 0;
            if self.style == Style::V3 {
                self.indention = true;
            }
        }
        if self.style == Style::V2 {
            self.indention = true;
        }
    }

    fn plain(&mut self, text: &str, look: &Look, fold: bool) {
        if !self.whitespace && !text.is_empty() {
            self.put(b' ');
        }
        // Plain text has no breaks here, so most of it can be copied whole.
        let fits = look.ascii && (!fold || self.column + text.len() <= WIDTH);
        if fits {
            self.out.extend_from_slice(text.as_bytes());
            self.column += text.len();
        } else {
            self.words(text.as_bytes(), fold, Form::Plain);
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, fold: bool) {
        self.indicator(b"'", false);
        self.words(text.as_bytes(), fold, Form::Single);
        self.close(b"'", false);
    }

    /// Writes plain or single quoted text, folding it at spaces and doubling breaks.
    fn words(&mut self, bytes: &[u8], fold: bool, form: Form) {
        let (mut after_space, mut after_break) = (false, false);
        let mut i = 0;
        while let Some(&b) = bytes.get(i) {
            if b == b' ' {
                let inner = form == Form::Plain || (i > 0 && i + 1 < bytes.len());
                let next = bytes.get(i + 1) == Some(&b' ');
                if fold && !after_space && self.column > WIDTH && inner && !next {
                    self.write_indent();
                    i += 1;
                } else {
                    self.copy(bytes, &mut i);
                }
                after_space = true;
            } else if break_at(bytes.get(i..).unwrap_or_default()) {
                if !after_break && b == b'\n' {
                    self.put_break();
                }
                self.copy_break(bytes, &mut i);
                after_break = true;
            } else {
                if after_break {
                    self.write_indent();
                }
                if form == Form::Single && b == b'\'' {
                    self.put(b'\'');
                }
                self.copy(bytes, &mut i);
                self.indention = false;
                (after_space, after_break) = (false, false);
            }
        }
    }

    fn double_quoted(&mut self, text: &str, fold: bool) {
        self.indicator(b"\"", false);
        let bytes = text.as_bytes();
        // HELM: go-yaml's test for a byte order mark looks at the start of the string whatever it writes.
        let marked = text.starts_with('\u{feff}');
        let mut after_space = false;
        let mut i = 0;
        while let Some(&b) = bytes.get(i) {
            let rest = bytes.get(i..).unwrap_or_default();
            if marked || matches!(b, b'"' | b'\\') || !printable(rest) || break_at(rest) {
                let c = text.get(i..).and_then(|t| t.chars().next()).unwrap_or_default();
                self.escape(c);
                i += c.len_utf8();
                after_space = false;
            } else if b == b' ' {
                if fold && !after_space && self.column > WIDTH && i > 0 && i + 1 < bytes.len() {
                    self.write_indent();
                    if bytes.get(i + 1) == Some(&b' ') {
                        self.put(b'\\');
                    }
                    i += 1;
                } else {
                    self.copy(bytes, &mut i);
                }
                after_space = true;
            } else {
                self.copy(bytes, &mut i);
                after_space = false;
            }
        }
        self.close(b"\"", false);
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(c);
                let text = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                self.out.extend_from_slice(text.as_bytes());
                self.column += text.len();
                return;
            }
        };
        self.put(b'\\');
        self.put(short as u8);
    }

    fn literal(&mut self, text: &str) {
        self.indicator(b"|", false);
        let bytes = text.as_bytes();
        if bytes.first() == Some(&b' ') || break_at(bytes) {
            self.close(b"2", false);
        }
        let mut ends = text.chars().rev().map(|c| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'));
        match (ends.next(), ends.next()) {
            (Some(true), None | Some(true)) => self.close(b"+", false),
            (Some(true), Some(false)) => {}
            _ => self.close(b"-", false),
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut after_break = true;
        let mut i = 0;
        while i < bytes.len() {
            let rest = bytes.get(i..).unwrap_or_default();
            if break_at(rest) {
                self.copy_break(bytes, &mut i);
                after_break = true;
                continue;
            }
            if after_break {
                self.write_indent();
            }
            // Up to the next byte that may begin a break.
            let n = rest.iter().position(|b| matches!(b, b'\n' | b'\r' | 0xc2 | 0xe2)).unwrap_or(rest.len()).max(1);
            let run = rest.get(..n).unwrap_or_default();
            self.out.extend_from_slice(run);
            self.column += run.iter().filter(|b| **b & 0xc0 != 0x80).count();
            i += n;
            self.indention = false;
            after_break = false;
        }
    }
}
