//! How a cluster is reached, and as whom.

use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderName, HeaderValue};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, NamedCluster};

use crate::error::KubeError;

/// A text that never shows itself.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; keep it out of logs and errors.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Where the connection data comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConfigSource {
    /// This kubeconfig file; it must exist.
    File(PathBuf),
    /// These kubeconfig files (the list in `KUBECONFIG`, or the one in the home directory); missing
    /// ones are passed over, and without any the cluster that helmd runs in is meant.
    Files(Vec<PathBuf>),
    /// A kubeconfig's text, sent by a caller: it may not name files of this machine.
    Text(Secret),
    /// The service account of the pod that helmd runs in.
    InCluster,
    /// Nothing but the overrides.
    Empty,
}

/// How a cluster is reached, and as whom. The overrides carry the names of Helm's flags.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClusterConfig {
    /// Connection data.
    pub source: ConfigSource,
    /// `--kube-context`.
    pub context: Option<String>,
    /// `--kube-apiserver`.
    pub apiserver: Option<String>,
    /// `--kube-token`; the client certificate of the kubeconfig is not used together with it.
    pub token: Option<Secret>,
    /// `--kube-as-user`.
    pub as_user: Option<String>,
    /// `--kube-as-group`.
    pub as_groups: Vec<String>,
    /// `--kube-ca-file`.
    pub ca_file: Option<PathBuf>,
    /// `--kube-tls-server-name`.
    pub tls_server_name: Option<String>,
    /// `--kube-insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// Whether kubeconfigs may start credential programs (`exec`, `auth-provider`).
    pub allow_exec: bool,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self::from_source(ConfigSource::Files(Vec::new()))
    }
}

impl ClusterConfig {
    /// The cluster that a source names, without overrides.
    #[must_use]
    pub fn from_source(source: ConfigSource) -> Self {
        Self {
            source,
            context: None,
            apiserver: None,
            token: None,
            as_user: None,
            as_groups: Vec::new(),
            ca_file: None,
            tls_server_name: None,
            insecure_skip_tls_verify: false,
            allow_exec: false,
        }
    }

