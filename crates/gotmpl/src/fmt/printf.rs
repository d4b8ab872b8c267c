//! Directives: `%[index][flags][width][.precision]verb`.

use super::pad::{Flags, Printer};
use super::print::type_name;
use crate::strconv::utf8::decode_rune;
use crate::value::Value;

/// Widths, precisions and argument numbers above this count as none.
const MAX_NUMBER: i64 = 1_000_000;

/// Where a format string and its arguments are read.
struct Reader<'a> {
    format: &'a [u8],
    at: usize,
    args: &'a [Value],
    next_arg: usize,
    /// An explicit index was used: unused arguments are not told.
    reordered: bool,
    /// The current directive's indexes are right.
    good_index: bool,
    /// An explicit index stands right before this place.
    after_index: bool,
}

/// Prints `format` with `args`.
pub(super) fn print_format(printer: &mut Printer, format: &[u8], args: &[Value]) {
    let mut reader =
        Reader { format, at: 0, args, next_arg: 0, reordered: false, good_index: true, after_index: false };
    while reader.at < format.len() && !printer.is_full() {
        let rest = format.get(reader.at..).unwrap_or_default();
        let plain = rest.iter().position(|c| *c == b'%').unwrap_or(rest.len());
        printer.write(rest.get(..plain).unwrap_or_default());
        reader.at += plain;
        if reader.at < format.len() {
            reader.at += 1;
            reader.good_index = true;
            reader.directive(printer);
        }
    }
    if !reader.reordered {
        extra(printer, args.get(reader.next_arg..).unwrap_or_default());
    }
}

/// The note about arguments that no directive took.
fn extra(printer: &mut Printer, args: &[Value]) {
    if args.is_empty() {
        return;
    }
    printer.flags = Flags::default();
    printer.write(b"%!(EXTRA ");
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            printer.write(b", ");
        }
        printer.write(type_name(arg).as_bytes());
        if !matches!(arg, Value::Nil) {
            printer.push(b'=');
            printer.print_arg(arg, 'v');
        }
    }
    printer.push(b')');
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// One directive, after its percent sign.
    fn directive(&mut self, printer: &mut Printer) {
        printer.flags = self.flags();
        // A plain verb right after the flags does not look for indexes, widths and so on.
        let simple = self.peek().is_some_and(|c| c.is_ascii_lowercase()) && self.next_arg < self.args.len();
        if !simple {
            self.index();
            self.width(printer);
            self.precision(printer);
            if !self.after_index {
                self.index();
            }
        }
        let Some(rest) = self.format.get(self.at..).filter(|r| !r.is_empty()) else {
            printer.write(b"%!(NOVERB)");
            return;
        };
        let (rune, length) = decode_rune(rest);
        let verb = char::from_u32(rune).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.at += length;
        if verb == '%' {
            printer.push(b'%');
        } else if !self.good_index {
            note(printer, verb, b"(BADINDEX)");
        } else if let Some(arg) = self.args.get(self.next_arg) {
            if matches!(verb, 'v' | 'w') {
                printer.flags.sharp_v = std::mem::take(&mut printer.flags.sharp);
                printer.flags.plus_v = std::mem::take(&mut printer.flags.plus);
            }
            printer.print_arg(arg, verb);
            self.next_arg += 1;
        } else {
            note(printer, verb, b"(MISSING)");
        }
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(c) = self.peek() {
            match c {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        flags
    }

    /// An explicit argument index `[n]`, when one stands here.
    fn index(&mut self) {
        self.after_index = false;
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = self.format.get(self.at..).unwrap_or_default();
        let close = rest.iter().position(|c| *c == b']');
        let Some(close) = close.filter(|_| rest.len() >= 3) else {
            self.good_index = false;
            self.at += 1;
            return;
        };
        let number = match parse_number(rest.get(1..close).unwrap_or_default()) {
            (Some(n), used) if used == close - 1 => Some(n),
            _ => None,
        };
        self.at += close + 1;
        self.after_index = number.is_some();
        match number.and_then(|n| n.checked_sub(1)).filter(|n| *n < self.args.len()) {
            Some(n) => self.next_arg = n,
            None => self.good_index = false,
        }
    }

    fn width(&mut self, printer: &mut Printer) {
        if self.peek() != Some(b'*') {
            printer.flags.width = self.number();
            if self.after_index && printer.flags.width.is_some() {
                self.good_index = false;
            }
            return;
        }
        self.at += 1;
        match self.int_arg() {
            Some(width) => {
                if width < 0 {
                    printer.flags.minus = true;
                    printer.flags.zero = false;
                }
                printer.flags.width = usize::try_from(width.unsigned_abs()).ok();
            }
            None => printer.write(b"%!(BADWIDTH)"),
        }
        self.after_index = false;
    }

    fn precision(&mut self, printer: &mut Printer) {
        // A point that ends the format is the verb.
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        if self.after_index {
            self.good_index = false;
        }
        self.index();
        if self.peek() != Some(b'*') {
            printer.flags.precision = Some(self.number().unwrap_or(0));
            return;
        }
        self.at += 1;
        // A negative precision is none, and told as a bad one.
        printer.flags.precision = self.int_arg().and_then(|p| usize::try_from(p).ok());
        if printer.flags.precision.is_none() {
            printer.write(b"%!(BADPREC)");
        }
        self.after_index = false;
    }

    /// A number written in the format.
    fn number(&mut self) -> Option<usize> {
        let (number, used) = parse_number(self.format.get(self.at..).unwrap_or_default());
        self.at += used;
        number
    }

    /// The next argument as an integer of reasonable size.
    fn int_arg(&mut self) -> Option<i64> {
        let number = match self.args.get(self.next_arg)? {
            Value::Int(_, n) => Some(*n),
            Value::Uint(_, n) => i64::try_from(*n).ok(),
            _ => None,
        };
        self.next_arg += 1;
        number.filter(|n| (-MAX_NUMBER..=MAX_NUMBER).contains(n))
    }
}

/// The number that `text` begins with, and the bytes read: all of them when it is far too large.
fn parse_number(text: &[u8]) -> (Option<usize>, usize) {
    let mut number = None;
    for (i, c) in text.iter().enumerate() {
        if !c.is_ascii_digit() {
            return (number, i);
        }
        let so_far = number.unwrap_or(0);
        if so_far > MAX_NUMBER.unsigned_abs() as usize {
            return (None, text.len());
        }
        number = Some(so_far * 10 + usize::from(c - b'0'));
    }
    (number, text.len())
}

fn note(printer: &mut Printer, verb: char, what: &[u8]) {
    printer.write(b"%!");
    printer.write_char(verb);
    printer.write(what);
}
