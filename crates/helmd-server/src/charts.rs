//! Where the charts of requests come from, with the loaded ones kept.

use crate::catalogue::Catalogue;
use crate::own::{Own, Signed};
use crate::paths::climbs;
use crate::trust::{Checks, Trust};
use bytes::Bytes;
use gotmpl::strconv::quote;
use helmd_chart::{Chart, HelmMajor, Loader};
use helmd_http::Request;
use helmd_kube::helm_text;
use helmd_repo::repositories::{ChartOptions, Resolved};
use helmd_repo::{Keys, check_certificates};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What a request says of the chart that it wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChartRequest {
    /// An upload's file name, a path, `repo/name`, or a URL.
    pub(crate) chart: String,
    /// Which version, from which repository, and how to get it.
    pub(crate) options: ChartOptions,
    /// Only with a good signature.
    pub(crate) verify: bool,
    /// A file of this machine with the keys for that; empty for the server's own.
    pub(crate) keyring: String,
    /// The archive's digest; empty where any will do.
    pub(crate) digest: String,
}

/// Loaded charts that are kept; the one used longest ago goes first.
const KEPT_CHARTS: usize = 32;

/// Largest chart archive that is fetched.
const MAX_CHART_BYTES: u64 = 100 * 1024 * 1024;

/// A file as it was when it was read.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Stamp {
    path: PathBuf,
    modified: Option<SystemTime>,
    size_bytes: u64,
}

#[derive(Default)]
struct Kept {
    charts: HashMap<Stamp, (u64, Chart)>,
    clock: u64,
}

/// Where a chart is.
enum Place {
    /// On this machine.
    Path(PathBuf),
    /// An upload, by its file name.
    Upload(String),
    /// A chart of the store, by its name.
    Own(String),
    /// In a repository or at a URL.
    Elsewhere,
}

/// An archive before it is checked.
enum Given {
    /// On this machine, with its signature beside it.
    Path(PathBuf),
    /// Of the store.
    Own(Signed),
    /// From elsewhere; its signature was looked at already.
    Verified(Bytes),
}

impl Given {
    /// The archive, if its signature is good or none is wanted.
    fn checked(self, checks: &Checks) -> Result<Bytes, String> {
        match (self, &checks.keys) {
            (Given::Verified(archive), _) => Ok(archive),
            (Given::Path(path), Some(keys)) => keys.read_verified(&path).map(|(archive, _)| archive.into()),
            (Given::Path(path), None) => Keys::read_archive(&path).map(Bytes::from),
            (Given::Own(Signed { archive, .. }), None) => Ok(archive),
            (Given::Own(Signed { file, archive, signature: None }), Some(_)) => {
                drop(archive);
                Err(format!("could not load provenance file {file}.prov: there is none in the store"))
            }
            (Given::Own(Signed { file, archive, signature: Some(signature) }), Some(keys)) => {
                keys.verify_bytes((&file, &archive), &signature)?;
                Ok(archive)
            }
        }
    }
}

/// Finds and loads charts.
pub(crate) struct Charts {
    loader: Loader,
    catalogue: Arc<Catalogue>,
    own: Own,
    trust: Trust,
    kept: Arc<Mutex<Kept>>,
}

impl Charts {
    pub(crate) fn new(loader: Loader, catalogue: Arc<Catalogue>, own: Own, trust: Trust) -> Charts {
        Charts { loader, catalogue, own, trust, kept: Arc::default() }
    }

    /// The chart that a request names.
    ///
    /// # Errors
    /// Helm's sentence, or why this server does not go there.
    pub(crate) async fn load(&self, request: &ChartRequest) -> Result<Chart, String> {
        let place = self.locate(request)?;
        let checks = self.trust.checks(request, self.catalogue.paths())?;
        if !checks.is_none() {
            return self.load_checked(place, request, checks).await;
        }
        let path = match place {
            Place::Path(path) => path,
            Place::Upload(file) => self.own.upload(&file, self.cache()).await?,
            Place::Own(name) => self.own.chart(&name, &request.options.version, self.cache()).await?,
            Place::Elsewhere => {
                let chart = self.resolve(request).await?;
                let fetched = self.catalogue.repos().fetch_to_cache(&chart, MAX_CHART_BYTES).await;
                fetched.map_err(|e| helm_text(&e))?
            }
        };
        let (loader, kept) = (self.loader.clone(), Arc::clone(&self.kept));
        blocking(move || read(&path, &loader, &kept)).await
    }