    /// The cluster of a kubeconfig file.
    #[must_use]
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self::from_source(ConfigSource::File(path.into()))
    }

    /// The namespace of the context; nothing when none is named or the source cannot be read.
    #[must_use]
    pub fn namespace(&self) -> Option<String> {
        let (kubeconfig, _) = self.read().ok()?;
        let name = self.context.clone().filter(|name| !name.is_empty()).or(kubeconfig.current_context)?;
        let context = kubeconfig.contexts.into_iter().find(|context| context.name == name)?;
        context.context?.namespace.filter(|namespace| !namespace.is_empty())
    }

    /// Reads the source and applies the overrides.
    ///
    /// # Errors
    /// [`KubeError::Config`] in the words of Kubernetes' client.
    pub(crate) async fn resolve(&self) -> Result<Resolved, KubeError> {
        let (mut kubeconfig, found) = self.read()?;
        if !found && matches!(self.source, ConfigSource::InCluster | ConfigSource::Files(_)) && self.apiserver.is_none()
        {
            match kube::Config::incluster() {
                Ok(config) => return self.finish(config, String::new()),
                Err(err) if self.source == ConfigSource::InCluster => {
                    return Err(KubeError::Config(format!("unable to load in-cluster configuration: {err}")));
                }
                Err(_) => {}
            }
        }
        let name = self.select(&mut kubeconfig)?;
        let key = serde_json::to_string(&kubeconfig).unwrap_or_default();
        let options = KubeConfigOptions { context: Some(name), ..KubeConfigOptions::default() };
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|err| KubeError::Config(format!("invalid configuration: {err}")))?;
        self.finish(config, key)
    }

    fn read(&self) -> Result<(Kubeconfig, bool), KubeError> {
        match &self.source {
            ConfigSource::File(path) => {
                stat(path)?;
                Ok((read_file(path)?, true))
            }
            ConfigSource::Files(paths) => {
                let mut merged = Kubeconfig::default();
                let mut found = false;
                for path in paths.iter().filter(|path| path.exists()) {
                    found = true;
                    merged = merged
                        .merge(read_file(path)?)
                        .map_err(|err| KubeError::Config(format!("error loading config file {path:?}: {err}")))?;
                }
                Ok((merged, found))
            }
            ConfigSource::Text(text) => {
                let kubeconfig = Kubeconfig::from_yaml(text.expose())
                    .map_err(|err| KubeError::Config(format!("error loading config: {err}")))?;
                refuse_files(&kubeconfig)?;
                Ok((kubeconfig, true))
            }
            ConfigSource::InCluster | ConfigSource::Empty => Ok((Kubeconfig::default(), false)),
        }
    }

    /// Leaves one context with one cluster and one user in the kubeconfig, overrides applied.
    fn select(&self, kubeconfig: &mut Kubeconfig) -> Result<String, KubeError> {
        let wanted = self.context.clone().filter(|name| !name.is_empty());
        let name = wanted.clone().or_else(|| kubeconfig.current_context.clone()).unwrap_or_default();
        let mut context =
            kubeconfig.contexts.iter().find(|context| context.name == name).and_then(|context| context.context.clone());
        if context.is_none() && !name.is_empty() {
            return Err(KubeError::Config(format!("context {name:?} does not exist")));
        }
        let mut context = context.take().unwrap_or_default();
        let cluster = kubeconfig
            .clusters
            .iter()
            .find(|cluster| cluster.name == context.cluster)
            .and_then(|cluster| cluster.cluster.clone());
        if cluster.is_none() && !context.cluster.is_empty() && self.apiserver.is_none() {
            return Err(KubeError::Config(format!(
                "invalid configuration: cluster {:?} does not exist",
                context.cluster
            )));
        }
        let mut cluster = cluster.unwrap_or_default();
        self.override_cluster(&mut cluster);
        let mut user = kubeconfig
            .auth_infos
            .iter()
            .find(|user| Some(&user.name) == context.user.as_ref())
            .and_then(|user| user.auth_info.clone())
            .unwrap_or_default();
        let user_name = context.user.clone().unwrap_or_default();
        self.check_user(&mut user, &user_name)?;
        check_files(&cluster, &context.cluster, &user, &user_name)?;

        "cluster".clone_into(&mut context.cluster);
        context.user = Some("user".to_owned());
        *kubeconfig = Kubeconfig {
            current_context: Some("context".to_owned()),
            contexts: vec![kube::config::NamedContext {
                name: "context".to_owned(),
                context: Some(context),
                ..Default::default()
            }],
            clusters: vec![NamedCluster { name: "cluster".to_owned(), cluster: Some(cluster), ..Default::default() }],
            auth_infos: vec![kube::config::NamedAuthInfo {
                name: "user".to_owned(),
                auth_info: Some(user),
                ..Default::default()
            }],
            ..Kubeconfig::default()
        };
        Ok("context".to_owned())
    }

    fn override_cluster(&self, cluster: &mut kube::config::Cluster) {
        if let Some(server) = &self.apiserver {
            cluster.server = Some(server.clone());
        }
        let server = cluster.server.get_or_insert_with(|| "http://localhost:8080".to_owned());
        if !server.contains("://") {
            *server = format!("https://{server}");
        }
        if let Some(file) = &self.ca_file {
            cluster.certificate_authority = Some(file.to_string_lossy().into_owned());
            cluster.certificate_authority_data = None;
        }
        if let Some(name) = &self.tls_server_name {
            cluster.tls_server_name = Some(name.clone());
        }
        if self.insecure_skip_tls_verify {
            cluster.insecure_skip_tls_verify = Some(true);
            cluster.certificate_authority = None;
            cluster.certificate_authority_data = None;
        }
    }

    fn check_user(&self, user: &mut AuthInfo, name: &str) -> Result<(), KubeError> {
        if self.token.is_some() {
            *user = AuthInfo {
                impersonate: user.impersonate.take(),
                impersonate_groups: user.impersonate_groups.take(),
                ..AuthInfo::default()
            };
        }
        if !self.allow_exec && (user.exec.is_some() || user.auth_provider.is_some()) {
            return Err(KubeError::Config(format!(
                "user {name:?} of the kubeconfig gets its credentials from a program (exec or auth-provider), which helmd does not \
                 start: use a kubeconfig with a token or a certificate, or give a token"
            )));
        }
        Ok(())
    }

    /// Moves what differs between callers of one server out of the kube configuration.
    fn finish(&self, mut config: kube::Config, key: String) -> Result<Resolved, KubeError> {
        // kube fills it from HTTPS_PROXY as well, whose exceptions it does not know in this build.
        config.proxy_url = None;
        config.connect_timeout = Some(std::time::Duration::from_secs(10));
        let mut identity = HeaderMap::new();
        if let Some(token) = &self.token {
            config.auth_info.token = None;
            config.auth_info.token_file = None;
            let mut value = header(&format!("Bearer {}", token.expose()), "token")?;
            value.set_sensitive(true);
            identity.insert(http::header::AUTHORIZATION, value);
        }
        let user = self.as_user.clone().or_else(|| config.auth_info.impersonate.take()).filter(|user| !user.is_empty());
        let groups = if self.as_groups.is_empty() {
            config.auth_info.impersonate_groups.take().unwrap_or_default()
        } else {
            self.as_groups.clone()
        };
        config.auth_info.impersonate = None;
        config.auth_info.impersonate_groups = None;
        if let Some(user) = user {
            identity.insert(HeaderName::from_static("impersonate-user"), header(&user, "as-user")?);
            for group in groups {
                identity.append(HeaderName::from_static("impersonate-group"), header(&group, "as-group")?);
            }
        }
        Ok(Resolved { key: format!("{}|{key}", config.cluster_url), config, identity })
    }
}

