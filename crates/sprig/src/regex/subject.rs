//! The searched text. Go reads a byte that is no UTF-8 as U+FFFD of width 1; the matcher gets it written out, and
//! places are translated back.

use gotmpl::strconv::utf8::{decode_rune, push_rune, runes};
use std::borrow::Cow;
use std::ops::Range;

pub(super) struct Subject<'t> {
    /// What is searched.
    pub text: Cow<'t, [u8]>,
    /// For every place of `text` the place in the original; `None` when they are the same.
    origins: Option<Vec<usize>>,
}

impl<'t> Subject<'t> {
    pub fn new(original: &'t [u8]) -> Subject<'t> {
        if std::str::from_utf8(original).is_ok() {
            return Subject { text: Cow::Borrowed(original), origins: None };
        }
        let mut text = Vec::with_capacity(original.len() + 16);
        let mut origins = Vec::with_capacity(original.len() + 16);
        for (at, rune) in runes(original) {
            push_rune(&mut text, rune);
            origins.resize(text.len(), at);
        }
        origins.push(original.len());
        Subject { text: Cow::Owned(text), origins: Some(origins) }
    }

    /// The place in the original text.
    pub fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let place = |at: usize| match &self.origins {
            None => at,
            Some(origins) => origins.get(at).or(origins.last()).copied().unwrap_or(0),
        };
        place(range.start)..place(range.end)
    }

    /// The width of the character at `at`; 0 at the end.
    pub fn width(&self, at: usize) -> usize {
        decode_rune(self.text.get(at..).unwrap_or_default()).1
    }
}
