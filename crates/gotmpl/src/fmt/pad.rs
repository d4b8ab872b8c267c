//! One scalar with its flags, width and precision.

use crate::strconv::utf8::{decode_rune, push_rune, rune_count};
use crate::strconv::{can_backquote, format_float, is_print, quote, quote_rune, quote_rune_to_ascii, quote_to_ascii};

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub width: Option<usize>,
    pub precision: Option<usize>,
    pub minus: bool,
    pub plus: bool,
    pub sharp: bool,
    pub space: bool,
    pub zero: bool,
    /// `%+v`: field names. The plain flag is off then.
    pub plus_v: bool,
    /// `%#v`: Go syntax. The plain flag is off then.
    pub sharp_v: bool,
}

/// The output and the current directive's state.
pub(super) struct Printer {
    out: Vec<u8>,
    limit: usize,
    full: bool,
    pub flags: Flags,
    /// Within a `%!verb(…)` note: methods are not called.
    pub noting: bool,
    /// How many collections are open.
    pub depth: usize,
}

/// Letter case of hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
}

/// An integer as Go's formatter takes it: 64 bits and whether they are signed.
#[derive(Clone, Copy)]
pub(super) struct Integer {
    pub bits: u64,
    pub signed: bool,
}

impl Printer {
    pub fn new(limit: usize) -> Printer {
        Printer { out: Vec::new(), limit, full: false, flags: Flags::default(), noting: false, depth: 0 }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Whether something did not fit any more.
    pub fn is_full(&self) -> bool {
        self.full
    }

    pub fn push(&mut self, byte: u8) {
        self.write(&[byte]);
    }

    pub fn write(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.out.len());
        self.full |= bytes.len() > room;
        self.out.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    pub fn write_char(&mut self, c: char) {
        self.write(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn fill(&mut self, count: usize, byte: u8) {
        let room = self.limit.saturating_sub(self.out.len());
        self.full |= count > room;
        self.out.resize(self.out.len() + count.min(room), byte);
    }

    /// Fills up with what the flags say: zeros only to the left.
    fn fill_by_flags(&mut self, count: usize) {
        let byte = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        self.fill(count, byte);
    }

    /// Writes text padded to the width.
    pub fn pad(&mut self, text: &[u8]) {
        let missing = match self.flags.width {
            None | Some(0) => 0,
            Some(width) => width.saturating_sub(rune_count(text)),
        };
        if self.flags.minus {
            self.write(text);
            self.fill_by_flags(missing);
        } else {
            self.fill_by_flags(missing);
            self.write(text);
        }
    }

    fn pad_with_spaces(&mut self, text: &[u8]) {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(text);
        self.flags.zero = zero;
    }

    /// The first characters, as many as the precision says.
    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(count) = self.flags.precision else {
            return text;
        };
        let mut end = 0;
        for _ in 0..count {
            match decode_rune(text.get(end..).unwrap_or_default()).1 {
                0 => break,
                width => end += width,
            }
        }
        text.get(..end).unwrap_or(text)
    }

    /// `%s`.
    pub fn string(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        self.pad(text);
    }

    /// `%q` of a string.
    pub fn quoted(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        if self.flags.sharp && can_backquote(text) {
            self.pad(&[b"`", text, b"`"].concat());
        } else if self.flags.plus {
            self.pad(quote_to_ascii(text).as_bytes());
        } else {
            self.pad(quote(text).as_bytes());
        }
    }

    /// `%x` and `%X` of a string: its bytes.
    pub fn hex_bytes(&mut self, bytes: &[u8], case: Case) {
        let shown = bytes.get(..self.flags.precision.unwrap_or(usize::MAX)).unwrap_or(bytes);
        if shown.is_empty() {
            self.fill_by_flags(self.flags.width.unwrap_or(0));
            return;
        }
        let prefix = match (self.flags.sharp, case) {
            (false, _) => "",
            (true, Case::Lower) => "0x",
            (true, Case::Upper) => "0X",
        };
        let mut text = String::with_capacity(shown.len() * 2);
        text.push_str(prefix);
        for (i, byte) in shown.iter().enumerate() {
            if self.flags.space && i > 0 {
                text.push(' ');
                text.push_str(prefix);
            }
            for digit in [byte >> 4, byte & 15] {
                text.push(hex_digit(digit, case));
            }
        }
        self.pad(text.as_bytes());
    }

    /// An integer in base 2, 8, 10 or 16; `verb` matters for `O` only.
    pub fn integer(&mut self, value: Integer, base: u32, case: Case, verb: char) {
        let flags = self.flags;
        let negative = value.signed && value.bits >> 63 == 1;
        let magnitude = if negative { value.bits.wrapping_neg() } else { value.bits };
        let signed_text = negative || flags.plus || flags.space;
        let least_digits = match (flags.precision, flags.width) {
            (Some(0), _) if magnitude == 0 => {
                // Zero with precision 0 is nothing but padding.
                self.fill(flags.width.unwrap_or(0), b' ');
                return;
            }
            (Some(precision), _) => precision,
            (None, Some(width)) if flags.zero && !flags.minus => width.saturating_sub(usize::from(signed_text)),
            _ => 0,
        };
        let digits = digits_of(magnitude, base, case);
        let zeros = "0".repeat(least_digits.saturating_sub(digits.len()));
        let prefix = match (flags.sharp, base) {
            (true, 2) => "0b",
            (true, 8) if zeros.is_empty() && !digits.starts_with('0') => "0",
            (true, 16) if case == Case::Upper => "0X",
            (true, 16) => "0x",
            _ => "",
        };
        let letter = if verb == 'O' { "0o" } else { "" };
        let sign = match (negative, flags.plus, flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        self.pad_with_spaces(format!("{sign}{letter}{prefix}{zeros}{digits}").as_bytes());
    }

    /// `%c`.
    pub fn character(&mut self, value: u64) {
        let mut text = Vec::new();
        push_rune(&mut text, rune(value));
        self.pad(&text);
    }

    /// `%q` of an integer.
    pub fn quoted_character(&mut self, value: u64) {
        let text = if self.flags.plus { quote_rune_to_ascii(rune(value)) } else { quote_rune(rune(value)) };
        self.pad(text.as_bytes());
    }

    /// `%U`.
    pub fn code_point(&mut self, value: u64) {
        let width = self.flags.precision.unwrap_or(0).max(4);
        let digits = format!("{value:X}");
        let mut text = format!("U+{}{digits}", "0".repeat(width.saturating_sub(digits.len())));
        let shown = u32::try_from(value).ok().filter(|r| self.flags.sharp && is_print(*r)).and_then(char::from_u32);
        if let Some(c) = shown {
            text.push_str(&format!(" '{c}'"));
        }
        self.pad_with_spaces(text.as_bytes());
    }

    /// A float in one of `strconv`'s formats; the flags' precision goes before `precision`.
    pub fn float(&mut self, value: f64, bits: u8, format: u8, precision: i32) {
        let flags = self.flags;
        let precision = flags.precision.map_or(precision, |p| i32::try_from(p).unwrap_or(i32::MAX));
        let text = format_float(value, format, precision, bits);
        let (negative, body) = match text.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        let sign = match (negative, flags.plus, flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        if !value.is_finite() {
            // An infinity keeps its plus where a number would drop it.
            let sign = if sign.is_empty() && value.is_infinite() { "+" } else { sign };
            self.pad_with_spaces(format!("{sign}{body}").as_bytes());
            return;
        }
        let body = if flags.sharp && format != b'b' { with_point(body, format, precision) } else { body.to_owned() };
        let length = sign.len() + body.len();
        match flags.width {
            Some(width) if !sign.is_empty() && flags.zero && !flags.minus && width > length => {
                self.write(sign.as_bytes());
                self.fill(width - length, b'0');
                self.write(body.as_bytes());
            }
            _ => self.pad(format!("{sign}{body}").as_bytes()),
        }
    }
}

/// The `#` form of a float: always a point, and trailing zeros up to the precision (6 for the shortest form).
fn with_point(body: &str, format: u8, precision: i32) -> String {
    let keeps_zeros = matches!(format, b'g' | b'G' | b'x');
    let mut wanted = match (keeps_zeros, precision) {
        (false, _) => 0,
        (true, -1) => 6,
        (true, p) => p,
    };
    let hex = matches!(format, b'x' | b'X');
    let end = body.find(|c| matches!(c, 'p' | 'P') || (!hex && matches!(c, 'e' | 'E'))).unwrap_or(body.len());
    let (number, tail) = body.split_at(end);
    let mut nonzero = false;
    for c in number.bytes().filter(|c| *c != b'.') {
        nonzero |= c != b'0';
        wanted -= i32::from(nonzero);
    }
    let mut out = number.to_owned();
    if !number.contains('.') {
        wanted -= i32::from(number == "0");
        out.push('.');
    }
    out.extend((0..wanted).map(|_| '0'));
    out + tail
}

fn rune(value: u64) -> u32 {
    u32::try_from(value).ok().filter(|r| *r <= 0x10_ffff).unwrap_or(0xfffd)
}

fn hex_digit(digit: u8, case: Case) -> char {
    let c = char::from_digit(u32::from(digit), 16).unwrap_or('0');
    if case == Case::Upper { c.to_ascii_uppercase() } else { c }
}

fn digits_of(value: u64, base: u32, case: Case) -> String {
    match (base, case) {
        (2, _) => format!("{value:b}"),
        (8, _) => format!("{value:o}"),
        (16, Case::Lower) => format!("{value:x}"),
        (16, Case::Upper) => format!("{value:X}"),
        _ => value.to_string(),
    }
}
