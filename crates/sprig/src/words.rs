//! Letters and words: case, initials, wrapping, and the snake, kebab and camel cases of xstrings.

use crate::args::{INT, Register, STR, int, text};
use crate::find::find;
use crate::unicode::{self, is_letter, is_number, is_punctuation, is_space, is_upper, to_lower, to_title, to_upper};
use gotmpl::exec::{Limits, Stopped};
use gotmpl::strconv::utf8;
use gotmpl::{FuncMap, Value};

pub(crate) fn add(map: &mut FuncMap) {
    map.plain("upper", &[STR], STR, |a| Ok(Value::str(unicode::map(text(a, 0), to_upper))));
    map.plain("lower", &[STR], STR, |a| Ok(Value::str(unicode::map(text(a, 0), to_lower))));
    map.plain("title", &[STR], STR, |a| Ok(Value::str(title(text(a, 0)))));
    map.plain("untitle", &[STR], STR, |a| Ok(Value::str(untitle(text(a, 0)))));
    map.plain("swapcase", &[STR], STR, |a| Ok(Value::str(swap_case(text(a, 0)))));
    map.plain("initials", &[STR], STR, |a| Ok(Value::str(initials(text(a, 0)))));
    map.plain("snakecase", &[STR], STR, |a| Ok(Value::str(lower_words(text(a, 0), b'_'))));
    map.plain("kebabcase", &[STR], STR, |a| Ok(Value::str(lower_words(text(a, 0), b'-'))));
    map.plain("camelcase", &[STR], STR, |a| Ok(Value::str(pascal_case(text(a, 0)))));
    map.bounded("wrap", &[INT, STR], STR, |limits, a| {
        Ok(Value::str(wrap(limits, text(a, 1), int(a, 0), (b"\n", LongWords::Keep))?))
    });
    map.bounded("wrapWith", &[INT, STR, STR], STR, |limits, a| {
        let line_end = if text(a, 1).is_empty() { b"\n" } else { text(a, 1) };
        Ok(Value::str(wrap(limits, text(a, 2), int(a, 0), (line_end, LongWords::Break))?))
    });
}

/// `strings.Title`
fn title(s: &[u8]) -> Vec<u8> {
    let separates = |rune: u32| match u8::try_from(rune) {
        Ok(b) if b.is_ascii() => !b.is_ascii_alphanumeric() && b != b'_',
        _ => !is_letter(rune) && !unicode::is_digit(rune) && is_space(rune),
    };
    let mut before = u32::from(' ');
    unicode::map(s, |rune| {
        let begins = separates(std::mem::replace(&mut before, rune));
        if begins { to_title(rune) } else { rune }
    })
}

fn untitle(s: &[u8]) -> Vec<u8> {
    let mut begins = true;
    unicode::map(s, |rune| {
        if is_space(rune) {
            begins = true;
            rune
        } else if std::mem::take(&mut begins) {
            to_lower(rune)
        } else {
            rune
        }
    })
}

fn swap_case(s: &[u8]) -> Vec<u8> {
    let mut after_space = true;
    unicode::map(s, |rune| {
        if is_upper(rune) || unicode::is_title(rune) {
            after_space = false;
            to_lower(rune)
        } else if unicode::is_lower(rune) {
            if std::mem::take(&mut after_space) { to_title(rune) } else { to_upper(rune) }
        } else {
            after_space = is_space(rune);
            rune
        }
    })
}

/// HELM: goutils looks at bytes and writes each as the Latin-1 character of its number.
fn initials(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut gap = true;
    for byte in s {
        let rune = u32::from(*byte);
        if is_space(rune) {
            gap = true;
        } else if std::mem::take(&mut gap) {
            utf8::push_rune(&mut out, rune);
        }
    }
    out
}

/// What happens to words longer than a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LongWords {
    Keep,
    Break,
}

