//! An index in a form that is read without being parsed: beside `index.yaml`, for programs that look into it once and end.
//!
//! First the numbers, which say how many of everything there are and how long each text is, then the texts, one behind the other.
//! What was written by another version of this program, or is damaged, is not read: the index itself is what counts.

use crate::entry::{ChartVersion, Packed, Text};
use crate::index::Index;
use crate::load::{Loaded, Skipped};
use helmd_chart::{GoTime, HelmMajor, Slice};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

/// What such a file begins with; another form gets another number.
const MAGIC: &[u8] = b"helmd index 1\n";
/// Before the numbers: [`MAGIC`], the Helm whose rules the index was read by, the length of the numbers.
const HEAD_BYTES: usize = MAGIC.len() + 1 + 8;
/// Behind the texts: a checksum of all that is before.
const TAIL_BYTES: usize = 4;

/// The flags of a version: it has this in common with the version before it.
const SAME_NAME: u64 = 1;
const SAME_APP_VERSION: u64 = 2;
const SAME_DESCRIPTION: u64 = 4;
const SAME_KEYWORDS: u64 = 8;
const SAME_PACKED: u64 = 16;
const REMOVED: u64 = 32;
const DEPRECATED: u64 = 64;
const NO_URLS: u64 = 128;

impl Loaded {
    /// Writes the packed form, for [`Loaded::unpack`].
    ///
    /// # Errors
    /// The writer's.
    pub fn pack(&self, helm: HelmMajor, out: impl Write) -> io::Result<()> {
        let mut numbers = Numbers(Vec::new());
        numbers.loaded(self)?;
        let Numbers(numbers) = numbers;
        let mut texts = Texts { out, checksum: crc32fast::Hasher::new() };
        texts.write(MAGIC)?;
        texts.write(&[major(helm)])?;
        texts.write(&(numbers.len() as u64).to_le_bytes())?;
        texts.write(&numbers)?;
        texts.loaded(self)?;
        let Texts { mut out, checksum } = texts;
        out.write_all(&checksum.finalize().to_le_bytes())
    }

    /// The index that was packed; `None` when this is something else, by other rules, or damaged. What stands before `start` does
    /// not belong to it. The bytes are kept for as long as the index.
    pub fn unpack(bytes: Vec<u8>, start: usize, helm: HelmMajor) -> Option<Loaded> {
        let file = Arc::new(bytes);
        let (content, checksum) = file.get(start..)?.split_last_chunk::<TAIL_BYTES>()?;
        let (head, content) = content.split_at_checked(HEAD_BYTES)?;
        let length = head.strip_prefix(MAGIC)?.strip_prefix(&[major(helm)])?;
        let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (numbers, texts) = content.split_at_checked(length)?;
        let mut whole = crc32fast::Hasher::new();
        whole.update(head);
        whole.update(content);
        if whole.finalize() != u32::from_le_bytes(*checksum) {
            return None;
        }
        let texts = std::str::from_utf8(texts).ok()?;
        let mut reader = Reader { file: &file, end: file.len() - TAIL_BYTES, numbers, texts };
        let index = reader.index()?;
        let skipped = reader.all_skipped()?;
        (reader.numbers.is_empty() && reader.texts.is_empty()).then(|| Loaded::new(index, skipped))
    }
}

fn major(helm: HelmMajor) -> u8 {
    match helm {
        HelmMajor::Helm3 => 3,
        HelmMajor::Helm4 => 4,
    }
}

/// The numbers of an index, without its texts.
struct Numbers(Vec<u8>);

/// The texts of an index, without its numbers.
struct Texts<W> {
    out: W,
    checksum: crc32fast::Hasher,
}

impl<W: Write> Texts<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        self.out.write_all(bytes)
    }
}

impl Walk for Numbers {
    /// Seven bits a byte, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn bytes(&mut self, text: &[u8]) -> io::Result<()> {
        self.number(text.len() as u64);
        Ok(())
    }
}

impl<W: Write> Walk for Texts<W> {
    fn number(&mut self, _: u64) {}

    fn bytes(&mut self, text: &[u8]) -> io::Result<()> {
        self.write(text)
    }
}

/// A walk over all that an index holds: one for the numbers, one for the texts, so that the packed form is never in memory.
trait Walk {
    fn number(&mut self, number: u64);

