//! Fetching indexes.

use super::Repos;
use super::error::RepositoryError;
use super::kept::Stamp;
use crate::certificates::check_certificates;
use crate::content::{sha256, write};
use bytes::Bytes;
use helmd_chart::HelmMajor;
use helmd_http::{Credentials, Request, Response, Tls};
use helmd_index::repositories::{Repository, charts_file};
use helmd_index::{Index, Loaded, location, oci};
use serde::{Deserialize, Serialize};
use sprig::url::Url;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Largest index that is read; the largest known has 30 MB.
const LIMIT_BYTES: u64 = 256 << 20;
/// HTTP's "not modified".
const NOT_MODIFIED: u16 = 304;

/// An index that was fetched.
#[derive(Debug)]
pub struct Downloaded {
    /// The index.
    pub loaded: Arc<Loaded>,
    /// Whether it is another one than before.
    pub changed: bool,
}

/// What is kept beside an index, so that it is fetched again only when it has changed. helm does not know of it.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Notes {
    url: String,
    etag: String,
    last_modified: String,
    /// Of the index that the notes are about: helm may have written another one since.
    size_bytes: u64,
    modified_nanos: u128,
}

impl Repos {
    /// Where the notes about an index lie: helm looks at all files beside the indexes, and at none here.
    pub(super) fn notes_path(&self, index: &Path) -> PathBuf {
        let name = sha256(index.as_os_str().as_encoded_bytes());
        self.places.content_cache.join("helmd").join(format!("{name}.json"))
    }

    /// A repository can be asked at all: its URL is one, and of a known scheme.
    ///
    /// # Errors
    /// In Helm's words.
    pub fn check_url(url: &str) -> Result<(), RepositoryError> {
        let parsed: Url = url.parse().map_err(|_| RepositoryError::Url(url.to_owned()))?;
        match parsed.scheme.as_slice() {
            b"http" | b"https" | b"oci" => Ok(()),
            scheme => Err(RepositoryError::Scheme(String::from_utf8_lossy(scheme).into_owned())),
        }
    }

    /// Fetches a repository's index into the cache, unless it is there already as it is now.
    ///
    /// # Errors
    /// No answer, or no index. The cache stays as it was.
    pub async fn download(&self, repository: &Repository, timeout: Duration) -> Result<Downloaded, RepositoryError> {
        Self::check_url(&repository.url)?;
        if oci::is_oci(&repository.url) {
            return self.download_catalog(repository, timeout).await;
        }
        // HELM: version 3 has its own words for files that are not there; those of version 4 are the request's.
        if self.helm == HelmMajor::Helm3 {
            let Repository { cert_file, key_file, ca_file, .. } = repository;
            check_certificates(cert_file, key_file, ca_file, self.helm).map_err(RepositoryError::Io)?;
        }
        let path = self.index_path(&repository.name);
        let url = location::resolve(&repository.url, "index.yaml")?;
        let mut request = index_request(repository, &url, timeout);
        let known = self.known(&path, &url);
        if let Some(notes) = &known {
            for (header, value) in [("if-none-match", &notes.etag), ("if-modified-since", &notes.last_modified)] {
                if !value.is_empty() {
                    request = request.header(header, value);
                }
            }
        }
        let mut response = self.http().send(request).await?;
        if response.status.as_u16() == NOT_MODIFIED && known.is_some() {
            let (repos, name) = (self.clone(), repository.name.clone());
            let read = tokio::task::spawn_blocking(move || repos.index(&name)).await;
            if let Ok(Ok(loaded)) = read {
                return Ok(Downloaded { loaded, changed: false });
            }
            // What we have is no index, whatever the notes say.
            response = self.http().send(index_request(repository, &url, timeout)).await?;
        }
        let notes = notes_of(&response, &url);
        let body = response.good().await?;
        let (repos, name) = (self.clone(), repository.name.clone());
        let work = move || repos.store(&name, body, notes);
        tokio::task::spawn_blocking(work).await.map_err(|e| RepositoryError::Io(e.to_string()))?
    }

    async fn download_catalog(
        &self,
        repository: &Repository,
        timeout: Duration,
    ) -> Result<Downloaded, RepositoryError> {
        if !self.registries.as_repositories {
            return Err(RepositoryError::NoIndex);
        }
        let body = self.catalogued(repository, timeout).await?;
        let (repos, name) = (self.clone(), repository.name.clone());
        let work = move || repos.store(&name, body.into(), Notes::default());
        tokio::task::spawn_blocking(work).await.map_err(|e| RepositoryError::Io(e.to_string()))?
    }

    /// What would tell that the index that we have is still the one at `url`.
    fn known(&self, path: &Path, url: &str) -> Option<Notes> {
        let stamp = Stamp::of(path)?;
        let notes: Notes = serde_json::from_slice(&std::fs::read(self.notes_path(path)).ok()?).ok()?;
        let same = notes.url == url && notes.size_bytes == stamp.size_bytes && notes.modified_nanos == stamp.nanos();
        let worth = !(notes.etag.is_empty() && notes.last_modified.is_empty());
        (same && worth).then_some(notes)
    }

    /// Checks an index and puts it into the cache.
    fn store(&self, name: &str, body: Bytes, mut notes: Notes) -> Result<Downloaded, RepositoryError> {
        let loaded = Arc::new(Index::load(&body, self.helm)?);
        let charts = self.places.repository_cache.join(charts_file(name));
        write(&charts, loaded.index.chart_list().as_bytes(), 0o644).map_err(RepositoryError::Io)?;
        let path = self.index_path(name);
        let stamp = self.keep(&path, body, &loaded).map_err(RepositoryError::Io)?;
        (notes.size_bytes, notes.modified_nanos) = (stamp.size_bytes, stamp.nanos());
        let text = serde_json::to_vec(&notes).unwrap_or_default();
        // Without them the index is fetched whole the next time.
        let _not_written = write(&self.notes_path(&path), &text, 0o644);
        Ok(Downloaded { loaded, changed: true })
    }

    /// The index at a URL that is no repository of ours: nothing is kept.
    ///
    /// # Errors
    /// As [`Repos::download`].
    pub async fn index_of_url(&self, repository: &Repository, timeout: Duration) -> Result<Loaded, RepositoryError> {
        Self::check_url(&repository.url)?;
        if oci::is_oci(&repository.url) {
            return Err(RepositoryError::NoIndex);
        }
        let url = location::resolve(&repository.url, "index.yaml")?;
        let body = self.http().get(index_request(repository, &url, timeout)).await?;
        let helm = self.helm;
        let work = move || Index::load(&body, helm);
        let loaded = tokio::task::spawn_blocking(work).await.map_err(|e| RepositoryError::Io(e.to_string()))?;
        Ok(loaded?)
    }
}

fn index_request(repository: &Repository, url: &str, timeout: Duration) -> Request {
    let Repository { cert_file, key_file, ca_file, insecure_skip_tls_verify, .. } = repository;
    let Repository { username, password, pass_credentials_all, .. } = repository;
    Request {
        tls: Tls::of(cert_file, key_file, ca_file, *insecure_skip_tls_verify),
        credentials: Credentials::basic(username, password, &repository.url, *pass_credentials_all),
        limit_bytes: LIMIT_BYTES,
        timeout,
        ..Request::get(url)
    }
}

fn notes_of(response: &Response, url: &str) -> Notes {
    let text = |name| response.header(name).to_owned();
    Notes { url: url.to_owned(), etag: text("etag"), last_modified: text("last-modified"), ..Notes::default() }
}
