//! The flags of the server.

use super::logs::LogArgs;
use crate::budgets::BudgetFlags;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Flags of the server.
#[derive(Args, Debug, Default, Clone)]
pub struct ServeArgs {
    /// server listen addr [default: 0.0.0.0 with --auth, else 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub addr: Option<String>,
    /// server listen port
    #[arg(long, default_value = "8080")]
    pub port: String,
    /// config file: uploadPath, chartStore, helmRepos, helmRegistries, budgets, allowHosts, allowPaths, auth, authTokenFile [default:
    /// config.yaml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// where the server's own charts lie: s3://BUCKET/PREFIX, oci://HOST/FOLDER, or nothing for the upload folder; searches show them (docs/chart-store.md)
    #[arg(long, value_name = "URL")]
    pub chart_store: Option<String>,
    /// who may call: everybody (none), or whoever sends one of the tokens of --auth-token-file (token)
    #[arg(long, value_name = "KIND", value_parser = ["none", "token"])]
    pub auth: Option<String>,
    /// file with the tokens that callers send (Authorization: Bearer TOKEN), one a line, or sha256:HEX of one; read again when
    /// it changes
    #[arg(long, value_name = "FILE")]
    pub auth_token_file: Option<PathBuf>,
    /// answer GET /metrics, for Prometheus
    #[arg(long)]
    pub metrics: bool,
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// let requests name all paths on this machine (kube_config, chart folders, certificates) and all URLs, as helm-wrapper did:
    /// for trusted networks only
    #[arg(long)]
    pub compat_unsafe: bool,
    /// a folder whose files requests may name (kube_config, chart folders, certificates); may be repeated
    #[arg(long, value_name = "DIR")]
    pub allow_path: Vec<PathBuf>,
    /// a host (or HOST:PORT) that URLs in requests may name, also one of the private network; may be repeated. The hosts of
    /// helmRepos are allowed
    #[arg(long, value_name = "HOST")]
    pub allow_host: Vec<String>,
    /// serve against an in-memory Kubernetes API in this process: for demos and tests, it is no cluster
    #[arg(long)]
    pub sandbox: bool,
    /// where to write the sandbox's kubeconfig, for kubectl and helm [default: ./sandbox.kubeconfig]
    #[arg(long, value_name = "FILE", requires = "sandbox")]
    pub sandbox_kubeconfig: Option<PathBuf>,
    /// for how long a helmd that is not heard of counts as alive; then others take over what it was doing
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = lease_duration)]
    pub lease_duration: Duration,
    /// look for interrupted operations in this namespace only; may be repeated [default: all namespaces, or the kubeconfig's where
    /// it may not look into all]
    #[arg(long, value_name = "NAMESPACE")]
    pub recovery_namespace: Vec<String>,
    /// what becomes of an operation whose helmd has ended in the middle of it: the rest is done, or it is marked as failed, or
    /// marked as failed and taken back
    #[arg(long, value_name = "POLICY", default_value = "finish", value_parser = ["finish", "fail", "go-back"])]
    pub if_interrupted: String,
    /// leave those files of a chart out of the records of releases that are no templates, values, schema, metadata, lock or CRDs:
    /// for charts that are too large for a Secret
    #[arg(long)]
    pub skip_files_in_record: bool,
    /// enable verbose output
    #[arg(long)]
    pub debug: bool,
    #[command(flatten)]
    pub logs: LogArgs,
    #[command(flatten)]
    pub budgets: BudgetFlags,
    #[command(flatten)]
    pub files: FileArgs,
}

/// The cluster, by the names of Helm's global flags.
#[derive(Args, Debug, Default, Clone)]
pub struct ClusterArgs {
    /// path to the kubeconfig file [default: $KUBECONFIG, ~/.kube/config, or the service account of the pod]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<String>,
    /// name of the kubeconfig context to use
    #[arg(long, value_name = "NAME")]
    pub kube_context: Option<String>,
    /// the address of the Kubernetes API server, in place of the kubeconfig's
    #[arg(long, value_name = "URL")]
    pub kube_apiserver: Option<String>,
    /// bearer token, in place of the kubeconfig's
    #[arg(long, value_name = "TOKEN", hide_env_values = true)]
    pub kube_token: Option<String>,
    /// user to act as
    #[arg(long, value_name = "USER")]
    pub kube_as_user: Option<String>,
    /// group to act as; may be repeated
    #[arg(long, value_name = "GROUP")]
    pub kube_as_group: Vec<String>,
    /// certificate authority of the Kubernetes API server
    #[arg(long, value_name = "FILE")]
    pub kube_ca_file: Option<String>,
    /// name that the API server's certificate must have
    #[arg(long, value_name = "NAME")]
    pub kube_tls_server_name: Option<String>,
    /// do not check the API server's certificate (insecure)
    #[arg(long)]
    pub kube_insecure_skip_tls_verify: bool,
    /// namespace scope for this request (the path of a request names its own)
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// requests to the cluster at once (accepted and shown by GET /api/envs, not used)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub burst_limit: Option<i64>,
    /// requests to the cluster in a second (accepted and shown by GET /api/envs, not used)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub qps: Option<f32>,
}

/// Helm's files.
#[derive(Args, Debug, Default, Clone)]
pub struct FileArgs {
    /// path to the registry config file
    #[arg(long, value_name = "FILE")]
    pub registry_config: Option<String>,
    /// path to the directory containing cached repository indexes
    #[arg(long, value_name = "DIR")]
    pub repository_cache: Option<String>,
    /// path to the file containing repository names and URLs
    #[arg(long, value_name = "FILE")]
    pub repository_config: Option<String>,
}

/// A time that a Lease can count: whole seconds, at least one.
fn lease_duration(text: &str) -> Result<Duration, String> {
    let nanoseconds = sprig::time::parse_duration(text.as_bytes()).map_err(|e| e.to_string())?;
    let duration = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default());
    match duration.as_secs() {
        0 => Err("a lease counts for a second at least".to_owned()),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}
