//! Texts with their signature below.

use super::armor::Armored;
use super::error::OpenPgpError;
use super::secret_key::SecretKey;
use super::{armor, signing};

const START: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END: &[u8] = b"\n-----END PGP SIGNATURE-----";
/// Hash functions that the headers may name.
const HASHES: [&str; 9] = ["MD5", "SHA1", "RIPEMD160", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-512"];

/// A text with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedText {
    /// The text.
    pub text: Vec<u8>,
    /// The text as it is hashed.
    pub signed: Vec<u8>,
    /// The packets of the signature.
    pub signature: Armored,
}

impl SignedText {
    /// The first signed text in the data; nothing when there is none, or it is not whole.
    #[must_use]
    pub fn read(data: &[u8]) -> Option<SignedText> {
        let mut rest = match data.strip_prefix(START) {
            Some(rest) => rest,
            None => {
                let line = [b"\n", START].concat();
                let at = data.windows(line.len()).position(|window| window == line)?;
                data.get(at + line.len()..)?
            }
        };
        if !line(&mut rest).is_empty() {
            return None;
        }
        headers(&mut rest)?;
        let (text, signed) = body(&mut rest)?;
        let end = rest.windows(END.len()).position(|window| window == END)? + END.len();
        let (_, signature, _) = armor::decode(rest.get(..end)?)?;
        Some(SignedText { text, signed, signature })
    }
}

/// The next line without its end.
fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, behind) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = behind.get(1..).unwrap_or_default();
    match end {
        Some(_) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}

/// Only hash functions may be named before the empty line.
fn headers(rest: &mut &[u8]) -> Option<()> {
    while !rest.is_empty() {
        let line = line(rest);
        if String::from_utf8_lossy(line).trim().is_empty() {
            return Some(());
        }
        let line =
            std::str::from_utf8(line).ok().filter(|line| line.bytes().all(|byte| (0x20..0x7f).contains(&byte)))?;
        let (key, values) = line.split_once(':')?;
        let known = |value: &str| HASHES.contains(&value.trim().to_ascii_uppercase().as_str());
        if key.trim() != "Hash" || !values.split(',').all(known) {
            return None;
        }
    }
    None
}

/// The text and what is hashed of it; the signature's first line is left.
fn body(rest: &mut &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut text, mut signed) = (Vec::new(), Vec::new());
    let mut first = true;
    loop {
        let start = *rest;
        let line = line(rest);
        if line.is_empty() && rest.is_empty() {
            return None;
        }
        if line == SIGNATURE {
            *rest = start;
            return Some((text, signed));
        }
        if !first {
            text.push(b'\n');
            signed.extend(b"\r\n");
        }
        first = false;
        let line = trimmed(line.strip_prefix(b"- ").unwrap_or(line), b" \t");
        text.extend_from_slice(line);
        signed.extend_from_slice(line);
    }
}

fn trimmed<'a>(mut line: &'a [u8], space: &[u8]) -> &'a [u8] {
    while let Some((last, before)) = line.split_last()
        && space.contains(last)
    {
        line = before;
    }
    line
}

/// A text with a signature that was made at `now` (seconds since 1970) with a random `salt`. White space at the ends of lines is lost.
///
/// # Errors
/// The key cannot sign.
pub fn sign_text(text: &[u8], key: &SecretKey, now: i64, salt: &[u8; 32]) -> Result<Vec<u8>, OpenPgpError> {
    let mut out = [START, b"\nHash: SHA512\n\n"].concat();
    let mut signed = Vec::new();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = trimmed(line, b" \t\r");
        if at > 0 {
            signed.extend(b"\r\n");
        }
        signed.extend_from_slice(line);
        if line.starts_with(b"-") {
            out.extend(b"- ");
        }
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    let signature = signing::sign(&signed, key, now, salt)?;
    out.extend(armor::encode("PGP SIGNATURE", &signature).into_bytes());
    Ok(out)
}
