//! Adding repositories and fetching their indexes anew.

use super::Repos;
use super::download::Downloaded;
use super::error::RepositoryError;
use super::file::{check_gone, check_name, check_new};
use futures::stream::{FuturesUnordered, StreamExt as _};
use helmd_index::repositories::Repository;
use std::time::Duration;

/// How an update went, repository by repository in the order in which they answered.
#[derive(Debug)]
pub struct Updated {
    /// The repository.
    pub repository: Repository,
    /// What came of it.
    pub outcome: Result<Downloaded, RepositoryError>,
}

/// What became of [`Repos::add`].
#[derive(Debug)]
pub enum Added {
    /// It is there now.
    Added(Downloaded),
    /// It was there already, the same in everything.
    Same,
}

/// How to add.
#[derive(Clone, Copy, Debug)]
pub struct AddOptions {
    /// Put it in the place of one with the same name.
    pub force_update: bool,
    /// Also those that are gone for good.
    pub allow_deprecated: bool,
    /// For the index.
    pub timeout: Duration,
}

impl Repos {
    /// Adds a repository whose index can be fetched.
    ///
    /// # Errors
    /// The name is taken or none, the repository does not answer. Nothing is changed then.
    pub async fn add(&self, repository: Repository, options: AddOptions) -> Result<Added, RepositoryError> {
        if !options.allow_deprecated {
            check_gone(&repository.url)?;
        }
        let repos = self.clone();
        let locked = tokio::task::spawn_blocking(move || repos.lock()).await;
        let _lock = locked.map_err(|e| RepositoryError::Io(e.to_string()))??;
        let mut file = self.list_or_none()?;
        check_name(&repository.name)?;
        if !options.force_update && check_new(&file, &repository)? {
            return Ok(Added::Same);
        }
        Self::check_url(&repository.url)?;
        let downloaded = self.download(&repository, options.timeout).await.map_err(|source| {
            RepositoryError::NotARepository { url: repository.url.clone(), source: Box::new(source) }
        })?;
        file.update(repository);
        self.write(&file)?;
        Ok(Added::Added(downloaded))
    }

    /// The repositories that an update without names, or with these, is about.
    ///
    /// # Errors
    /// There are none, or not that one.
    pub fn to_update(&self, names: &[String]) -> Result<Vec<Repository>, RepositoryError> {
        let file = match self.list() {
            Err(RepositoryError::NoFile(_)) => return Err(RepositoryError::NoneToUpdate),
            Err(error) => {
                let path = self.places.repository_config.display();
                return Err(RepositoryError::File(format!("failed loading file: {path}: {error}")));
            }
            Ok(file) => file,
        };
        if file.list.is_empty() {
            return Err(RepositoryError::NoneToUpdate);
        }
        if let Some(name) = names.iter().find(|name| file.get(name).is_none()) {
            return Err(RepositoryError::NotToUpdate(name.clone()));
        }
        let wanted = |r: &Repository| names.is_empty() || names.contains(&r.name);
        let repositories: Vec<Repository> = file.list.iter().filter(|r| wanted(r)).cloned().collect();
        repositories.iter().try_for_each(|r| Self::check_url(&r.url))?;
        Ok(repositories)
    }

    /// Fetches the indexes of repositories at the same time. One that fails hinders no other.
    pub async fn update(
        &self,
        repositories: Vec<Repository>,
        timeout: Duration,
        mut told: impl FnMut(&Updated),
    ) -> Vec<Updated> {
        let mut work: FuturesUnordered<_> = repositories
            .into_iter()
            .map(|repository| async move {
                let outcome = self.download(&repository, timeout).await;
                Updated { repository, outcome }
            })
            .collect();
        let mut all = Vec::new();
        while let Some(updated) = work.next().await {
            told(&updated);
            all.push(updated);
        }
        all
    }
}
