//! Gzip members to their content.
//!
//! The framing is read here so that the checksum is taken by the library that is quickest at it: a third of the time of loading
//! a large chart went into it.

use flate2::bufread::DeflateDecoder;
use std::io::{self, BufRead, Read};

const TEXT_FIELDS: [u8; 2] = [0x08, 0x10];
const HEADER_CRC: u8 = 0x02;
const EXTRA: u8 = 0x04;
const RESERVED: u8 = 0xe0;
const HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

/// Reads the content of all members of a gzip file, one after the other, and checks their sums.
pub(crate) struct Gunzip<R> {
    state: State<R>,
}

enum State<R> {
    /// Before a member, or at the end.
    Between(R),
    Within(Member<R>),
    /// There was a fault.
    Broken,
}

struct Member<R> {
    decoder: DeflateDecoder<R>,
    sum: crc32fast::Hasher,
    /// Length modulo 2^32.
    length: u32,
}

impl<R: BufRead> Gunzip<R> {
    pub(crate) fn new(input: R) -> Gunzip<R> {
        Gunzip { state: State::Between(input) }
    }
}

/// The next member; the input itself at its end.
fn begin<R: BufRead>(mut input: R) -> io::Result<State<R>> {
    if input.fill_buf()?.is_empty() {
        return Ok(State::Between(input));
    }
    skip_header(&mut input)?;
    Ok(State::Within(Member { decoder: DeflateDecoder::new(input), sum: crc32fast::Hasher::new(), length: 0 }))
}

/// What follows a member, whose sum and length are checked.
fn end<R: BufRead>(member: Member<R>) -> io::Result<R> {
    let mut input = member.decoder.into_inner();
    let mut expected = [0; TRAILER_BYTES];
    input.read_exact(&mut expected)?;
    if u64::from_le_bytes(expected) != (u64::from(member.length) << 32) | u64::from(member.sum.finalize()) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "gzip: invalid checksum"));
    }
    Ok(input)
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            if let State::Within(member) = &mut self.state {
                let n = member.decoder.read(buf)?;
                if n > 0 {
                    member.sum.update(buf.get(..n).unwrap_or_default());
                    // A read is never that long, and the length is kept modulo 2^32 anyway.
                    member.length = member.length.wrapping_add(n as u32);
                    return Ok(n);
                }
            }
            let input = match std::mem::replace(&mut self.state, State::Broken) {
                State::Within(member) => end(member)?,
                State::Between(input) => input,
                State::Broken => return Err(io::ErrorKind::InvalidData.into()),
            };
            self.state = begin(input)?;
            if matches!(self.state, State::Between(_)) {
                return Ok(0);
            }
        }
    }
}

/// Reads a member's header.
fn skip_header(input: &mut impl BufRead) -> io::Result<()> {
    let bad = || io::Error::new(io::ErrorKind::InvalidInput, "gzip: invalid header");
    let mut sum = crc32fast::Hasher::new();
    let [a, b, method, flags, ..] = taken::<HEADER_BYTES>(input, &mut sum)?;
    if [a, b, method] != [0x1f, 0x8b, 8] || flags & RESERVED != 0 {
        return Err(bad());
    }
    if flags & EXTRA != 0 {
        for _ in 0..u16::from_le_bytes(taken(input, &mut sum)?) {
            taken::<1>(input, &mut sum)?;
        }
    }
    for field in TEXT_FIELDS {
        if flags & field != 0 {
            while taken(input, &mut sum)? != [0] {}
        }
    }
    if flags & HEADER_CRC != 0 {
        // As wide as the field: the lower half of the sum.
        let expected = sum.clone().finalize() as u16;
        if taken(input, &mut sum)? != expected.to_le_bytes() {
            return Err(bad());
        }
    }
    Ok(())
}

/// The next bytes, which count in the sum.
fn taken<const N: usize>(input: &mut impl BufRead, sum: &mut crc32fast::Hasher) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    sum.update(&bytes);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::Gunzip;
    use flate2::{Compression, GzBuilder};
    use std::io::{Read, Write};

    fn member(content: &[u8]) -> Vec<u8> {
        let builder = GzBuilder::new().filename("name").comment("comment").extra([1, 2, 3]);
        let mut writer = builder.write(Vec::new(), Compression::best());
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Gunzip::new(bytes).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn members_follow_each_other() {
        assert_eq!(read(&[member(b"one "), member(b"two")].concat()).unwrap(), b"one two");
        assert_eq!(read(b"").unwrap(), b"");
    }

    #[test]
    fn faults_are_found() {
        let good = member(b"some content");
        for cut in 1..good.len() {
            assert!(read(&good[..cut]).is_err(), "cut at {cut}");
        }
        let mut wrong = good.clone();
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        assert_eq!(read(&wrong).unwrap_err().to_string(), "gzip: invalid checksum");
        assert_eq!(read(&[&good[..], b"junk and more"].concat()).unwrap_err().to_string(), "gzip: invalid header");
    }
}
