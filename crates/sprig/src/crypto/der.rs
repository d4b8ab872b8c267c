//! ASN.1 DER, as much as keys and certificates need.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// A constructed context tag.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let skipped = length.iter().take_while(|b| **b == 0).count();
            let bytes = length.get(skipped..).unwrap_or_default();
            out.push(0x80 | u8::try_from(bytes.len()).unwrap_or(0x7f));
            out.extend_from_slice(bytes);
        }
    }
    out.extend_from_slice(content);
    out
}

/// An element made of others.
pub(super) fn nested(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// A sequence.
pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    nested(SEQUENCE, parts)
}

/// A number that is not negative, from its big-endian bytes.
pub(super) fn integer(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|b| **b == 0).count();
    let digits = magnitude.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if digits.first().is_none_or(|b| *b >= 0x80) { &[0] } else { &[] };
    nested(INTEGER, &[sign, digits])
}

/// Whole bytes as a bit string.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    nested(BIT_STRING, &[&[0], bytes])
}

/// Reads elements one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'d>(&'d [u8]);

/// One element that was read.
#[derive(Clone, Copy)]
pub(super) struct Element<'d> {
    pub tag: u8,
    pub content: &'d [u8],
    /// Tag, length and content.
    pub whole: &'d [u8],
}

impl<'d> Reader<'d> {
    pub fn new(bytes: &'d [u8]) -> Reader<'d> {
        Reader(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element; `None` at the end and when it is broken.
    pub fn next(&mut self) -> Option<Element<'d>> {
        let tag = *self.0.first()?;
        let first = *self.0.get(1)?;
        let (length, header) = if first < 0x80 {
            (usize::from(first), 2)
        } else {
            let count = usize::from(first & 0x7f);
            let bytes = self.0.get(2..2 + count).filter(|b| (1..=4).contains(&b.len()))?;
            (bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)), 2 + count)
        };
        let (whole, rest) = self.0.split_at_checked(header.checked_add(length)?)?;
        self.0 = rest;
        Some(Element { tag, content: whole.get(header..)?, whole })
    }

    /// The next element when it has this tag; otherwise nothing is read.
    pub fn expect(&mut self, tag: u8) -> Option<Element<'d>> {
        let mut ahead = *self;
        let element = ahead.next().filter(|e| e.tag == tag)?;
        *self = ahead;
        Some(element)
    }

    /// The elements within the next one of this tag.
    pub fn enter(&mut self, tag: u8) -> Option<Reader<'d>> {
        self.expect(tag).map(|e| Reader(e.content))
    }

    /// The magnitude of the next integer, which must not be negative.
    pub fn unsigned(&mut self) -> Option<&'d [u8]> {
        let content = self.expect(INTEGER)?.content;
        let digits = content.strip_prefix(&[0]).unwrap_or(content);
        content.first().filter(|b| **b < 0x80).map(|_| digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_signs() {
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(element(4, &[0; 200]).get(..3), Some(&[4, 0x81, 200][..]));
        let bytes = sequence(&[&integer(&[1]), &integer(&[2])]);
        let mut inner = Reader::new(&bytes).enter(SEQUENCE).unwrap();
        assert_eq!((inner.unsigned(), inner.unsigned()), (Some(&[1][..]), Some(&[2][..])));
        assert!(inner.is_empty());
        assert!(Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]).next().is_none());
    }
}
