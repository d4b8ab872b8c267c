//! Gzip members to their content.
//!
//! The framing is read here so that the checksum is taken by the library that is quickest at it: a third of the time of loading
//! a large chart went into it.

use flate2::bufread::DeflateDecoder;
use std::io::{self, Read};

const TEXT_FIELDS: [u8; 2] = [0x08, 0x10];
const HEADER_CRC: u8 = 0x02;
const EXTRA: u8 = 0x04;
const RESERVED: u8 = 0xe0;
const HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

/// Reads the content of all members of a gzip file, one after the other, and checks their sums.
pub(crate) struct Gunzip<'a> {
    member: Option<Member<'a>>,
    /// What follows the member.
    rest: &'a [u8],
}

struct Member<'a> {
    decoder: DeflateDecoder<&'a [u8]>,
    sum: crc32fast::Hasher,
    /// Length modulo 2^32.
    length: u32,
}

impl<'a> Gunzip<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Gunzip<'a> {
        Gunzip { member: None, rest: bytes }
    }

    /// Begins the next member; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        let content = content(self.rest)?;
        let decoder = DeflateDecoder::new(content);
        self.member = Some(Member { decoder, sum: crc32fast::Hasher::new(), length: 0 });
        Ok(true)
    }

    fn end(&mut self, member: Member<'a>) -> io::Result<()> {
        let after = member.decoder.into_inner();
        let (trailer, rest) = after.split_at_checked(TRAILER_BYTES).ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut expected = [0; TRAILER_BYTES];
        expected.copy_from_slice(trailer);
        let expected = u64::from_le_bytes(expected);
        if expected != (u64::from(member.length) << 32) | u64::from(member.sum.finalize()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "gzip: invalid checksum"));
        }
        self.rest = rest;
        Ok(())
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(member) = &mut self.member else {
                if self.begin()? {
                    continue;
                }
                return Ok(0);
            };
            let n = member.decoder.read(buf)?;
            if n > 0 {
                member.sum.update(buf.get(..n).unwrap_or_default());
                // A read is never that long, and the length is kept modulo 2^32 anyway.
                member.length = member.length.wrapping_add(n as u32);
                return Ok(n);
            }
            if let Some(member) = self.member.take() {
                self.end(member)?;
            }
        }
    }
}

/// What follows a member's header.
fn content(member: &[u8]) -> io::Result<&[u8]> {
    let bad = || io::Error::new(io::ErrorKind::InvalidInput, "gzip: invalid header");
    let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (header, mut rest) = member.split_at_checked(HEADER_BYTES).ok_or_else(short)?;
    let &[0x1f, 0x8b, 8, flags, ..] = header else { return Err(bad()) };
    if flags & RESERVED != 0 {
        return Err(bad());
    }
    if flags & EXTRA != 0 {
        let &[low, high, ..] = rest else { return Err(short()) };
        rest = rest.get(2 + usize::from(u16::from_le_bytes([low, high]))..).ok_or_else(short)?;
    }
    for field in TEXT_FIELDS {
        if flags & field != 0 {
            let end = rest.iter().position(|b| *b == 0).ok_or_else(short)?;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    if flags & HEADER_CRC != 0 {
        let (sum, after) = rest.split_at_checked(2).ok_or_else(short)?;
        let length = member.len() - rest.len();
        let expected = crc32fast::hash(member.get(..length).unwrap_or_default()) as u16;
        if sum != expected.to_le_bytes() {
            return Err(bad());
        }
        rest = after;
    }
    Ok(rest)
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
