//! Charts in folders and archive files.

use crate::sniff;
use gotmpl::exec::Exceeded;
use gotmpl::slog;
use gotmpl::strconv::quote;
use helmd_chart::ignore::{self, IgnoreError, Rules};
use helmd_chart::{
    ArchiveError, ArchiveLimits, Chart, ChartError, File, GoTime, HelmMajor, Loader, Metadata, budgets, read_archive,
};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Why a chart on disk could not be loaded. A variant's text is its own layer, joined by [`helmd_chart::error_text`].
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// Nothing is there.
    #[error("path {0} not found")]
    NotFound(String),
    /// The system refused.
    #[error("{0}")]
    Io(String),
    /// The folder has no `Chart.yaml`.
    #[error("unable to detect chart at {folder}/Chart.yaml: open {folder}/Chart.yaml: no such file or directory")]
    NoChart {
        /// The folder.
        folder: String,
    },
    /// The archive has no `Chart.yaml`.
    #[error("unable to detect chart version, no Chart.yaml found")]
    NoChartInArchive,
    /// A chart of the new form that Helm 4 reads and does not install. HELM: `show` and the like take it there.
    #[error("invalid chart apiVersion")]
    Version3,
    /// The chart's API version is none that we know.
    #[error("unsupported chart version")]
    UnsupportedVersion,
    /// The `.helmignore` cannot be used.
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
    /// A device, socket or the like.
    #[error("cannot load irregular file {0} as it has file mode type bits set")]
    Irregular(String),
    /// A symbolic link leads out of the chart. HELM: Helm follows it and warns.
    #[error("cannot load symbolic link {0} as it leads out of the chart")]
    LinkOutside(String),
    /// A symbolic link leads to a folder above it.
    #[error("cannot load symbolic link {0} as it leads to a folder above it")]
    LinkLoop(String),
    /// The files are too large.
    #[error("error reading {name}: chart exceeds maximum decompressed size of {limit} bytes")]
    TooLarge {
        /// The file at which the limit was met.
        name: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// One file is too large.
    #[error("chart file {name} is larger than the maximum file size {limit}")]
    FileTooLarge {
        /// The quoted name.
        name: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// There are too many files and folders.
    #[error("{}", Exceeded::new(budgets::ENTRIES, *.limit, "files and folders in a chart folder"))]
    TooManyEntries {
        /// Entries allowed.
        limit: usize,
    },
    /// A budget that was set otherwise than in Helm ran out.
    #[error("{0}")]
    Exceeded(Exceeded),
    /// The file is YAML.
    #[error("file '{0}' seems to be a YAML file, but expected a gzipped archive")]
    Yaml(String),
    /// The file is something else.
    #[error("file '{name}' does not appear to be a gzipped archive; got '{content_type}'")]
    NotArchive {
        /// The file.
        name: String,
        /// What its first bytes look like.
        content_type: &'static str,
    },
    /// The file begins like an archive, but is none.
    #[error("file '{name}' does not appear to be a valid chart file (details: {cause})")]
    NotGzip {
        /// The file.
        name: String,
        /// Why.
        cause: ArchiveError,
    },
    /// The archive is damaged, unsafe or too large.
    #[error("unable to load chart archive")]
    Archive {
        /// Why.
        source: ArchiveError,
    },
    /// The files make no chart.
    #[error(transparent)]
    Chart(#[from] ChartError),
}

/// The chart in a folder or an archive file.
///
/// # Errors
/// As [`load_dir`] and [`load_file`]; also when nothing is at `path`.
pub fn load(path: &Path, loader: &Loader) -> Result<Chart, RepoError> {
    match fs::metadata(path) {
        Ok(info) if info.is_dir() => load_dir(path, loader),
        Ok(_) => load_file(path, loader),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(RepoError::NotFound(quote(text(path).as_bytes()))),
        Err(error) => Err(failed("stat", path, &error)),
    }
}

/// The chart in a folder: all its files in lexical order, but those that `.helmignore` leaves out. Symbolic links are
/// followed inside of the folder.
///
/// # Errors
/// A file cannot be read or is not allowed, there are too many, or the files make no chart.
pub fn load_dir(path: &Path, loader: &Loader) -> Result<Chart, RepoError> {
    let top = std::path::absolute(path).map_err(|e| failed("open", path, &e))?;
    if loader.helm == HelmMajor::Helm4 && !top.join("Chart.yaml").exists() {
        return Err(RepoError::NoChart { folder: text(&top) });
    }
    let root = fs::canonicalize(&top).map_err(|e| failed("open", &top, &e))?;
    let rules = match ignore_file(&root, loader) {
        Some(rules) => Rules::parse(&rules)?,
        None => Rules::default(),
    };
    let limits = &loader.limits;
    let mut walk = Walk {
        loader,
        rules,
        root: root.clone(),
        files: Vec::new(),
        warnings: Vec::new(),
        bytes: limits.total_bytes,
        entries: limits.entries,
    };
    walk.folder(&top, "", &mut vec![root])?;
    let mut chart = finish(walk.files, loader)?;
    chart.warnings.splice(..0, walk.warnings);
    Ok(chart)
}

/// The `.helmignore` of a folder, when it is a regular file that does not lie outside; a device would never end.
fn ignore_file(root: &Path, loader: &Loader) -> Option<Vec<u8>> {
    let path = fs::canonicalize(root.join(ignore::FILE_NAME)).ok()?;
    let info = fs::symlink_metadata(&path).ok()?;
    if !info.is_file() || !path.starts_with(root) || info.len() > loader.limits.file_bytes {
        return None;
    }
    let mut rules = Vec::new();
    fs::File::open(path).ok()?.take(loader.limits.file_bytes).read_to_end(&mut rules).ok()?;
    Some(rules)
}

/// The chart in an archive file.
///
/// # Errors
/// As [`load_bytes`]; also when the file cannot be read.
pub fn load_file(path: &Path, loader: &Loader) -> Result<Chart, RepoError> {
    let file = fs::File::open(path).map_err(|e| failed("open", path, &e))?;
    // A compressed file is not larger than what comes out of it, but for some bytes around each part.
    let limit = loader.limits.total_bytes.saturating_add(1 << 20);
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(|e| failed("read", path, &e))?;
    load_bytes(&text(path), &bytes, loader)
}

/// The chart in an archive's bytes; `name` is for messages.
///
/// # Errors
/// The bytes are no archive, the archive is unsafe or too large, or its files make no chart.
pub fn load_bytes(name: &str, bytes: &[u8], loader: &Loader) -> Result<Chart, RepoError> {
    if !bytes.starts_with(b"\x1f\x8b\x08") {
        if name.ends_with(".yml") || name.ends_with(".yaml") {
            return Err(RepoError::Yaml(name.to_owned()));
        }
        return Err(RepoError::NotArchive { name: name.to_owned(), content_type: sniff::content_type(bytes) });
    }
    let files = read_archive(bytes, &loader.limits, loader.helm).map_err(|cause| match cause {
        ArchiveError::NotGzip => RepoError::NotGzip { name: name.to_owned(), cause },
        source if loader.helm == HelmMajor::Helm4 => RepoError::Archive { source },
        cause => RepoError::Chart(cause.into()),
    })?;
    if loader.helm == HelmMajor::Helm4 && !files.iter().any(|f| f.name == "Chart.yaml") {
        return Err(RepoError::NoChartInArchive);
    }
    finish(files, loader)
}

/// Makes the chart. Helm 4 looks at the API version first.
fn finish(files: Vec<File>, loader: &Loader) -> Result<Chart, RepoError> {
    if loader.helm == HelmMajor::Helm4
        && let Some(file) = files.iter().find(|f| f.name == "Chart.yaml")
        && let Ok(draft) = Metadata::parse(&file.data, loader.helm)
    {
        match draft.api_version() {
            "" | "v1" | "v2" => {}
            "v3" => return Err(RepoError::Version3),
            _ => return Err(RepoError::UnsupportedVersion),
        }
    }
    Ok(loader.files(files)?)
}

struct Walk<'w> {
    loader: &'w Loader,
    rules: Rules,
    root: PathBuf,
    files: Vec<File>,
    warnings: Vec<String>,
    bytes: u64,
    entries: usize,
}

impl Walk<'_> {
    /// Walks a folder, called `name` in the chart. `above` holds the real paths of it and the folders over it.
    fn folder(&mut self, path: &Path, name: &str, above: &mut Vec<PathBuf>) -> Result<(), RepoError> {
        let listing = fs::read_dir(path).map_err(|e| failed("open", path, &e))?;
        let mut names = Vec::new();
        for entry in listing {
            let limit = self.loader.limits.entries;
            self.entries = self.entries.checked_sub(1).ok_or(RepoError::TooManyEntries { limit })?;
            names.push(entry.map_err(|e| failed("readdirent", path, &e))?.file_name());
        }
        names.sort();
        for entry in names {
            let path = path.join(&entry);
            let entry = entry.to_string_lossy();
            let name = if name.is_empty() { entry.into_owned() } else { format!("{name}/{entry}") };
            self.entry(&path, name, above)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, name: String, above: &mut Vec<PathBuf>) -> Result<(), RepoError> {
        let mut info = fs::symlink_metadata(path).map_err(|e| failed("lstat", path, &e))?;
        let is_link = info.is_symlink();
        let real = if is_link || info.is_dir() {
            let real = fs::canonicalize(path).map_err(|e| {
                let (link, missing) = (path.display(), missing_part(path));
                RepoError::Io(format!("error evaluating symlink {link}: lstat {}: {}", missing.display(), go_text(&e)))
            })?;
            if is_link {
                self.warnings.push(link_text(path, &real, self.loader.helm));
            }
            info = fs::symlink_metadata(&real).map_err(|e| failed("lstat", &real, &e))?;
            real
        } else {
            path.to_owned()
        };
        if self.rules.ignores(&name, info.is_dir()) {
            return Ok(());
        }
        if is_link && !real.starts_with(&self.root) {
            return Err(RepoError::LinkOutside(text(path)));
        }
        if info.is_dir() {
            if is_link && above.contains(&real) {
                return Err(RepoError::LinkLoop(text(path)));
            }
            above.push(real);
            self.folder(path, &name, above)?;
            above.pop();
            return Ok(());
        }
        if !info.is_file() {
            return Err(RepoError::Irregular(text(path)));
        }
        let data = self.read(path, &name, info.len())?;
        let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&data);
        let modified = info.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let mod_time = modified.and_then(|t| GoTime::from_unix(i64::try_from(t.as_secs()).ok()?, t.subsec_nanos()));
        self.files.push(File { mod_time, ..File::new(name, data) });
        Ok(())
    }

    /// Reads a file within the limits, even if it grows meanwhile.
    fn read(&mut self, path: &Path, name: &str, size: u64) -> Result<Vec<u8>, RepoError> {
        let ArchiveLimits { total_bytes, file_bytes, .. } = self.loader.limits;
        let limits = &self.loader.limits;
        let too_large = || match limits.names_total_limit() {
            Some(exceeded) => RepoError::Exceeded(exceeded),
            None => RepoError::TooLarge { name: name.to_owned(), limit: total_bytes },
        };
        let base = name.rsplit('/').next().unwrap_or(name);
        let file_too_large = || match limits.names_file_limit() {
            Some(exceeded) => RepoError::Exceeded(exceeded),
            None => RepoError::FileTooLarge { name: quote(base.as_bytes()), limit: file_bytes },
        };
        if size > self.bytes {
            return Err(too_large());
        }
        if size > file_bytes {
            return Err(file_too_large());
        }
        let reading =
            |e: io::Error| RepoError::Io(format!("error reading {name}: open {}: {}", text(path), go_text(&e)));
        let mut data = Vec::new();
        let limit = self.bytes.min(file_bytes);
        fs::File::open(path).map_err(reading)?.take(limit.saturating_add(1)).read_to_end(&mut data).map_err(reading)?;
        let read = u64::try_from(data.len()).unwrap_or(u64::MAX);
        if read > file_bytes {
            return Err(file_too_large());
        }
        self.bytes = self.bytes.checked_sub(read).ok_or_else(too_large)?;
        Ok(data)
    }
}

