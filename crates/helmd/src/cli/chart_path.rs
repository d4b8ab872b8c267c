//! Which chart a command means, and loading it.

use super::flags::{Flag, Kind, Matches};
use super::values::fetch;
use gotmpl::slog;
use gotmpl::strconv::quote;
use helmd_action::helm_text;
use helmd_chart::{Chart, HelmMajor, Loader};
use std::path::{Path, PathBuf};

/// An archive from a URL may have this many bytes.
const MAX_FETCHED_BYTES: usize = 100 << 20;

/// The flags that say where a chart is.
pub fn flags() -> Vec<Flag> {
    let text = |name, usage| Flag::new(name, Kind::Text, usage);
    vec![
        text("ca-file", "CA bundle to check HTTPS servers with (not there yet)"),
        text("cert-file", "client certificate for HTTPS (not there yet)"),
        Flag::new("insecure-skip-tls-verify", Kind::Bool, "do not check certificates (not there yet)"),
        text("key-file", "key of the client certificate (not there yet)"),
        text("keyring", "public keys to verify with"),
        Flag::new("pass-credentials", Kind::Bool, "give the credentials to all hosts (accepted, not used yet)"),
        text("password", "password of the chart repository (not there yet)"),
        Flag::new("plain-http", Kind::Bool, "use HTTP for the registry (accepted, not used yet)"),
        text("repo", "URL of the chart repository (not there yet)"),
        text("username", "user of the chart repository (not there yet)"),
        Flag::new("verify", Kind::Bool, "verify the package (not there yet)"),
        text("version", "version, or a range of versions, of the chart in its repository"),
    ]
}

/// A chart that was found.
pub enum Located {
    /// On disk.
    Path(PathBuf),
    /// An archive that a URL gave.
    Archive {
        /// What was asked for.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// Looks for a chart: a folder, an archive, or an archive's URL. `warn` gets what is to be said of it.
///
/// # Errors
/// Helm's sentence when there is none; ours for what is not there yet.
pub fn locate(
    reference: &str,
    matches: &Matches,
    helm: HelmMajor,
    warn: &mut dyn FnMut(&str),
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
                return Err(unverified(&path));
            }
            return Ok(Located::Path(path));
        }
        if path.is_absolute() || name.starts_with('.') {
            return Err(format!("path {} not found", quote(name)));
        }
    }
    if !repo.is_empty() {
        return Err("chart repositories (--repo) are not there yet: give a folder, an archive or its URL".to_owned());
    }
    if name.starts_with("oci://") {
        return Err("OCI registries are not there yet: give a folder, an archive or its URL".to_owned());
    }
    if let Some(("http" | "https", _)) = name.split_once("://") {
        const NOT_YET: [&str; 6] =
            ["ca-file", "cert-file", "insecure-skip-tls-verify", "key-file", "password", "username"];
        if let Some(flag) = NOT_YET.into_iter().find(|flag| matches.is_set(flag)) {
            return Err(format!("--{flag} is not there yet: charts are fetched without credentials"));
        }
        let bytes = fetch(name, MAX_FETCHED_BYTES)?;
        return Ok(Located::Archive { name: name.to_owned(), bytes });
    }
    Err(match name.split_once('/') {
        Some((repo, _)) => format!("repo {repo} not found"),
        None => format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {name}"),
    })
}

/// The registry client that Helm makes for every command reads these files.
///
/// # Errors
/// Helm's sentence for a file that is not there.
pub fn check_tls_files(matches: &Matches, helm: HelmMajor) -> Result<(), String> {
    let (cert, key, ca) = (matches.text("cert-file"), matches.text("key-file"), matches.text("ca-file"));
    let open = |path: &str| match std::fs::File::open(path) {
        Err(error) if !path.is_empty() => Err(format!("open {path}: {}", helmd_repo::local::go_text(&error))),
        _ => Ok(()),
    };
    let pair = if cert.is_empty() || key.is_empty() { ("", "") } else { (cert, key) };
    let fault = match helm {
        HelmMajor::Helm3 => open(pair.0)
            .and_then(|()| open(pair.1))
            .map_err(|e| format!("can't load key pair from cert {cert} and key {key}: {e}"))
            .and_then(|()| open(ca).map_err(|_| format!("can't read CA file: {ca}"))),
        HelmMajor::Helm4 => open(pair.0)
            .map_err(|e| format!("unable to read cert file: {}: {e}", quote(cert)))
            .and_then(|()| open(pair.1).map_err(|e| format!("unable to read key file: {}: {e}", quote(key))))
            .and_then(|()| open(ca).map_err(|e| format!("can't read CA file: {}: {e}", quote(ca)))),
    };
    fault.map_err(|e| format!("missing registry client: can't create TLS config for client: {e}"))
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

/// Helm's sentences for charts that cannot be verified; provenance itself is not there yet.
fn unverified(path: &Path) -> String {
    if path.is_dir() {
        return "unpacked charts cannot be verified".to_owned();
    }
    let file = format!("{}.prov", path.display());
    if !Path::new(&file).exists() {
        return format!("could not load provenance file {file}: stat {file}: no such file or directory");
    }
    "verifying charts is not there yet".to_owned()
}

impl Located {
    /// Loads the chart.
    ///
    /// # Errors
    /// What is there is no chart.
    pub fn load(&self, loader: &Loader) -> Result<Chart, String> {
        let chart = match self {
            Located::Path(path) => helmd_repo::local::load(path, loader),
            Located::Archive { name, bytes } => helmd_repo::local::load_bytes(name, bytes, loader),
        };
        chart.map_err(|e| helm_text(&e))
    }
}

impl std::fmt::Display for Located {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Located::Path(path) => path.display().fmt(f),
            Located::Archive { name, .. } => f.write_str(name),
        }
    }
}
