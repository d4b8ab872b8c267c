//! Indexes as they were read: in memory for as long as this process lives, and packed beside Helm's cache for the next one.

use super::Repos;
use super::error::IndexFault;
use crate::content::{sha256, write_by, write_told};
use bytes::Bytes;
use helmd_index::{Index, Loaded};
use std::collections::HashMap;
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Smaller indexes are parsed as quickly as their packed form is read.
const WORTH_PACKING_BYTES: u64 = 64 << 10;
/// What stands before the packed form: time, size and inode.
const STAMP_BYTES: usize = 16 + 8 + 8;
/// How often an index is read anew when it changes while it is read.
const TRIES: usize = 3;

/// Indexes that were read, by their files.
pub(super) type Kept = Mutex<HashMap<PathBuf, Arc<Slot>>>;

/// Held while an index is read, so that many who want it cause one reading.
pub(super) type Slot = Mutex<Option<(Stamp, Arc<Loaded>)>>;

/// A file as it was when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) modified: Option<SystemTime>,
    pub(super) size_bytes: u64,
    /// Who replaces a file as a whole makes another one.
    inode: u64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Stamp> {
        std::fs::metadata(path).ok().as_ref().map(Stamp::from)
    }

    /// Since 1970; 0 where the system does not say.
    pub(super) fn nanos(self) -> u128 {
        self.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos())
    }

    /// What stands before the packed form.
    fn bytes(self) -> [u8; STAMP_BYTES] {
        let mut bytes = [0; STAMP_BYTES];
        let (modified, rest) = bytes.split_at_mut(16);
        let (size, inode) = rest.split_at_mut(8);
        modified.copy_from_slice(&self.nanos().to_le_bytes());
        size.copy_from_slice(&self.size_bytes.to_le_bytes());
        inode.copy_from_slice(&self.inode.to_le_bytes());
        bytes
    }
}

impl From<&Metadata> for Stamp {
    fn from(meta: &Metadata) -> Stamp {
        Stamp { modified: meta.modified().ok(), size_bytes: meta.len(), inode: inode(meta) }
    }
}

#[cfg(unix)]
fn inode(meta: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

impl Repos {
    /// A repository's index as it was when it was last fetched. It is kept, and read again when the file has changed.
    ///
    /// # Errors
    /// There is none, or it is no index; in Helm's words.
    pub fn index(&self, name: &str) -> Result<Arc<Loaded>, IndexFault> {
        self.read_kept(self.index_path(name), true)
    }

    /// As [`Repos::index`], from any file.
    ///
    /// # Errors
    /// As [`Repos::index`].
    pub fn index_at(&self, path: PathBuf) -> Result<Arc<Loaded>, IndexFault> {
        self.read_kept(path, false)
    }

    fn read_kept(&self, path: PathBuf, packed: bool) -> Result<Arc<Loaded>, IndexFault> {
        let slot = self.slot(&path);
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of(&path);
        if let (Some((known, loaded)), Some(stamp)) = (&*kept, stamp)
            && *known == stamp
        {
            return Ok(Arc::clone(loaded));
        }
        // Not both in memory at the same time, unless somebody looks into the old one.
        *kept = None;
        if let Some(stamp) = stamp.filter(|_| packed)
            && let Some(loaded) = self.unpack(&path, stamp)
        {
            let loaded = Arc::new(loaded);
            *kept = Some((stamp, Arc::clone(&loaded)));
            return Ok(loaded);
        }
        let (stamp, bytes) = read_whole(&path)?;
        let shown = || path.display().to_string();
        let loaded = Index::load(&bytes, self.helm).map_err(|source| IndexFault::Index { path: shown(), source })?;
        let loaded = Arc::new(loaded);
        if let Some(stamp) = stamp {
            if packed {
                self.pack(&path, stamp, &loaded);
            }
            *kept = Some((stamp, Arc::clone(&loaded)));
        }
        Ok(loaded)
    }

    fn slot(&self, path: &Path) -> Arc<Slot> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(path.to_owned()).or_default())
    }

    /// Writes an index that was fetched, and keeps it. Who wants it meanwhile waits, and need not read it again.
    ///
    /// # Errors
    /// The system's words; then the old one is kept.
    pub(super) fn keep(&self, path: &Path, body: Bytes, loaded: &Arc<Loaded>) -> Result<Stamp, String> {
        let slot = self.slot(path);
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::from(&write_told(path, &body, 0o644)?);
        *kept = Some((stamp, Arc::clone(loaded)));
        drop(kept);
        // It is not needed any more while the packed form is made.
        drop(body);
        self.pack(path, stamp, loaded);
        Ok(stamp)
    }

    pub(super) fn forget(&self, path: &Path) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        // It is only for speed.
        let _gone = std::fs::remove_file(self.packed_path(path));
    }

    /// Where the packed form of an index lies: helm looks at all files beside the indexes, and at none here.
    fn packed_path(&self, index: &Path) -> PathBuf {
        let name = sha256(index.as_os_str().as_encoded_bytes());
        self.places.content_cache.join("helmd").join(format!("{name}.index"))
    }

    fn pack(&self, path: &Path, stamp: Stamp, loaded: &Loaded) {
        if stamp.size_bytes < WORTH_PACKING_BYTES {
            return;
        }
        let content = |out: &mut dyn Write| {
            out.write_all(&stamp.bytes())?;
            loaded.pack(self.helm, out)
        };
        // Without it the index is parsed the next time.
        let _not_written = write_by(&self.packed_path(path), content, 0o644);
    }

    /// The packed form of just that index.
    fn unpack(&self, path: &Path, stamp: Stamp) -> Option<Loaded> {
        if stamp.size_bytes < WORTH_PACKING_BYTES {
            return None;
        }
        let content = std::fs::read(self.packed_path(path)).ok()?;
        content.starts_with(&stamp.bytes()).then(|| Loaded::unpack(content, STAMP_BYTES, self.helm)).flatten()
    }
}

