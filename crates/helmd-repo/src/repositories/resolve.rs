//! From a reference to a chart's archive, as Helm's downloader goes.

use super::Repos;
use super::error::{IndexFault, RepositoryError};
use crate::content::{self, CHART};
use bytes::Bytes;
use helmd_chart::HelmMajor;
use helmd_http::{Credentials, Tls};
use helmd_index::Loaded;
use helmd_index::oci;
use helmd_index::reference::{self, ChartReference};
use helmd_index::repositories::Repository;
use helmd_registry::{Layers, Registry};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Which version of a chart, and how to get it.
#[derive(Clone, Default)]
pub struct ChartOptions {
    /// A version or a range; empty for the newest.
    pub version: String,
    /// The URL of the chart's repository, which need not be one of ours.
    pub repo_url: String,
    /// Who we are.
    pub username: String,
    /// The password.
    pub password: String,
    /// A client certificate's path.
    pub cert_file: String,
    /// Its key's path.
    pub key_file: String,
    /// The path of certificates to trust.
    pub ca_file: String,
    /// Trust any certificate.
    pub insecure_skip_tls_verify: bool,
    /// Give name and password to other hosts than the repository's, too.
    pub pass_credentials: bool,
    /// Talk to registries without TLS.
    pub plain_http: bool,
    /// For each request; nothing for Helm's two minutes.
    pub timeout: Option<Duration>,
}

/// The password is not shown.
impl std::fmt::Debug for ChartOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ChartOptions { version, repo_url, .. } = self;
        f.debug_struct("ChartOptions").field("version", version).field("repo_url", repo_url).finish_non_exhaustive()
    }
}

/// Where a chart's archive is.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Its URL.
    pub url: String,
    /// What the index says of its digest, in hexadecimal digits; empty when it says nothing.
    pub digest: String,
    pub(super) tls: Tls,
    pub(super) credentials: Option<Credentials>,
    pub(super) timeout: Duration,
    /// For charts of registries.
    pub(super) registry: Option<Registry>,
}

impl ChartOptions {
    /// The version that is asked for. HELM: `--devel` counts only where none is named.
    #[must_use]
    pub fn version_or_devel(version: &str, devel: bool) -> String {
        if devel && version.is_empty() { ">0.0.0-0".to_owned() } else { version.to_owned() }
    }

    pub(super) fn tls(&self) -> Tls {
        Tls::of(&self.cert_file, &self.key_file, &self.ca_file, self.insecure_skip_tls_verify)
    }

    /// The repository that `--repo` names.
    fn repository(&self) -> Repository {
        Repository {
            url: self.repo_url.clone(),
            username: self.username.clone(),
            password: self.password.clone(),
            cert_file: self.cert_file.clone(),
            key_file: self.key_file.clone(),
            ca_file: self.ca_file.clone(),
            insecure_skip_tls_verify: self.insecure_skip_tls_verify,
            pass_credentials_all: self.pass_credentials,
            ..Repository::default()
        }
    }
}

impl Repos {
    /// Finds the archive that a reference means: `repository/chart`, a URL, or a chart of `--repo`. `log` gets what Helm logs on
    /// the way, also when it leads nowhere.
    ///
    /// # Errors
    /// In Helm's words.
    pub async fn resolve(
        &self,
        reference: &str,
        options: &ChartOptions,
        log: &mut Vec<String>,
    ) -> Result<Resolved, RepositoryError> {
        let timeout = options.timeout.unwrap_or(super::TIMEOUT);
        let reference = reference.trim();
        let version = options.version.trim();
        if options.repo_url.is_empty() {
            return match oci::is_oci(reference) {
                true => self.resolve_oci(reference, version, options).await,
                false => self.resolve_reference((reference, version), options, log),
            };
        }
        let repository = options.repository();
        Self::check_url(&repository.url)?;
        let url = repository.url.clone();
        let loaded = self
            .index_of_url(&repository, timeout)
            .await
            .map_err(|source| RepositoryError::NotARepository { url: url.clone(), source: Box::new(source) })?;
        log.extend(loaded.logged(&url, self.helm));
        let found = reference::find_at(&loaded.index, &url, reference, (version, self.prereleases))?;
        log.extend(self.inexact(&found, reference, version));
        // HELM: the URL is then taken as if it had been given. Credentials stay with the repository.
        let chart = match oci::is_oci(&found.url) {
            true => self.resolve_oci(&found.url, "", options).await?,
            false => self.resolve_reference((&found.url, version), options, log)?,
        };
        let (username, password) = (&options.username, &options.password);
        let own = Credentials::basic(username, password, &url, options.pass_credentials);
        let digest = digest_of(&found.selected.chart.digest).unwrap_or_default();
        Ok(Resolved { digest, credentials: own.or(chart.credentials), ..chart })
    }