    fn bytes(&mut self, text: &[u8]) -> io::Result<()>;

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.bytes(text.as_bytes())
    }

    /// A time has a text that is never empty.
    fn time(&mut self, time: Option<&GoTime>) -> io::Result<()> {
        self.text(time.map_or("", GoTime::as_str))
    }

    fn loaded(&mut self, loaded: &Loaded) -> io::Result<()> {
        let Index { api_version, generated, entries, public_keys, annotations } = &loaded.index;
        self.text(api_version)?;
        self.time(generated.as_ref())?;
        self.number(public_keys.len() as u64);
        public_keys.iter().try_for_each(|key| self.text(key))?;
        self.number(annotations.len() as u64);
        for (name, value) in annotations {
            self.text(name)?;
            self.text(value)?;
        }
        self.number(entries.len() as u64);
        for (chart, versions) in entries {
            self.text(chart)?;
            self.number(versions.len() as u64);
            let mut last = None;
            for version in versions {
                self.version(version, last)?;
                last = Some(version);
            }
        }
        self.skipped(&loaded.skipped)
    }

    fn version(&mut self, version: &ChartVersion, last: Option<&ChartVersion>) -> io::Result<()> {
        let same = |same: fn(&ChartVersion, &ChartVersion) -> bool| last.is_some_and(|last| same(version, last));
        let flags = [
            (same(|a, b| a.name == b.name), SAME_NAME),
            (same(|a, b| a.app_version == b.app_version), SAME_APP_VERSION),
            (same(|a, b| a.description == b.description), SAME_DESCRIPTION),
            (same(|a, b| a.keywords == b.keywords), SAME_KEYWORDS),
            (same(|a, b| a.packed == b.packed), SAME_PACKED),
            (version.removed, REMOVED),
            (version.deprecated, DEPRECATED),
            (version.urls.is_nil(), NO_URLS),
        ];
        let flags = flags.into_iter().filter(|(is, _)| *is).fold(0, |flags, (_, flag)| flags | flag);
        self.number(flags);
        let mut unless = |flag, text: &[u8]| if flags & flag == 0 { self.bytes(text) } else { Ok(()) };
        unless(SAME_NAME, version.name.as_bytes())?;
        unless(SAME_APP_VERSION, version.app_version.as_bytes())?;
        unless(SAME_DESCRIPTION, version.description.as_bytes())?;
        unless(SAME_PACKED, version.packed.bytes())?;
        if flags & SAME_KEYWORDS == 0 {
            self.all(&version.keywords)?;
        }
        if flags & NO_URLS == 0 {
            self.all(&version.urls)?;
        }
        self.text(&version.version)?;
        self.text(&version.digest)?;
        self.time(version.created.as_ref())
    }

    fn all(&mut self, texts: &[Text]) -> io::Result<()> {
        self.number(texts.len() as u64);
        texts.iter().try_for_each(|text| self.text(text))
    }

    fn skipped(&mut self, skipped: &[Skipped]) -> io::Result<()> {
        self.number(skipped.len() as u64);
        for Skipped { chart, fault } in skipped {
            self.text(chart)?;
            self.number(u64::from(fault.is_some()));
            if let Some((version, error)) = fault {
                self.text(version)?;
                self.text(error)?;
            }
        }
        Ok(())
    }
}

struct Reader<'b> {
    file: &'b Arc<Vec<u8>>,
    /// Where the texts end in the file.
    end: usize,
    numbers: &'b [u8],
    texts: &'b str,
}

