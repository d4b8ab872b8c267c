//! The files of a chart's folder.

use super::error::failed;
use super::go_text;
use super::{Links, RepoError, text};
use crate::link;
use gotmpl::strconv::quote;
use helmd_chart::ignore::Rules;
use helmd_chart::{ArchiveLimits, File, GoTime, Loader};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub(super) struct Walk<'w> {
    loader: &'w Loader,
    links: Links,
    log: &'w mut Vec<String>,
    rules: Rules,
    root: PathBuf,
    files: Vec<File>,
    bytes: u64,
    entries: usize,
}

impl<'w> Walk<'w> {
    pub fn new(
        (loader, links): (&'w Loader, Links),
        rules: Rules,
        root: PathBuf,
        log: &'w mut Vec<String>,
    ) -> Walk<'w> {
        let (bytes, entries) = (loader.limits.total_bytes, loader.limits.entries);
        Walk { loader, links, log, rules, root, files: Vec::new(), bytes, entries }
    }

    /// All files, in lexical order folder by folder.
    pub fn files(mut self, top: &Path) -> Result<Vec<File>, RepoError> {
        let mut above = vec![self.root.clone()];
        self.folder(top, "", &mut above)?;
        Ok(self.files)
    }

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
        let real = if is_link {
            let real = fs::canonicalize(path).map_err(|e| {
                RepoError::Io(format!("error evaluating symlink {}: {}", path.display(), link::fault(path, &e)))
            })?;
            self.log.push(link::note(self.loader.helm, &text(path), &text(&real)));
            info = fs::symlink_metadata(&real).map_err(|e| failed("lstat", &real, &e))?;
            real
        } else if info.is_dir() {
            fs::canonicalize(path).map_err(|e| failed("lstat", path, &e))?
        } else {
            path.to_owned()
        };
        if self.rules.ignores(&name, info.is_dir()) {
            return Ok(());
        }
        if is_link && self.links == Links::Inside && !real.starts_with(&self.root) {
            return Err(RepoError::LinkOutside(text(path)));
        }
        if info.is_dir() {
            // Helm goes round until the system stops it.
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