    fn inexact(&self, found: &reference::Found<'_>, name: &str, version: &str) -> Option<String> {
        // HELM: version 3 says nothing.
        (self.helm == HelmMajor::Helm4).then(|| found.selected.warning(name, version)).flatten()
    }

    fn resolve_reference(
        &self,
        (text, version): (&str, &str),
        options: &ChartOptions,
        log: &mut Vec<String>,
    ) -> Result<Resolved, RepositoryError> {
        let repositories = self.list_or_none()?.list;
        let plain = |url: &str| Resolved::plain(url, options);
        match reference::locate(text, &repositories)? {
            // What a repository says of a registry, and `resolve` for the rest.
            ChartReference::Oci => Ok(self.oci(plain(text), options)),
            ChartReference::Url => {
                for repository in &repositories {
                    Self::check_url(&repository.url)?;
                    let loaded = self.logged_index(&repository.name, log)?;
                    if reference::owns(&loaded.index, text) {
                        return Ok(with_repository(plain(text), repository, options));
                    }
                }
                Ok(plain(text))
            }
            ChartReference::InRepository { repository, chart } => {
                let loaded = self.logged_index(&repository.name, log)?;
                let found = reference::find(&loaded.index, repository, (text, &chart), (version, self.prereleases))?;
                log.extend(self.inexact(&found, &chart, version));
                Self::check_url(&found.url).map_err(|error| match error {
                    RepositoryError::Scheme(scheme) => RepositoryError::Http(helmd_http::HttpError::Scheme(scheme)),
                    other => other,
                })?;
                // HELM: version 3 does not look at it.
                let digest = match (digest_of(&found.selected.chart.digest), self.helm) {
                    (Err(_), HelmMajor::Helm3) => String::new(),
                    (digest, _) => digest?,
                };
                let chart = with_repository(plain(&found.url), repository, options);
                if !oci::is_oci(&found.url) {
                    return Ok(Resolved { digest, ..chart });
                }
                // Credentials of a repository are for its own server only.
                let same = oci::host(&found.url) == oci::host(&repository.url);
                let own = if same { self.options_of(repository, options) } else { options.clone() };
                Ok(Resolved { digest, ..self.oci(chart, &own) })
            }
        }
    }

    fn oci(&self, chart: Resolved, options: &ChartOptions) -> Resolved {
        Resolved { registry: Some(self.registry(options)), ..chart }
    }

    fn logged_index(&self, name: &str, log: &mut Vec<String>) -> Result<Arc<Loaded>, RepositoryError> {
        let loaded = self.index(name).map_err(RepositoryError::NotCached)?;
        log.extend(loaded.logged(&self.index_path(name).display().to_string(), self.helm));
        Ok(loaded)
    }

    /// Fetches an archive, or takes it from the cache when its digest is known.
    ///
    /// # Errors
    /// No answer; it is not what the index says.
    pub async fn fetch(&self, chart: &Resolved, limit_bytes: u64) -> Result<Bytes, RepositoryError> {
        let root = &self.places.content_cache;
        if !chart.digest.is_empty()
            && let Some(bytes) = content::get(root, &chart.digest, CHART)
        {
            return Ok(bytes.into());
        }
        let bytes = match self.pull(chart, Layers::Chart).await? {
            Some(bytes) => bytes,
            None => self.fetch_url(chart, &chart.url, limit_bytes).await?,
        };
        let got = content::sha256(&bytes);
        if !chart.digest.is_empty() && got != chart.digest {
            let (url, want) = (helmd_http::shown(&chart.url), chart.digest.clone());
            return Err(RepositoryError::Mismatch { url, got, want });
        }
        Ok(bytes)
    }