    /// A chart that is used only after a look at its signature or digest: what is looked at is what is used.
    async fn load_checked(&self, place: Place, request: &ChartRequest, checks: Checks) -> Result<Chart, String> {
        let name = request.chart.clone();
        let loader = self.loader.clone();
        let given = match place {
            Place::Path(path) => Given::Path(path),
            Place::Upload(file) => Given::Own(self.own.signed_upload(&file).await?),
            Place::Own(chart) => Given::Own(self.own.signed_chart(&chart, &request.options.version).await?),
            Place::Elsewhere => {
                let repos = self.catalogue.repos();
                let chart = self.resolve(request).await?;
                let archive = repos.fetch(&chart, MAX_CHART_BYTES).await.map_err(|e| helm_text(&e))?;
                if let Some(keys) = checks.keys.clone() {
                    repos.verify(&chart, archive.clone(), keys).await?;
                }
                Given::Verified(archive)
            }
        };
        let work = move || {
            let archive = given.checked(&checks)?;
            checks.check_digest(&name, &archive)?;
            helmd_repo::local::load_bytes(&name, &archive, &loader).map_err(|e| helm_text(&e))
        };
        blocking(work).await
    }

    /// What a URL in a parameter names.
    ///
    /// # Errors
    /// Helm's sentence; a host that is not allowed.
    pub(crate) async fn fetch(&self, url: &str, limit_bytes: u64) -> Result<Vec<u8>, String> {
        self.catalogue.check_parameter(url)?;
        let request = Request { limit_bytes, ..Request::get(url) };
        let body = self.catalogue.repos().http().get(request).await.map_err(|e| helm_text(&e))?;
        Ok(body.to_vec())
    }

    /// Where a chart of a repository or a URL is.
    async fn resolve(&self, request: &ChartRequest) -> Result<Resolved, String> {
        let ChartRequest { chart, options, .. } = request;
        let urls: Vec<&String> = [chart, &options.repo_url].into_iter().filter(|url| url.contains("://")).collect();
        urls.iter().try_for_each(|url| self.catalogue.check_parameter(url))?;
        if options.insecure_skip_tls_verify && urls.is_empty() {
            self.catalogue.check_insecure("")?;
        }
        self.catalogue.check_files([&options.cert_file, &options.key_file, &options.ca_file])?;
        self.catalogue.ready().await;
        let repos = self.catalogue.repos();
        let certificates =
            || check_certificates(&options.cert_file, &options.key_file, &options.ca_file, HelmMajor::Helm3);
        if options.repo_url.starts_with("http") {
            let words = "is not a valid chart repository or cannot be reached";
            certificates().map_err(|e| format!("looks like {} {words}: {e}", quote(&options.repo_url)))?;
        }
        let mut log = Vec::new();
        let options = self.catalogue.registries().options(chart, options);
        let resolved = repos.resolve(chart, &options, &mut log).await;
        log.iter().for_each(|line| tracing::warn!("{line}"));
        let resolved = resolved.map_err(|e| unquoted(&helm_text(&e)))?;
        // HELM: the files are looked at before anybody is asked, also where no TLS is spoken.
        certificates()?;
        Ok(resolved)
    }

    /// Where archives lie by their digest.
    fn cache(&self) -> &Path {
        &self.catalogue.repos().places.content_cache
    }

