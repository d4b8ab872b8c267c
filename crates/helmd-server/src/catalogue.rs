//! The repositories of this server: those of the config file, and those that were added over the API.

use crate::paths::AllowedPaths;
use crate::registries::{Registries, RegistrySettings};
use helmd_chart::HelmMajor;
use helmd_http::{Destinations, Http, HttpSettings};
use helmd_index::Prereleases;
use helmd_index::oci;
use helmd_index::repositories::Repository;
use helmd_kube::helm_text;
use helmd_repo::repositories::{AddOptions, Added, TIMEOUT};
use helmd_repo::{Places, Repos, RepositoryError, content};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use url::Url;

/// How long a request waits for the repositories of the config file to be fetched at the start.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// The repositories that requests see.
pub(crate) struct Catalogue {
    repos: Repos,
    shown: Mutex<Vec<Repository>>,
    /// Names of those that were added over the API, for the next start.
    added: Mutex<BTreeSet<String>>,
    started: watch::Sender<bool>,
    destinations: Destinations,
    paths: AllowedPaths,
    registries: Registries,
}

/// Where requests may lead this server.
#[derive(Default)]
pub(crate) struct Reach {
    /// `host` or `host:port`: they may be asked for whatever a request says.
    pub(crate) hosts: Vec<String>,
    /// Folders whose files requests may name.
    pub(crate) paths: Vec<PathBuf>,
    /// To all hosts and files (`--compat-unsafe`).
    pub(crate) anywhere: bool,
}

impl Catalogue {
    /// Nothing is fetched yet; see [`Catalogue::start`].
    pub(crate) fn new(
        places: Places,
        (configured, registries): (&[Repository], RegistrySettings),
        reach: Reach,
        helm: HelmMajor,
    ) -> Catalogue {
        let Reach { hosts, paths, anywhere } = reach;
        // Whoever writes the config file may name machines of the private network.
        let own = configured.iter().filter_map(|repository| host_of(&repository.url));
        let allowed = hosts.into_iter().chain(own).chain(Registries::hosts(&registries)).collect();
        let destinations = if anywhere { Destinations::Any } else { Destinations::Public { allowed } };
        let http = Http::new(HttpSettings { destinations: destinations.clone(), ..HttpSettings::default() });
        let mut repos = Repos::new(places, helm, http);
        // HELM-WRAPPER: it links a Helm of the older rules.
        repos.prereleases = Prereleases::Condition;
        let registries = Registries::new(registries, &mut repos, anywhere);
        let added = std::fs::read(names_file(&repos)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let added: BTreeSet<String> = added.unwrap_or_default();
        let mut shown = configured.to_vec();
        let known = repos.read_what_can_be();
        let again = |r: &&Repository| added.contains(&r.name) && !configured.iter().any(|c| c.name == r.name);
        shown.extend(known.list.iter().filter(again).cloned());
        let started = watch::Sender::new(configured.is_empty());
        let paths = AllowedPaths::new(paths, anywhere);
        Catalogue {
            repos,
            shown: Mutex::new(shown),
            added: Mutex::new(added),
            started,
            destinations,
            paths,
            registries,
        }
    }

    /// Who we are to registries.
    pub(crate) fn registries(&self) -> &Registries {
        &self.registries
    }

    /// Where charts are got from.
    pub(crate) fn repos(&self) -> &Repos {
        &self.repos
    }

    /// Writes the repositories of the config file into Helm's file and fetches their indexes. One that does not answer is told
    /// in the log, and asked again when somebody updates.
    pub(crate) async fn start(&self) {
        let shown = self.list();
        let repos = self.repos.clone();
        let merged = tokio::task::spawn_blocking(move || merge(&repos, &shown)).await;
        if let Ok(Err(error)) = merged {
            tracing::error!(error = %helm_text(&error), "the repositories of the config file cannot be written down");
        }
        let fetchable: Vec<Repository> = self.list();
        for updated in self.repos.update(fetchable, TIMEOUT, |_| {}).await {
            match updated.outcome {
                Ok(_) => tracing::info!(repository = %updated.repository.name, "index fetched"),
                Err(error) => {
                    let (name, url) = (&updated.repository.name, helmd_http::shown(&updated.repository.url));
                    tracing::error!(repository = %name, %url, error = %helm_text(&error), "index not fetched: the server goes on without it");
                }
            }
        }
        self.started.send_replace(true);
        self.registries.start(&self.repos).await;
    }

    /// Waits until the start is over, within limits.
    pub(crate) async fn ready(&self) {
        let mut started = self.started.subscribe();
        let _late = tokio::time::timeout(START_PATIENCE, started.wait_for(|started| *started)).await;
    }

    /// The repositories that requests see, in order.
    pub(crate) fn list(&self) -> Vec<Repository> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches all indexes anew.
    ///
    /// # Errors
    /// helm-wrapper's list of what failed. The others are fetched.
    pub(crate) async fn update(&self) -> Result<(), String> {
        self.ready().await;
        let all = self.repos.update(self.list(), TIMEOUT, |_| {}).await;
        let failed: Vec<String> = all
            .into_iter()
            .filter_map(|updated| {
                let error = updated.outcome.err()?;
                Some(format!("{{{} {}}}", updated.repository.name, helm_text(&error)))
            })
            .collect();
        if failed.is_empty() { Ok(()) } else { Err(format!("error list: [{}]", failed.join(" "))) }
    }

    /// Adds a repository, as `helm repo add`.
    ///
    /// # Errors
    /// In Helm's words; nothing is changed then.
    pub(crate) async fn add(&self, repository: Repository, force_update: bool) -> Result<(), String> {
        self.ready().await;
        if repository.name.is_empty() || repository.url.is_empty() {
            return Err("a repository needs a name and a url".to_owned());
        }
        let options = AddOptions { force_update, allow_deprecated: false, timeout: TIMEOUT };
        let done = self.repos.add(repository.clone(), options).await.map_err(|e| helm_text(&e))?;
        let name = repository.name.clone();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match shown.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = repository,
            None => shown.push(repository),
        }
        drop(shown);
        if matches!(done, Added::Added(_)) {
            self.remember(|names| names.insert(name));
        }
        Ok(())
    }

