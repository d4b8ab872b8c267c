//! What the server is started with.

mod chart_store;

pub use chart_store::{ChartStoreSettings, Overwrite, StorePlace};

use crate::auth::Auth;
use crate::registries::RegistrySettings;
use crate::trust::Trust;
use helmd_action::budgets::SettingError;
use helmd_action::{Budgets, Holder, Interrupted};
use helmd_index::oci;
use helmd_index::repositories::Repository;
use helmd_kube::{ClusterConfig, Secret};
use helmd_repo::Places;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Everything the handlers need to know about how the server was started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of uploaded charts; absolute.
    pub upload_dir: PathBuf,
    /// The server's own charts.
    pub chart_store: ChartStoreSettings,
    /// Chart repositories of the config file.
    pub repositories: Vec<Repository>,
    /// Registries of the config file.
    pub registries: RegistrySettings,
    /// Where Helm's files lie.
    pub places: Places,
    /// Hosts (`host` or `host:port`) that URLs in parameters may name, and that may have private addresses.
    pub allowed_hosts: Vec<String>,
    /// Folders whose files parameters may name.
    pub allowed_paths: Vec<PathBuf>,
    /// Which charts are taken.
    pub trust: Trust,
    /// Whether paths and URLs in parameters work as in the Go program (`--compat-unsafe`).
    pub compat_unsafe: bool,
    /// Who may call.
    pub auth: Auth,
    /// Whether `GET /metrics` is answered.
    pub metrics: bool,
    /// Which cluster, unless a request names another.
    pub kube: ClusterConfig,
    /// Release storage driver name as in `HELM_DRIVER`; empty means Secrets.
    pub driver: String,
    /// The database of the driver `sql`, as in `HELM_DRIVER_SQL_CONNECTION_STRING`.
    pub sql_connection: Secret,
    /// Whether records of releases leave out those files of the chart that are no templates (`--skip-files-in-record`).
    pub skip_files_in_record: bool,
    /// What `GET /api/envs` answers.
    pub helm_env: BTreeMap<String, String>,
    /// Limits.
    pub limits: Limits,
    /// What a chart may use up.
    pub budgets: Budgets,
    /// As whom operations are held, and for how long a process that is not heard of counts as alive.
    pub holder: Holder,
    /// Where interrupted operations are looked for and ended; everywhere when empty.
    pub recovery_namespaces: Vec<String>,
    /// What becomes of operations whose process ends in the middle of them, unless a request says otherwise.
    pub interrupted: Interrupted,
}

/// Limits with their defaults.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest JSON body, bytes.
    pub body_bytes: usize,
    /// Largest uploaded chart, bytes.
    pub upload_bytes: usize,
    /// How long the head of a request may take to arrive; then a connection is closed, also one that lies idle.
    pub head_read: Duration,
    /// How long a request's body may take to arrive.
    pub body_read: Duration,
    /// How long running requests may go on after a stop signal.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 16 * 1024 * 1024,
            upload_bytes: 100 * 1024 * 1024,
            head_read: Duration::from_secs(60),
            body_read: Duration::from_secs(120),
            shutdown: Duration::from_secs(60),
        }
    }
}

/// Why a config file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not YAML, or no mapping.
    #[error("config file is no YAML mapping")]
    NotYaml(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// `uploadPath` is relative.
    #[error("charts upload path is not absolute")]
    RelativeUploadPath,
    /// There is no such budget, or its value cannot be read.
    #[error("config file: budgets")]
    Budget(#[from] SettingError),
    /// There is no such setting.
    #[error("config file: there is no setting {key:?}")]
    UnknownKey {
        /// Its name.
        key: String,
    },
    /// The chart store cannot be where it is said to be.
    #[error("config file: chartStore")]
    ChartStore(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The URL of a registry is none.
    #[error(
        "Failed to convert repo entry to registry config: Invalid OCI registry URL: {0} (it must begin with oci://)"
    )]
    RegistryUrl(String),
    /// A field has a wrong type.
    #[error("config file: {field} must be {want}")]
    WrongType {
        /// Where.
        field: String,
        /// What it must be.
        want: &'static str,
    },
}

