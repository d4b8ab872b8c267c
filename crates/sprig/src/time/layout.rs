//! Go's layouts: the reference time `Mon Jan 2 15:04:05 MST 2006` in pieces.

/// One element of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// `January`, `Jan`
    MonthName { long: bool },
    /// `1`, `01`
    Month { zero: bool },
    /// `Monday`, `Mon`
    WeekdayName { long: bool },
    /// `2`, `_2`, `02`
    Day(Pad),
    /// `__2`, `002`
    YearDay(Pad),
    /// `15`
    Hour,
    /// `3`, `03`
    Hour12 { zero: bool },
    /// `4`, `04`
    Minute { zero: bool },
    /// `5`, `05`
    Second { zero: bool },
    /// `2006`
    LongYear,
    /// `06`
    Year,
    /// `PM`, `pm`
    HalfDay { upper: bool },
    /// `MST`
    ZoneName,
    /// `-0700` and its relatives
    Offset { z: bool, form: OffsetForm },
    /// `.000`, `,999`
    Fraction { digits: usize, trim: bool, separator: u8 },
}

/// What fills up a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    None,
    Space,
    Zero,
}

/// How an offset from UTC is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetForm {
    /// `-07`
    Hours,
    /// `-0700`
    Plain,
    /// `-07:00`
    Colon,
    /// `-070000`
    PlainSeconds,
    /// `-07:00:00`
    ColonSeconds,
}

const OFFSETS: [(&[u8], OffsetForm); 5] = [
    (b"070000", OffsetForm::PlainSeconds),
    (b"07:00:00", OffsetForm::ColonSeconds),
    (b"0700", OffsetForm::Plain),
    (b"07:00", OffsetForm::Colon),
    (b"07", OffsetForm::Hours),
];

/// The text before the first element, the element with its own text, and the text after it.
pub(super) struct Chunk<'l> {
    pub before: &'l [u8],
    pub element: Option<(Element, &'l [u8])>,
    pub after: &'l [u8],
}

/// Splits a layout at its first element.
pub(super) fn next_chunk(layout: &[u8]) -> Chunk<'_> {
    for start in 0..layout.len() {
        let rest = layout.get(start..).unwrap_or_default();
        let Some((skip, width, element)) = element(rest) else {
            continue;
        };
        let (before, rest) = layout.split_at_checked(start + skip).unwrap_or((layout, b""));
        let (own, after) = rest.split_at_checked(width).unwrap_or((rest, b""));
        return Chunk { before, element: Some((element, own)), after };
    }
    Chunk { before: layout, element: None, after: b"" }
}

/// The element at the beginning of `text`: bytes before it, its width, and what it is.
fn element(text: &[u8]) -> Option<(usize, usize, Element)> {
    let has = |prefix: &[u8]| text.starts_with(prefix);
    // `Mon` in `Month` is no element.
    let word_goes_on = || text.get(3).is_some_and(u8::is_ascii_lowercase);
    let found = |width, element| Some((0, width, element));
    match text.first()? {
        b'J' if has(b"January") => found(7, Element::MonthName { long: true }),
        b'J' if has(b"Jan") && !word_goes_on() => found(3, Element::MonthName { long: false }),
        b'M' if has(b"Monday") => found(6, Element::WeekdayName { long: true }),
        b'M' if has(b"Mon") && !word_goes_on() => found(3, Element::WeekdayName { long: false }),
        b'M' if has(b"MST") => found(3, Element::ZoneName),
        b'0' => match text.get(1)? {
            b'1' => found(2, Element::Month { zero: true }),
            b'2' => found(2, Element::Day(Pad::Zero)),
            b'3' => found(2, Element::Hour12 { zero: true }),
            b'4' => found(2, Element::Minute { zero: true }),
            b'5' => found(2, Element::Second { zero: true }),
            b'6' => found(2, Element::Year),
            b'0' if has(b"002") => found(3, Element::YearDay(Pad::Zero)),
            _ => None,
        },
        b'1' if has(b"15") => found(2, Element::Hour),
        b'1' => found(1, Element::Month { zero: false }),
        b'2' if has(b"2006") => found(4, Element::LongYear),
        b'2' => found(1, Element::Day(Pad::None)),
        b'_' if has(b"_2006") => Some((1, 4, Element::LongYear)),
        b'_' if has(b"_2") => found(2, Element::Day(Pad::Space)),
        b'_' if has(b"__2") => found(3, Element::YearDay(Pad::Space)),
        b'3' => found(1, Element::Hour12 { zero: false }),
        b'4' => found(1, Element::Minute { zero: false }),
        b'5' => found(1, Element::Second { zero: false }),
        b'P' if has(b"PM") => found(2, Element::HalfDay { upper: true }),
        b'p' if has(b"pm") => found(2, Element::HalfDay { upper: false }),
        first @ (b'-' | b'Z') => {
            let tail = text.get(1..)?;
            let (own, form) = OFFSETS.iter().find(|(own, _)| tail.starts_with(own))?;
            found(own.len() + 1, Element::Offset { z: *first == b'Z', form: *form })
        }
        separator @ (b'.' | b',') => fraction(text, *separator),
        _ => None,
    }
}

/// Zeros or nines after a point or comma, when no other digit follows them.
fn fraction(text: &[u8], separator: u8) -> Option<(usize, usize, Element)> {
    let digit = *text.get(1).filter(|c| matches!(c, b'0' | b'9'))?;
    let digits = text.iter().skip(1).take_while(|c| **c == digit).count();
    if text.get(1 + digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((0, digits + 1, Element::Fraction { digits: digits & 0xfff, trim: digit == b'9', separator }))
}
