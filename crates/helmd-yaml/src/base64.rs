//! Standard base64, both ways.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Gives the letters, padded.
pub(crate) fn encode(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len().div_ceil(3) * 4);
    for chunk in data.chunks(3) {
        let word = chunk.iter().fold(0_u32, |w, b| (w << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = char::from(ALPHABET[((word >> (18 - 6 * i)) & 0x3f) as usize]);
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

/// Gives the bytes; line breaks are skipped. `None` when the text is not padded base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut word, mut letters, mut padding) = (0_u32, 0, 0);
    for byte in text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if letters >= 2 && letters + padding < 4 => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        word = (word << 6) | u32::from(value);
        letters += 1;
        if letters == 4 {
            out.extend_from_slice(word.to_be_bytes().get(1..)?);
            (word, letters) = (0, 0);
        }
    }
    match (letters, padding) {
        (0, 0) => {}
        (2, 2) => out.push((word >> 4) as u8),
        (3, 1) => out.extend_from_slice(&[(word >> 10) as u8, (word >> 2) as u8]),
        _ => return None,
    }
    Some(out)
}
