//! UTF-8 read as Go reads it: every byte that begins no character counts as one U+FFFD of width 1.

use std::borrow::Cow;

/// What stands for a broken byte.
pub const REPLACEMENT: u32 = 0xfffd;

/// The first character and its width in bytes: U+FFFD and 1 for a broken byte, U+FFFD and 0 for the empty string.
pub fn decode_rune(bytes: &[u8]) -> (u32, usize) {
    let width = match bytes.first() {
        None => return (REPLACEMENT, 0),
        Some(c) if c.is_ascii() => return (u32::from(*c), 1),
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        Some(_) => return (REPLACEMENT, 1),
    };
    let text = bytes.get(..width).and_then(|b| std::str::from_utf8(b).ok());
    text.and_then(|t| t.chars().next()).map_or((REPLACEMENT, 1), |c| (u32::from(c), width))
}

/// The last character and its width, as [`decode_rune`].
pub fn decode_last_rune(bytes: &[u8]) -> (u32, usize) {
    for width in (1..=bytes.len().min(4)).rev() {
        if let Some(tail) = bytes.get(bytes.len() - width..) {
            let (rune, read) = decode_rune(tail);
            if read == width && (width > 1 || rune != REPLACEMENT) {
                return (rune, width);
            }
        }
    }
    (REPLACEMENT, bytes.len().min(1))
}

/// The characters with their byte positions.
pub fn runes(bytes: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (rune, width) = decode_rune(bytes.get(at..)?);
        let here = at;
        at += width;
        (width > 0).then_some((here, rune))
    })
}

/// The text with one U+FFFD for every broken byte (`String::from_utf8_lossy` takes some of them together).
pub fn to_text(bytes: &[u8]) -> Cow<'_, str> {
    let replaced =
        |_| runes(bytes).map(|(_, rune)| char::from_u32(rune).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    std::str::from_utf8(bytes).map_or_else(|e| Cow::Owned(replaced(e)), Cow::Borrowed)
}

/// The number of characters.
pub fn rune_count(bytes: &[u8]) -> usize {
    runes(bytes).count()
}

/// Appends a character; U+FFFD for what is none.
pub fn push_rune(out: &mut Vec<u8>, rune: u32) {
    let c = char::from_u32(rune).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_bytes_count_singly() {
        assert_eq!(
            runes(b"a\xff\xe4\xb8z").collect::<Vec<_>>(),
            [(0, 97), (1, REPLACEMENT), (2, REPLACEMENT), (3, REPLACEMENT), (4, 122)]
        );
        assert_eq!(to_text(b"\xe2\x85\n\xa7"), "\u{fffd}\u{fffd}\n\u{fffd}");
        assert_eq!(decode_rune(b"\xed\xa0\x80"), (REPLACEMENT, 1));
        assert_eq!(decode_last_rune("aé".as_bytes()), (0xe9, 2));
        assert_eq!(decode_last_rune(b"\xa9"), (REPLACEMENT, 1));
        assert_eq!(decode_last_rune("\u{fffd}".as_bytes()), (REPLACEMENT, 3));
    }
}
