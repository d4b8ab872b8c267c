//! Finding bytes in bytes in linear time, whatever a template brings together.

/// A search for one text (Knuth, Morris and Pratt), to be used on many.
pub(crate) struct Finder<'a> {
    needle: &'a [u8],
    /// For each prefix of the needle, the length of the longest other prefix that it ends with.
    borders: Vec<usize>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(needle: &'a [u8]) -> Finder<'a> {
        let mut finder = Finder { needle, borders: Vec::with_capacity(needle.len()) };
        let mut matched = 0;
        for n in 0..needle.len() {
            if n > 0 {
                matched = finder.step(matched, needle.get(n).copied().unwrap_or_default());
            }
            finder.borders.push(matched);
        }
        finder
    }

    /// How much of the needle ends at `byte` when `matched` of it ended before.
    fn step(&self, mut matched: usize, byte: u8) -> usize {
        loop {
            if self.needle.get(matched) == Some(&byte) {
                return matched + 1;
            }
            match matched.checked_sub(1).and_then(|n| self.borders.get(n)) {
                Some(shorter) => matched = *shorter,
                None => return 0,
            }
        }
    }

    /// Where the needle first begins in `text`; an empty needle at once.
    pub(crate) fn find(&self, text: &[u8]) -> Option<usize> {
        match self.needle {
            [] => return Some(0),
            [byte] => return text.iter().position(|b| b == byte),
            _ => {}
        }
        let mut matched = 0;
        for (n, byte) in text.iter().enumerate() {
            matched = self.step(matched, *byte);
            if matched == self.needle.len() {
                return Some(n + 1 - matched);
            }
        }
        None
    }
}

/// Where `needle` first begins in `text`.
pub(crate) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    Finder::new(needle).find(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first() {
        assert_eq!(find(b"aabaabaaab", b"aabaaab"), Some(3));
        assert_eq!(find(b"aaaa", b"ab"), None);
        assert_eq!(find(b"xay", b"a"), Some(1));
        assert_eq!(find(b"", b""), Some(0));
    }
}
