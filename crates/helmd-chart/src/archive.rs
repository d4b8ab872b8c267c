//! Chart archives: a gzipped tar of one folder.

use crate::chart::HelmMajor;
use crate::error::ArchiveError;
use crate::file::File;
use crate::go_time::GoTime;
use crate::gunzip::Gunzip;
use crate::path::clean_path;
use gotmpl::GoString;
use gotmpl::exec::Exceeded;
use gotmpl::strconv::quote;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use tar::{Archive, Entry, EntryType};

/// How large an archive may be. The numbers count over the whole chart, archives of subcharts included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of all files after unpacking.
    pub total_bytes: u64,
    /// Bytes of one file after unpacking.
    pub file_bytes: u64,
    /// Files and folders.
    pub entries: usize,
    /// How deep subcharts may lie.
    pub depth: usize,
}

/// Helm's own limit for a chart: 100 MiB.
const TOTAL_BYTES: u64 = 100 << 20;
/// Helm 3's limit for a file: 5 MiB. Helm 4 has none.
const HELM3_FILE_BYTES: u64 = 5 << 20;
/// Helm has no limit; the largest charts in use have some thousand files.
const ENTRIES: usize = 20_000;
/// Helm has no limit; charts in use nest three or four deep.
const DEPTH: usize = 32;

impl Default for ArchiveLimits {
    fn default() -> Self {
        ArchiveLimits { total_bytes: TOTAL_BYTES, file_bytes: TOTAL_BYTES, entries: ENTRIES, depth: DEPTH }
    }
}

impl ArchiveLimits {
    /// The budget of all files, when it was set otherwise than in Helm, which has no words to name a setting.
    pub fn names_total_limit(&self) -> Option<Exceeded> {
        let exceeded = Exceeded::new(budgets::BYTES, self.total_bytes, "bytes in a chart's files");
        (self.total_bytes != TOTAL_BYTES).then_some(exceeded)
    }

    /// The budget of one file, when it was set otherwise than in Helm 3.
    pub fn names_file_limit(&self) -> Option<Exceeded> {
        let exceeded = Exceeded::new(budgets::FILE, self.file_bytes, "bytes in one of a chart's files");
        (self.file_bytes != HELM3_FILE_BYTES).then_some(exceeded)
    }

    /// The limits of this major's Helm.
    pub fn default_for(helm: HelmMajor) -> ArchiveLimits {
        match helm {
            HelmMajor::Helm3 => ArchiveLimits { file_bytes: HELM3_FILE_BYTES, ..ArchiveLimits::default() },
            HelmMajor::Helm4 => ArchiveLimits::default(),
        }
    }
}

/// Files up to this size are read in one piece: no archive can make much be taken for nothing.
const SMALL_BYTES: u64 = 4 << 20;
/// What an archive needs for an entry beside its content: headers, a long name, an extended header, padding.
const AROUND_ENTRY_BYTES: u64 = 4096;
/// What may stand at the end of an archive: empty blocks.
const END_BYTES: u64 = 1 << 20;
/// Longest name of an entry: what the system takes as a path.
const NAME_BYTES: usize = 4096;

/// Names of these budgets.
pub mod budgets {
    /// [`ArchiveLimits::total_bytes`](super::ArchiveLimits::total_bytes)
    pub const BYTES: &str = "archive-bytes";
    /// [`ArchiveLimits::file_bytes`](super::ArchiveLimits::file_bytes)
    pub const FILE: &str = "archive-file-bytes";
    /// [`ArchiveLimits::entries`](super::ArchiveLimits::entries)
    pub const ENTRIES: &str = "archive-entries";
    /// [`ArchiveLimits::depth`](super::ArchiveLimits::depth)
    pub const DEPTH: &str = "subchart-depth";
}

/// A compressed stream that fails when it gives more than it may. Names in extended headers would otherwise be read into
/// memory whatever their length.
struct Bounded<'b, R> {
    inner: R,
    position: u64,
    left: &'b mut u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        match self.left.checked_sub(count) {
            Some(left) => {
                *self.left = left;
                self.position = self.position.saturating_add(count);
                Ok(read)
            }
            None => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

/// The tar library skips with a large buffer, which it clears for each entry, unless the stream can seek: so it can, forward.
impl<R: Read> Seek for Bounded<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Current(distance) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        let mut left = u64::try_from(distance).map_err(|_| io::ErrorKind::Unsupported)?;
        let mut block = [0; 512];
        while left > 0 {
            let wanted = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = self.read(block.get_mut(..wanted).unwrap_or_default())?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        }
        Ok(self.position)
    }
}