    fn locate(&self, request: &ChartRequest) -> Result<Place, String> {
        let chart = request.chart.as_str();
        if climbs(chart) {
            return Err(format!("path \"{chart}\" not found: a chart name must not hold \"..\""));
        }
        if chart.starts_with("oci://") {
            return Ok(Place::Elsewhere);
        }
        // HELM: anything that ends in .tgz and names no host lies in the upload folder.
        if chart.rsplit('.').next() == Some("tgz") && !chart.contains(':') {
            let Some(folder) = self.own.store.folder() else {
                return Ok(Place::Upload(chart.trim_start_matches('/').to_owned()));
            };
            let path = format!("{}/{chart}", folder.display());
            return match Path::new(&path).exists() {
                true => Ok(Place::Path(path.into())),
                false => Err(format!("path \"{path}\" not found")),
            };
        }
        if !request.options.repo_url.is_empty() || chart.contains("://") {
            return Ok(Place::Elsewhere);
        }
        let path = Path::new(chart);
        let outright = path.is_absolute() || chart.starts_with('.');
        match self.catalogue.paths().check("chart", chart) {
            Ok(path) if path.exists() => return Ok(Place::Path(path)),
            Ok(_) if outright => return Err(format!("path \"{chart}\" not found")),
            Err(refused) if outright => return Err(format!("path \"{chart}\" not found: {refused}")),
            // A name in a repository, or in our own.
            Ok(_) | Err(_) => {}
        }
        if let Some(name) = self.own.names(chart, &self.catalogue.list()) {
            return Ok(Place::Own(name.to_owned()));
        }
        Ok(Place::Elsewhere)
    }
}

/// HELM-WRAPPER: it links a Helm whose semver does not quote what is no constraint.
fn unquoted(text: &str) -> String {
    match text.split_once("improper constraint: \"") {
        Some((head, rest)) if rest.ends_with('"') => {
            format!("{head}improper constraint: {}", rest.strip_suffix('"').unwrap_or(rest))
        }
        _ => text.to_owned(),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| "internal error: reading the chart ended unexpectedly".to_owned())?
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some(Stamp { path: path.to_owned(), modified: meta.modified().ok(), size_bytes: meta.len() })
}

fn read(path: &Path, loader: &Loader, kept: &Mutex<Kept>) -> Result<Chart, String> {
    let stamp = stamp(path);
    if let Some(stamp) = &stamp {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        if let Some((used, chart)) = kept.charts.get_mut(stamp) {
            *used = now;
            return Ok(chart.clone());
        }
    }
    let chart = helmd_repo::local::load(path, loader).map_err(|e| helm_text(&e))?;
    if let Some(stamp) = stamp {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = kept.clock;
        if kept.charts.len() >= KEPT_CHARTS {
            let oldest = kept.charts.iter().min_by_key(|(_, (used, _))| *used).map(|(s, _)| s.clone());
            oldest.and_then(|s| kept.charts.remove(&s));
        }
        kept.charts.insert(stamp, (now, chart.clone()));
    }
    Ok(chart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RegistrySettings;

    async fn located(chart: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let places = helmd_repo::Places {
            repository_config: at("repositories.yaml"),
            repository_cache: at("cache"),
            content_cache: at("content"),
            registry_config: at("registry.json"),
            docker_config: PathBuf::new(),
        };
        let reach = crate::catalogue::Reach::default();
        let catalogue =
            Arc::new(Catalogue::new(places, (&[], RegistrySettings::default()), reach, helmd_chart::HelmMajor::Helm3));
        let store = crate::ChartStoreSettings::default()
            .open(Path::new("/nowhere"), Loader::default(), 1, Default::default())
            .unwrap();
        let own = Own { store: Arc::new(store), name: "uploads".to_owned() };
        let charts = Charts::new(Loader::default(), catalogue, own, Trust::default());
        let request = ChartRequest { chart: chart.to_owned(), ..ChartRequest::default() };
        charts.load(&request).await.map(drop).unwrap_err()
    }

    #[tokio::test]
    async fn names_that_are_refused() {
        assert!(located("../x.tgz").await.contains("must not hold"));
        assert!(located("/etc").await.contains("refused"));
        assert!(located("http://169.254.169.254/x").await.contains("--allow-host 169.254.169.254"));
        assert_eq!(located("foo/bar").await, "repo foo not found");
        let words = "non-absolute URLs should be in form of repo_name/path_to_chart, got: demo";
        assert_eq!(located("demo").await, words);
        assert_eq!(located("a.tgz").await, "path \"/nowhere/a.tgz\" not found");
    }
}
