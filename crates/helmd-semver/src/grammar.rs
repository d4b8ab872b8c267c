//! The shapes of version and constraint texts, read from left to right.
//!
//! The original uses regular expressions; all of them are deterministic (no character that can go on a part can also
//! start what follows), so a cursor that always takes the longest part accepts the same texts.

/// Which characters make up the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Digits.
    Plain,
    /// Digits and the wildcards `x`, `X`, `*` – and `|`, which the original's character class holds by accident.
    Wild,
}

/// The parts of a version text, as slices of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// Everything, a leading `v` included.
    pub(crate) all: &'a str,
    pub(crate) major: &'a str,
    pub(crate) minor: Option<&'a str>,
    pub(crate) patch: Option<&'a str>,
    /// Without its `-`.
    pub(crate) prerelease: Option<&'a str>,
    /// Without its `+`.
    pub(crate) metadata: Option<&'a str>,
}

/// Go's `\s`.
pub(crate) fn is_space(b: u8) -> bool {
    matches!(b, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// A place in a text.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, at: usize) -> Cursor<'a> {
        Cursor { text, at }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Takes `byte` when it is next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Takes the longest run of such bytes (ASCII ones only, so slices stay on character borders).
    pub(crate) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii() && wanted(b)) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(crate) fn skip_space(&mut self) -> bool {
        !self.take_while(is_space).is_empty()
    }

    fn number(&mut self, numbers: Numbers) -> Option<&'a str> {
        let run = self.take_while(|b| match numbers {
            Numbers::Plain => b.is_ascii_digit(),
            Numbers::Wild => b.is_ascii_digit() || matches!(b, b'x' | b'X' | b'*' | b'|'),
        });
        (!run.is_empty()).then_some(run)
    }

    /// `lead` and a part after it; nothing is taken when either is missing.
    fn after(&mut self, lead: u8, part: impl Fn(&mut Self) -> Option<&'a str>) -> Option<&'a str> {
        let mut ahead = *self;
        if !ahead.take(lead) {
            return None;
        }
        let found = part(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// Identifiers joined by dots.
    fn identifiers(&mut self) -> Option<&'a str> {
        let start = self.at;
        let identifier = |c: &mut Self| {
            let run = c.take_while(|b| b.is_ascii_alphanumeric() || b == b'-');
            (!run.is_empty()).then_some(run)
        };
        identifier(self)?;
        while self.after(b'.', identifier).is_some() {}
        self.text.get(start..self.at)
    }

    /// The longest version text here.
    pub(crate) fn version(&mut self, numbers: Numbers) -> Option<Parts<'a>> {
        let start = self.at;
        let mut ahead = *self;
        ahead.take(b'v');
        let major = ahead.number(numbers)?;
        let minor = ahead.after(b'.', |c| c.number(numbers));
        let patch = minor.and_then(|_| ahead.after(b'.', |c| c.number(numbers)));
        let prerelease = ahead.after(b'-', Cursor::identifiers);
        let metadata = ahead.after(b'+', Cursor::identifiers);
        *self = ahead;
        let all = self.text.get(start..self.at)?;
        Some(Parts { all, major, minor, patch, prerelease, metadata })
    }
}

/// The parts of a text that is a version and nothing else.
pub(crate) fn whole_version(text: &str) -> Option<Parts<'_>> {
    let mut cursor = Cursor::new(text, 0);
    let parts = cursor.version(Numbers::Plain)?;
    cursor.at_end().then_some(parts)
}
