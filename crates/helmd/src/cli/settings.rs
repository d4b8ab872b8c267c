//! Helm's global flags: which cluster, which namespace, how much is said.

use super::flags::{Flag, Kind, Matches};
use crate::environment::variable;
use gotmpl::strconv::{parse_bool, quote};
use helmd_chart::HelmMajor;
use helmd_kube::{ClusterConfig, ConfigSource, Secret};
use helmd_repo::Places;
use std::io::{IsTerminal, stdout};

/// The flags that every command of Helm has.
pub fn flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = vec![
        Flag::new("burst-limit", Kind::Int, "requests to the cluster at once (accepted, not used)"),
        Flag::new("debug", Kind::Bool, "say more; print also what is no YAML"),
        Flag::new("kube-apiserver", Kind::Text, "address and port of the Kubernetes API server"),
        Flag::new("kube-as-group", Kind::List, "group to act as; may be repeated"),
        Flag::new("kube-as-user", Kind::Text, "user to act as"),
        Flag::new("kube-ca-file", Kind::Text, "certificate authority of the Kubernetes API server"),
        Flag::new("kube-context", Kind::Text, "context of the kubeconfig"),
        Flag::new("kube-insecure-skip-tls-verify", Kind::Bool, "do not check the API server's certificate (insecure)"),
        Flag::new("kube-tls-server-name", Kind::Text, "name that the API server's certificate must have"),
        Flag::new("kube-token", Kind::Text, "bearer token for the cluster"),
        Flag::new("kubeconfig", Kind::Text, "path to the kubeconfig file"),
        Flag::new("namespace", Kind::Text, "namespace of the release").short('n'),
        Flag::new("qps", Kind::Float32, "requests to the cluster in a second (accepted, not used)"),
        Flag::new("registry-config", Kind::Text, "path to the registry's credentials"),
        Flag::new("repository-cache", Kind::Text, "folder of the repository indexes"),
        Flag::new("repository-config", Kind::Text, "path to the list of repositories"),
        Flag::new("add-dir-header", Kind::Bool, ""),
        Flag::new("alsologtostderr", Kind::Bool, ""),
        Flag::new("alsologtostderrthreshold", Kind::Text, ""),
        Flag::new("legacy-stderr-threshold-behavior", Kind::Bool, ""),
        Flag::new("log-backtrace-at", Kind::Text, ""),
        Flag::new("log-dir", Kind::Text, ""),
        Flag::new("log-file", Kind::Text, ""),
        Flag::new("log-file-max-size", Kind::Int, ""),
        Flag::new("logtostderr", Kind::Bool, ""),
        Flag::new("one-output", Kind::Bool, ""),
        Flag::new("skip-headers", Kind::Bool, ""),
        Flag::new("skip-log-headers", Kind::Bool, ""),
        Flag::new("stderrthreshold", Kind::Text, ""),
        Flag::new("v", Kind::Int, "").short('v'),
        Flag::new("vmodule", Kind::Text, ""),
    ];
    if helm == HelmMajor::Helm4 {
        flags.extend([
            Flag::new("color", Kind::Text, "never, auto or always"),
            Flag::new("colour", Kind::Text, "as --color"),
            Flag::new("content-cache", Kind::Text, "folder of fetched charts"),
        ]);
    }
    flags
}

/// What the global flags and Helm's environment variables say.
pub struct Settings {
    /// The namespace: the flag's, `HELM_NAMESPACE`, or the kubeconfig's; else `default`.
    pub namespace: String,
    /// `--debug`
    pub debug: bool,
    /// Statuses, namespaces and heads are coloured.
    pub color: bool,
    /// `HELM_DRIVER`
    pub driver: String,
    /// `HELM_MAX_HISTORY`, or Helm's 10.
    pub max_history: i64,
    /// The cluster.
    pub cluster: ClusterConfig,
}

