//! Bytes to checked text: encodings, and characters that YAML does not allow.
//!
//! go-yaml reads 512 bytes at a time and fails when it comes to the piece with the bad character, so a mistake in an earlier
//! piece is reported first. [`Input`] ends before that piece and keeps its error for whoever reads on.

use std::borrow::Cow;

/// Size of the pieces in bytes.
const PIECE: usize = 512;

/// The readable text of a document stream.
pub(crate) struct Input<'a> {
    /// Characters that are allowed in YAML, without the byte order mark.
    pub text: Cow<'a, str>,
    /// Why nothing can be read after `text`, if it is not the end.
    pub broken: Option<&'static str>,
    /// How much of the text the reader holds at first when that begins with a second byte order mark, else 0.
    pub marked: usize,
}

impl<'a> Input<'a> {
    /// Reads the bytes: UTF-16 when they start with its mark, else UTF-8.
    pub(crate) fn new(bytes: &'a [u8]) -> Input<'a> {
        match bytes {
            [0xff, 0xfe, rest @ ..] => Input::utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => Input::utf16(rest, u16::from_be_bytes),
            [0xef, 0xbb, 0xbf, rest @ ..] => Input::utf8(rest, 3),
            _ => Input::utf8(bytes, 0),
        }
    }

    fn utf8(bytes: &'a [u8], mark: usize) -> Input<'a> {
        let (good, broken) = match first_bad(bytes) {
            None => (bytes, None),
            Some((at, problem)) => (bytes.get(..piece_start(bytes, at, mark)).unwrap_or_default(), Some(problem)),
        };
        // `first_bad` has checked it already; a second look costs little and needs no trust.
        let text = std::str::from_utf8(good).map_or_else(|_| String::from_utf8_lossy(good), Cow::Borrowed);
        let marked = if text.starts_with('\u{feff}') { PIECE.saturating_sub(mark) } else { 0 };
        Input { text, broken, marked }
    }

    fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Input<'static> {
        let mut text = String::with_capacity(bytes.len());
        // Length of the text before the piece at hand, and bytes read of that piece (the mark counts).
        let (mut before, mut piece) = (0, 2);
        let mut units = bytes.chunks(2);
        let broken = loop {
            let problem = match units.next() {
                None => break None,
                Some(&[a, b]) => {
                    let mut width = 2;
                    let decoded = match unit([a, b]) {
                        0xdc00..=0xdfff => Err("unexpected low surrogate area"),
                        high @ 0xd800..=0xdbff => {
                            width = 4;
                            match units.next() {
                                Some(&[c, d]) => match unit([c, d]) {
                                    low @ 0xdc00..=0xdfff => {
                                        Ok(0x10000 + ((u32::from(high) & 0x3ff) << 10) + (u32::from(low) & 0x3ff))
                                    }
                                    _ => Err("expected low surrogate area"),
                                },
                                _ => Err("incomplete UTF-16 surrogate pair"),
                            }
                        }
                        code => Ok(u32::from(code)),
                    };
                    if piece + width > PIECE {
                        (before, piece) = (text.len(), 0);
                    }
                    piece += width;
                    match decoded.map(char::from_u32) {
                        Ok(Some(c)) if allowed(c) => {
                            text.push(c);
                            continue;
                        }
                        Ok(_) => "control characters are not allowed",
                        Err(problem) => problem,
                    }
                }
                Some(_) => "incomplete UTF-16 character",
            };
            text.truncate(before);
            break Some(problem);
        };
        let marked = if text.starts_with('\u{feff}') { PIECE } else { 0 };
        Input { text: Cow::Owned(text), broken, marked }
    }
}

/// Whether YAML's reader lets the character pass.
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// Where the piece that holds the byte `at` begins; the first piece also holds the mark.
fn piece_start(bytes: &[u8], at: usize, mark: usize) -> usize {
    let mut start = 0;
    let mut room = PIECE - mark;
    loop {
        let mut end = (start + room).min(bytes.len());
        // A character that does not fit stays for the next piece.
        let incomplete = (1..4).find(|back| {
            let lead = end.checked_sub(*back).and_then(|i| bytes.get(i)).copied().unwrap_or(0);
            lead >= 0xc0 && width(lead) > *back
        });
        if let Some(back) = incomplete
            && end < bytes.len()
        {
            end -= back;
        }
        if at < end || end >= bytes.len() || end == start {
            return start;
        }
        (start, room) = (end, PIECE);
    }
}

fn width(lead: u8) -> usize {
    match lead {
        0..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 0,
    }
}

/// The first byte that is not part of an allowed character, with go-yaml's name for the mistake.
fn first_bad(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let odd = |b: u8| !matches!(b, b' '..=b'~' | b'\n' | b'\t' | b'\r');
    // Whole runs at a time: most texts have nothing but plain ASCII.
    const RUN: usize = 64;
    let (mut i, mut careful) = (0, 0);
    while let Some(&lead) = bytes.get(i) {
        if i >= careful {
            if bytes.get(i..i + RUN).is_some_and(|run| !run.iter().fold(false, |any, b| any | odd(*b))) {
                i += RUN;
                continue;
            }
            careful = i + RUN;
        }
        if lead < 0x80 {
            if !matches!(lead, b' '..=b'~' | b'\n' | b'\t' | b'\r') {
                return Some((i, "control characters are not allowed"));
            }
            i += 1;
            continue;
        }
        match decode(bytes.get(i..).unwrap_or_default()) {
            Ok(n) => i += n,
            Err(problem) => return Some((i, problem)),
        }
    }
    None
}

/// Length of the character at the start of `bytes`, which is not ASCII.
fn decode(bytes: &[u8]) -> Result<usize, &'static str> {
    let lead = bytes.first().copied().unwrap_or(0);
    let n = width(lead);
    if n == 0 {
        return Err("invalid leading UTF-8 octet");
    }
    let Some(sequence) = bytes.get(..n) else {
        return Err("incomplete UTF-8 octet sequence");
    };
    let mut code = u32::from(lead) & (0x7f >> n);
    for byte in sequence.iter().skip(1) {
        if byte & 0xc0 != 0x80 {
            return Err("invalid trailing UTF-8 octet");
        }
        code = (code << 6) + u32::from(byte & 0x3f);
    }
    if (n == 2 && code < 0x80) || (n == 3 && code < 0x800) || (n == 4 && code < 0x1_0000) {
        return Err("invalid length of a UTF-8 sequence");
    }
    match char::from_u32(code) {
        None => Err("invalid Unicode character"),
        Some(c) if allowed(c) => Ok(n),
        Some(_) => Err("control characters are not allowed"),
    }
}
