//! Base64 and base32 as Go's `encoding` packages write and read them; a decoding error's text is the result.

use crate::args::{Register, STR, text};
use gotmpl::{FuncMap, Value};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PAD: u8 = b'=';

/// Where the input is broken, in bytes from its start.
type Corrupt = usize;

pub(crate) fn add(map: &mut FuncMap) {
    map.plain("b64enc", &[STR], STR, |a| Ok(Value::str(encode(text(a, 0), BASE64, 3, 6))));
    map.plain("b32enc", &[STR], STR, |a| Ok(Value::str(encode(text(a, 0), BASE32, 5, 5))));
    map.plain("b64dec", &[STR], STR, |a| {
        let decoded = decode64(text(a, 0));
        Ok(Value::str(decoded.unwrap_or_else(|at| format!("illegal base64 data at input byte {at}").into_bytes())))
    });
    map.plain("b32dec", &[STR], STR, |a| {
        let decoded = decode32(text(a, 0));
        Ok(Value::str(decoded.unwrap_or_else(|at| format!("illegal base32 data at input byte {at}").into_bytes())))
    });
}

/// Groups of `group` bytes as characters of `bits` bits, padded.
fn encode(data: &[u8], alphabet: &[u8], group: usize, bits: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len().div_ceil(group) * group * 8 / bits);
    for chunk in data.chunks(group) {
        let value = chunk.iter().fold(0u64, |v, b| v << 8 | u64::from(*b)) << (8 * (group - chunk.len()));
        let used = (chunk.len() * 8).div_ceil(bits);
        let all = group * 8 / bits;
        for n in 0..all {
            let index = (value >> (bits * (all - 1 - n))) as usize & ((1 << bits) - 1);
            out.push(if n < used { alphabet.get(index).copied().unwrap_or(PAD) } else { PAD });
        }
    }
    out
}

fn index(alphabet: &[u8], byte: u8) -> Option<u64> {
    alphabet.iter().position(|b| *b == byte).map(|n| n as u64)
}

fn push_bytes(out: &mut Vec<u8>, value: u64, group: usize, count: usize) {
    out.extend((0..count).map(|n| (value >> (8 * (group - 1 - n))) as u8));
}

fn skip_newlines(data: &[u8], mut at: usize) -> usize {
    while matches!(data.get(at), Some(b'\n' | b'\r')) {
        at += 1;
    }
    at
}

pub(crate) fn decode64(data: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3);
    let mut at = 0;
    loop {
        let (mut value, mut read) = (0, 0);
        while read < 4 {
            let Some(byte) = data.get(at) else {
                return if read == 0 { Ok(out) } else { Err(at - read) };
            };
            at += 1;
            match index(BASE64, *byte) {
                Some(bits) => {
                    value = value << 6 | bits;
                    read += 1;
                }
                None if matches!(byte, b'\n' | b'\r') => {}
                None if *byte == PAD => {
                    padding64(data, at, read)?;
                    push_bytes(&mut out, value << (6 * (4 - read)), 3, read - 1);
                    return Ok(out);
                }
                None => return Err(at - 1),
            }
        }
        push_bytes(&mut out, value, 3, 3);
    }
}

/// Checks what follows the first `=`, which stood before `at` in a group of `read` characters.
fn padding64(data: &[u8], mut at: usize, read: usize) -> Result<(), Corrupt> {
    match read {
        0 | 1 => return Err(at - 1),
        2 => {
            at = skip_newlines(data, at);
            match data.get(at) {
                None => return Err(data.len()),
                Some(&PAD) => at += 1,
                Some(_) => return Err(at - 1),
            }
        }
        _ => {}
    }
    at = skip_newlines(data, at);
    if at < data.len() { Err(at) } else { Ok(()) }
}

fn decode32(data: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let data: Vec<u8> = data.iter().copied().filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    let mut out = Vec::with_capacity(data.len() / 8 * 5);
    let mut at = 0;
    while at < data.len() {
        let mut value = 0;
        for read in 0..8 {
            let Some(byte) = data.get(at) else { return Err(at - read) };
            at += 1;
            let left = data.len() - at;
            if *byte == PAD && read >= 2 && left < 8 {
                padding32(&data, at, read)?;
                push_bytes(&mut out, value << (5 * (8 - read)), 5, read * 5 / 8);
                return Ok(out);
            }
            value = value << 5 | index(BASE32, *byte).ok_or(at - 1)?;
        }
        push_bytes(&mut out, value, 5, 5);
    }
    Ok(out)
}

/// Checks what follows the first `=`, which stood before `at` in the last group, after `read` characters.
fn padding32(data: &[u8], at: usize, read: usize) -> Result<(), Corrupt> {
    let rest = data.get(at..).unwrap_or_default();
    if rest.len() + read < 7 {
        return Err(data.len());
    }
    if let Some(n) = rest.iter().take(7 - read).position(|b| *b != PAD) {
        return Err((at + n).saturating_sub(1));
    }
    if matches!(read, 1 | 3 | 6) { Err(at - 1) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for data in [&b""[..], b"f", b"fo", b"foo", b"foob", b"fooba", b"foobar"] {
            assert_eq!(decode64(&encode(data, BASE64, 3, 6)).unwrap(), data);
            assert_eq!(decode32(&encode(data, BASE32, 5, 5)).unwrap(), data);
        }
        assert_eq!(encode(b"fo", BASE32, 5, 5), b"MZXQ====");
        assert_eq!(decode64(b"====").unwrap_err(), 0);
        assert_eq!(decode64(b"12").unwrap_err(), 0);
        assert_eq!(decode32(b"ME").unwrap_err(), 0);
    }
}
