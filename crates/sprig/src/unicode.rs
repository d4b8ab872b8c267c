//! Go's `unicode` package on runes: simple case mappings (one character to one character) and categories.

use gotmpl::strconv::utf8;
use regex_syntax::hir::{ClassUnicode, HirKind};
use std::sync::OnceLock;

/// A category of characters, filled from Unicode's tables at first use.
struct Category {
    name: &'static str,
    class: OnceLock<ClassUnicode>,
}

impl Category {
    const fn new(name: &'static str) -> Category {
        Category { name, class: OnceLock::new() }
    }

    fn holds(&self, rune: u32) -> bool {
        let Some(c) = char::from_u32(rune) else { return false };
        let class = self.class.get_or_init(|| {
            match regex_syntax::parse(&format!(r"\p{{{}}}", self.name)).map(regex_syntax::hir::Hir::into_kind) {
                Ok(HirKind::Class(regex_syntax::hir::Class::Unicode(class))) => class,
                _ => ClassUnicode::empty(),
            }
        });
        class
            .ranges()
            .binary_search_by(|range| match () {
                () if range.end() < c => std::cmp::Ordering::Less,
                () if range.start() > c => std::cmp::Ordering::Greater,
                () => std::cmp::Ordering::Equal,
            })
            .is_ok()
    }
}

macro_rules! categories {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $ascii:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $id(rune: u32) -> bool {
            static TABLE: Category = Category::new($name);
            match u8::try_from(rune) {
                Ok(byte) if byte.is_ascii() => ($ascii)(byte),
                _ => TABLE.holds(rune),
            }
        }
    )*};
}

categories! {
    is_upper = "Lu", |b: u8| b.is_ascii_uppercase();
    is_lower = "Ll", |b: u8| b.is_ascii_lowercase();
    is_title = "Lt", |_: u8| false;
    is_letter = "L", |b: u8| b.is_ascii_alphabetic();
    is_digit = "Nd", |b: u8| b.is_ascii_digit();
    is_number = "N", |b: u8| b.is_ascii_digit();
    is_punctuation = "P", |b: u8| b.is_ascii_punctuation() && !b"$+<=>^`|~".contains(&b);
}

/// Go's `unicode.IsSpace`.
pub(crate) fn is_space(rune: u32) -> bool {
    char::from_u32(rune).is_some_and(char::is_whitespace)
}

/// The only character of a mapping; the character itself when the mapping has several.
fn single(rune: u32, mut mapped: impl Iterator<Item = char>) -> u32 {
    match (mapped.next(), mapped.next()) {
        (Some(c), None) => u32::from(c),
        _ => rune,
    }
}

pub(crate) fn to_upper(rune: u32) -> u32 {
    match rune {
        // Greek letters with iota subscript: their full mapping has two characters, their simple one is a title letter.
        0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => rune + 8,
        0x1fb3 | 0x1fc3 | 0x1ff3 => rune + 9,
        _ => char::from_u32(rune).map_or(rune, |c| single(rune, c.to_uppercase())),
    }
}

pub(crate) fn to_lower(rune: u32) -> u32 {
    match rune {
        0x130 => u32::from('i'),
        _ => char::from_u32(rune).map_or(rune, |c| single(rune, c.to_lowercase())),
    }
}

pub(crate) fn to_title(rune: u32) -> u32 {
    match rune {
        0x1c4..=0x1c6 => 0x1c5,
        0x1c7..=0x1c9 => 0x1c8,
        0x1ca..=0x1cc => 0x1cb,
        0x1f1..=0x1f3 => 0x1f2,
        // Georgian has upper case but no title case.
        0x10d0..=0x10ff => rune,
        _ => to_upper(rune),
    }
}

/// The text in lower case (Go's `strings.ToLower`): character by character, whatever stands beside it.
pub fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().filter_map(|c| char::from_u32(to_lower(u32::from(c)))).collect()
}

/// Maps every character; a broken byte becomes U+FFFD, as in Go's `strings.Map`.
pub(crate) fn map(text: &[u8], mut mapping: impl FnMut(u32) -> u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (_, rune) in utf8::runes(text) {
        utf8::push_rune(&mut out, mapping(rune));
    }
    out
}

/// The text without such characters at both ends.
pub(crate) fn trim(mut text: &[u8], cut: impl Fn(u32) -> bool) -> &[u8] {
    loop {
        let (rune, width) = utf8::decode_rune(text);
        if width == 0 || !cut(rune) {
            break;
        }
        text = text.get(width..).unwrap_or_default();
    }
    loop {
        let (rune, width) = utf8::decode_last_rune(text);
        if width == 0 || !cut(rune) {
            return text;
        }
        text = text.get(..text.len() - width).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_single() {
        assert_eq!(to_upper(u32::from('ß')), u32::from('ß'));
        assert_eq!(to_title(u32::from('ǆ')), u32::from('ǅ'));
        assert_eq!(to_lower(u32::from('İ')), u32::from('i'));
        assert!(is_upper(u32::from('É')) && !is_upper(u32::from('Ⅷ')));
        assert!(is_punctuation(u32::from('_')) && !is_punctuation(u32::from('+')));
    }
}
