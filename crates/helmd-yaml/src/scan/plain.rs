//! Plain scalars.

use super::{Fold, Scan, Scanner};
use std::borrow::Cow;

impl<'a> Scanner<'a> {
    /// Scans a plain scalar; one that stays on its line is a piece of the input.
    pub(super) fn scan_plain(&mut self) -> Scan<Cow<'a, str>> {
        let start = self.pos;
        let indent = self.indent + 1;
        let mut end = start;
        // The text so far, once it is not a piece of the input any more; `from` is what is not in it yet.
        let mut folded: Option<String> = None;
        let mut from = start;
        let mut fold = Fold::default();
        let mut on_new_line = false;
        loop {
            if self.at_document_indicator() || self.at(0) == b'#' {
                break;
            }
            let word_end = self.word_end();
            if word_end > self.pos {
                if on_new_line {
                    let text = folded.get_or_insert_default();
                    text.push_str(self.slice(from, end));
                    fold.join(text);
                    from = self.pos;
                    on_new_line = false;
                }
                self.skip_to(word_end);
                end = word_end;
            }
            if !self.is_blank(0) && self.break_len(0) == 0 {
                break;
            }
            self.skip_white(&mut on_new_line, indent, &mut fold)?;
            if !self.in_flow() && (self.column() as isize) < indent {
                break;
            }
        }
        if on_new_line {
            self.key_allowed = true;
        }
        Ok(match folded {
            None => Cow::Borrowed(self.slice(start, end)),
            Some(mut text) => {
                text.push_str(self.slice(from, end));
                Cow::Owned(text)
            }
        })
    }

    /// Goes over white space and line breaks between words.
    fn skip_white(&mut self, on_new_line: &mut bool, indent: isize, fold: &mut Fold) -> Scan<()> {
        loop {
            if self.is_blank(0) {
                if *on_new_line && self.at(0) == b'\t' && (self.column() as isize) < indent {
                    return self.fail("found a tab character that violates indentation");
                }
                self.pos += 1;
            } else if let Some(read) = self.take_break() {
                if *on_new_line {
                    fold.more.push_str(read);
                } else {
                    fold.first.push_str(read);
                    *on_new_line = true;
                }
            } else {
                return Ok(());
            }
        }
    }

    /// The end of the characters from here that can be in a plain scalar.
    fn word_end(&self) -> usize {
        let flow = self.in_flow();
        let bytes = self.text.as_bytes();
        let mut to = self.pos;
        while let Some(b) = bytes.get(to) {
            match b {
                b' ' | b'\t' | b'\n' | b'\r' => break,
                b':' if self.is_blankz(to + 1 - self.pos) => break,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if flow => break,
                0xc2 | 0xe2 if self.break_len(to - self.pos) > 0 => break,
                _ => to += 1,
            }
        }
        to
    }
}
