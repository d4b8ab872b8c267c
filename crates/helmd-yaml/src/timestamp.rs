//! Dates as YAML 1.1 has them. They stay text; what matters is only whether a text is one.

/// Whether go-yaml takes the text for a date.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let year_like = bytes.iter().take_while(|b| b.is_ascii_digit()).count() == 4 && bytes.get(4) == Some(&b'-');
    year_like && parse(bytes).is_some()
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn digit(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first()?;
        let digit = char::from(*first).to_digit(10)?;
        self.0 = rest;
        Some(digit)
    }

    /// One or two digits.
    fn number(&mut self) -> Option<u32> {
        let first = self.digit()?;
        Some(self.digit().map_or(first, |second| first * 10 + second))
    }

    fn two_digits(&mut self) -> Option<u32> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    fn literal(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn spaces(&mut self) -> bool {
        let before = self.0.len();
        while let Some(rest) = self.0.strip_prefix(b" ") {
            self.0 = rest;
        }
        before != self.0.len()
    }
}

/// Follows the layouts `2006-1-2`, `2006-1-2T15:4:5.999999999Z07:00` and `2006-1-2 15:4:5.999999999`.
fn parse(bytes: &[u8]) -> Option<()> {
    let mut c = Cursor(bytes);
    let mut year = 0;
    for _ in 0..4 {
        year = year * 10 + c.digit()?;
    }
    c.literal(b'-')?;
    let month = c.number()?;
    c.literal(b'-')?;
    let day = c.number()?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in(month, year) {
        return None;
    }
    match c.0.first() {
        None => return Some(()),
        Some(b'T' | b't') => {
            c.0 = c.0.get(1..)?;
            clock(&mut c)?;
            zone(&mut c)?;
        }
        Some(_) if c.spaces() => clock(&mut c)?,
        Some(_) => return None,
    }
    c.0.is_empty().then_some(())
}

fn clock(c: &mut Cursor<'_>) -> Option<()> {
    let hour = c.number()?;
    c.literal(b':')?;
    let minute = c.number()?;
    c.literal(b':')?;
    let second = c.number()?;
    if let [b'.' | b',', b'0'..=b'9', ..] = c.0 {
        let digits = c.0.iter().skip(1).take_while(|b| b.is_ascii_digit()).count();
        c.0 = c.0.get(1 + digits..)?;
    }
    (hour < 24 && minute < 60 && second < 60).then_some(())
}

fn zone(c: &mut Cursor<'_>) -> Option<()> {
    match c.0.first()? {
        b'Z' => {
            c.0 = c.0.get(1..)?;
            Some(())
        }
        b'+' | b'-' => {
            c.0 = c.0.get(1..)?;
            let hours = c.two_digits()?;
            c.literal(b':')?;
            let minutes = c.two_digits()?;
            // HELM: Go lets offsets of 24 hours and 60 minutes pass.
            (hours <= 24 && minutes <= 60).then_some(())
        }
        _ => None,
    }
}

fn days_in(month: u32, year: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
