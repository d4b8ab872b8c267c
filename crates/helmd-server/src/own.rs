//! The server's own charts as references in requests know them.

use bytes::Bytes;
use helmd_index::Prereleases;
use helmd_index::repositories::Repository;
use helmd_kube::helm_text;
use helmd_repo::content::{self, CHART};
use helmd_store::{Fetched, Store, archive_file};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The store, and as which repository it is known.
pub(crate) struct Own {
    pub(crate) store: Arc<Store>,
    pub(crate) name: String,
}

/// An archive of the store with its signature, if it has one.
pub(crate) struct Signed {
    pub(crate) file: String,
    pub(crate) archive: Bytes,
    pub(crate) signature: Option<Bytes>,
}

impl Own {
    /// The chart of the store that a reference means. A repository of the same name comes first.
    pub(crate) fn names<'c>(&self, reference: &'c str, repositories: &[Repository]) -> Option<&'c str> {
        let chart = reference.strip_prefix(&self.name)?.strip_prefix('/')?;
        let is_one = !chart.is_empty() && !chart.contains('/');
        (is_one && repositories.iter().all(|repository| repository.name != self.name)).then_some(chart)
    }

    /// A chart of the store, put into the cache below `root`.
    ///
    /// # Errors
    /// There is none, in Helm's words for a repository.
    pub(crate) async fn chart(&self, chart: &str, version: &str, root: &Path) -> Result<PathBuf, String> {
        let (_, archive) = self.find(chart, version).await?;
        cached(root, archive.held.digest.to_string(), archive.bytes).await
    }

    async fn find(&self, chart: &str, version: &str) -> Result<(String, Fetched), String> {
        let view = self.store.view().await.map_err(|e| helm_text(&e))?;
        let missing = |why: &str| {
            let name = &self.name;
            format!("chart {chart:?} matching {version} not found in {name} index. (try 'helm repo update'): {why}")
        };
        // HELM-WRAPPER: it links a Helm of the older rules.
        let found = view.index.get_by(Prereleases::Condition, chart, version).map_err(|e| missing(&helm_text(&e)))?;
        let file = archive_file(&found.chart.name, &found.chart.version);
        let archive = self.store.archive(&file).await.map_err(|e| helm_text(&e))?;
        let archive = archive.ok_or_else(|| missing("it has just been removed"))?;
        Ok((file, archive))
    }

    /// A chart of the store with its signature.
    ///
    /// # Errors
    /// As [`Own::chart`].
    pub(crate) async fn signed_chart(&self, chart: &str, version: &str) -> Result<Signed, String> {
        let (file, Fetched { bytes, .. }) = self.find(chart, version).await?;
        let signature = self.store.signature(&file).await.map_err(|e| helm_text(&e))?;
        Ok(Signed { file, archive: bytes, signature })
    }

    /// An upload with its signature.
    ///
    /// # Errors
    /// As [`Own::upload`].
    pub(crate) async fn signed_upload(&self, file: &str) -> Result<Signed, String> {
        let archive = self.store.file(file).await.map_err(|e| helm_text(&e))?;
        let archive = archive.ok_or_else(|| format!("path \"{file}\" not found"))?;
        let signature = self.store.signature(file).await.map_err(|e| helm_text(&e))?;
        Ok(Signed { file: file.to_owned(), archive, signature })
    }

    /// An upload that does not lie on this machine, put into the cache below `root`.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn upload(&self, file: &str, root: &Path) -> Result<PathBuf, String> {
        let bytes = self.store.file(file).await.map_err(|e| helm_text(&e))?;
        let bytes = bytes.ok_or_else(|| format!("path \"{file}\" not found"))?;
        cached(root, content::sha256(&bytes), bytes).await
    }
}

async fn cached(root: &Path, digest: String, bytes: Bytes) -> Result<PathBuf, String> {
    let root = root.to_owned();
    let work = move || match content::get(&root, &digest, CHART) {
        Some(_) => Ok(content::path(&root, &digest, CHART)),
        None => content::put(&root, &digest, CHART, &bytes),
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| e.to_string())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_of_the_same_name_comes_first() {
        let store = crate::ChartStoreSettings::default()
            .open(Path::new("/x"), helmd_chart::Loader::default(), 1, Default::default())
            .unwrap();
        let own = Own { store: Arc::new(store), name: "uploads".to_owned() };
        let named = |name: &str| vec![Repository { name: name.to_owned(), ..Repository::default() }];
        assert_eq!(own.names("uploads/web", &named("other")), Some("web"));
        assert_eq!(own.names("uploads/web", &named("uploads")), None);
        for other in ["uploads/", "uploads/a/b", "uploads", "uploadsx/web", "x/web"] {
            assert_eq!(own.names(other, &[]), None, "{other}");
        }
    }
}
