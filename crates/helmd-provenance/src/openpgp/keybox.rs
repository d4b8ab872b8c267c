//! GnuPG's keybox (`pubring.kbx`): keys between things that only GnuPG wants to know.

use super::error::OpenPgpError;

const HEADER: u8 = 1;
const KEYS: u8 = 2;
/// Not, or not yet, part of the keyring.
const EPHEMERAL: u16 = 2;

/// Whether it is one.
pub fn is_keybox(data: &[u8]) -> bool {
    data.get(4) == Some(&HEADER) && data.get(8..12) == Some(b"KBXf".as_slice())
}

/// The packets of all its keys.
pub fn packets(data: &[u8]) -> Result<Vec<u8>, OpenPgpError> {
    let mut packets = Vec::new();
    let mut offset = 0;
    while offset < data.len() {
        let blob = blob(data, offset).map_err(OpenPgpError::Keybox)?;
        if blob.get(4) == Some(&KEYS) {
            packets.extend_from_slice(keys(blob, offset).map_err(OpenPgpError::Keybox)?);
        }
        offset += blob.len();
    }
    if packets.is_empty() {
        return Err(OpenPgpError::Keybox("keybox contains no OpenPGP keys".to_owned()));
    }
    Ok(packets)
}

fn blob(data: &[u8], offset: usize) -> Result<&[u8], String> {
    let rest = data.get(offset..).unwrap_or_default();
    let truncated = || format!("truncated blob header at offset {offset}");
    if rest.len() < 5 {
        return Err(truncated());
    }
    let length = word(rest, 0).ok_or_else(truncated)?;
    if length < 5 {
        return Err(format!("invalid blob length {length} at offset {offset}"));
    }
    let left = rest.len();
    rest.get(..length)
        .ok_or_else(|| format!("blob at offset {offset} has length {length} exceeding the {left} remaining bytes"))
}

fn keys(blob: &[u8], offset: usize) -> Result<&[u8], String> {
    let fields = || Some((word(blob, 4)? & 0xffff, word(blob, 8)?, word(blob, 12)?));
    let (flags, start, length) = fields().ok_or_else(|| format!("OpenPGP blob at offset {offset} is too short"))?;
    let end = start.checked_add(length);
    let keys = end.and_then(|end| blob.get(start..end));
    let keys = keys.ok_or_else(|| format!("OpenPGP blob at offset {offset} has an out-of-range keyblock"))?;
    Ok(if flags & usize::from(EPHEMERAL) == 0 { keys } else { &[] })
}

fn word(blob: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 4] = blob.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(kind: u8, flags: u16, keys: &[u8]) -> Vec<u8> {
        let length = u32::try_from(16 + keys.len()).unwrap();
        let mut blob = length.to_be_bytes().to_vec();
        blob.extend([kind, 1]);
        blob.extend(flags.to_be_bytes());
        blob.extend(16u32.to_be_bytes());
        blob.extend((length - 16).to_be_bytes());
        blob.extend(keys);
        blob
    }

    fn text(data: &[u8]) -> String {
        packets(data).unwrap_err().to_string()
    }

    #[test]
    fn keys_without_what_is_around_them() {
        let data = [blob(1, 0, b""), blob(2, 0, b"one"), blob(2, 2, b"not yet"), blob(3, 0, b"x"), blob(2, 0, b"two")];
        assert_eq!(packets(&data.concat()).unwrap(), b"onetwo");
        let mut header = blob(1, 0, b"");
        header.splice(8..12, *b"KBXf");
        assert!(is_keybox(&header) && !is_keybox(b"KBXf"));
    }

    #[test]
    fn what_does_not_fit() {
        assert_eq!(text(b"abc"), "truncated blob header at offset 0");
        assert_eq!(text(&[0, 0, 0, 2, 1]), "invalid blob length 2 at offset 0");
        assert_eq!(text(&[0, 0, 1, 0, 1]), "blob at offset 0 has length 256 exceeding the 5 remaining bytes");
        assert_eq!(text(&[0, 0, 0, 6, 2, 0]), "OpenPGP blob at offset 0 is too short");
        let mut wrong = blob(2, 0, b"one");
        wrong[12..16].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(text(&wrong), "OpenPGP blob at offset 0 has an out-of-range keyblock");
        assert_eq!(text(&blob(1, 0, b"")), "keybox contains no OpenPGP keys");
    }
}
