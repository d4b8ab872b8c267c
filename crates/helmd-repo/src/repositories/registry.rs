//! Charts in registries, as far as they are charts like others.

use super::error::RepositoryError;
use super::resolve::{ChartOptions, Resolved};
use super::{Repos, TIMEOUT};
use bytes::Bytes;
use helmd_http::{Credentials, Request};
use helmd_index::oci;
use helmd_index::repositories::Repository;
use helmd_registry::{Helpers, Insecure, Layers, Login, Logins, Registry, RegistryOptions};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Largest archive.
const LIMIT_BYTES: u64 = 100 << 20;

/// What is told of something that came from a registry: Helm's lines, with their line breaks.
pub type Told = Arc<dyn Fn(&str) + Send + Sync>;

/// How registries are talked to, whatever a request says.
#[derive(Clone, Default)]
pub struct Registries {
    /// Registries without TLS though nobody asked for them.
    pub insecure: Insecure,
    /// Hosts that are talked to without TLS, because a setting says so.
    pub plain: BTreeSet<String>,
    /// Whether a registry may be a repository: its index is made of its catalog.
    pub as_repositories: bool,
    /// Whether programs are started that keep logins.
    pub helpers: Helpers,
    /// Who is told.
    pub told: Option<Told>,
}

impl std::fmt::Debug for Registries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registries").field("insecure", &self.insecure).finish_non_exhaustive()
    }
}

impl Repos {
    /// Who we are to registries.
    #[must_use]
    pub fn logins(&self) -> Logins {
        let docker = &self.places.docker_config;
        Logins {
            file: self.places.registry_config.clone(),
            docker: (!docker.as_os_str().is_empty()).then(|| docker.clone()),
            helpers: self.registries.helpers,
        }
    }

    /// Talks to registries as these options say.
    #[must_use]
    pub fn registry(&self, options: &ChartOptions) -> Registry {
        let ChartOptions { username, password, .. } = options;
        // HELM: half a login is none.
        let login = !username.is_empty() && !password.is_empty();
        let options = RegistryOptions {
            plain_http: options.plain_http,
            insecure: self.registries.insecure,
            tls: options.tls(),
            login: login.then(|| Login::basic(username, password)),
            logins: self.logins(),
            timeout: options.timeout.unwrap_or(TIMEOUT),
            limit_bytes: LIMIT_BYTES,
            helm: self.helm,
        };
        Registry::new(self.http().clone(), options)
    }

    /// How a registry is asked that is a repository.
    pub(super) fn options_of(&self, repository: &Repository, given: &ChartOptions) -> ChartOptions {
        let Repository { url, username, password, cert_file, key_file, ca_file, .. } = repository;
        let host = oci::host(url).unwrap_or_default();
        let mut options = given.clone();
        if !username.is_empty() && !password.is_empty() {
            (options.username, options.password) = (username.clone(), password.clone());
        }
        if [cert_file, key_file, ca_file].iter().any(|file| !file.is_empty()) {
            options.cert_file.clone_from(cert_file);
            options.key_file.clone_from(key_file);
            options.ca_file.clone_from(ca_file);
        }
        options.insecure_skip_tls_verify |= repository.insecure_skip_tls_verify;
        options.plain_http |= self.registries.plain.contains(host);
        options
    }

    /// Finds the version of a chart in a registry.
    pub(super) async fn resolve_oci(
        &self,
        reference: &str,
        version: &str,
        options: &ChartOptions,
    ) -> Result<Resolved, RepositoryError> {
        let registry = self.registry(options);
        let url = registry.resolve(reference, version).await?;
        Ok(Resolved { registry: Some(registry), ..Resolved::plain(&url, options) })
    }

    pub(super) async fn pull(&self, chart: &Resolved, layers: Layers) -> Result<Option<Bytes>, RepositoryError> {
        let Some(registry) = &chart.registry else { return Ok(None) };
        let pulled = registry.pull(&chart.url, layers).await?;
        if let Some(told) = &self.registries.told {
            told(&pulled.text());
        }
        Ok(Some(pulled.bytes))
    }

    /// Fetches the signature of a chart.
    ///
    /// # Errors
    /// There is none, or no answer.
    pub async fn fetch_provenance(&self, chart: &Resolved, limit_bytes: u64) -> Result<Bytes, RepositoryError> {
        match self.pull(chart, Layers::Provenance).await? {
            Some(bytes) => Ok(bytes),
            None => self.fetch_url(chart, &format!("{}.prov", chart.url), limit_bytes).await,
        }
    }
}

impl Resolved {
    /// What lies at a URL, by the ways of these options.
    pub(super) fn plain(url: &str, options: &ChartOptions) -> Resolved {
        let ChartOptions { username, password, .. } = options;
        Resolved {
            url: url.to_owned(),
            digest: String::new(),
            tls: options.tls(),
            credentials: Credentials::basic(username, password, url, options.pass_credentials),
            timeout: options.timeout.unwrap_or(TIMEOUT),
            registry: None,
        }
    }

    pub(super) fn request(&self, url: &str, limit_bytes: u64) -> Request {
        Request {
            tls: self.tls.clone(),
            credentials: self.credentials.clone(),
            limit_bytes,
            timeout: self.timeout,
            ..Request::get(url).header("accept", "application/gzip,application/octet-stream")
        }
    }
}