/// What a config file says.
#[derive(Debug, Default)]
pub struct ConfigFile {
    /// `uploadPath`
    pub upload_path: Option<PathBuf>,
    /// `helmRepos`
    pub repositories: Vec<Repository>,
    /// `helmRegistries`
    pub registries: RegistrySettings,
    /// `chartStore`, if it is there
    pub chart_store: Option<ChartStoreSettings>,
    /// `budgets`, over the defaults
    pub budgets: Budgets,
    /// `allowHosts`
    pub allowed_hosts: Vec<String>,
    /// `allowPaths`
    pub allowed_paths: Vec<PathBuf>,
    /// `chartPolicy` and `keyring`
    pub trust: Trust,
    /// `auth`
    pub auth: Option<String>,
    /// `authTokenFile`
    pub auth_token_file: Option<PathBuf>,
}

impl ConfigFile {
    /// Reads helm-wrapper's `config.yaml`. Keys match without case, unknown keys are ignored.
    ///
    /// # Errors
    /// What is wrong with it; nothing is taken from it then.
    pub fn parse(text: &[u8]) -> Result<ConfigFile, ConfigError> {
        let json = helmd_yaml::parse(text, helmd_yaml::Numbers::Json).map_err(|e| ConfigError::NotYaml(Box::new(e)))?;
        let mut config = ConfigFile::default();
        let entries = match json {
            serde_json::Value::Null => return Ok(config),
            serde_json::Value::Object(entries) => entries,
            _ => return Err(ConfigError::WrongType { field: "the document".to_owned(), want: "a mapping" }),
        };
        for (key, value) in entries {
            if value.is_null() {
                continue;
            }
            config.take(&key, &value)?;
        }
        Ok(config)
    }

    fn take(&mut self, key: &str, value: &serde_json::Value) -> Result<(), ConfigError> {
        match key.to_ascii_lowercase().as_str() {
            "uploadpath" => {
                let path = PathBuf::from(text_of(key, value)?);
                // HELM-WRAPPER: an empty path is none.
                if !path.as_os_str().is_empty() {
                    self.upload_path = Some(path).filter(|path| path.is_absolute());
                    self.upload_path.as_ref().ok_or(ConfigError::RelativeUploadPath)?;
                }
            }
            "helmrepos" => {
                self.repositories = repositories(key, value)?;
                self.registries.plain.extend(plain_hosts(value));
            }
            "helmregistries" => {
                self.registries.list = repositories(key, value)?;
                let strange = self.registries.list.iter().find(|registry| oci::host(&registry.url).is_none());
                if let Some(Repository { url, .. }) = strange {
                    return Err(ConfigError::RegistryUrl(helmd_http::shown(url)));
                }
                self.registries.plain.extend(plain_hosts(value));
            }
            "budgets" => {
                let want = "a mapping of names to values";
                let wrong = || ConfigError::WrongType { field: key.to_owned(), want };
                for (name, value) in value.as_object().ok_or_else(wrong)? {
                    self.budgets.set(name, &text_of(name, value)?)?;
                }
            }
            "allowhosts" => self.allowed_hosts = texts_of(key, value)?,
            "allowpaths" => self.allowed_paths = texts_of(key, value)?.into_iter().map(PathBuf::from).collect(),
            "chartstore" => self.chart_store = Some(ChartStoreSettings::parse(value)?),
            "chartpolicy" => {
                let want = "one of any, signed, pinned";
                let wrong = |()| ConfigError::WrongType { field: key.to_owned(), want };
                self.trust.policy = text_of(key, value)?.parse().map_err(wrong)?;
            }
            "keyring" => self.trust.keyring = PathBuf::from(text_of(key, value)?),
            "auth" => self.auth = Some(text_of(key, value)?),
            "authtokenfile" => self.auth_token_file = Some(PathBuf::from(text_of(key, value)?)),
            _ => {}
        }
        Ok(())
    }
}

fn texts_of(field: &str, value: &serde_json::Value) -> Result<Vec<String>, ConfigError> {
    let wrong = || ConfigError::WrongType { field: field.to_owned(), want: "a list of texts" };
    value.as_array().ok_or_else(wrong)?.iter().map(|item| text_of(field, item)).collect()
}

