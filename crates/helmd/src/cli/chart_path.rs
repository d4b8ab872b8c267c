//! Which chart a command means, and loading it.

use super::flags::{Flag, Kind, Matches};
use super::keyring;
use super::log;
use super::settings;
use gotmpl::slog;
use gotmpl::strconv::quote;
use helmd_action::helm_text;
use helmd_chart::{Chart, HelmMajor, Loader};
use helmd_http::{Http, HttpSettings};
use helmd_registry::{Helpers, Insecure};
use helmd_repo::repositories::{ChartOptions, Registries, Resolved};
use helmd_repo::{Keys, Repos, RepositoryError, check_certificates, content};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// An archive from a URL may have this many bytes.
pub const MAX_FETCHED_BYTES: u64 = 100 << 20;

/// The flags that say where a chart is.
pub fn flags() -> Vec<Flag> {
    let text = |name, usage| Flag::new(name, Kind::Text, usage);
    vec![
        text("ca-file", "CA bundle to check HTTPS servers with"),
        text("cert-file", "client certificate for HTTPS"),
        Flag::new("insecure-skip-tls-verify", Kind::Bool, "do not check certificates"),
        text("key-file", "key of the client certificate"),
        text("keyring", "public keys to verify with (GnuPG's unless set)"),
        Flag::new("pass-credentials", Kind::Bool, "give the credentials to all hosts"),
        text("password", "password of the chart repository"),
        Flag::new("plain-http", Kind::Bool, "talk to registries without TLS"),
        text("repo", "URL of the chart repository"),
        text("username", "user of the chart repository"),
        Flag::new("verify", Kind::Bool, "take the chart only when it is signed by a key of the keyring"),
        text("version", "version, or a range of versions, of the chart in its repository"),
    ]
}

/// What the flags say of how to get a chart.
pub fn chart_options(matches: &Matches) -> ChartOptions {
    let text = |flag| matches.text(flag).to_owned();
    ChartOptions {
        version: ChartOptions::version_or_devel(matches.text("version"), matches.flag("devel")),
        repo_url: text("repo"),
        username: text("username"),
        password: text("password"),
        cert_file: text("cert-file"),
        key_file: text("key-file"),
        ca_file: text("ca-file"),
        insecure_skip_tls_verify: matches.flag("insecure-skip-tls-verify"),
        pass_credentials: matches.flag("pass-credentials"),
        plain_http: matches.flag("plain-http"),
        timeout: None,
    }
}

/// The repositories of whoever runs the command.
pub fn repos(matches: &Matches, helm: HelmMajor) -> Repos {
    let mut repos = Repos::new(settings::places(matches), helm, Http::new(HttpSettings::default()));
    repos.registries = Registries { insecure: insecure(helm), helpers: Helpers::Start, ..Registries::default() };
    repos
}

/// HELM: version 3 goes on without TLS where there is none.
fn insecure(helm: HelmMajor) -> Insecure {
    match helm {
        HelmMajor::Helm3 => Insecure::Anonymous,
        HelmMajor::Helm4 => Insecure::Never,
    }
}

/// What is told of charts that come from registries, in order with everything else.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<String>>);

impl Heard {
    /// Adds to it.
    pub fn add(&self, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    /// What was told since the last time.
    pub fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same repositories, which tell it here.
    pub fn from(&self, mut repos: Repos) -> Repos {
        let heard = self.clone();
        repos.registries.told = Some(Arc::new(move |text| heard.add(text)));
        repos
    }
}

/// Waits for work that asks other machines.
///
/// # Errors
/// The system has no threads.
pub fn wait<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    Ok(runtime.block_on(work))
}

/// Where a chart lies.
pub struct Located(pub PathBuf);

/// Looks for a chart: a folder, an archive, an archive's URL, or a chart of a repository, which is fetched into the cache.
/// `warn` gets what is to be said of it, `heard` what is told of a registry.
///
/// # Errors
/// Helm's sentence when there is none; ours for what is not there yet.
pub fn locate(
    reference: &str,
    matches: &Matches,
    helm: HelmMajor,
    (warn, heard): (&mut dyn FnMut(&str), &Heard),
) -> Result<Located, String> {
    let name = reference.trim();
    let repo = matches.text("repo");
    // HELM: version 3 takes what is on disk even where a repository is named.
    if repo.is_empty() || helm == HelmMajor::Helm3 {
        let path = Path::new(name);
        if path.exists() {
            if !repo.is_empty() {
                warn(&ignored_repository(name, repo));
            }
            let path = std::path::absolute(path).map_err(|e| helmd_repo::local::go_text(&e))?;
            if matches.flag("verify") {
                keyring::keys(matches, helm).verify_file(&path)?;
            }
            return Ok(Located(path));
        }
        if path.is_absolute() || name.starts_with('.') {
            return Err(format!("path {} not found", quote(name)));
        }
    }
    let repos = heard.from(repos(matches, helm));
    let options = chart_options(matches);
    let mut lines = Vec::new();
    let found = wait(async {
        let chart = repos.resolve(name, &options, &mut lines).await?;
        let path = repos.fetch_to_cache(&chart, MAX_FETCHED_BYTES).await?;
        let fault = if matches.flag("verify") { verify((&repos, &chart), &path, matches).await.err() } else { None };
        Ok::<_, RepositoryError>((path, fault))
    })?;
    lines.iter().for_each(|line| warn(&log::line(line, helm)));
    let (path, fault) = found.map_err(|e| match helm_text(&e) {
        text if text.starts_with("encoding/hex: ") => format!("unable to decode digest: {text}"),
        text => text,
    })?;
    fault.map_or(Ok(Located(path)), Err)
}

/// Verifies an archive in the cache, and keeps its signature.
async fn verify((repos, chart): (&Repos, &Resolved), path: &Path, matches: &Matches) -> Result<(), String> {
    let archive = Keys::read_archive(path)?;
    let digest = content::sha256(&archive);
    let (_, signature) = repos.verify(chart, archive.into(), keyring::keys(matches, repos.helm)).await?;
    repos.keep_provenance(chart, &digest, &signature)
}

/// The registry client that Helm makes for every command reads these files.
///
/// # Errors
/// Helm's sentence for a file that is not there.
pub fn check_tls_files(matches: &Matches, helm: HelmMajor) -> Result<(), String> {
    let [cert, key, ca] = ["cert-file", "key-file", "ca-file"].map(|flag| matches.text(flag));
    check_certificates(cert, key, ca, helm).map_err(|e| format!("missing registry client: {e}"))
}

fn ignored_repository(name: &str, repo: &str) -> String {
    let record = slog::record(
        "WARN",
        "local chart found in current working directory. repository url ignored",
        &[("chart", name), ("repository", repo)],
    );
    // HELM: version 3 writes records through its plain log.
    let record = record.replacen("level=WARN msg=\"", "WARN ", 1).replacen("\" chart=", " chart=", 1);
    format!("install.go:759: {record}")
}

impl Located {
    /// Loads the chart.
    ///
    /// # Errors
    /// What is there is no chart.
    pub fn load(&self, loader: &Loader) -> Result<Chart, String> {
        let chart = helmd_repo::local::load(&self.0, loader);
        chart.map_err(|e| helm_text(&e))
    }
}

impl std::fmt::Display for Located {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.display().fmt(f)
    }
}
