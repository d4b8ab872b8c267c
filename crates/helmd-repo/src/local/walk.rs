//! The files of a chart's folder.

use super::error::{failed, go_text};
use super::{Disk, Links, RepoError, text};
use gotmpl::strconv::quote;
use helmd_chart::ignore::Rules;
use helmd_chart::{ArchiveLimits, File, GoTime, HelmMajor};
use helmd_values::log_record;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub(super) struct Walk<'w> {
    disk: &'w Disk<'w>,
    rules: Rules,
    root: PathBuf,
    files: Vec<File>,
    bytes: u64,
    entries: usize,
}

impl<'w> Walk<'w> {
    pub fn new(disk: &'w Disk<'w>, rules: Rules, top: &Path) -> Result<Walk<'w>, RepoError> {
        // HELM: the path gets a slash at its end.
        let root = fs::canonicalize(top)
            .and_then(|root| if root.is_dir() { Ok(root) } else { Err(io::ErrorKind::NotADirectory.into()) })
            .map_err(|e| RepoError::Io(format!("lstat {}/: {}", text(top), go_text(&e))))?;
        let limits = &disk.loader.limits;
        Ok(Walk { disk, rules, root, files: Vec::new(), bytes: limits.total_bytes, entries: limits.entries })
    }

    /// All files, in lexical order folder by folder.
    pub fn files(mut self, top: &Path, log: &mut Vec<String>) -> Result<Vec<File>, RepoError> {
        let mut above = vec![self.root.clone()];
        self.folder(top, "", &mut above, log)?;
        Ok(self.files)
    }

    /// Walks a folder, called `name` in the chart. `above` holds the real paths of it and the folders over it.
    fn folder(
        &mut self,
        path: &Path,
        name: &str,
        above: &mut Vec<PathBuf>,
        log: &mut Vec<String>,
    ) -> Result<(), RepoError> {
        let listing = fs::read_dir(path).map_err(|e| failed("open", path, &e))?;
        let mut names = Vec::new();
        for entry in listing {
            let limit = self.disk.loader.limits.entries;
            self.entries = self.entries.checked_sub(1).ok_or(RepoError::TooManyEntries { limit })?;
            names.push(entry.map_err(|e| failed("readdirent", path, &e))?.file_name());
        }
        names.sort();
        for entry in names {
            let path = path.join(&entry);
            let entry = entry.to_string_lossy();
            let name = if name.is_empty() { entry.into_owned() } else { format!("{name}/{entry}") };
            self.entry(&path, name, above, log)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        path: &Path,
        name: String,
        above: &mut Vec<PathBuf>,
        log: &mut Vec<String>,
    ) -> Result<(), RepoError> {
        let mut info = fs::symlink_metadata(path).map_err(|e| failed("lstat", path, &e))?;
        let is_link = info.is_symlink();
        let real = if is_link {
            let real = resolve(path)
                .map_err(|cause| RepoError::Io(format!("error evaluating symlink {}: {cause}", path.display())))?;
            log.push(self.link_record(path, &real));
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
        if is_link && self.disk.links == Links::Inside && !real.starts_with(&self.root) {
            return Err(RepoError::LinkOutside(text(path)));
        }
        if info.is_dir() {
            // Helm goes round until the system stops it.
            if is_link && above.contains(&real) {
                return Err(RepoError::LinkLoop(text(path)));
            }
            above.push(real);
            self.folder(path, &name, above, log)?;
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

    fn link_record(&self, path: &Path, real: &Path) -> String {
        let (path, real) = (text(path), text(real));
        match self.disk.loader.helm {
            HelmMajor::Helm3 => format!(
                "walk.go:75: found symbolic link in path: {path} resolves to {real}. Contents of linked file included and used"
            ),
            HelmMajor::Helm4 => log_record(
                "INFO",
                "found symbolic link in path. Contents of linked file included and used",
                &[("path", &path), ("resolved", &real)],
            ),
        }
    }

    /// Reads a file within the limits, even if it grows meanwhile.
    fn read(&mut self, path: &Path, name: &str, size: u64) -> Result<Vec<u8>, RepoError> {
        let ArchiveLimits { total_bytes, file_bytes, .. } = self.disk.loader.limits;
        let limits = &self.disk.loader.limits;
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

/// How many links Go follows for one path.
const MAX_LINKS: usize = 255;

/// Go's `filepath.EvalSymlinks` of an absolute path: part by part, so that the part that is missing can be named.
fn resolve(path: &Path) -> Result<PathBuf, String> {
    let mut links = 0;
    let mut real = PathBuf::from("/");
    let mut open: Vec<std::ffi::OsString> = parts(path);
    while let Some(part) = open.pop() {
        if part == ".." {
            real.pop();
            continue;
        }
        let next = real.join(&part);
        let info = fs::symlink_metadata(&next).map_err(|e| format!("lstat {}: {}", next.display(), go_text(&e)))?;
        if !info.is_symlink() {
            if !info.is_dir() && !open.is_empty() {
                return Err(go_text(&io::ErrorKind::NotADirectory.into()));
            }
            real = next;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err("EvalSymlinks: too many links".to_owned());
        }
        let target = fs::read_link(&next).map_err(|e| format!("readlink {}: {}", next.display(), go_text(&e)))?;
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        open.extend(parts(&target));
    }
    Ok(real)
}

/// The parts of a path, the first one last.
fn parts(path: &Path) -> Vec<std::ffi::OsString> {
    use std::path::Component::{Normal, ParentDir};
    let parts = path.components().filter(|c| matches!(c, Normal(_) | ParentDir));
    let mut parts: Vec<_> = parts.map(|c| c.as_os_str().to_owned()).collect();
    parts.reverse();
    parts
}
