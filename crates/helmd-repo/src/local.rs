//! Charts in folders and archive files: [`Disk`] reads them, [`write_archive`] and [`write_file`] write them.

mod error;
mod glob;
mod path;
#[cfg(test)]
mod tests;
mod walk;
mod write;

pub use error::RepoError;
pub use glob::glob;
pub use helmd_http::go_text;
pub use path::{absolute, clean};
pub use write::{create_folder, write_archive, write_file};

use crate::sniff;
use error::failed;
use gotmpl::strconv::quote;
use helmd_chart::ignore::{self, Rules};
use helmd_chart::{ArchiveError, Chart, ChartError, File, HelmMajor, Loader, read_archive, read_archive_from};
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::Path;
use walk::Walk;

/// How a gzip file begins.
const GZIP: &[u8] = b"\x1f\x8b\x08";
/// What is looked at before an archive is unpacked; shorter files are read as a whole.
const HEAD_BYTES: usize = 512;
/// What is read of an archive at once.
const BUFFER_BYTES: usize = 16 << 10;

/// Which symbolic links in a chart's folder are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// Those that stay in the folder; others are an error. For charts of strangers.
    #[default]
    Inside,
    /// All, as Helm does. For charts of whoever runs the program.
    Anywhere,
}

/// Whether a chart's API version is looked at before the chart is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detection {
    /// Helm 4: versions that it does not know are refused. Where charts become releases or archives.
    #[default]
    First,
    /// Not at all. HELM: `show` and `dependency list` read any chart as version 2.
    Skip,
}

/// How charts are read from the disk.
#[derive(Clone, Copy, Debug)]
pub struct Disk<'a> {
    /// How files become a chart.
    pub loader: &'a Loader,
    /// Which links are followed.
    pub links: Links,
    /// Whether versions are looked at first.
    pub detection: Detection,
}

/// The chart in a folder or an archive file.
///
/// # Errors
/// As [`load_dir`] and [`load_file`]; also when nothing is at `path`.
pub fn load(path: &Path, loader: &Loader) -> Result<Chart, RepoError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(RepoError::NotFound(quote(text(path).as_bytes()))),
        _ => Disk::strict(loader).load(path, &mut Vec::new()),
    }
}

/// The chart in a folder: all its files in lexical order, but those that `.helmignore` leaves out. Symbolic links are
/// followed inside of the folder.
///
/// # Errors
/// A file cannot be read or is not allowed, there are too many, or the files make no chart.
pub fn load_dir(path: &Path, loader: &Loader) -> Result<Chart, RepoError> {
    Disk::strict(loader).load_dir(path, &mut Vec::new())
}

/// The chart in an archive file.
///
/// # Errors
/// As [`load_bytes`]; also when the file cannot be read.
pub fn load_file(path: &Path, loader: &Loader) -> Result<Chart, RepoError> {
    Disk::strict(loader).load_file(path, &mut Vec::new())
}

/// The chart in an archive's bytes; `name` is for messages.
///
/// # Errors
/// The bytes are no archive, the archive is unsafe or too large, or its files make no chart.
pub fn load_bytes(name: &str, bytes: &[u8], loader: &Loader) -> Result<Chart, RepoError> {
    Disk::strict(loader).load_bytes(name, bytes, &mut Vec::new())
}