/// A readable configuration: the shared connection, and the caller's headers.
pub(crate) struct Resolved {
    /// Equal for configurations that can share a connection pool. Holds secrets: never shown.
    pub key: String,
    pub config: kube::Config,
    pub identity: HeaderMap,
}

fn header(text: &str, what: &str) -> Result<HeaderValue, KubeError> {
    HeaderValue::from_str(text)
        .map_err(|_| KubeError::Config(format!("the {what} holds characters that HTTP does not allow")))
}

/// Says of the first file that cannot be read what Kubernetes' client says.
fn check_files(
    cluster: &kube::config::Cluster,
    cluster_name: &str,
    user: &AuthInfo,
    user_name: &str,
) -> Result<(), KubeError> {
    let authority = cluster.certificate_authority.as_ref().filter(|_| cluster.certificate_authority_data.is_none());
    let certificate = user.client_certificate.as_ref().filter(|_| user.client_certificate_data.is_none());
    let key = user.client_key.as_ref().filter(|_| user.client_key_data.is_none());
    for (what, path, of) in [
        ("client-cert", certificate, user_name),
        ("client-key", key, user_name),
        ("certificate-authority", authority, cluster_name),
    ] {
        let Some(path) = path else { continue };
        if let Err(err) = std::fs::File::open(path) {
            let text = err.to_string().split(" (os error").next().unwrap_or_default().to_lowercase();
            return Err(KubeError::Config(format!(
                "invalid configuration: unable to read {what} {path} for {of} due to open {path}: {text}"
            )));
        }
    }
    Ok(())
}

fn stat(path: &Path) -> Result<(), KubeError> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(err) => {
            let reason = match err.kind() {
                std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
                std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                std::io::ErrorKind::NotADirectory => "not a directory".to_owned(),
                _ => err.to_string(),
            };
            Err(KubeError::Config(format!("stat {}: {reason}", path.display())))
        }
    }
}

