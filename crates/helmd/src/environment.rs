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

/// The name by which this program was started.
pub fn program_name() -> String {
    let path = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    path.file_name().map_or_else(|| "helmd".to_owned(), |name| name.to_string_lossy().into_owned())
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
        docker_config: docker_config().unwrap_or_default(),
    }
}

/// Docker's file of logins.
fn docker_config() -> Option<PathBuf> {
    let folder = variable("DOCKER_CONFIG").or_else(|| Some(format!("{}/.docker", variable("HOME")?)))?;
    Some(PathBuf::from(folder).join("config.json"))
}

fn folder(helm: &str, xdg: &str, fallback: &str) -> String {
    variable(helm)
        .or_else(|| variable(xdg).map(|base| format!("{base}/helm")))
        .unwrap_or_else(|| format!("{}/{fallback}/helm", variable("HOME").unwrap_or_default()))
}

/// What `helm env` tells; `given` has what flags say, by the variables that say the same. A token is never shown: it would give
/// whoever can ask the rights of the server.
pub fn helm_env(given: &BTreeMap<&'static str, String>) -> BTreeMap<String, String> {
    let (cache, config, data) = (cache_folder(), config_folder(), data_folder());
    let said = |name: &str| given.get(name).cloned().or_else(|| variable(name));
    let yes = |text: String| gotmpl::strconv::parse_bool(&text) == Ok(true);
    let mut told = BTreeMap::new();
    for (name, fallback) in [
        ("HELM_BURST_LIMIT", "100".to_owned()),
        ("HELM_KUBEAPISERVER", String::new()),
        ("HELM_KUBEASGROUPS", String::new()),
        ("HELM_KUBEASUSER", String::new()),
        ("HELM_KUBECAFILE", String::new()),
        ("HELM_KUBECONTEXT", String::new()),
        ("HELM_KUBETLS_SERVER_NAME", String::new()),
        ("HELM_MAX_HISTORY", "10".to_owned()),
        ("HELM_NAMESPACE", "default".to_owned()),
        ("HELM_PLUGINS", format!("{data}/plugins")),
        ("HELM_REGISTRY_CONFIG", format!("{config}/registry/config.json")),
        ("HELM_REPOSITORY_CACHE", format!("{cache}/repository")),
        ("HELM_REPOSITORY_CONFIG", format!("{config}/repositories.yaml")),
    ] {
        told.insert(name.to_owned(), said(name).unwrap_or(fallback));
    }
    for name in ["HELM_DEBUG", "HELM_KUBEINSECURE_SKIP_TLS_VERIFY"] {
        told.insert(name.to_owned(), said(name).is_some_and(yes).to_string());
    }
    let qps = said("HELM_QPS").and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    told.extend([
        ("HELM_BIN".to_owned(), env::args().next().unwrap_or_default()),
        ("HELM_CACHE_HOME".to_owned(), cache),
        ("HELM_CONFIG_HOME".to_owned(), config),
        ("HELM_DATA_HOME".to_owned(), data),
        ("HELM_KUBETOKEN".to_owned(), said("HELM_KUBETOKEN").map_or_else(String::new, |_| "***".to_owned())),
        ("HELM_QPS".to_owned(), format!("{qps:.2}")),
    ]);
    // HELM: the flag is shown, not the variable.
    if let Some(kubeconfig) = given.get("KUBECONFIG") {
        told.insert("KUBECONFIG".to_owned(), kubeconfig.clone());
    }
    told
}