/// What is left of the limits.
pub(crate) struct Budget {
    limits: ArchiveLimits,
    bytes: u64,
    entries: usize,
    /// Bytes that may still come out of compressed streams: the files and what archives need around them.
    stream: u64,
}

impl Budget {
    pub(crate) fn new(limits: &ArchiveLimits) -> Budget {
        let around = u64::try_from(limits.entries).unwrap_or(u64::MAX).saturating_mul(AROUND_ENTRY_BYTES);
        let stream = limits.total_bytes.saturating_add(around).saturating_add(END_BYTES);
        Budget { bytes: limits.total_bytes, entries: limits.entries, stream, limits: limits.clone() }
    }

    fn entry(&mut self) -> Result<(), ArchiveError> {
        let limit = self.limits.entries;
        self.entries = self.entries.checked_sub(1).ok_or(ArchiveError::TooManyEntries { limit })?;
        Ok(())
    }

    fn too_large(&self, helm: HelmMajor) -> ArchiveError {
        let limit = self.limits.total_bytes;
        if let Some(exceeded) = self.limits.names_total_limit() {
            return ArchiveError::Exceeded(exceeded);
        }
        match helm {
            HelmMajor::Helm3 => ArchiveError::TooLargeHelm3 { limit },
            HelmMajor::Helm4 => ArchiveError::TooLarge { limit },
        }
    }
}

/// The files of an archive in its order, named relative to the top folder, without a byte order mark.
///
/// # Errors
/// The archive is damaged, unsafe or too large.
pub fn read_archive(bytes: &[u8], limits: &ArchiveLimits, helm: HelmMajor) -> Result<Vec<File>, ArchiveError> {
    read(bytes, &mut Budget::new(limits), helm)
}

/// A gzip stream has at least this many bytes before its data.
const GZIP_HEADER_BYTES: usize = 10;

pub(crate) fn read(bytes: &[u8], budget: &mut Budget, helm: HelmMajor) -> Result<Vec<File>, ArchiveError> {
    match bytes {
        [] => return Err(ArchiveError::Damaged("EOF".into())),
        short if short.len() < GZIP_HEADER_BYTES => return Err(ArchiveError::Damaged("unexpected EOF".into())),
        [0x1f, 0x8b, 8, ..] => {}
        _ => return Err(ArchiveError::NotGzip),
    }
    unpack(bytes, budget, helm)
}

/// As [`read_archive`] for an archive that begins as gzip does, without holding the whole of it.
///
/// # Errors
/// As [`read_archive`].
pub fn read_archive_from(
    input: impl BufRead,
    limits: &ArchiveLimits,
    helm: HelmMajor,
) -> Result<Vec<File>, ArchiveError> {
    unpack(input, &mut Budget::new(limits), helm)
}

fn unpack(input: impl BufRead, budget: &mut Budget, helm: HelmMajor) -> Result<Vec<File>, ArchiveError> {
    let mut stream = budget.stream;
    let result = read_stream(Bounded { inner: Gunzip::new(input), position: 0, left: &mut stream }, budget, helm);
    budget.stream = stream;
    result
}

fn read_stream<R: Read + Seek>(stream: R, budget: &mut Budget, helm: HelmMajor) -> Result<Vec<File>, ArchiveError> {
    let mut archive = Archive::new(stream);
    let mut files = Vec::new();
    let mut top: Option<String> = None;
    let failed = |e: io::Error, budget: &Budget| match e.kind() {
        io::ErrorKind::FileTooLarge => budget.too_large(helm),
        _ => damaged(e),
    };
    for entry in archive.entries_with_seek().map_err(|e| failed(e, budget))? {
        let mut entry = entry.map_err(|e| failed(e, budget))?;
        budget.entry()?;
        if entry.path_bytes().len() > NAME_BYTES {
            return Err(ArchiveError::LongName { limit: NAME_BYTES });
        }
        let full_name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() || full_name.ends_with('/') || matches!(kind, EntryType::XGlobalHeader | EntryType::XHeader) {
            continue;
        }
        if !matches!(kind, EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse) {
            return Err(ArchiveError::Irregular { name: quote(full_name.as_bytes()) });
        }
        let (folder, name) = inner_name(&full_name)?;
        match &top {
            Some(top) if *top != folder => {
                return Err(ArchiveError::TwoFolders {
                    first: quote(top.as_bytes()),
                    second: quote(folder.as_bytes()),
                });
            }
            Some(_) => {}
            None => top = Some(folder),
        }
        let data = content(&mut entry, &full_name, budget, helm)?;
        let mod_time = mod_time(&mut entry);
        let data = match data.strip_prefix(b"\xef\xbb\xbf") {
            Some(text) => text.into(),
            None => data,
        };
        files.push(File { mod_time, nil: data.is_empty(), ..File::new(name, data) });
    }
    if files.is_empty() {
        return Err(ArchiveError::Empty);
    }
    Ok(files)
}