fn text_of(field: &str, value: &serde_json::Value) -> Result<String, ConfigError> {
    match value {
        serde_json::Value::String(s) => Ok(s.clone()),
        serde_json::Value::Number(n) => Ok(n.to_string()),
        serde_json::Value::Bool(b) => Ok(b.to_string()),
        _ => Err(ConfigError::WrongType { field: field.to_owned(), want: "a text" }),
    }
}

/// The hosts of registries that are to be talked to without TLS.
fn plain_hosts(value: &serde_json::Value) -> impl Iterator<Item = String> + '_ {
    let plain = |item: &&serde_json::Value| item.get("plain_http").is_some_and(|plain| *plain == true);
    let url = |item: &serde_json::Value| oci::host(item.get("url")?.as_str()?).map(str::to_owned);
    value.as_array().into_iter().flatten().filter(plain).filter_map(url)
}

fn repositories(field: &str, value: &serde_json::Value) -> Result<Vec<Repository>, ConfigError> {
    let wrong = || ConfigError::WrongType { field: field.to_owned(), want: "a list of mappings with name and url" };
    let items = value.as_array().ok_or_else(wrong)?;
    items
        .iter()
        .map(|item| {
            let item = item.as_object().ok_or_else(wrong)?;
            let get = |wanted: &str| {
                item.iter()
                    .find(|(k, v)| k.eq_ignore_ascii_case(wanted) && !v.is_null())
                    .map_or(Ok(String::new()), |(k, v)| text_of(k, v))
            };
            let yes = |wanted: &str| Ok::<_, ConfigError>(get(wanted)? == "true");
            Ok(Repository {
                name: get("name")?,
                url: get("url")?,
                username: get("username")?,
                password: get("password")?,
                cert_file: get("certFile")?,
                key_file: get("keyFile")?,
                ca_file: get("caFile")?,
                insecure_skip_tls_verify: yes("insecure_skip_tls_verify")?,
                pass_credentials_all: yes("pass_credentials_all")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readmes_config_is_read() {
        let config = ConfigFile::parse(
            b"uploadPath: /data/charts\nhelmRepos:\n- name: a\n  url: http://127.0.0.1/a\n  username: u\nother: 1\n",
        )
        .unwrap();
        assert_eq!(config.upload_path.as_deref(), Some(std::path::Path::new("/data/charts")));
        assert_eq!(config.repositories[0].name, "a");
        assert!(!format!("{:?}", config.repositories[0]).contains("password"));
    }

    #[test]
    fn budgets_are_set_by_name() {
        let config = ConfigFile::parse(b"budgets:\n  steps: 1000\n  text_bytes: 64Ki\n  render-time: 5m\n").unwrap();
        let budgets = config.budgets;
        assert_eq!((budgets.steps, budgets.text_bytes, budgets.render_time.as_secs()), (1000, 65_536, 300));
        let error = |text: &[u8]| helmd_kube::helm_text(&ConfigFile::parse(text).unwrap_err());
        assert!(error(b"budgets: {stepps: 1}").starts_with("config file: budgets: there is no budget \"stepps\""));
        assert!(error(b"budgets: {steps: many}").contains("budget steps: \"many\" is no number"));
        assert!(error(b"budgets: 5").contains("must be a mapping"));
    }

    #[test]
    fn what_requests_may_do_is_a_setting() {
        let text = b"allowHosts: [repo.local, 'a:80']\nallowPaths: [/srv]\nauth: token\nauthTokenFile: /run/token\n";
        let config = ConfigFile::parse(text).unwrap();
        assert_eq!((config.allowed_hosts.len(), config.allowed_paths.len()), (2, 1));
        assert_eq!((config.auth.as_deref(), config.auth_token_file.is_some()), (Some("token"), true));
        assert!(ConfigFile::parse(b"allowPaths: /srv").unwrap_err().to_string().contains("a list of texts"));
    }

    #[test]
    fn a_relative_upload_path_is_refused() {
        assert_eq!(
            ConfigFile::parse(b"uploadPath: charts").unwrap_err().to_string(),
            "charts upload path is not absolute"
        );
    }
}