    /// Fetches what lies at `url`, by the ways of a chart.
    ///
    /// # Errors
    /// No answer, or not a good one.
    pub async fn fetch_url(&self, chart: &Resolved, url: &str, limit_bytes: u64) -> Result<Bytes, RepositoryError> {
        Ok(self.http().get(chart.request(url, limit_bytes)).await?)
    }

    /// Fetches an archive into the cache and gives its path there.
    ///
    /// # Errors
    /// As [`Repos::fetch`]; the cache cannot be written.
    pub async fn fetch_to_cache(&self, chart: &Resolved, limit_bytes: u64) -> Result<PathBuf, RepositoryError> {
        let root = &self.places.content_cache;
        if !chart.digest.is_empty() && content::get(root, &chart.digest, CHART).is_some() {
            return Ok(content::path(root, &chart.digest, CHART));
        }
        let bytes = self.fetch(chart, limit_bytes).await?;
        // HELM: version 3 keeps it beside the indexes.
        if self.helm == HelmMajor::Helm3
            && let Some(name) = reference::archive_file(&chart.url)
        {
            let path = self.places.repository_cache.join(safe_name(&name)?);
            content::write(&path, &bytes, 0o644).map_err(RepositoryError::Io)?;
        }
        content::put(root, &content::sha256(&bytes), CHART, &bytes).map_err(RepositoryError::Io)
    }
}

/// The name of a file as the last part of a URL gives it; nothing that leads elsewhere.
///
/// # Errors
/// It leads elsewhere.
pub(crate) fn safe_name(name: &str) -> Result<&str, RepositoryError> {
    let bad = name.is_empty() || matches!(name, "." | ".." | "/") || name.contains(['/', '\\', '\0']);
    if bad { Err(RepositoryError::Io(format!("{name:?} is no name for a file"))) } else { Ok(name) }
}

/// HELM: the repository's certificates and credentials win over those of the flags, where it has some.
fn with_repository(mut chart: Resolved, repository: &Repository, options: &ChartOptions) -> Resolved {
    let Repository { cert_file, key_file, ca_file, username, password, url, .. } = repository;
    if [cert_file, key_file, ca_file].iter().any(|file| !file.is_empty()) {
        chart.tls = Tls::of(cert_file, key_file, ca_file, options.insecure_skip_tls_verify);
    }
    chart.credentials = if !username.is_empty() && !password.is_empty() {
        Credentials::basic(username, password, url, repository.pass_credentials_all)
    } else {
        Credentials::basic(&options.username, &options.password, url, options.pass_credentials)
    };
    chart
}

/// The digits of an index's digest, in Helm's words when they are none.
pub(crate) fn digest_of(digest: &str) -> Result<String, RepositoryError> {
    let digits = reference::digest_digits(digest);
    if let Some(bad) = digits.bytes().find(|b| !b.is_ascii_hexdigit()) {
        let text = format!("encoding/hex: invalid byte: {}", go_byte(bad));
        return Err(RepositoryError::Digest(text));
    }
    if digits.len() % 2 == 1 {
        return Err(RepositoryError::Digest("encoding/hex: odd length hex string".to_owned()));
    }
    match digits.len() / 2 {
        0 | 32 => Ok(digits.to_ascii_lowercase()),
        length => Err(RepositoryError::Digest(format!("invalid digest length: {length}"))),
    }
}

/// Go's `%#U` of a byte.
fn go_byte(byte: u8) -> String {
    let c = char::from(byte);
    let shown = if c.is_control() { String::new() } else { format!(" '{c}'") };
    format!("U+{:04X}{shown}", u32::from(byte))
}

impl RepositoryError {
    /// Whether an index was never fetched.
    #[must_use]
    pub fn is_not_cached(&self) -> bool {
        matches!(self, RepositoryError::NotCached(IndexFault::NotThere(_)))
    }
}