impl<'b> Reader<'b> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.numbers.split_first()?;
            self.numbers = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// How many things follow. Each has a number at least, so that a wrong count cannot ask for more memory than there is text.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.numbers.len()).then_some(count)
    }

    fn text(&mut self) -> Option<&'b str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.texts.split_at_checked(length)?;
        self.texts = rest;
        Some(text)
    }

    /// A text that stays in the file.
    fn part(&mut self) -> Option<Packed> {
        let start = u32::try_from(self.end.checked_sub(self.texts.len())?).ok()?;
        let length = u32::try_from(self.text()?.len()).ok()?;
        Some(Packed::Part { file: Arc::clone(self.file), start, length })
    }

    fn string(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    fn time(&mut self) -> Option<Option<GoTime>> {
        match self.text()? {
            "" => Some(None),
            text => GoTime::parse(text),
        }
    }

    fn index(&mut self) -> Option<Index> {
        let (api_version, generated) = (self.string()?, self.time()?);
        let public_keys = (0..self.count()?).map(|_| self.string()).collect::<Option<_>>()?;
        let annotations = (0..self.count()?).map(|_| Some((self.string()?, self.string()?))).collect::<Option<_>>()?;
        let mut entries = BTreeMap::new();
        for _ in 0..self.count()? {
            let chart = self.string()?;
            let count = self.count()?;
            let mut versions: Vec<ChartVersion> = Vec::with_capacity(count);
            for _ in 0..count {
                let version = self.version(versions.last())?;
                versions.push(version);
            }
            entries.insert(chart, versions);
        }
        Some(Index { api_version, generated, entries, public_keys, annotations })
    }

    fn version(&mut self, last: Option<&ChartVersion>) -> Option<ChartVersion> {
        let flags = self.number()?;
        let mut unless = |flag, of: fn(&ChartVersion) -> &Text| match flags & flag {
            0 => self.text().map(Text::from),
            _ => last.map(|last| Text::clone(of(last))),
        };
        let name = unless(SAME_NAME, |version| &version.name)?;
        let app_version = unless(SAME_APP_VERSION, |version| &version.app_version)?;
        let description = unless(SAME_DESCRIPTION, |version| &version.description)?;
        let packed = if flags & SAME_PACKED == 0 { self.part()? } else { last?.packed.clone() };
        let keywords = if flags & SAME_KEYWORDS == 0 { self.all()?.into() } else { Arc::clone(&last?.keywords) };
        let urls = if flags & NO_URLS == 0 { self.all()?.into() } else { Slice::nil() };
        let version = Text::from(self.text()?);
        let digest = Text::from(self.text()?);
        let created = self.time()?;
        let (removed, deprecated) = (flags & REMOVED != 0, flags & DEPRECATED != 0);
        let seen = ChartVersion {
            name,
            version,
            app_version,
            description,
            keywords,
            urls,
            digest,
            created,
            removed,
            deprecated,
            packed,
        };
        Some(seen)
    }

    fn all(&mut self) -> Option<Vec<Text>> {
        (0..self.count()?).map(|_| self.text().map(Text::from)).collect()
    }

    fn all_skipped(&mut self) -> Option<Vec<Skipped>> {
        let mut skipped = Vec::new();
        for _ in 0..self.count()? {
            let chart = self.string()?;
            let fault = if self.number()? == 0 { None } else { Some((self.string()?, self.string()?)) };
            skipped.push(Skipped { chart, fault });
        }
        Some(skipped)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Index, Loaded};
    use helmd_chart::HelmMajor;

    const INDEX: &str = "apiVersion: v1\nannotations: {x: y}\npublicKeys: [k]\ngenerated: 2026-01-02T03:04:05.5Z\nentries:\n  \
        a:\n  - {name: a, version: 1.10.0, urls: [u, v], description: déjà, keywords: [k, l], digest: d, created: 2026-01-02T03:04:05Z}\n  \
        - {name: a, version: 1.9.0, description: déjà, keywords: [k, l], deprecated: true, removed: true, checksum: c, home: h}\n  \
        - {name: a, version: nope}\n  b: []\n  c: [null]\n";

    fn loaded() -> Loaded {
        Index::load(INDEX.as_bytes(), HelmMajor::Helm4).unwrap()
    }

    fn packed() -> Vec<u8> {
        let mut packed = Vec::new();
        loaded().pack(HelmMajor::Helm4, &mut packed).unwrap();
        packed
    }

    fn unpacked(bytes: &[u8]) -> Option<Loaded> {
        Loaded::unpack(bytes.to_vec(), 0, HelmMajor::Helm4)
    }

    #[test]
    fn what_is_packed_comes_back() {
        let (loaded, packed) = (loaded(), packed());
        let again = Loaded::unpack([b"before", &packed[..]].concat(), 6, HelmMajor::Helm4).unwrap();
        assert_eq!(again.index, loaded.index);
        assert_eq!(again.skipped, loaded.skipped);
        assert_eq!(again.skipped.len(), 2);
        assert!(Loaded::unpack(packed, 0, HelmMajor::Helm3).is_none());
        let [first, second] = again.index.entries["a"].as_slice() else { panic!("two versions") };
        assert!(std::sync::Arc::ptr_eq(&first.description, &second.description));
        assert_eq!(second.metadata().home, "h");
        // What was unpacked is packed again as it was.
        let mut twice = Vec::new();
        again.pack(HelmMajor::Helm4, &mut twice).unwrap();
        assert_eq!(unpacked(&twice).unwrap().index, loaded.index);
    }

    #[test]
    fn damage_is_seen() {
        let packed = packed();
        for at in 0..packed.len() {
            let mut damaged = packed.clone();
            damaged[at] ^= 0x10;
            assert!(unpacked(&damaged).is_none(), "byte {at}");
            assert!(unpacked(&packed[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn a_right_checksum_makes_no_right_content() {
        let packed = packed();
        let end = packed.len() - super::TAIL_BYTES;
        for at in super::HEAD_BYTES..end {
            let mut forged = packed.clone();
            forged[at] = 0xff;
            let checksum = crc32fast::hash(&forged[..end]).to_le_bytes();
            forged[end..].copy_from_slice(&checksum);
            // Whatever comes of it: no panic, and no memory out of proportion.
            let _read = unpacked(&forged);
        }
    }
}
