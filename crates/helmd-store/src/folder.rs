//! A folder on this machine. Several processes may share it.

use crate::backend::{Backend, BackendError, Object, Put};
use crate::names::{PARTIAL, is_file_name, is_ours};
use async_trait::async_trait;
use bytes::Bytes;
use std::fs::{self, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// Nobody writes this long at one file: what is older was left behind by a process that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);
/// For whoever may read the folder.
const MODE: u32 = 0o644;

/// Archives as files of a folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    most: usize,
}

impl Folder {
    /// The folder at `path`, which takes at most `most` files. It need not be there yet.
    #[must_use]
    pub fn new(path: PathBuf, most: usize) -> Folder {
        Folder { path, most }
    }

    fn at(&self, name: &str) -> Result<PathBuf, BackendError> {
        if is_file_name(name) { Ok(self.path.join(name)) } else { Err(BackendError::Name(name.to_owned())) }
    }

    fn objects(&self) -> Result<Vec<Object>, BackendError> {
        let failed = |e: io::Error| fault("open", &self.path, &e);
        let mut objects = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with(PARTIAL) {
                sweep(&entry.path());
            }
            // Links are not followed. What has gone meanwhile is not there.
            let Some(meta) = fs::symlink_metadata(entry.path()).ok().filter(Metadata::is_file) else { continue };
            if !is_ours(&name) {
                continue;
            }
            if objects.len() == self.most {
                return Err(BackendError::TooMany(self.most));
            }
            objects.push(Object { name, stamp: stamp(&meta), modified: modified(&meta) });
        }
        objects.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(objects)
    }

    fn read(&self, name: &str, limit_bytes: u64) -> Result<Option<Bytes>, BackendError> {
        let path = self.at(name)?;
        let failed = |e: io::Error| fault("open", &path, &e);
        let Ok(seen) = fs::symlink_metadata(&path) else { return Ok(None) };
        let file = match fs::File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        let opened = file.metadata().map_err(failed)?;
        // A link, or a file that was put in the other's place between the two looks.
        if !seen.is_file() || (seen.dev(), seen.ino()) != (opened.dev(), opened.ino()) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit_bytes {
            return Err(BackendError::TooLarge { name: name.to_owned(), limit_bytes });
        }
        Ok(Some(bytes.into()))
    }

    fn write(&self, name: &str, bytes: &[u8], put: Put) -> Result<String, BackendError> {
        let path = self.at(name)?;
        let failed = |e: &io::Error| fault("open", &path, e);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PARTIAL).permissions(fs::Permissions::from_mode(MODE));
        let mut file = builder.tempfile_in(&self.path).map_err(|e| failed(&e))?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|e| failed(&e))?;
        let kept = match put {
            Put::Replace => file.persist(&path),
            Put::New => file.persist_noclobber(&path),
        };
        let file = kept.map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => BackendError::Exists,
            _ => failed(&e.error),
        })?;
        Ok(stamp(&file.metadata().map_err(|e| failed(&e))?))
    }

    fn remove(&self, name: &str) -> Result<(), BackendError> {
        let path = self.at(name)?;
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(fault("remove", &path, &e)),
            _ => Ok(()),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, BackendError> + Send + 'static,
    ) -> Result<T, BackendError> {
        let folder = self.clone();
        let ended = |_| BackendError::Answer("internal error: the work on a file ended unexpectedly".to_owned());
        tokio::task::spawn_blocking(move || work(&folder)).await.map_err(ended)?
    }
}

#[async_trait]
impl Backend for Folder {
    async fn list(&self) -> Result<Vec<Object>, BackendError> {
        self.blocking(Folder::objects).await
    }

    async fn get(&self, name: &str, limit_bytes: u64) -> Result<Option<Bytes>, BackendError> {
        let name = name.to_owned();
        self.blocking(move |folder| folder.read(&name, limit_bytes)).await
    }

    async fn put(&self, name: &str, bytes: Bytes, put: Put) -> Result<String, BackendError> {
        let name = name.to_owned();
        self.blocking(move |folder| folder.write(&name, &bytes, put)).await
    }

    async fn delete(&self, name: &str) -> Result<(), BackendError> {
        let name = name.to_owned();
        self.blocking(move |folder| folder.remove(&name)).await
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.path)
    }
}

/// Removes what a killed process has left of a file.
fn sweep(path: &Path) {
    let age = fs::symlink_metadata(path).ok().and_then(|meta| meta.modified().ok()?.elapsed().ok());
    if age.is_some_and(|age| age > LEFT_BEHIND)
        && let Err(error) = fs::remove_file(path)
    {
        tracing::warn!(path = %path.display(), %error, "an unfinished upload is left behind");
    }
}