/// goutils' wrapping of one line at spaces; widths are bytes.
fn wrap(limits: &Limits, s: &[u8], width: i64, (line_end, long): (&[u8], LongWords)) -> Result<Vec<u8>, Stopped> {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    limits.text((s.len() / width + 1).checked_mul(line_end.len()).and_then(|n| n.checked_add(s.len())))?;
    let mut out = Vec::new();
    let mut rest = s;
    let mut line = |part: &[u8]| {
        out.extend_from_slice(part);
        out.extend_from_slice(line_end);
    };
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(b" ") {
            rest = after;
            continue;
        }
        let head = rest.get(..=width).unwrap_or(rest);
        let cut = match (head.iter().rposition(|b| *b == b' '), long) {
            (Some(space), _) => Some((space, space + 1)),
            (None, LongWords::Break) => Some((width, width)),
            (None, LongWords::Keep) => {
                find(rest.get(width..).unwrap_or_default(), b" ").map(|n| (width + n, width + n + 1))
            }
        };
        let Some((end, next)) = cut else { break };
        line(rest.get(..end).unwrap_or(rest));
        rest = rest.get(next..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Ok(out)
}

fn is_connector(rune: u32) -> bool {
    rune == u32::from('-') || rune == u32::from('_') || is_space(rune)
}

/// A letter of a script that has words of letters: not a CJK character.
fn is_alphabet(rune: u32) -> bool {
    is_letter(rune) && !matches!(rune, 0x4e00..=0x9fcc | 0x3400..=0x4d85 | 0x2_0000..=0x2_b81d)
}

/// xstrings' `ToPascalCase`.
fn pascal_case(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    let mut runes = utf8::runes(s).map(|(_, rune)| rune).peekable();
    while let Some(connector) = runes.next_if(|rune| is_connector(*rune)) {
        utf8::push_rune(&mut out, connector);
    }
    let Some(first) = runes.next() else {
        // HELM: the last of nothing but connectors is written twice.
        let last = utf8::decode_last_rune(s);
        if last.1 > 0 {
            utf8::push_rune(&mut out, last.0);
        }
        return out;
    };
    let mut upper_run = is_upper(first);
    let mut current = to_upper(first);
    for mut next in runes {
        let last = current;
        if is_connector(next) && is_connector(last) {
            utf8::push_rune(&mut out, last);
            current = next;
            continue;
        }
        if is_connector(last) {
            upper_run = is_upper(next);
            next = to_upper(next);
        } else {
            if upper_run {
                if is_upper(next) {
                    next = to_lower(next);
                } else {
                    upper_run = false;
                }
            }
            utf8::push_rune(&mut out, last);
        }
        current = next;
    }
    utf8::push_rune(&mut out, current);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Invalid,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// The next character that is not broken (broken bytes before it are counted in the width); `before` when there is none.
fn next_valid(s: &[u8], before: u32) -> (u32, usize) {
    let mut width = 0;
    for (at, rune) in utf8::runes(s) {
        let end = utf8::decode_rune(s.get(at..).unwrap_or_default()).1 + at;
        width = end;
        if rune != utf8::REPLACEMENT {
            return (rune, end);
        }
    }
    (before, width)
}

/// Goes on from `at` while `wanted` holds; gives the end, the width of the last character taken and the character that stopped it.
fn take_while(s: &[u8], mut at: usize, mut rune: u32, wanted: impl Fn(u32) -> bool) -> (usize, usize, u32) {
    let mut last = 0;
    while at < s.len() {
        let (next, width) = next_valid(s.get(at..).unwrap_or_default(), rune);
        rune = next;
        if !wanted(rune) {
            break;
        }
        last = width;
        at += width;
    }
    (at, last, rune)
}

/// The first word, its kind and what follows, cut as xstrings cuts.
fn next_word(s: &[u8]) -> (Word, &[u8], &[u8]) {
    if s.is_empty() {
        return (Word::Invalid, s, s);
    }
    let (rune, width) = next_valid(s, utf8::REPLACEMENT);
    let small = |rune| is_alphabet(rune) && !is_upper(rune);
    let (word, end) = match rune {
        utf8::REPLACEMENT => (Word::Invalid, width),
        _ if is_connector(rune) => (Word::Connector, take_while(s, width, rune, is_connector).0),
        _ if is_punctuation(rune) => (Word::Punctuation, take_while(s, width, rune, is_punctuation).0),
        _ if is_upper(rune) => {
            let (next, _) = next_valid(s.get(width..).unwrap_or_default(), rune);
            let end = if width == s.len() {
                width
            } else if is_upper(next) {
                let (end, last, stop) = take_while(s, width, rune, is_upper);
                // In `HTTPStatus` the `S` belongs to the next word.
                if end < s.len() && is_alphabet(stop) { end - last } else { end }
            } else if is_alphabet(next) {
                take_while(s, width, rune, small).0
            } else {
                width
            };
            (Word::Upper, end)
        }
        _ if is_alphabet(rune) => (Word::Alphabet, take_while(s, width, rune, small).0),
        _ if is_number(rune) => (Word::Number, take_while(s, width, rune, is_number).0),
        _ => {
            let other = |r| !(is_connector(r) || is_alphabet(r) || is_number(r) || is_punctuation(r));
            (Word::Other, take_while(s, width, rune, other).0)
        }
    };
    let (head, rest) = s.split_at(end.min(s.len()));
    (word, head, rest)
}

/// Writes a word in small letters, connectors as `connector`.
fn push_lower(out: &mut Vec<u8>, kind: Word, word: &[u8], connector: u8) {
    if kind != Word::Upper && kind != Word::Connector {
        out.extend_from_slice(word);
        return;
    }
    for (_, rune) in utf8::runes(word) {
        match rune {
            _ if is_connector(rune) => out.push(connector),
            _ if is_upper(rune) => utf8::push_rune(out, to_lower(rune)),
            _ => utf8::push_rune(out, rune),
        }
    }
}

/// A text read word by word.
struct Words<'a> {
    kind: Word,
    word: &'a [u8],
    rest: &'a [u8],
}

impl Words<'_> {
    fn advance(&mut self) {
        (self.kind, self.word, self.rest) = next_word(self.rest);
    }

    /// Whether a connector goes before the current word.
    fn needs_connector(&self) -> bool {
        !matches!(self.kind, Word::Connector | Word::Punctuation)
    }

    /// Writes the letters and digits that go on a number.
    fn push_number_tail(&mut self, out: &mut Vec<u8>, connector: u8) {
        while matches!(self.kind, Word::Alphabet | Word::Number) {
            push_lower(out, self.kind, self.word, connector);
            self.advance();
        }
        if self.kind != Word::Invalid && self.needs_connector() {
            out.push(connector);
        }
    }
}

