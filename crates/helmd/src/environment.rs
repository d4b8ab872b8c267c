//! The environment, read once: Helm's variables and folders.
#![expect(clippy::disallowed_methods, reason = "configuration: the one place where the environment is read")]

use helmd_repo::Places;
use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

/// A variable that is set to something.
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|v| !v.is_empty())
}

/// What people call this machine or pod.
pub fn host_name() -> String {
    let read = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    variable("HOSTNAME").or_else(read).filter(|name| !name.is_empty()).unwrap_or_else(|| "helmd".to_owned())
}

/// The variables that set budgets: variable, name of the budget, value; in order of their names.
pub fn budgets() -> Vec<(String, String, String)> {
    let named = |(variable, value): (String, String)| {
        let name = variable.strip_prefix("HELMD_BUDGET_")?.to_owned();
        (!value.is_empty()).then_some((variable, name, value))
    };
    // What is not UTF-8 names no budget.
    let readable = env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let mut found: Vec<_> = readable.filter_map(named).collect();
    found.sort();
    found
}

/// The kubeconfig files that Kubernetes' clients read: `KUBECONFIG`'s, or the one in the home folder.
pub fn kubeconfigs() -> Vec<PathBuf> {
    match (env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty()), variable("HOME")) {
        (Some(paths), _) => env::split_paths(&paths).collect(),
        (None, Some(home)) => vec![PathBuf::from(home).join(".kube/config")],
        (None, None) => Vec::new(),
    }
}

/// The working folder by the name that the shell gives it, as in Go; else the system's.
pub fn working_folder() -> PathBuf {
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let named = variable("PWD").map(PathBuf::from).filter(|named| named.is_absolute());
    named.filter(|named| named.canonicalize().ok() == here.canonicalize().ok()).unwrap_or(here)
}

/// Helm's folder for data: starters, plugins.
pub fn data_folder() -> String {
    folder("HELM_DATA_HOME", "XDG_DATA_HOME", ".local/share")
}

/// Helm's folder for what can be fetched again.
pub fn cache_folder() -> String {
    folder("HELM_CACHE_HOME", "XDG_CACHE_HOME", ".cache")
}

/// Helm's folder for what people have set.
pub fn config_folder() -> String {
    folder("HELM_CONFIG_HOME", "XDG_CONFIG_HOME", ".config")
}

/// Where Helm's files are; `given` has what a flag says, by the flag's name.
pub fn places(given: impl Fn(&str) -> Option<String>) -> Places {
    let place = |flag: &str, name: &str, fallback: String| -> PathBuf {
        given(flag).or_else(|| variable(name)).unwrap_or(fallback).into()
    };
    let (cache, config) = (cache_folder(), config_folder());
    Places {
        repository_config: place("repository-config", "HELM_REPOSITORY_CONFIG", format!("{config}/repositories.yaml")),
        repository_cache: place("repository-cache", "HELM_REPOSITORY_CACHE", format!("{cache}/repository")),
        content_cache: place("content-cache", "HELM_CONTENT_CACHE", format!("{cache}/content")),
        registry_config: place("registry-config", "HELM_REGISTRY_CONFIG", format!("{config}/registry/config.json")),
    }
}

fn folder(helm: &str, xdg: &str, fallback: &str) -> String {
    variable(helm)
        .or_else(|| variable(xdg).map(|base| format!("{base}/helm")))
        .unwrap_or_else(|| format!("{}/{fallback}/helm", variable("HOME").unwrap_or_default()))
}

/// What flags say of Helm's environment.
#[derive(Default)]
pub struct Given {
    pub debug: bool,
    pub namespace: Option<String>,
    /// `--kubeconfig`; Helm shows the flag only.
    pub kubeconfig: Option<String>,
    pub kube_context: Option<String>,
    pub kube_apiserver: Option<String>,
    pub has_token: bool,
    pub registry_config: Option<String>,
    pub repository_cache: Option<String>,
    pub repository_config: Option<String>,
}

/// What `helm env` tells. A token is never shown: it would give whoever can ask the rights of the server.
pub fn helm_env(given: &Given) -> BTreeMap<String, String> {
    let (cache, config, data) = (cache_folder(), config_folder(), data_folder());
    let or = |flag: &Option<String>, name: &str, fallback: String| {
        flag.clone().or_else(|| variable(name)).unwrap_or(fallback)
    };
    let plain = |name: &str| variable(name).unwrap_or_default();
    let token = given.has_token || variable("HELM_KUBETOKEN").is_some();
    let mut env: BTreeMap<String, String> = [
        ("HELM_BIN", env::args().next().unwrap_or_default()),
        ("HELM_BURST_LIMIT", or(&None, "HELM_BURST_LIMIT", "100".to_owned())),
        ("HELM_CACHE_HOME", cache.clone()),
        ("HELM_CONFIG_HOME", config.clone()),
        ("HELM_DATA_HOME", data.clone()),
        ("HELM_DEBUG", (given.debug || variable("HELM_DEBUG").is_some_and(|v| v == "true" || v == "1")).to_string()),
        ("HELM_KUBEAPISERVER", or(&given.kube_apiserver, "HELM_KUBEAPISERVER", String::new())),
        ("HELM_KUBEASGROUPS", plain("HELM_KUBEASGROUPS")),
        ("HELM_KUBEASUSER", plain("HELM_KUBEASUSER")),
        ("HELM_KUBECAFILE", plain("HELM_KUBECAFILE")),
        ("HELM_KUBECONTEXT", or(&given.kube_context, "HELM_KUBECONTEXT", String::new())),
        ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", (plain("HELM_KUBEINSECURE_SKIP_TLS_VERIFY") == "true").to_string()),
        ("HELM_KUBETLS_SERVER_NAME", plain("HELM_KUBETLS_SERVER_NAME")),
        ("HELM_KUBETOKEN", if token { "***".to_owned() } else { String::new() }),
        ("HELM_MAX_HISTORY", or(&None, "HELM_MAX_HISTORY", "10".to_owned())),
        ("HELM_NAMESPACE", or(&given.namespace, "HELM_NAMESPACE", "default".to_owned())),
        ("HELM_PLUGINS", or(&None, "HELM_PLUGINS", format!("{data}/plugins"))),
        ("HELM_QPS", format!("{:.2}", plain("HELM_QPS").parse::<f64>().unwrap_or_default())),
        (
            "HELM_REGISTRY_CONFIG",
            or(&given.registry_config, "HELM_REGISTRY_CONFIG", format!("{config}/registry/config.json")),
        ),
        ("HELM_REPOSITORY_CACHE", or(&given.repository_cache, "HELM_REPOSITORY_CACHE", format!("{cache}/repository"))),
        (
            "HELM_REPOSITORY_CONFIG",
            or(&given.repository_config, "HELM_REPOSITORY_CONFIG", format!("{config}/repositories.yaml")),
        ),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v))
    .collect();
    if let Some(kubeconfig) = &given.kubeconfig {
        env.insert("KUBECONFIG".to_owned(), kubeconfig.clone());
    }
    env
}