/// A file as it was at one time, also when somebody writes it meanwhile (helm writes in place); without a stamp when it never
/// kept still.
fn read_whole(path: &Path) -> Result<(Option<Stamp>, Vec<u8>), IndexFault> {
    let mut tries = 0;
    loop {
        let before = Stamp::of(path);
        let bytes = std::fs::read(path).map_err(|e| IndexFault::of_io(&path.display().to_string(), &e))?;
        let same = before.is_some_and(|before| Stamp::of(path) == Some(before));
        tries += 1;
        if same || tries == TRIES {
            return Ok((before.filter(|_| same), bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Places;
    use helmd_chart::HelmMajor;
    use helmd_http::{Http, HttpSettings};

    fn repos(folder: &Path) -> Repos {
        let at = |name: &str| folder.join(name);
        let places = Places {
            repository_config: at("repositories.yaml"),
            repository_cache: at("cache"),
            content_cache: at("content"),
            registry_config: at("registry.json"),
            docker_config: PathBuf::new(),
        };
        Repos::new(places, HelmMajor::Helm4, Http::new(HttpSettings::default()))
    }

    fn index(version: &str) -> String {
        let words = "word ".repeat(20);
        let one = |n: usize| format!("  c{n}:\n  - name: c{n}\n    version: {version}\n    description: {words}\n");
        let charts: String = (0..1000).map(one).collect();
        format!("apiVersion: v1\nentries:\n{charts}generated: \"2026-01-02T03:04:05Z\"\n")
    }

    #[test]
    fn the_next_process_reads_the_packed_form_of_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cache")).unwrap();
        let path = repos(folder.path()).index_path("r");
        std::fs::write(&path, index("1.0.0")).unwrap();
        let first = repos(folder.path()).index("r").unwrap();
        let packed = repos(folder.path()).packed_path(&path);
        let seen = std::fs::read(&packed).unwrap();
        assert!(repos(folder.path()).unpack(&path, Stamp::of(&path).unwrap()).is_some());
        assert_eq!(repos(folder.path()).index("r").unwrap().index, first.index);
        // Another program has replaced the index, by one of the same size at the same time.
        let time = std::fs::metadata(&path).unwrap().modified().unwrap();
        let other = folder.path().join("other");
        std::fs::write(&other, index("2.0.0")).unwrap();
        std::fs::File::options().append(true).open(&other).unwrap().set_modified(time).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(&*repos(folder.path()).index("r").unwrap().index.entries["c1"][0].version, "2.0.0");
        // What is damaged is not taken.
        let mut damaged = seen;
        damaged.truncate(100);
        std::fs::write(&packed, damaged).unwrap();
        assert_eq!(&*repos(folder.path()).index("r").unwrap().index.entries["c1"][0].version, "2.0.0");
    }

    #[test]
    fn many_who_want_an_index_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cache")).unwrap();
        let repos = repos(folder.path());
        std::fs::write(repos.index_path("r"), index("1.0.0")).unwrap();
        let seen: Vec<Arc<Loaded>> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| repos.index("r").unwrap())).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(seen.iter().all(|one| Arc::ptr_eq(one, &seen[0])));
    }
}