/// xstrings' `ToSnakeCase` and `ToKebabCase`.
fn lower_words(s: &[u8], connector: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len() + 8);
    let mut words = Words { kind: Word::Invalid, word: &[], rest: s };
    if s.is_empty() {
        return out;
    }
    words.advance();
    while !words.rest.is_empty() {
        let (before, last) = (words.kind, words.word);
        if before != Word::Connector {
            push_lower(&mut out, before, last, connector);
        }
        words.advance();
        match before {
            Word::Number => words.push_number_tail(&mut out, connector),
            Word::Connector => push_lower(&mut out, before, last, connector),
            Word::Punctuation => {}
            _ if words.kind != Word::Number => {
                if words.needs_connector() {
                    out.push(connector);
                }
            }
            _ if words.rest.is_empty() => {}
            _ => {
                let number = words.word;
                words.advance();
                if words.kind == Word::Alphabet {
                    // Small letters after a number: the number begins a word (`HTTP2xx` is `http_2xx`).
                    out.push(connector);
                    push_lower(&mut out, Word::Number, number, connector);
                    words.push_number_tail(&mut out, connector);
                } else {
                    // Otherwise it ends one (`Bld4Floor` is `bld4_floor`).
                    push_lower(&mut out, Word::Number, number, connector);
                    if words.needs_connector() {
                        out.push(connector);
                    }
                }
            }
        }
    }
    push_lower(&mut out, words.kind, words.word, connector);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_as_xstrings_cuts() {
        for (given, snake) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO PATH", "go_path"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
        ] {
            assert_eq!(String::from_utf8(lower_words(given.as_bytes(), b'_')).unwrap(), snake);
        }
        assert_eq!(pascal_case(b"_complex__case_"), b"_Complex_Case_");
    }

    #[test]
    fn wrapping_keeps_or_breaks_long_words() {
        assert_eq!(wrap(&Limits::default(), b"a bbbb c", 3, (b"\n", LongWords::Keep)).unwrap(), b"a\nbbbb\nc");
        assert_eq!(wrap(&Limits::default(), b"a bbbb c", 3, (b"|", LongWords::Break)).unwrap(), b"a|bbb|b c");
    }
}