impl Settings {
    /// Reads flags and environment.
    ///
    /// # Errors
    /// A colour mode that is none.
    pub fn read(matches: &Matches) -> Result<Settings, String> {
        for flag in ["color", "colour"] {
            let mode = matches.text(flag);
            if matches.is_set(flag) && !matches!(mode, "never" | "auto" | "always") {
                let mode = gotmpl::strconv::quote(mode);
                return Err(format!("invalid color mode {mode}: must be one of: never, auto, always"));
            }
        }
        let cluster = cluster(matches);
        let given = |flag: &str, name: &str| {
            let text = if matches.is_set(flag) { Some(matches.text(flag).to_owned()) } else { variable(name) };
            text.filter(|text| !text.is_empty())
        };
        let namespace = given("namespace", "HELM_NAMESPACE").or_else(|| cluster.namespace());
        Ok(Settings {
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
            debug: debug(matches),
            color: colors(matches),
            driver: variable("HELM_DRIVER").unwrap_or_default(),
            max_history: variable("HELM_MAX_HISTORY").and_then(|text| text.parse().ok()).unwrap_or(10),
            cluster,
        })
    }

    /// HELM: every command fails when `HELM_DRIVER` names no driver.
    ///
    /// # Errors
    /// The line of Helm's log that says so.
    pub fn check_driver(&self, helm: HelmMajor) -> Result<(), String> {
        match (self.driver.as_str(), helm) {
            ("" | "secret" | "secrets" | "configmap" | "configmaps" | "memory" | "sql", _) => Ok(()),
            (other, HelmMajor::Helm3) => Err(format!("helm.go:83: unknown driver {}", quote(other))),
            (other, HelmMajor::Helm4) => {
                Err(gotmpl::slog::record("INFO", &format!("unknown driver {}", quote(other)), &[]))
            }
        }
    }
}

/// Where Helm's files are, by flags and environment.
pub fn places(matches: &Matches) -> Places {
    crate::environment::places(|flag| Some(matches.text(flag).to_owned()).filter(|_| matches.is_set(flag)))
}

/// `--debug`, or what `HELM_DEBUG` says.
fn debug(matches: &Matches) -> bool {
    match matches.is_set("debug") {
        true => matches.flag("debug"),
        false => variable("HELM_DEBUG").is_some_and(|text| parse_bool(text) == Ok(true)),
    }
}

/// `--color`, `NO_COLOR` and `HELM_COLOR`; else a terminal is coloured. Helm 3 has no such flag, and no colours.
fn colors(matches: &Matches) -> bool {
    let flag =
        ["color", "colour"].into_iter().find(|flag| matches.is_set(flag)).map(|flag| matches.text(flag).to_owned());
    let from_environment = || match variable("NO_COLOR") {
        Some(_) => Some("never".to_owned()),
        None => variable("HELM_COLOR").map(|mode| mode.to_lowercase()),
    };
    match flag.or_else(from_environment).as_deref() {
        Some("never") => false,
        Some("always") => true,
        _ => variable("NO_COLOR").is_none() && variable("TERM").as_deref() != Some("dumb") && stdout().is_terminal(),
    }
}

fn cluster(matches: &Matches) -> ClusterConfig {
    let given = |flag: &str, name: &str| {
        let text = if matches.is_set(flag) { Some(matches.text(flag).to_owned()) } else { variable(name) };
        text.filter(|text| !text.is_empty())
    };
    let source = match matches.text("kubeconfig") {
        "" => ConfigSource::Files(crate::environment::kubeconfigs()),
        path => ConfigSource::File(path.into()),
    };
    let groups = match matches.list("kube-as-group") {
        [] => variable("HELM_KUBEASGROUPS").unwrap_or_default(),
        groups => groups.join(","),
    };
    let skip_tls_verify = match matches.is_set("kube-insecure-skip-tls-verify") {
        true => matches.flag("kube-insecure-skip-tls-verify"),
        false => variable("HELM_KUBEINSECURE_SKIP_TLS_VERIFY").is_some_and(|text| parse_bool(text) == Ok(true)),
    };
    ClusterConfig {
        context: given("kube-context", "HELM_KUBECONTEXT"),
        apiserver: given("kube-apiserver", "HELM_KUBEAPISERVER"),
        token: given("kube-token", "HELM_KUBETOKEN").map(Secret::new),
        as_user: given("kube-as-user", "HELM_KUBEASUSER"),
        as_groups: groups.split(',').filter(|group| !group.is_empty()).map(str::to_owned).collect(),
        ca_file: given("kube-ca-file", "HELM_KUBECAFILE").map(Into::into),
        tls_server_name: given("kube-tls-server-name", "HELM_KUBETLS_SERVER_NAME"),
        insecure_skip_tls_verify: skip_tls_verify,
        ..ClusterConfig::from_source(source)
    }
}
