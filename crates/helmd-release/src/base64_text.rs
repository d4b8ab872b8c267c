//! Standard base64 as Go reads it.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Go does not look at the unused bits of the last character.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Encodes with padding.
pub fn encode(data: &[u8]) -> String {
    ENGINE.encode(data)
}

/// Decodes; line breaks are skipped.
///
/// # Errors
/// The offset that Go reports.
pub fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let text = text.as_bytes();
    let decoded = if text.iter().any(|b| matches!(b, b'\r' | b'\n')) {
        let without: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
        ENGINE.decode(without)
    } else {
        ENGINE.decode(text)
    };
    decoded.map_err(|_| fault(text))
}

/// Where Go's decoder stops.
fn fault(text: &[u8]) -> usize {
    let mut in_group = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\r' | b'\n' => {}
            b'=' => return padding_fault(text, at, in_group),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => in_group = (in_group + 1) % 4,
            _ => return at - 1,
        }
    }
    at.saturating_sub(in_group)
}

/// `at` is behind the first `=`, of which `in_group` characters come before in the group of four.
fn padding_fault(text: &[u8], mut at: usize, in_group: usize) -> usize {
    let skip = |mut at: usize| {
        while matches!(text.get(at), Some(b'\r' | b'\n')) {
            at += 1;
        }
        at
    };
    if in_group < 2 {
        return at - 1;
    }
    if in_group == 2 {
        at = skip(at);
        match text.get(at) {
            None => return text.len(),
            Some(b'=') => at += 1,
            Some(_) => return at - 1,
        }
    }
    skip(at)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn faults_are_where_go_sees_them() {
        assert_eq!(decode("aGk=\n"), Ok(b"hi".to_vec()));
        assert_eq!(decode("aGl="), Ok(b"hi".to_vec()));
        for (text, at) in
            [("!!", 0), ("aG!k", 2), ("aGk", 0), ("aGkxaG", 4), ("aG=x", 2), ("aG=", 3), ("aGk=x", 4), ("a=", 1)]
        {
            assert_eq!(decode(text), Err(at), "{text}");
        }
    }
}