impl<'a> Disk<'a> {
    /// For charts of strangers.
    pub fn strict(loader: &'a Loader) -> Disk<'a> {
        Disk { loader, links: Links::Inside, detection: Detection::First }
    }

    /// The chart in a folder or an archive file. What Helm would have written to its log is added to `log`, also when
    /// there is an error.
    ///
    /// # Errors
    /// Nothing is there, a file cannot be read or is not allowed, the archive is unsafe or too large, or the files make no
    /// chart.
    pub fn load(&self, path: &Path, log: &mut Vec<String>) -> Result<Chart, RepoError> {
        match fs::metadata(path).map_err(|e| failed("stat", path, &e))?.is_dir() {
            true => self.load_dir(path, log),
            false => self.load_file(path, log),
        }
    }

    /// The chart in a folder.
    ///
    /// # Errors
    /// As [`Disk::load`].
    pub fn load_dir(&self, path: &Path, log: &mut Vec<String>) -> Result<Chart, RepoError> {
        let top = absolute(path);
        if self.detects() {
            let file = top.join("Chart.yaml");
            let yaml = fs::read(&file).map_err(|e| {
                let operation = if e.kind() == io::ErrorKind::IsADirectory { "read" } else { "open" };
                RepoError::NoChart { file: text(&file), cause: format!("{operation} {}: {}", text(&file), go_text(&e)) }
            })?;
            detect(&yaml)?;
        }
        let before = log.len();
        let files = folder_files(&top, self.loader, self.links, log)?;
        let mut chart = self.loader.files_logging(files, log)?;
        chart.warnings = log.get(before..).unwrap_or_default().to_vec();
        Ok(chart)
    }

    /// The chart in an archive file.
    ///
    /// # Errors
    /// As [`Disk::load`].
    pub fn load_file(&self, path: &Path, log: &mut Vec<String>) -> Result<Chart, RepoError> {
        // A compressed file is not larger than what comes out of it, but for some bytes around each part.
        let limit = self.loader.limits.total_bytes.saturating_add(1 << 20);
        let mut file = open(path)?.take(limit);
        let mut head = Vec::with_capacity(HEAD_BYTES);
        (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|e| failed("read", path, &e))?;
        if head.len() < HEAD_BYTES || !head.starts_with(GZIP) {
            file.read_to_end(&mut head).map_err(|e| failed("read", path, &e))?;
            return self.load_bytes(&text(path), &head, log);
        }
        // The archive is unpacked as it is read: it takes no memory beside its files.
        let input = BufReader::with_capacity(BUFFER_BYTES, head.chain(file));
        let Loader { helm, limits, .. } = self.loader;
        let files = read_archive_from(input, limits, *helm);
        self.load_unpacked(&text(path), files, log)
    }

    /// The chart in an archive's bytes; `name` is for messages.
    ///
    /// # Errors
    /// As [`Disk::load`].
    pub fn load_bytes(&self, name: &str, bytes: &[u8], log: &mut Vec<String>) -> Result<Chart, RepoError> {
        if !bytes.starts_with(GZIP) {
            if name.ends_with(".yml") || name.ends_with(".yaml") {
                return Err(RepoError::Yaml(name.to_owned()));
            }
            return Err(RepoError::NotArchive { name: name.to_owned(), content_type: sniff::content_type(bytes) });
        }
        let Loader { helm, limits, .. } = self.loader;
        self.load_unpacked(name, read_archive(bytes, limits, *helm), log)
    }

    fn load_unpacked(
        &self,
        name: &str,
        files: Result<Vec<File>, ArchiveError>,
        log: &mut Vec<String>,
    ) -> Result<Chart, RepoError> {
        let files = files.map_err(|cause| match cause {
            ArchiveError::NotGzip => RepoError::NotGzip { name: name.to_owned(), cause },
            cause if self.detects() => RepoError::Archive { cause },
            cause => RepoError::Chart(cause.into()),
        })?;
        if self.detects() {
            let chart_yaml = |file: &&File| file.name == "Chart.yaml";
            detect(&files.iter().find(chart_yaml).ok_or(RepoError::NoChartInArchive)?.data)?;
        }
        Ok(self.loader.files_logging(files, log)?)
    }

    fn detects(&self) -> bool {
        self.loader.helm == HelmMajor::Helm4 && self.detection == Detection::First
    }
}

/// Looks at the API version in `Chart.yaml`.
fn detect(yaml: &[u8]) -> Result<(), RepoError> {
    let parsed = helmd_chart::declared_api_version(yaml);
    let version = parsed.map_err(|source| ChartError::Parse { file: "Chart.yaml", source })?;
    match version.as_str() {
        "" | "v1" | "v2" => Ok(()),
        "v3" => Err(RepoError::Version3),
        _ => Err(RepoError::UnsupportedVersion),
    }
}

/// The `.helmignore` of a folder, when it is a regular file; one of a stranger must not lie outside. A device would never end.
fn ignore_file(top: &Path, loader: &Loader, links: Links) -> Result<Option<Vec<u8>>, RepoError> {
    let path = top.join(ignore::FILE_NAME);
    let limit = loader.limits.file_bytes;
    let (Ok(info), Ok(real), Ok(root)) = (fs::metadata(&path), fs::canonicalize(&path), fs::canonicalize(top)) else {
        return Ok(None);
    };
    if info.is_dir() {
        return Err(failed("read", &path, &io::ErrorKind::IsADirectory.into()));
    }
    if !info.is_file() || info.len() > limit || (links == Links::Inside && !real.starts_with(root)) {
        return Ok(None);
    }
    let mut rules = Vec::new();
    let read = fs::File::open(real).and_then(|file| file.take(limit).read_to_end(&mut rules));
    Ok(read.is_ok().then_some(rules))
}

/// The files of a folder in lexical order, but those that `.helmignore` leaves out. Each symbolic link is noted in `log`,
/// in Helm's words.
///
/// # Errors
/// A file cannot be read or is not allowed, or there are too many.
pub fn folder_files(path: &Path, loader: &Loader, links: Links, log: &mut Vec<String>) -> Result<Vec<File>, RepoError> {
    let top = absolute(path);
    let rules = match ignore_file(&top, loader, links)? {
        Some(rules) => Rules::parse(&rules)?,
        None => Rules::default(),
    };
    // HELM: what is no folder, or cannot be listed, has no files.
    match (fs::canonicalize(&top), fs::read_dir(&top)) {
        (Ok(root), Ok(_)) => Walk::new((loader, links), rules, root, log).files(&top),
        _ => Ok(Vec::new()),
    }
}

/// What stands at a path, links followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Missing,
    /// A folder.
    Folder,
    /// Something else.
    File,
    /// The system does not say; with Go's text.
    Unknown(String),
}

/// What stands at a path; `shown` is the path as messages have it.
pub fn entry(path: &Path, shown: &str) -> Entry {
    match fs::metadata(path) {
        Ok(info) if info.is_dir() => Entry::Folder,
        Ok(_) => Entry::File,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Entry::Missing,
        Err(e) => Entry::Unknown(format!("stat {shown}: {}", go_text(&e))),
    }
}

/// A file's content, at most `limit` bytes of it.
///
/// # Errors
/// Go's text; the path is in it as it was given.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, RepoError> {
    let file = open(path)?;
    let mut data = Vec::new();
    file.take(limit).read_to_end(&mut data).map_err(|e| failed("read", path, &e))?;
    Ok(data)
}

fn open(path: &Path) -> Result<fs::File, RepoError> {
    fs::File::open(path).map_err(|e| RepoError::Open(format!("open {}: {}", path.display(), go_text(&e))))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
