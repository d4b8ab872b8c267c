//! `repositories.yaml`.

use super::Repos;
use super::error::RepositoryError;
use crate::content::write;
use crate::local::{create_folder, go_text};
use helmd_index::repositories::{Repositories, Repository, charts_file};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// HELM: how long to wait for another program.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
/// How often to look.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Keeps other programs from writing `repositories.yaml` while it lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock ends with the file")] File);

/// Repositories that are gone: what their URLs hold, and where they are now.
const GONE: [(&str, &str); 2] = [
    ("//kubernetes-charts.storage.googleapis.com", "https://charts.helm.sh/stable"),
    ("//kubernetes-charts-incubator.storage.googleapis.com", "https://charts.helm.sh/incubator"),
];

impl Repos {
    /// The repositories, in the file's order.
    ///
    /// # Errors
    /// There is no file, or it is none. What could be read of it is in [`Repos::read_what_can_be`].
    pub fn list(&self) -> Result<Repositories, RepositoryError> {
        let (file, done) = self.parse()?;
        done.map(|()| file)
    }

    /// What can be read of the file; no repositories when there is none.
    #[must_use]
    pub fn read_what_can_be(&self) -> Repositories {
        self.parse().map(|(file, _)| file).unwrap_or_default()
    }

    /// The repositories; none when there is no file. HELM: a file that is made anew has neither version nor date.
    ///
    /// # Errors
    /// The file is none.
    pub fn list_or_none(&self) -> Result<Repositories, RepositoryError> {
        match self.list() {
            Err(RepositoryError::NoFile(_)) => Ok(Repositories::default()),
            other => other,
        }
    }

    fn parse(&self) -> Result<(Repositories, Result<(), RepositoryError>), RepositoryError> {
        let path = &self.places.repository_config;
        let shown = || path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| match e.kind() {
            ErrorKind::NotFound => RepositoryError::NoFile(shown()),
            _ => RepositoryError::Unreadable { path: shown(), reason: go_text(&e) },
        })?;
        let (file, done) = Repositories::parse(&bytes, self.helm);
        Ok((file, done.map_err(|e| RepositoryError::File(e.to_string()))))
    }

    /// Waits for other programs that write the file, helm among them, and keeps them out.
    ///
    /// # Errors
    /// They take longer than 30 seconds, or the lock cannot be made.
    pub fn lock(&self) -> Result<Lock, RepositoryError> {
        let path = &self.places.repository_config;
        create_folder(path.parent().unwrap_or(Path::new("."))).map_err(|e| RepositoryError::Io(e.to_string()))?;
        let lock = lock_path(path);
        let failed = |e: &std::io::Error| RepositoryError::Io(format!("open {}: {}", lock.display(), go_text(e)));
        let file =
            File::options().create(true).truncate(false).write(true).read(true).open(&lock).map_err(|e| failed(&e))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let (path, seconds) = (path.display().to_string(), LOCK_PATIENCE.as_secs());
                    return Err(RepositoryError::Locked { path, seconds });
                }
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
            }
        }
    }

    /// Writes the file, for its owner's eyes only: passwords are in it.
    ///
    /// # Errors
    /// The system's words.
    pub fn write(&self, file: &Repositories) -> Result<(), RepositoryError> {
        let text = file.to_yaml().map_err(RepositoryError::Index)?;
        write(&self.places.repository_config, text.as_bytes(), 0o600).map_err(RepositoryError::Io)
    }

    /// Takes a repository out of the file, and its index out of the cache.
    ///
    /// # Errors
    /// There is no such repository; the system's words.
    pub fn remove(&self, name: &str) -> Result<(), RepositoryError> {
        let mut file = match self.list() {
            Err(RepositoryError::NoFile(_)) => return Err(RepositoryError::None),
            // HELM: what can be read is gone on with.
            Err(_) => self.read_what_can_be(),
            Ok(file) => file,
        };
        if file.list.is_empty() {
            return Err(RepositoryError::None);
        }
        if !file.remove(name) {
            return Err(RepositoryError::NotFound(name.to_owned()));
        }
        self.write(&file)?;
        self.forget_index(name)
    }

    fn forget_index(&self, name: &str) -> Result<(), RepositoryError> {
        if check_name(name).is_err() {
            return Ok(());
        }
        let index = self.index_path(name);
        self.forget(&index);
        for path in [self.places.repository_cache.join(charts_file(name)), self.notes_path(&index)] {
            // They are only for speed.
            let _gone = std::fs::remove_file(path);
        }
        match std::fs::remove_file(&index) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(RepositoryError::Io(format!("remove {}: {}", index.display(), go_text(&e))))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses repositories that are gone for good.
///
/// # Errors
/// It is one of them.
pub(super) fn check_gone(url: &str) -> Result<(), RepositoryError> {
    match GONE.iter().find(|(gone, _)| url.contains(gone)) {
        Some((_, instead)) => Err(RepositoryError::Gone { url: url.to_owned(), instead }),
        None => Ok(()),
    }
}

/// Refuses names that would lead out of the cache.
///
/// # Errors
/// It is one of them.
pub(super) fn check_name(name: &str) -> Result<(), RepositoryError> {
    if name.contains('/') {
        return Err(RepositoryError::Slash(name.to_owned()));
    }
    let bad = name == ".." || name == "." || name.contains('\\') || name.chars().any(char::is_control);
    if bad { Err(RepositoryError::Name(name.to_owned())) } else { Ok(()) }
}

/// Whether the same repository is there already.
///
/// # Errors
/// Another one has its name.
pub(super) fn check_new(file: &Repositories, repository: &Repository) -> Result<bool, RepositoryError> {
    match file.get(&repository.name) {
        None => Ok(false),
        Some(known) if known == repository => Ok(true),
        Some(_) => Err(RepositoryError::Exists(repository.name.clone())),
    }
}

/// HELM: beside the file, with `.lock` for its ending.
fn lock_path(file: &Path) -> PathBuf {
    file.with_extension("lock")
}