fn read_file(path: &Path) -> Result<Kubeconfig, KubeError> {
    Kubeconfig::read_from(path).map_err(|err| {
        // In the words of Go's YAML, where that is what is wrong.
        let yaml = std::fs::read(path).ok().and_then(|text| helmd_yaml::parse(&text, helmd_yaml::Numbers::Json).err());
        let cause = yaml.map_or_else(|| err.to_string(), |err| crate::helm_text(&err));
        KubeError::Config(format!("error loading config file {path:?}: {cause}"))
    })
}

/// A kubeconfig from a caller may not make this server read its own files.
fn refuse_files(kubeconfig: &Kubeconfig) -> Result<(), KubeError> {
    let clusters = kubeconfig.clusters.iter().filter_map(|cluster| cluster.cluster.as_ref());
    let users = kubeconfig.auth_infos.iter().filter_map(|user| user.auth_info.as_ref());
    let in_cluster = clusters.clone().any(|cluster| cluster.certificate_authority.is_some());
    let proxied = clusters.into_iter().any(|cluster| cluster.proxy_url.is_some());
    let in_user = users
        .into_iter()
        .any(|user| user.client_certificate.is_some() || user.client_key.is_some() || user.token_file.is_some());
    if in_cluster || in_user {
        return Err(KubeError::Config(
            "a kubeconfig that is sent to the server may not name files: use the …-data fields".to_owned(),
        ));
    }
    if proxied {
        return Err(KubeError::Config("a kubeconfig that is sent to the server may not name a proxy".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUBECONFIG: &str = "
apiVersion: v1
kind: Config
current-context: a
clusters: [{name: one, cluster: {server: 'https://10.0.0.1:6443'}}]
users:
- {name: u, user: {token: t}}
- {name: x, user: {exec: {command: evil}}}
contexts:
- {name: a, context: {cluster: one, user: u, namespace: team}}
- {name: b, context: {cluster: one, user: x}}
";

    fn config() -> ClusterConfig {
        ClusterConfig::from_source(ConfigSource::Text(Secret::new(KUBECONFIG)))
    }

    async fn text(config: ClusterConfig) -> String {
        match config.resolve().await {
            Ok(resolved) => resolved.config.cluster_url.to_string(),
            Err(err) => crate::helm_text(&err),
        }
    }

    #[tokio::test]
    async fn unusable_configurations_say_so_as_helm_does() {
        let unknown = ClusterConfig { context: Some("zz".into()), ..config() };
        assert_eq!(text(unknown).await, "context \"zz\" does not exist");
        assert_eq!(text(ClusterConfig::from_file("/nope")).await, "stat /nope: no such file or directory");
        let exec = ClusterConfig { context: Some("b".into()), ..config() };
        assert!(text(exec).await.contains("which helmd does not start: use a kubeconfig with a token"));
        let files = KUBECONFIG.replace("token: t", "tokenFile: /etc/passwd");
        let files = ClusterConfig::from_source(ConfigSource::Text(Secret::new(files)));
        assert!(text(files).await.contains("may not name files"));
    }

    #[tokio::test]
    async fn overrides_win() {
        let config = ClusterConfig {
            apiserver: Some("https://other:1".into()),
            token: Some(Secret::new("mine")),
            as_user: Some("jane".into()),
            as_groups: vec!["a".into(), "b".into()],
            ..config()
        };
        assert!(!format!("{config:?}").contains("mine"));
        let resolved = config.resolve().await.unwrap();
        assert_eq!(resolved.config.cluster_url, "https://other:1/");
        assert_eq!(resolved.config.default_namespace, "team");
        assert_eq!(resolved.identity["authorization"], "Bearer mine");
        assert_eq!(resolved.identity.get_all("impersonate-group").iter().count(), 2);
        assert!(resolved.config.auth_info.token.is_none());
    }
}