    /// Removes a repository, as `helm repo remove`.
    ///
    /// # Errors
    /// There is none of this name.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), String> {
        self.ready().await;
        let not_found = || helm_text(&RepositoryError::NotFound(name.to_owned()));
        if !self.list().iter().any(|known| known.name == name) {
            return Err(not_found());
        }
        let (repos, owned) = (self.repos.clone(), name.to_owned());
        let work = move || {
            let _lock = repos.lock()?;
            repos.remove(&owned)
        };
        let removed = tokio::task::spawn_blocking(work).await.map_err(|e| e.to_string())?;
        match removed {
            // Somebody has taken it out of the file already.
            Ok(()) | Err(RepositoryError::NotFound(_) | RepositoryError::None) => {}
            Err(error) => return Err(helm_text(&error)),
        }
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| known.name != name);
        self.remember(|names| names.remove(name));
        Ok(())
    }

    fn remember(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) {
        let mut names = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        if !change(&mut names) {
            return;
        }
        let text = serde_json::to_vec(&*names).unwrap_or_default();
        if let Err(error) = content::write(&names_file(&self.repos), &text, 0o600) {
            tracing::error!(%error, "which repositories were added over the API is not remembered for the next start");
        }
    }

    /// Whether a URL in a parameter may be asked: its host is allowed.
    ///
    /// # Errors
    /// Which setting would allow it.
    pub(crate) fn check_parameter(&self, url: &str) -> Result<(), String> {
        // A registry is asked as a server of the web is.
        let web = url.strip_prefix("oci://").map(|rest| format!("https://{rest}"));
        let parsed = Url::parse(web.as_deref().unwrap_or(url)).ok();
        if self.destinations == Destinations::Any || parsed.as_ref().is_some_and(|url| self.destinations.names(url)) {
            return Ok(());
        }
        let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
        Err(format!(
            "{}: URLs in parameters are refused unless their host is allowed: --allow-host {host}",
            helmd_http::shown(url)
        ))
    }

    /// Whether a request may say that the certificate of this URL's server is not looked at: only where it may name the host.
    /// Else the credentials of this server's repositories would go to whoever answers.
    ///
    /// # Errors
    /// Which setting would allow it.
    pub(crate) fn check_insecure(&self, url: &str) -> Result<(), String> {
        self.check_parameter(url).map_err(|_| {
            "insecure_skip_verify is refused: the chart or repo must be the URL of a host that --allow-host names"
                .to_owned()
        })
    }

    /// Which files of this machine requests may name.
    pub(crate) fn paths(&self) -> &AllowedPaths {
        &self.paths
    }

    /// Refuses files of certificates that requests may not name.
    ///
    /// # Errors
    /// Which setting would allow them.
    pub(crate) fn check_files(&self, files: [&str; 3]) -> Result<(), String> {
        let named = ["cert_file", "key_file", "ca_file"].into_iter().zip(files).filter(|(_, file)| !file.is_empty());
        named.into_iter().try_for_each(|(name, file)| self.paths.check(name, file).map(drop))
    }
}

fn host_of(url: &str) -> Option<String> {
    if let Some(host) = oci::host(url) {
        return Some(host.to_owned());
    }
    let url = Url::parse(url).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// Beside Helm's file.
fn names_file(repos: &Repos) -> PathBuf {
    repos.places.repository_config.with_extension("helmd.json")
}

/// Puts repositories into Helm's file.
fn merge(repos: &Repos, shown: &[Repository]) -> Result<(), RepositoryError> {
    if shown.is_empty() {
        return Ok(());
    }
    let _lock = repos.lock()?;
    let mut file = repos.list_or_none()?;
    let before = file.clone();
    shown.iter().for_each(|repository| file.update(repository.clone()));
    if file == before { Ok(()) } else { repos.write(&file) }
}
