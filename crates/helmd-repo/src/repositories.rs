//! Repositories: which there are, and what is in them.
//!
//! The files are Helm's: whoever adds a repository with helm finds it here, and the other way round.

mod download;
mod error;
mod expand;
mod file;
mod folder;
mod registry;
mod resolve;
mod update;

pub use download::Downloaded;
pub use error::{IndexFault, RepositoryError};
pub use expand::{archive_name, expand};
pub use file::Lock;
pub use folder::index_folder;
pub use registry::{Registries, Told};
pub(crate) use resolve::digest_of;
pub use resolve::{ChartOptions, Resolved};
pub use update::{AddOptions, Added, Updated};

use crate::places::Places;
use helmd_chart::HelmMajor;
use helmd_http::Http;
use helmd_index::{Index, Loaded, Prereleases};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// HELM: how long an index may take, unless somebody says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// The repositories of a configuration. Clones share what was read.
#[derive(Clone, Debug)]
pub struct Repos {
    /// Where everything lies.
    pub places: Places,
    /// Whose words and ways.
    pub helm: HelmMajor,
    /// How constraints take prereleases.
    pub prereleases: Prereleases,
    /// How registries are talked to.
    pub registries: Registries,
    http: Http,
    kept: Arc<Mutex<Kept>>,
}

/// Indexes that were read, by their files.
type Kept = HashMap<PathBuf, (Stamp, Arc<Loaded>)>;

/// A file as it was when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size_bytes: u64,
}

impl Repos {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(places: Places, helm: HelmMajor, http: Http) -> Repos {
        Repos {
            places,
            helm,
            prereleases: Prereleases::Group,
            registries: Registries::default(),
            http,
            kept: Arc::default(),
        }
    }

    /// What asks for charts and indexes.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The path of a repository's index in the cache.
    #[must_use]
    pub fn index_path(&self, name: &str) -> PathBuf {
        self.places.repository_cache.join(helmd_index::repositories::index_file(name))
    }

    /// A repository's index as it was when it was last fetched. It is kept, and read again when the file has changed.
    ///
    /// # Errors
    /// There is none, or it is no index; in Helm's words.
    pub fn index(&self, name: &str) -> Result<Arc<Loaded>, IndexFault> {
        self.index_at(self.index_path(name))
    }

    /// As [`Repos::index`], from any file.
    ///
    /// # Errors
    /// As [`Repos::index`].
    pub fn index_at(&self, path: PathBuf) -> Result<Arc<Loaded>, IndexFault> {
        let stamp = Stamp::of(&path);
        if let Some(stamp) = stamp
            && let Some((known, loaded)) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&path)
            && *known == stamp
        {
            return Ok(Arc::clone(loaded));
        }
        let shown = path.display().to_string();
        let bytes = std::fs::read(&path).map_err(|e| IndexFault::of_io(&shown, &e))?;
        let loaded = Index::load(&bytes, self.helm).map_err(|source| IndexFault::Index { path: shown, source })?;
        let loaded = Arc::new(loaded);
        if let Some(stamp) = stamp {
            self.keep(path, stamp, &loaded);
        }
        Ok(loaded)
    }

    fn keep(&self, path: PathBuf, stamp: Stamp, loaded: &Arc<Loaded>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(path, (stamp, Arc::clone(loaded)));
    }

    fn forget(&self, path: &PathBuf) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }
}

impl Stamp {
    fn of(path: &std::path::Path) -> Option<Stamp> {
        let meta = std::fs::metadata(path).ok()?;
        Some(Stamp { modified: meta.modified().ok(), size_bytes: meta.len() })
    }
}