/// The content of an entry, taken from the budget. HELM: a chart that fills the budget to the last byte is too large.
fn content<R: Read>(
    entry: &mut Entry<'_, R>,
    name: &str,
    budget: &mut Budget,
    helm: HelmMajor,
) -> Result<GoString, ArchiveError> {
    let size = entry.size();
    if size > budget.bytes {
        return Err(budget.too_large(helm));
    }
    let limit = budget.limits.file_bytes;
    if size > limit {
        return Err(match budget.limits.names_file_limit() {
            Some(exceeded) => ArchiveError::Exceeded(exceeded),
            None => ArchiveError::FileTooLarge { name: quote(name.as_bytes()), limit },
        });
    }
    let failed = |e: io::Error, budget: &Budget| match e.kind() {
        io::ErrorKind::FileTooLarge => budget.too_large(helm),
        _ => damaged(e),
    };
    // A sparse file can be larger than what stands in the archive for it, so space is taken only as its bytes come.
    let data = if size <= SMALL_BYTES {
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        GoString::filled(length, |data| entry.read_exact(data)).map_err(|e| failed(e, budget))?
    } else {
        let mut data = Vec::new();
        entry.take(budget.bytes).read_to_end(&mut data).map_err(|e| failed(e, budget))?;
        data.into()
    };
    let read = u64::try_from(data.len()).unwrap_or(u64::MAX);
    budget.bytes = budget.bytes.saturating_sub(read);
    if read < size {
        return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    if budget.bytes == 0 {
        return Err(budget.too_large(helm));
    }
    Ok(data)
}

/// The top folder and the clean name below it.
fn inner_name(full_name: &str) -> Result<(String, String), ArchiveError> {
    // Archives made on Windows may separate by backslashes.
    let delimiter = if full_name.contains('\\') { '\\' } else { '/' };
    let (top, inner) = full_name.split_once(delimiter).unwrap_or((full_name, ""));
    let inner = inner.replace(delimiter, "/");
    if inner.starts_with('/') {
        return Err(ArchiveError::AbsolutePath);
    }
    let inner = clean_path(&inner);
    if inner == "." {
        return Err(ArchiveError::OutsideBase(quote(full_name.as_bytes())));
    }
    if inner.starts_with("..") {
        return Err(ArchiveError::ParentDirectory);
    }
    let drive = inner.as_bytes();
    if matches!(drive, [letter, b':', b'/', ..] if letter.is_ascii_alphabetic()) {
        return Err(ArchiveError::DriveLetter);
    }
    if top == "Chart.yaml" {
        return Err(ArchiveError::NoBaseDirectory);
    }
    if inner.contains(char::is_control) {
        return Err(ArchiveError::ControlCharacter(quote(full_name.as_bytes())));
    }
    Ok((top.to_owned(), inner))
}

/// The entry's time: the extended header's, which may have fractions, or else the plain one's.
fn mod_time<R: Read>(entry: &mut Entry<'_, R>) -> Option<GoTime> {
    let extended = entry.pax_extensions().ok().flatten().and_then(|extensions| {
        let mut times = extensions.flatten().filter(|e| e.key_bytes() == b"mtime");
        times.find_map(|e| e.value().ok().and_then(unix_time))
    });
    let plain = || entry.header().mtime().ok().and_then(|s| i64::try_from(s).ok()).map(|s| (s, 0));
    let (seconds, nanos) = extended.or_else(plain)?;
    GoTime::from_unix(seconds, nanos)
}

/// `1700000000.25` as seconds and nanoseconds.
fn unix_time(text: &str) -> Option<(i64, u32)> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if seconds.starts_with('-') || !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let nanos: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some((seconds.parse().ok()?, nanos.parse().ok()?))
}

/// A failed read in Go's words where they are the same for all such faults.
fn damaged(error: io::Error) -> ArchiveError {
    ArchiveError::Damaged(match error.kind() {
        io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
        io::ErrorKind::Other => "archive/tar: invalid tar header".to_owned(),
        _ => error.to_string(),
    })
}
