//! Single and double quoted scalars.

use super::{Fold, Scan, Scanner};
use std::borrow::Cow;

impl<'a> Scanner<'a> {
    /// Scans a single quoted scalar, in which only the quote itself is escaped, by doubling.
    pub(super) fn scan_single_quoted(&mut self) -> Scan<Cow<'a, str>> {
        self.scan_quoted(b'\'')
    }

    /// Scans a double quoted scalar with its escapes.
    pub(super) fn scan_double_quoted(&mut self) -> Scan<Cow<'a, str>> {
        self.scan_quoted(b'"')
    }

    fn scan_quoted(&mut self, quote: u8) -> Scan<Cow<'a, str>> {
        self.skip(1);
        let start = self.pos;
        let to = self.quoted_run(quote, true);
        let next = self.text.as_bytes().get(to..).unwrap_or_default();
        let doubled = quote == b'\'' && next.starts_with(b"''");
        if next.first() == Some(&quote) && !doubled {
            self.skip_to(to);
            self.skip(1);
            return Ok(Cow::Borrowed(self.slice(start, to)));
        }
        self.scan_long_quoted(quote).map(Cow::Owned)
    }

    /// The end of the characters from here that stand for themselves; spaces and tabs are among them if `blanks`.
    fn quoted_run(&self, quote: u8, blanks: bool) -> usize {
        let bytes = self.text.as_bytes();
        let mut to = self.pos;
        while let Some(b) = bytes.get(to) {
            match b {
                b'\n' | b'\r' => break,
                b' ' | b'\t' if !blanks => break,
                b'\\' if quote == b'"' => break,
                0xc2 | 0xe2 if self.break_len(to - self.pos) > 0 => break,
                b if *b == quote => break,
                _ => to += 1,
            }
        }
        to
    }

    /// The general form: escapes, line breaks.
    fn scan_long_quoted(&mut self, quote: u8) -> Scan<String> {
        let mut out = String::new();
        let mut fold = Fold::default();
        loop {
            if self.at_document_indicator() {
                return self.fail("found unexpected document indicator");
            }
            if self.at(0) == 0 {
                return self.fail("found unexpected end of stream");
            }
            let mut on_new_line = self.quoted_word(quote, &mut out)?;
            if self.at(0) == quote {
                self.skip(1);
                return Ok(out);
            }
            let blanks = self.pos;
            let mut blanks_end = blanks;
            loop {
                if self.is_blank(0) {
                    self.pos += 1;
                    if !on_new_line {
                        blanks_end = self.pos;
                    }
                } else if let Some(read) = self.take_break() {
                    if on_new_line {
                        fold.more.push_str(read);
                    } else {
                        fold.first.push_str(read);
                        on_new_line = true;
                    }
                } else {
                    break;
                }
            }
            if on_new_line {
                fold.join(&mut out);
            } else {
                out.push_str(self.slice(blanks, blanks_end));
            }
        }
    }

    /// Reads up to a blank, a break or the closing quote. True after an escaped line break.
    fn quoted_word(&mut self, quote: u8, out: &mut String) -> Scan<bool> {
        loop {
            let to = self.quoted_run(quote, false);
            out.push_str(self.slice(self.pos, to));
            self.skip_to(to);
            match self.at(0) {
                b'\'' if quote == b'\'' && self.at(1) == b'\'' => {
                    out.push('\'');
                    self.skip(2);
                }
                b'\\' if quote == b'"' => {
                    if self.break_len(1) > 0 {
                        self.skip(1);
                        self.take_break();
                        return Ok(true);
                    }
                    let c = self.escape()?;
                    out.push(c);
                }
                _ => return Ok(false),
            }
        }
    }

    fn escape(&mut self) -> Scan<char> {
        let c = match self.at(1) {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            b' ' => ' ',
            b'"' => '"',
            b'\'' => '\'',
            b'\\' => '\\',
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' => return self.escape_code(2),
            b'u' => return self.escape_code(4),
            b'U' => return self.escape_code(8),
            _ => return self.fail("found unknown escape character"),
        };
        self.skip(2);
        Ok(c)
    }

    fn escape_code(&mut self, digits: usize) -> Scan<char> {
        self.skip(2);
        let mut code: u32 = 0;
        for i in 0..digits {
            match char::from(self.at(i)).to_digit(16) {
                Some(digit) => code = (code << 4) | digit,
                None => return self.fail("did not find expected hexdecimal number"),
            }
        }
        match char::from_u32(code) {
            Some(c) => {
                self.skip(digits);
                Ok(c)
            }
            None => self.fail("found invalid Unicode character escape code"),
        }
    }
}