fn stamp(meta: &Metadata) -> String {
    format!("{}.{}-{}-{}", meta.mtime(), meta.mtime_nsec(), meta.size(), meta.ino())
}

fn modified(meta: &Metadata) -> Option<(i64, u32)> {
    let since = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((i64::try_from(since.as_secs()).ok()?, since.subsec_nanos()))
}

fn fault(verb: &'static str, path: &Path, error: &io::Error) -> BackendError {
    BackendError::Folder { verb, path: path.display().to_string(), reason: helmd_http::go_text(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(objects: &[Object]) -> Vec<&str> {
        objects.iter().map(|object| object.name.as_str()).collect()
    }

    #[tokio::test]
    async fn files_come_and_go_whole() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned(), 10);
        let first = folder.put("a-1.tgz", Bytes::from_static(b"one"), Put::New).await.unwrap();
        assert!(matches!(folder.put("a-1.tgz", Bytes::new(), Put::New).await, Err(BackendError::Exists)));
        assert_eq!(folder.get("a-1.tgz", 3).await.unwrap().unwrap(), "one");
        assert!(matches!(folder.get("a-1.tgz", 2).await, Err(BackendError::TooLarge { .. })));
        let second = folder.put("a-1.tgz", Bytes::from_static(b"two"), Put::Replace).await.unwrap();
        assert_ne!(first, second);
        let listed = folder.list().await.unwrap();
        assert_eq!((names(&listed), &listed[0].stamp), (vec!["a-1.tgz"], &second));
        assert_eq!(fs::metadata(place.path().join("a-1.tgz")).unwrap().mode() & 0o777, 0o644);
        folder.delete("a-1.tgz").await.unwrap();
        folder.delete("a-1.tgz").await.unwrap();
        assert_eq!(folder.get("a-1.tgz", 9).await.unwrap(), None);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn links_and_other_folders_are_not_ours() {
        let place = tempfile::tempdir().unwrap();
        let inner = place.path().join("store");
        fs::create_dir_all(inner.join("folder.tgz")).unwrap();
        fs::write(place.path().join("secret.tgz"), "secret").unwrap();
        std::os::unix::fs::symlink("../secret.tgz", inner.join("link.tgz")).unwrap();
        fs::write(inner.join("notes.txt"), "x").unwrap();
        let folder = Folder::new(inner.clone(), 10);
        assert!(folder.list().await.unwrap().is_empty());
        assert_eq!(folder.get("link.tgz", 99).await.unwrap(), None);
        for bad in ["../secret.tgz", "..", "a/b.tgz", ""] {
            assert!(matches!(folder.get(bad, 99).await, Err(BackendError::Name(_))), "{bad}");
            assert!(matches!(folder.delete(bad).await, Err(BackendError::Name(_))), "{bad}");
            assert!(matches!(folder.put(bad, Bytes::new(), Put::Replace).await, Err(BackendError::Name(_))), "{bad}");
        }
        // What is written takes the link's place, and does not go through it.
        folder.put("link.tgz", Bytes::from_static(b"new"), Put::Replace).await.unwrap();
        assert_eq!(fs::read(place.path().join("secret.tgz")).unwrap(), b"secret");
    }

    #[tokio::test]
    async fn what_a_killed_process_left_goes() {
        let place = tempfile::tempdir().unwrap();
        let (old, new) = (place.path().join(".upload-1-a.tgz"), place.path().join(".upload-2-a.tgz"));
        fs::write(&new, "half").unwrap();
        let file = fs::File::create(&old).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000)).unwrap();
        assert!(Folder::new(place.path().to_owned(), 10).list().await.unwrap().is_empty());
        assert!(new.exists() && !old.exists());
    }

    #[tokio::test]
    async fn too_many_files_are_an_error() {
        let place = tempfile::tempdir().unwrap();
        for name in ["a.tgz", "b.tgz", "c.tgz"] {
            fs::write(place.path().join(name), "").unwrap();
        }
        let listed = Folder::new(place.path().to_owned(), 2).list().await;
        assert!(listed.unwrap_err().to_string().contains("chartStore.maxFiles"));
        assert!(
            Folder::new(place.path().join("none"), 2)
                .list()
                .await
                .unwrap_err()
                .to_string()
                .ends_with("none: no such file or directory")
        );
    }
}
