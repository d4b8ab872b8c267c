//! Literal and folded block scalars.

use super::{Scan, Scanner};

/// What happens to the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// The `|2-` line of a block scalar.
struct Header {
    literal: bool,
    chomping: Chomping,
    /// Given indentation relative to the parent; 0 when it is to be found out.
    increment: isize,
}

impl Scanner<'_> {
    /// Scans a block scalar from its `|` or `>` on.
    pub(super) fn scan_block(&mut self) -> Scan<String> {
        let header = self.block_header()?;
        let mut indent = match header.increment {
            0 => 0,
            n => self.indent.max(0) + n,
        };
        let mut out = String::new();
        let mut breaks = String::new();
        let mut last_break = "";
        let mut after_blank = false;
        self.block_breaks(&mut indent, &mut breaks)?;
        while self.column() as isize == indent && self.at(0) != 0 {
            let blank = self.is_blank(0);
            // Lines that begin with white space are not folded, nor are their neighbours.
            if !header.literal && !after_blank && !blank && last_break == "\n" {
                if breaks.is_empty() {
                    out.push(' ');
                }
            } else {
                out.push_str(last_break);
            }
            out.push_str(&breaks);
            breaks.clear();
            after_blank = blank;
            let line = self.pos;
            self.skip_comment();
            out.push_str(self.slice(line, self.pos));
            last_break = self.take_break().unwrap_or("");
            self.block_breaks(&mut indent, &mut breaks)?;
        }
        if header.chomping != Chomping::Strip {
            out.push_str(last_break);
        }
        if header.chomping == Chomping::Keep {
            out.push_str(&breaks);
        }
        Ok(out)
    }

    fn block_header(&mut self) -> Scan<Header> {
        let mut header = Header { literal: self.at(0) == b'|', chomping: Chomping::Clip, increment: 0 };
        self.skip(1);
        if self.chomping(&mut header) {
            self.increment(&mut header)?;
        } else if self.increment(&mut header)? {
            self.chomping(&mut header);
        }
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.skip_comment();
        }
        if !self.is_breakz(0) {
            return self.fail("did not find expected comment or line break");
        }
        self.take_break();
        Ok(header)
    }

    fn chomping(&mut self, header: &mut Header) -> bool {
        header.chomping = match self.at(0) {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return false,
        };
        self.skip(1);
        true
    }

    fn increment(&mut self, header: &mut Header) -> Scan<bool> {
        match self.at(0) {
            b'0' => self.fail("found an indentation indicator equal to 0"),
            digit @ b'1'..=b'9' => {
                header.increment = isize::from(digit as i8 - b'0' as i8);
                self.skip(1);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Goes over indentation and empty lines; finds out the indentation when it is still 0.
    fn block_breaks(&mut self, indent: &mut isize, breaks: &mut String) -> Scan<()> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || (self.column() as isize) < *indent) && self.at(0) == b' ' {
                self.pos += 1;
            }
            deepest = deepest.max(self.column() as isize);
            if (*indent == 0 || (self.column() as isize) < *indent) && self.at(0) == b'\t' {
                return self.fail("found a tab character where an indentation space is expected");
            }
            match self.take_break() {
                Some(read) => breaks.push_str(read),
                None => break,
            }
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}
