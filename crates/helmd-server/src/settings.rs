//! What the server is started with.

use helmd_action::budgets::SettingError;
use helmd_action::{Budgets, Holder, Interrupted};
use helmd_index::repositories::Repository;
use helmd_kube::Secret;
use helmd_repo::Places;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Everything the handlers need to know about how the server was started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of uploaded charts; absolute.
    pub upload_dir: PathBuf,
    /// Chart repositories of the config file.
    pub repositories: Vec<Repository>,
    /// Registries of the config file.
    pub registries: Vec<Repository>,
    /// Where Helm's files lie.
    pub places: Places,
    /// Hosts (`host` or `host:port`) that URLs in parameters may name, and that may have private addresses.
    pub allowed_hosts: Vec<String>,
    /// Whether paths and URLs in parameters work as in the Go program (`--compat-unsafe`).
    pub compat_unsafe: bool,
    /// Which cluster, unless a request names another.
    pub kube: KubeSettings,
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

/// The process-wide choice of a cluster.
#[derive(Debug, Clone, Default)]
pub struct KubeSettings {
    /// `--kubeconfig`; several paths may be joined as in `KUBECONFIG`.
    pub kubeconfig: Option<String>,
    /// `--kube-context`
    pub context: Option<String>,
    /// `--kube-token`
    pub token: Option<String>,
    /// `--kube-apiserver`
    pub apiserver: Option<String>,
}

/// Limits with their defaults.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest JSON body, bytes.
    pub body_bytes: usize,
    /// Largest uploaded chart, bytes.
    pub upload_bytes: usize,
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
    pub registries: Vec<Repository>,
    /// `budgets`, over the defaults
    pub budgets: Budgets,
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
            match key.to_ascii_lowercase().as_str() {
                "uploadpath" => {
                    let path = PathBuf::from(text_of(&key, &value)?);
                    if !path.is_absolute() {
                        return Err(ConfigError::RelativeUploadPath);
                    }
                    config.upload_path = Some(path);
                }
                "helmrepos" => config.repositories = repositories(&key, &value)?,
                "helmregistries" => config.registries = repositories(&key, &value)?,
                "budgets" => {
                    let want = "a mapping of names to values";
                    let entries =
                        value.as_object().ok_or_else(|| ConfigError::WrongType { field: key.clone(), want })?;
                    for (name, value) in entries {
                        config.budgets.set(name, &text_of(name, value)?)?;
                    }
                }
                _ => {}
            }
        }
        Ok(config)
    }
}

fn text_of(field: &str, value: &serde_json::Value) -> Result<String, ConfigError> {
    match value {
        serde_json::Value::String(s) => Ok(s.clone()),
        serde_json::Value::Number(n) => Ok(n.to_string()),
        serde_json::Value::Bool(b) => Ok(b.to_string()),
        _ => Err(ConfigError::WrongType { field: field.to_owned(), want: "a text" }),
    }
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
    fn a_relative_upload_path_is_refused() {
        assert_eq!(
            ConfigFile::parse(b"uploadPath: charts").unwrap_err().to_string(),
            "charts upload path is not absolute"
        );
    }
}
