//! Where the charts of requests come from, with the loaded ones kept.

use helmd_chart::{Chart, Loader};
use helmd_kube::helm_text;
use helmd_repo::fetch::Fetcher;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

/// What a request says of the chart that it wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChartRequest {
    /// An upload's file name, a path, `repo/name`, or a URL.
    pub(crate) chart: String,
    /// The URL of a repository.
    pub(crate) repo: String,
}

/// Loaded charts that are kept; the one used longest ago goes first.
const KEPT_CHARTS: usize = 32;

/// Largest chart archive that is fetched.
const MAX_CHART_BYTES: usize = 100 * 1024 * 1024;

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

/// Finds and loads charts.
pub(crate) struct Charts {
    upload_dir: PathBuf,
    compat_unsafe: bool,
    loader: Loader,
    fetcher: OnceLock<Fetcher>,
    kept: Arc<Mutex<Kept>>,
}

impl Charts {
    pub(crate) fn new(upload_dir: PathBuf, compat_unsafe: bool, loader: Loader) -> Charts {
        Charts { upload_dir, compat_unsafe, loader, fetcher: OnceLock::new(), kept: Arc::default() }
    }

    /// The chart that a request names.
    ///
    /// # Errors
    /// Helm's sentence, or why this server does not go there.
    pub(crate) async fn load(&self, request: &ChartRequest) -> Result<Chart, String> {
        let url = ["http://", "https://"].iter().any(|scheme| request.chart.starts_with(scheme));
        if self.compat_unsafe && url && request.repo.is_empty() {
            let archive = self.fetch(&request.chart, MAX_CHART_BYTES).await?;
            let name = request.chart.rsplit('/').next().unwrap_or_default().to_owned();
            let loader = self.loader.clone();
            return tokio::task::spawn_blocking(move || {
                helmd_repo::local::load_bytes(&name, &archive, &loader).map_err(|e| helm_text(&e))
            })
            .await
            .map_err(|_| "internal error: reading the chart ended unexpectedly".to_owned())?;
        }
        let path = self.locate(request)?;
        let (loader, kept) = (self.loader.clone(), Arc::clone(&self.kept));
        tokio::task::spawn_blocking(move || read(&path, &loader, &kept))
            .await
            .map_err(|_| "internal error: reading the chart ended unexpectedly".to_owned())?
    }

    /// What a URL in a parameter names.
    ///
    /// # Errors
    /// Helm's sentence; always, unless `--compat-unsafe` opened URLs.
    pub(crate) async fn fetch(&self, url: &str, limit_bytes: usize) -> Result<Vec<u8>, String> {
        if !self.compat_unsafe {
            return Err("URLs in parameters are refused: they need --compat-unsafe".to_owned());
        }
        let fetcher = match self.fetcher.get() {
            Some(fetcher) => fetcher.clone(),
            None => {
                let fetcher = Fetcher::new().map_err(|e| helm_text(&e))?;
                self.fetcher.get_or_init(|| fetcher).clone()
            }
        };
        fetcher.get(url, limit_bytes).await.map_err(|e| helm_text(&e))
    }

    fn locate(&self, request: &ChartRequest) -> Result<PathBuf, String> {
        let chart = request.chart.as_str();
        if climbs(chart) {
            return Err(format!("path \"{chart}\" not found: a chart name must not hold \"..\""));
        }
        if chart.starts_with("oci://") {
            return Err(format!("unable to lookup chart \"{chart}\", missing registry client"));
        }
        // HELM: anything that ends in .tgz and names no host lies in the upload folder.
        if chart.rsplit('.').next() == Some("tgz") && !chart.contains(':') {
            let path = self.upload_dir.join(chart.trim_start_matches('/'));
            return if path.exists() { Ok(path) } else { Err(format!("path \"{}\" not found", path.display())) };
        }
        if !request.repo.is_empty() || chart.contains("://") {
            return Err("charts from repositories are not available on this server: upload the chart".to_owned());
        }
        let path = Path::new(chart);
        if self.compat_unsafe && path.exists() {
            return Ok(path.to_owned());
        }
        if path.is_absolute() || chart.starts_with('.') {
            return Err(match self.compat_unsafe {
                true => format!("path \"{chart}\" not found"),
                false => {
                    format!("path \"{chart}\" not found: paths on the server are refused, upload the chart instead")
                }
            });
        }
        match chart.split_once('/') {
            Some((repo, _)) => Err(format!("repo {repo} not found")),
            None => Err(format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {chart}")),
        }
    }
}

/// Whether a path has an element that leaves its folder.
fn climbs(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part == "..")
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

    fn locate(chart: &str) -> String {
        let charts = Charts::new(PathBuf::from("/nowhere"), false, Loader::default());
        charts.locate(&ChartRequest { chart: chart.to_owned(), ..ChartRequest::default() }).unwrap_err()
    }

    #[test]
    fn names_that_are_refused() {
        assert!(locate("../x.tgz").contains("must not hold"));
        assert!(locate("/etc").contains("refused"));
        assert_eq!(locate("foo/bar"), "repo foo not found");
        assert_eq!(locate("demo"), "non-absolute URLs should be in form of repo_name/path_to_chart, got: demo");
        assert_eq!(locate("a.tgz"), "path \"/nowhere/a.tgz\" not found");
    }
}
