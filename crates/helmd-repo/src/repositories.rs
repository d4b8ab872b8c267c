//! Repositories: which there are, and what is in them.
//!
//! The files are Helm's: whoever adds a repository with helm finds it here, and the other way round.

mod catalog;
mod download;
mod error;
mod expand;
mod file;
mod folder;
mod kept;
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
use helmd_index::Prereleases;
use kept::Kept;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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
    kept: Arc<Kept>,
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
}
