//! Fetching indexes.

use super::error::RepositoryError;
use super::{Repos, Stamp};
use crate::certificates::check_certificates;
use crate::content::{sha256, write};
use helmd_chart::HelmMajor;
use helmd_http::{Credentials, Request, Response, Tls};
use helmd_index::repositories::{Repository, charts_file};
use helmd_index::{Index, Loaded, location, oci};
use serde::{Deserialize, Serialize};
use sprig::url::Url;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

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

fn nanos(stamp: Stamp) -> u128 {
    stamp.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos())
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
            return Err(RepositoryError::NoIndex);
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
        if let Some((notes, _)) = &known {
            for (header, value) in [("if-none-match", &notes.etag), ("if-modified-since", &notes.last_modified)] {
                if !value.is_empty() {
                    request = request.header(header, value);
                }
            }
        }
        let response = self.http().send(request).await?;
        if let (NOT_MODIFIED, Some((_, loaded))) = (response.status.as_u16(), known) {
            return Ok(Downloaded { loaded, changed: false });
        }
        let notes = notes_of(&response, &url);
        let body = response.good().await?;
        let (repos, name) = (self.clone(), repository.name.clone());
        let work = move || repos.store(&name, &body, notes);
        tokio::task::spawn_blocking(work).await.map_err(|e| RepositoryError::Io(e.to_string()))?
    }

    /// The index that we have, with what would tell that it is still the one at `url`.
    fn known(&self, path: &Path, url: &str) -> Option<(Notes, Arc<Loaded>)> {
        let stamp = Stamp::of(path)?;
        let notes: Notes = serde_json::from_slice(&std::fs::read(self.notes_path(path)).ok()?).ok()?;
        let same = notes.url == url && notes.size_bytes == stamp.size_bytes && notes.modified_nanos == nanos(stamp);
        let worth = !(notes.etag.is_empty() && notes.last_modified.is_empty());
        if !(same && worth) {
            return None;
        }
        let loaded = self.index_at(path.to_owned()).ok()?;
        Some((notes, loaded))
    }

    /// Checks an index and puts it into the cache.
    fn store(&self, name: &str, body: &[u8], mut notes: Notes) -> Result<Downloaded, RepositoryError> {
        let loaded = Arc::new(Index::load(body, self.helm)?);
        let charts = self.places.repository_cache.join(charts_file(name));
        write(&charts, loaded.index.chart_list().as_bytes(), 0o644).map_err(RepositoryError::Io)?;
        let path = self.index_path(name);
        write(&path, body, 0o644).map_err(RepositoryError::Io)?;
        if let Some(stamp) = Stamp::of(&path) {
            (notes.size_bytes, notes.modified_nanos) = (stamp.size_bytes, nanos(stamp));
            self.keep(path.clone(), stamp, &loaded);
            let text = serde_json::to_vec(&notes).unwrap_or_default();
            // Without them the index is fetched whole the next time.
            let _not_written = write(&self.notes_path(&path), &text, 0o644);
        }
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