/// What Helm writes to its log of a link.
fn link_text(link: &Path, real: &Path, helm: HelmMajor) -> String {
    let (link, real) = (text(link), text(real));
    match helm {
        HelmMajor::Helm3 => {
            format!("found symbolic link in path: {link} resolves to {real}. Contents of linked file included and used")
        }
        HelmMajor::Helm4 => slog::record(
            "INFO",
            "found symbolic link in path. Contents of linked file included and used",
            &[("path", &link), ("resolved", &real)],
        ),
    }
}

/// Where a link leads to nothing.
fn missing_part(link: &Path) -> PathBuf {
    let target = fs::read_link(link).unwrap_or_default();
    let mut at = PathBuf::new();
    for part in link.parent().unwrap_or(Path::new("")).join(target).components() {
        match part {
            std::path::Component::ParentDir => {
                at.pop();
            }
            part => at.push(part),
        }
        if fs::symlink_metadata(&at).is_err() {
            break;
        }
    }
    at
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn failed(operation: &str, path: &Path, error: &io::Error) -> RepoError {
    RepoError::Io(format!("{operation} {}: {}", path.display(), go_text(error)))
}

/// The system's words as Go gives them: lower case, without the number.
fn go_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::{load, load_bytes};
    use helmd_chart::{HelmMajor, Loader, error_text};
    use std::fs;

    const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";

    #[test]
    fn a_folder_is_read_in_order() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("templates")).unwrap();
        for (name, text) in [
            ("Chart.yaml", CHART),
            (".helmignore", "*.bak\n"),
            ("values.yaml", "\u{feff}a: 1\n"),
            ("templates/b.yaml", "b"),
            ("templates/a.yaml", "a"),
            ("templates/.hidden", "x"),
            ("x.bak", "x"),
            ("z", "z"),
        ] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let chart = load(dir.path(), &Loader::new(HelmMajor::Helm4)).unwrap();
        let names = |files: &[helmd_chart::File]| files.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&chart.templates), ["templates/a.yaml", "templates/b.yaml"]);
        assert_eq!(names(&chart.files), [".helmignore", "z"]);
        assert_eq!(chart.default_values().get("a").and_then(|v| v.as_f64()), Some(1.0));
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_inside() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("c");
        fs::create_dir_all(dir.join("templates")).unwrap();
        fs::write(dir.join("Chart.yaml"), CHART).unwrap();
        fs::write(outer.path().join("secret"), "s").unwrap();
        let loaded = || load(&dir, &Loader::new(HelmMajor::Helm4)).map_err(|e| error_text(&e));
        std::os::unix::fs::symlink(dir.join("Chart.yaml"), dir.join("templates/in")).unwrap();
        assert_eq!(loaded().map(|c| c.templates.len()), Ok(1));
        std::os::unix::fs::symlink("..", dir.join("templates/loop")).unwrap();
        assert!(loaded().is_err_and(|e| e.ends_with("leads to a folder above it")));
        fs::remove_file(dir.join("templates/loop")).unwrap();
        std::os::unix::fs::symlink("../../secret", dir.join("templates/out")).unwrap();
        assert!(loaded().is_err_and(|e| e.ends_with("leads out of the chart")));
    }

    #[test]
    fn what_is_no_chart_is_named() {
        let loader = Loader::new(HelmMajor::Helm4);
        let of = |name: &str, bytes: &[u8]| load_bytes(name, bytes, &loader).map_err(|e| error_text(&e)).err();
        assert_eq!(
            of("x.yaml", b"a: 1").as_deref(),
            Some("file 'x.yaml' seems to be a YAML file, but expected a gzipped archive")
        );
        assert_eq!(
            of("x.tgz", b"PK\x03\x04").as_deref(),
            Some("file 'x.tgz' does not appear to be a gzipped archive; got 'application/zip'")
        );
        assert!(of("x.tgz", b"\x1f\x8b\x08").is_some());
        let missing = load("/nonexistent/x".as_ref(), &loader).map_err(|e| error_text(&e)).err();
        assert_eq!(missing.as_deref(), Some("path \"/nonexistent/x\" not found"));
    }
}
