//! Small random changes of inputs; the same seed makes the same changes on every machine.

use crate::random::Random;

/// Longest input that is made, in bytes.
const MAX_BYTES: usize = 4096;

/// Bytes that mean something in one of the languages.
const SIGNS: &[&[u8]] = &[
    b"{{",
    b"}}",
    b"\0",
    b"\n",
    b" ",
    b"\t",
    b"\"",
    b"'",
    b"`",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b":",
    b",",
    b".",
    b"-",
    b"=",
    b"#",
    b"&a ",
    b"*a",
    b"!!",
    b"|",
    b">",
    b"%",
    b"\\",
    b"\\u",
    b"0",
    b"1",
    b"9223372036854775807",
    b"1e400",
    b"$",
    b"/",
    b"..",
    b"\xff",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
    b"null",
    b"---\n",
    b"  - ",
    b"<<: ",
    b"^",
    b"*",
    b"+",
    b"?",
    b"~",
];

/// `input` with some changes: bytes flipped, pieces taken out, doubled, or put in from `other` and from the signs of the
/// languages.
pub fn mutate(r: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..=r.below(4) {
        let at = r.below(out.len() + 1);
        let end = (at + 1 + r.below(8)).min(out.len());
        match r.below(6) {
            0 => {
                if let Some(byte) = out.get_mut(at) {
                    *byte ^= 1 << r.below(8);
                }
            }
            1 => drop(out.drain(at..end.max(at))),
            2 => {
                let piece: Vec<u8> = out.get(at..end).unwrap_or_default().to_vec();
                let times = 1 + r.below(3) * r.below(20);
                out.splice(at..at, piece.repeat(times));
            }
            3 => {
                let from = r.below(other.len() + 1);
                let to = (from + r.below(32)).min(other.len());
                out.splice(at..at, other.get(from..to).unwrap_or_default().iter().copied());
            }
            _ => {
                let sign = SIGNS.get(r.below(SIGNS.len())).copied().unwrap_or_default();
                out.splice(at..at, sign.iter().copied());
            }
        }
    }
    out.truncate(MAX_BYTES);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_changes() {
        let make = || {
            let mut r = Random::new(7);
            (0..100).map(|_| mutate(&mut r, b"a: {{ .b }}", b"c")).collect::<Vec<_>>()
        };
        assert_eq!(make(), make());
        assert!(make().iter().any(|made| made != b"a: {{ .b }}"));
    }
}
