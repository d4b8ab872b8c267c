//! Character classes: ranges, Perl's, POSIX's and Unicode's names.

use super::names::unicode_query;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// The ranges of `\d`, `\s`, `\w`: ASCII, as in RE2.
fn perl_ranges(letter: u8) -> Option<&'static [(char, char)]> {
    Some(match letter {
        b'd' => &[('0', '9')],
        b's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        b'w' => WORD,
        _ => return None,
    })
}

const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

fn posix_ranges(name: &[u8]) -> Option<&'static [(char, char)]> {
    Some(match name {
        b"alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        b"alpha" => &[('A', 'Z'), ('a', 'z')],
        b"ascii" => &[('\0', '\x7f')],
        b"blank" => &[('\t', '\t'), (' ', ' ')],
        b"cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        b"digit" => &[('0', '9')],
        b"graph" => &[('!', '~')],
        b"lower" => &[('a', 'z')],
        b"print" => &[(' ', '~')],
        b"punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        b"space" => &[('\t', '\r'), (' ', ' ')],
        b"upper" => &[('A', 'Z')],
        b"word" => WORD,
        b"xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

/// Folds before it negates, as Go does: `(?i)\W` leaves the Kelvin sign out.
fn finish(mut class: ClassUnicode, fold: bool, negated: bool) -> ClassUnicode {
    if fold {
        class.case_fold_simple();
    }
    if negated {
        class.negate();
    }
    class
}

fn from_pairs(pairs: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(pairs.iter().map(|(lo, hi)| ClassUnicodeRange::new(*lo, *hi)))
}

/// The class of a Perl letter (`d D s S w W`).
pub(super) fn perl(letter: u8, fold: bool) -> Option<ClassUnicode> {
    let ranges = perl_ranges(letter.to_ascii_lowercase())?;
    Some(finish(from_pairs(ranges), fold, letter.is_ascii_uppercase()))
}

/// The class of a POSIX name, which may begin with `^`.
pub(super) fn posix(name: &[u8], fold: bool) -> Option<ClassUnicode> {
    let (negated, name) = name.strip_prefix(b"^").map_or((false, name), |rest| (true, rest));
    Some(finish(from_pairs(posix_ranges(name)?), fold, negated))
}

/// The class of a Unicode category or script; `None` when Go knows no such name.
pub(super) fn unicode(name: &[u8], fold: bool, negated: bool) -> Option<ClassUnicode> {
    let query = unicode_query(name)?;
    if query.is_empty() {
        // Surrogates: no text has them.
        return Some(finish(ClassUnicode::empty(), false, negated));
    }
    let hir = regex_syntax::Parser::new().parse(&query).ok()?;
    let class = match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => class,
        HirKind::Class(Class::Bytes(class)) => class.to_unicode_class()?,
        // A class of one character.
        HirKind::Literal(text) => {
            let text = std::str::from_utf8(&text.0).ok()?;
            ClassUnicode::new(text.chars().map(|c| ClassUnicodeRange::new(c, c)))
        }
        _ => return None,
    };
    Some(finish(class, fold, negated))
}

/// Every character, or every one but the newline.
pub(super) fn any(newline: bool) -> ClassUnicode {
    let mut class = ClassUnicode::empty();
    if !newline {
        class.push(ClassUnicodeRange::new('\n', '\n'));
    }
    class.negate();
    class
}

/// A code point in any letter case.
pub(super) fn folded(c: char) -> ClassUnicode {
    finish(ClassUnicode::new([ClassUnicodeRange::new(c, c)]), true, false)
}

/// A bracketed class while it is read.
#[derive(Default)]
pub(super) struct Brackets {
    /// Characters and ranges, not folded yet.
    single: Vec<ClassUnicodeRange>,
    /// Named classes, done.
    named: Vec<ClassUnicodeRange>,
}

impl Brackets {
    /// Adds a range of code points; surrogates in it match nothing.
    pub fn push(&mut self, lo: u32, hi: u32) {
        for (lo, hi) in [(lo, hi.min(0xd7ff)), (lo.max(0xe000), hi)] {
            if let (true, Some(lo), Some(hi)) = (lo <= hi, char::from_u32(lo), char::from_u32(hi)) {
                self.single.push(ClassUnicodeRange::new(lo, hi));
            }
        }
    }

    /// Adds a whole class.
    pub fn push_class(&mut self, class: &ClassUnicode) {
        self.named.extend_from_slice(class.ranges());
    }

    /// The class.
    pub fn finish(self, fold: bool, negated: bool) -> ClassUnicode {
        let mut class = finish(ClassUnicode::new(self.single), fold, false);
        class.union(&ClassUnicode::new(self.named));
        finish(class, false, negated)
    }
}
