//! Armor: bytes as lines of base64 between two lines that say what they are.

use super::error::OpenPgpError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const START: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// Longer lines are none of armor.
const LINE_BYTES: usize = 96;
/// Lines of what is written have as many.
const WRITTEN_BYTES: usize = 64;

/// What was armored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Armored {
    /// The bytes, up to where they are wrong.
    pub bytes: Vec<u8>,
    /// What is wrong behind them.
    pub fault: Option<OpenPgpError>,
}

/// The first armored bytes of a text with their name, and what lies behind them; nothing when there is no armor.
pub fn decode(text: &[u8]) -> Option<(String, Armored, &[u8])> {
    let mut rest = text;
    loop {
        let name = find_start(&mut rest)?;
        if skip_headers(&mut rest)? {
            let armored = body(&mut rest);
            return Some((name, armored, rest));
        }
    }
}

/// The next line, without its end and the white space around it.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (line, behind) = rest.split_at(end);
    *rest = behind.get(1..).unwrap_or_default();
    Some(line.trim_ascii())
}

fn find_start(rest: &mut &[u8]) -> Option<String> {
    loop {
        let line = line(rest)?;
        if line.len() > START.len() + DASHES.len()
            && let Some(name) = line.strip_prefix(START)
        {
            let name = name.get(..name.len().saturating_sub(DASHES.len())).unwrap_or_default();
            return Some(String::from_utf8_lossy(name).into_owned());
        }
    }
}

/// Whether an empty line ends the headers; a line that is no header makes the whole no armor.
fn skip_headers(rest: &mut &[u8]) -> Option<bool> {
    loop {
        let line = line(rest)?;
        if line.is_empty() {
            return Some(true);
        }
        if !line.contains(&b':') {
            return Some(false);
        }
    }
}

/// HELM: the checksum is not looked at, and the last line may be missing.
fn body(rest: &mut &[u8]) -> Armored {
    let (mut digits, mut fault) = (Vec::new(), None);
    while let Some(line) = line(rest) {
        if line.starts_with(END) || (line.len() == 5 && line.starts_with(b"=")) {
            break;
        }
        if line.len() > LINE_BYTES {
            fault = Some(OpenPgpError::structural("armor invalid"));
            break;
        }
        digits.extend_from_slice(line);
    }
    let wrong = match STANDARD.decode(&digits) {
        Ok(bytes) => return Armored { bytes, fault },
        Err(wrong) => wrong,
    };
    let (at, error) = match wrong {
        base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => {
            (at, OpenPgpError::Base64(at))
        }
        base64::DecodeError::InvalidLength(_) => (digits.len(), OpenPgpError::UnexpectedEof),
        base64::DecodeError::InvalidPadding => (digits.len(), OpenPgpError::Base64(digits.len())),
    };
    // Four digits are three bytes.
    let good = digits.get(..at / 4 * 4).and_then(|good| STANDARD.decode(good).ok());
    Armored { bytes: good.unwrap_or_default(), fault: Some(error) }
}

/// Bytes in armor, without checksum and last line break.
pub fn encode(name: &str, bytes: &[u8]) -> String {
    let mut out = format!("-----BEGIN {name}-----\n\n");
    let digits = STANDARD.encode(bytes);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at % WRITTEN_BYTES == 0 {
            out.push('\n');
        }
        out.push(digit);
    }
    out + &format!("\n-----END {name}-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes: Vec<u8> = (0..200).collect();
        let text = format!("before\n{}\nbehind", encode("PGP SIGNATURE", &bytes));
        let (name, armored, rest) = decode(text.as_bytes()).unwrap();
        assert_eq!((name.as_str(), armored), ("PGP SIGNATURE", Armored { bytes, fault: None }));
        assert_eq!(rest, b"behind");
        assert!(text.lines().all(|line| line.len() <= WRITTEN_BYTES));
    }

    #[test]
    fn what_is_no_armor() {
        assert_eq!(decode(b"text"), None);
        assert_eq!(decode(b"-----BEGIN PGP X-----\nVersion: 1"), None);
        let body = |lines: &str| decode(format!("-----BEGIN PGP X-----\n\n{lines}\n").as_bytes()).unwrap().1;
        assert_eq!(body("AAA*"), Armored { bytes: vec![], fault: Some(OpenPgpError::Base64(3)) });
        assert_eq!(body("AAAA!"), Armored { bytes: vec![0; 3], fault: Some(OpenPgpError::Base64(4)) });
        assert_eq!(body("AAAAA").fault, Some(OpenPgpError::UnexpectedEof));
        assert_eq!(body(&"A".repeat(100)).fault, Some(OpenPgpError::structural("armor invalid")));
    }
}
