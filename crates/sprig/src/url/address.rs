//! The check of an IPv6 address in brackets, with the error texts of Go's `netip.ParseAddr`.

use super::parse::UrlFault;
use gotmpl::strconv::quote;

/// Bytes of an IPv6 address.
const BYTES: usize = 16;

/// An error text, with the place when there is one.
struct Fault<'a>(&'static str, &'a [u8]);

/// Checks an address with an optional zone.
pub(super) fn check_ipv6(text: &[u8]) -> Result<(), UrlFault> {
    let checked = match text.iter().find(|b| b".:%".contains(b)) {
        Some(b'.') => check_ipv4(text).map(|()| false),
        Some(b':') => check_colons(text).map(|()| true),
        Some(_) => Err(Fault("missing IPv6 address", b"")),
        None => Err(Fault("unable to parse IP", b"")),
    };
    match checked {
        Ok(true) => Ok(()),
        Ok(false) => Err(UrlFault::Other("invalid IP-literal")),
        Err(Fault(words, at)) => {
            let place = if at.is_empty() { String::new() } else { format!(" (at {})", quote(at)) };
            Err(UrlFault::Address(format!("ParseAddr({}): {words}{place}", quote(text))))
        }
    }
}

fn check_ipv4(text: &[u8]) -> Result<(), Fault<'_>> {
    let (mut value, mut digits, mut dots) = (0u32, 0, 0);
    for (n, byte) in text.iter().enumerate() {
        let here = text.get(n..).unwrap_or_default();
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(Fault("IPv4 field has octet with leading zero", b""));
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return Err(Fault("IPv4 field has value >255", b""));
                }
            }
            b'.' if n == 0 || here.len() == 1 || text.get(n - 1) == Some(&b'.') => {
                return Err(Fault("IPv4 field must have at least one digit", here));
            }
            b'.' if dots == 3 => return Err(Fault("IPv4 address too long", b"")),
            b'.' => {
                dots += 1;
                (value, digits) = (0, 0);
            }
            _ => return Err(Fault("unexpected character", here)),
        }
    }
    if dots < 3 { Err(Fault("IPv4 address too short", b"")) } else { Ok(()) }
}

fn check_colons(text: &[u8]) -> Result<(), Fault<'_>> {
    let mut rest = text;
    if let Some(zone) = text.iter().position(|b| *b == b'%') {
        if zone + 1 == text.len() {
            return Err(Fault("zone must be a non-empty string", b""));
        }
        rest = text.get(..zone).unwrap_or_default();
    }
    let mut ellipsis = false;
    if let Some(after) = rest.strip_prefix(b"::") {
        if after.is_empty() {
            return Ok(());
        }
        (ellipsis, rest) = (true, after);
    }
    let mut bytes = 0;
    while bytes < BYTES {
        let digits = rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits > 4 {
            return Err(Fault("each group must have 4 or less digits", rest));
        }
        if digits == 0 {
            return Err(Fault("each colon-separated field must have at least one digit", rest));
        }
        if rest.get(digits) == Some(&b'.') {
            if !ellipsis && bytes != BYTES - 4 {
                return Err(Fault("embedded IPv4 address must replace the final 2 fields of the address", rest));
            }
            if bytes + 4 > BYTES {
                return Err(Fault("too many hex fields to fit an embedded IPv4 at the end of the address", rest));
            }
            check_ipv4(rest)?;
            bytes += 4;
            rest = b"";
            break;
        }
        bytes += 2;
        rest = rest.get(digits..).unwrap_or_default();
        match rest {
            [] => break,
            [b':'] => return Err(Fault("colon must be followed by more characters", rest)),
            [b':', b':', ..] if ellipsis => {
                return Err(Fault("multiple :: in address", rest.get(1..).unwrap_or_default()));
            }
            [b':', b':', after @ ..] => {
                (ellipsis, rest) = (true, after);
                if after.is_empty() {
                    break;
                }
            }
            [b':', after @ ..] => rest = after,
            _ => return Err(Fault("unexpected character, want colon", rest)),
        }
    }
    match (rest.is_empty(), bytes < BYTES, ellipsis) {
        (false, ..) => Err(Fault("trailing garbage after address", rest)),
        (true, true, false) => Err(Fault("address string too short", b"")),
        (true, false, true) => Err(Fault("the :: must expand to at least one field of zeros", b"")),
        _ => Ok(()),
    }
}
