//! Percent escapes, which differ between the parts of a URL.

use super::parse::UrlFault;

/// The part of a URL that a text is or becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

/// Whether the byte stands in that part as it is.
pub(super) fn is_plain(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        return true;
    }
    let others: &[u8] = match part {
        Part::Path => b"$&+,/:;=@",
        Part::Host | Part::Zone => b"!\"$&'()*+,:;<=>[]",
        Part::User => b"$&+,;=",
        Part::Fragment => b"!$&()*+,/:;=?@",
    };
    others.contains(&byte)
}

/// The byte that `%XY` at the start of `text` means.
fn hex(text: &[u8]) -> Option<u8> {
    let digit = |b: &u8| char::from(*b).to_digit(16);
    match text {
        [b'%', high, low, ..] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    }
}

/// The text with its escapes resolved.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, UrlFault> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let here = text.get(at..).unwrap_or_default();
        if *byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && !is_plain(*byte, part) {
                return Err(UrlFault::HostCharacter(vec![*byte]));
            }
            out.push(*byte);
            at += 1;
            continue;
        }
        let escape = here.get(..3).unwrap_or(here);
        let Some(value) = hex(here) else { return Err(UrlFault::Escape(escape.to_vec())) };
        let allowed = match part {
            // RFC 6874 keeps %25 for zones; otherwise hosts may only escape what is not ASCII.
            Part::Host => value >= 0x80 || escape == b"%25",
            Part::Zone => escape == b"%25" || value == b' ' || is_plain(value, Part::Host),
            Part::Path | Part::User | Part::Fragment => true,
        };
        if !allowed {
            return Err(UrlFault::Escape(escape.to_vec()));
        }
        out.push(value);
        at += 3;
    }
    Ok(out)
}

pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if is_plain(*byte, part) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// Whether the text could be an escaped form of that part.
pub(super) fn is_valid_encoding(text: &[u8], part: Part) -> bool {
    text.iter().all(|b| b"!$&'()*+,;=:@[]%".contains(b) || is_plain(*b, part))
}
