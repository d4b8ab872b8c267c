//! A tar stream as Go's `archive/tar` writes it: plain (USTAR) headers where they can hold a name and a time, extended (PAX)
//! ones where not; owner 0, mode 0644, no folders.

use std::io::{self, Write};

const BLOCK: usize = 512;
const NAME_BYTES: usize = 100;
const PREFIX_BYTES: usize = 155;
/// The last second that eleven octal digits hold.
const MAX_OCTAL_TIME: i64 = (1 << 33) - 1;

/// Writes files one after the other.
pub(crate) struct TarWriter<W>(W);

impl<W: Write> TarWriter<W> {
    pub fn new(out: W) -> TarWriter<W> {
        TarWriter(out)
    }

    /// One file, changed at `seconds` of Unix time.
    pub fn file(&mut self, name: &str, data: &[u8], seconds: i64) -> io::Result<()> {
        let size = i64::try_from(data.len()).map_err(io::Error::other)?;
        let plain_time = (0..=MAX_OCTAL_TIME).contains(&seconds);
        let plain_name = name.is_ascii() && name.len() <= NAME_BYTES;
        let split = split_name(name);
        let header = if plain_time && (plain_name || split.is_some()) {
            let (prefix, name) = split.unwrap_or(("", name));
            Header { name: name.as_bytes(), prefix: prefix.as_bytes(), mode: 0o644, size, seconds, kind: b'0' }
        } else {
            let mut records = String::new();
            if !plain_time {
                records.push_str(&record("mtime", &seconds.to_string()));
            }
            if !plain_name {
                records.push_str(&record("path", name));
            }
            self.extended(name, &records)?;
            let seconds = if plain_time { seconds } else { 0 };
            Header { name: &ascii(name), prefix: b"", mode: 0o644, size, seconds, kind: b'0' }.write(&mut self.0)?;
            return self.body(data);
        };
        header.write(&mut self.0)?;
        self.body(data)
    }

    /// The end of the archive.
    pub fn finish(mut self) -> io::Result<W> {
        self.0.write_all(&[0; 2 * BLOCK])?;
        Ok(self.0)
    }

    fn extended(&mut self, name: &str, records: &str) -> io::Result<()> {
        let (folder, base) = name.rsplit_once('/').unwrap_or(("", name));
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut name = ascii(&format!("{folder}PaxHeaders.0/{base}"));
        name.truncate(NAME_BYTES);
        while name.last() == Some(&b'/') {
            name.pop();
        }
        let size = i64::try_from(records.len()).map_err(io::Error::other)?;
        Header { name: &name, prefix: b"", mode: 0, size, seconds: 0, kind: b'x' }.write(&mut self.0)?;
        self.body(records.as_bytes())
    }

    fn body(&mut self, data: &[u8]) -> io::Result<()> {
        self.0.write_all(data)?;
        let padding = data.len().next_multiple_of(BLOCK) - data.len();
        self.0.write_all([0; BLOCK].get(..padding).unwrap_or_default())
    }
}

struct Header<'a> {
    name: &'a [u8],
    prefix: &'a [u8],
    mode: i64,
    size: i64,
    seconds: i64,
    kind: u8,
}

impl Header<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut block = Vec::with_capacity(BLOCK);
        put(&mut block, self.name, NAME_BYTES);
        // Names of folders end with a slash: a name that is cut there must not look like one.
        if self.name.len() > NAME_BYTES
            && let Some(last) = block.iter().rposition(|c| *c != b'/')
        {
            block.get_mut(last + 1..).into_iter().flatten().take(1).for_each(|c| *c = 0);
        }
        put_octal(&mut block, self.mode, 8);
        put_octal(&mut block, 0, 8);
        put_octal(&mut block, 0, 8);
        put_octal(&mut block, self.size, 12);
        put_octal(&mut block, self.seconds, 12);
        let checksum_at = block.len();
        put(&mut block, b"        ", 8);
        block.push(self.kind);
        put(&mut block, b"", NAME_BYTES);
        put(&mut block, b"ustar\x0000", 8);
        put(&mut block, b"", 64);
        // Numbers of devices: in extended headers of names Go leaves them out.
        let device = |block: &mut Vec<u8>| if self.kind == b'x' { put(block, b"", 8) } else { put_octal(block, 0, 8) };
        device(&mut block);
        device(&mut block);
        put(&mut block, self.prefix, PREFIX_BYTES);
        block.resize(BLOCK, 0);
        let sum: i64 = block.iter().map(|c| i64::from(*c)).sum();
        let mut checksum = Vec::with_capacity(8);
        put_octal(&mut checksum, sum, 7);
        checksum.push(b' ');
        if let Some(field) = block.get_mut(checksum_at..checksum_at + checksum.len()) {
            field.copy_from_slice(&checksum);
        }
        out.write_all(&block)
    }
}

/// A field: the bytes, cut or filled with zeros.
fn put(block: &mut Vec<u8>, bytes: &[u8], size: usize) {
    let end = block.len() + size;
    block.extend(bytes.iter().take(size));
    block.resize(end, 0);
}

/// A number in octal digits with leading zeros and a zero byte at the end.
fn put_octal(block: &mut Vec<u8>, number: i64, size: usize) {
    let digits = size.saturating_sub(1);
    put(block, format!("{number:0digits$o}").as_bytes(), size);
}

/// Go's way to write a long name into two fields; nothing when it does not fit or is not ASCII.
fn split_name(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME_BYTES || !name.is_ascii() {
        return None;
    }
    let head = name.get(..name.len().min(PREFIX_BYTES + 1))?;
    let at = head.rfind('/').filter(|at| *at > 0)?;
    let (prefix, rest) = (name.get(..at)?, name.get(at + 1..)?);
    (!rest.is_empty() && rest.len() <= NAME_BYTES && prefix.len() <= PREFIX_BYTES).then_some((prefix, rest))
}

/// `LENGTH key=value\n`, where the length counts itself.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    if length.to_string().len() != rest.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

fn ascii(text: &str) -> Vec<u8> {
    text.bytes().filter(|c| c.is_ascii() && *c != 0).collect()
}
