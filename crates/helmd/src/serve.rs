//! `helmd [FLAGS]`: the server, with helm-wrapper's flags and helmd's own.

use crate::budgets::BudgetFlags;
use crate::environment::{self, variable};
use anyhow::{Context, Result, bail};
use clap::Args;
use helmd_action::{Holder, Interrupted};
use helmd_sandbox::{Sandbox, SandboxOptions};
use helmd_server::{App, ConfigFile, KubeSettings, Limits, Settings};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;

/// Where uploads lie when the config file does not say.
const DEFAULT_UPLOAD_PATH: &str = "/tmp/charts";

/// Flags of the server.
#[derive(Args, Debug, Default, Clone)]
pub struct ServeArgs {
    /// server listen addr; without it only this machine is listened to
    #[arg(long, value_name = "ADDRESS")]
    pub addr: Option<String>,
    /// server listen port
    #[arg(long, default_value = "8080")]
    pub port: String,
    /// config file: uploadPath, helmRepos, helmRegistries, budgets [default: config.yaml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
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
    /// namespace scope for this request (the path of a request names its own)
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// let requests name paths on this machine (kube_config, chart folders) as helm-wrapper did: for trusted networks only
    #[arg(long)]
    pub compat_unsafe: bool,
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
    /// log lines as text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub log_format: String,
    /// enable verbose output
    #[arg(long)]
    pub debug: bool,
    /// log warnings and errors only
    #[arg(long)]
    pub quiet: bool,
    /// log level for V logs
    #[arg(short = 'v', long = "v", value_name = "LEVEL", num_args = 0..=1, default_missing_value = "1")]
    pub verbosity: Option<i32>,
    #[command(flatten)]
    pub budgets: BudgetFlags,
    #[command(flatten)]
    pub files: FileArgs,
    #[command(flatten)]
    pub ignored: IgnoredArgs,
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

/// glog's flags: taken so that start scripts keep working; helmd logs to standard error.
#[derive(Args, Debug, Default, Clone)]
#[command(next_help_heading = "Taken for compatibility, without effect")]
pub struct IgnoredArgs {
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    logtostderr: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    alsologtostderr: Option<bool>,
    #[arg(long)]
    stderrthreshold: Option<String>,
    #[arg(long)]
    vmodule: Option<String>,
    #[arg(long = "log_dir", alias = "log-dir")]
    log_dir: Option<String>,
    #[arg(long = "log_backtrace_at", alias = "log-backtrace-at")]
    log_backtrace_at: Option<String>,
    #[arg(long = "log_link", alias = "log-link")]
    log_link: Option<String>,
    #[arg(long)]
    logbuflevel: Option<i32>,
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

/// Serves until a signal ends it.
pub fn run(args: &ServeArgs) -> Result<()> {
    logging(args)?;
    runtime()?.block_on(async {
        let started = start(args, Ask::Signal).await?;
        started.finished.await.context("the server ended by a fault")??;
        if let Some(sandbox) = started.sandbox {
            sandbox.shutdown().await;
        }
        Ok(())
    })
}

/// The runtime of the server.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")
}

/// Sends log lines to standard error.
pub fn logging(args: &ServeArgs) -> Result<()> {
    use tracing_subscriber::EnvFilter;
    let level = match (args.debug, args.verbosity.unwrap_or_default()) {
        (false, ..=0) if args.quiet => "warn",
        (false, ..=0) => "info",
        (true, ..=3) | (false, 1..=3) => "debug",
        _ => "trace",
    };
    let filter =
        variable("HELMD_LOG").unwrap_or_else(|| format!("{level},hyper=info,tower=info,kube=info,rustls=info"));
    let filter = EnvFilter::try_new(&filter).with_context(|| format!("HELMD_LOG={filter:?} is no log filter"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format.as_str() {
        "json" => lines.json().init(),
        _ => lines.with_ansi(false).init(),
    }
    Ok(())
}

/// What ends a server.
pub enum Ask {
    /// SIGINT or SIGTERM.
    Signal,
}

/// A server that listens.
pub struct Started {
    /// Where it listens.
    pub address: SocketAddr,
    /// The sandbox it acts on, when it was asked for.
    pub sandbox: Option<Sandbox>,
    /// Ends with the server.
    pub finished: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Starts the server, and the sandbox when it is asked for.
pub async fn start(args: &ServeArgs, ask: Ask) -> Result<Started> {
    let config = read_config(args)?;
    let upload_dir = config.upload_path.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_UPLOAD_PATH));
    std::fs::create_dir_all(&upload_dir)
        .with_context(|| format!("making the upload folder {}", upload_dir.display()))?;
    let mut kube = kube_settings(args);
    let mut sandbox = None;
    if args.sandbox {
        let started = Sandbox::start(SandboxOptions::default()).await.context("starting the sandbox")?;
        let path = args.sandbox_kubeconfig.clone().unwrap_or_else(|| PathBuf::from("sandbox.kubeconfig"));
        started.write_kubeconfig(&path).with_context(|| format!("writing {}", path.display()))?;
        tracing::info!(kubeconfig = %path.display(), "the sandbox is up: an in-memory Kubernetes API, no cluster");
        kube = KubeSettings { kubeconfig: Some(path.display().to_string()), ..KubeSettings::default() };
        sandbox = Some(started);
    }
    if args.compat_unsafe {
        tracing::warn!("--compat-unsafe: whoever reaches this server can make it read paths of this machine");
    }
    if !config.registries.is_empty() {
        tracing::warn!("helmRegistries is read, but charts do not come from registries in this version");
    }
    let settings = Settings {
        upload_dir,
        repositories: config.repositories,
        registries: config.registries,
        places: environment::places(|flag| match flag {
            "repository-config" => args.files.repository_config.clone(),
            "repository-cache" => args.files.repository_cache.clone(),
            "registry-config" => args.files.registry_config.clone(),
            _ => None,
        }),
        allowed_hosts: args.allow_host.clone(),
        compat_unsafe: args.compat_unsafe,
        kube,
        driver: variable("HELM_DRIVER").unwrap_or_default(),
        sql_connection: helmd_kube::Secret::new(variable("HELM_DRIVER_SQL_CONNECTION_STRING").unwrap_or_default()),
        skip_files_in_record: args.skip_files_in_record,
        helm_env: helm_env(args),
        limits: Limits::default(),
        budgets: args.budgets.over(config.budgets).map_err(anyhow::Error::msg)?,
        holder: Holder::new(&environment::host_name()).with_duration(args.lease_duration),
        recovery_namespaces: args.recovery_namespace.clone(),
        interrupted: match args.if_interrupted.as_str() {
            "fail" => Interrupted::Fail,
            "go-back" => Interrupted::GoBack,
            _ => Interrupted::Finish,
        },
    };
    let listener = listen(args).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let finished = tokio::spawn(helmd_server::serve(listener, App::new(settings), until(ask)));
    Ok(Started { address, sandbox, finished })
}

async fn until(ask: Ask) {
    let Ask::Signal = ask;
    let mut term = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(term) => term,
        Err(e) => {
            tracing::error!(error = %e, "SIGTERM cannot be caught");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping: running requests may finish");
}

async fn listen(args: &ServeArgs) -> Result<TcpListener> {
    let port: u16 = args.port.parse().with_context(|| format!("--port {:?} is no port number", args.port))?;
    let host = match args.addr.as_deref() {
        None => {
            tracing::info!("listening to this machine only: there is no authentication yet; --addr opens the server");
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        }
        Some("") => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(text) => text.parse().with_context(|| format!("--addr {text:?} is no IP address"))?,
    };
    TcpListener::bind((host, port)).await.with_context(|| format!("listening on {host}:{port}"))
}

fn read_config(args: &ServeArgs) -> Result<ConfigFile> {
    let path = args.config.as_deref().unwrap_or(Path::new("config.yaml"));
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && args.config.is_none() => return Ok(ConfigFile::default()),
        Err(e) => bail!("reading the config file {}: {e}", path.display()),
    };
    ConfigFile::parse(&text).with_context(|| format!("config file {}", path.display()))
}

fn kube_settings(args: &ServeArgs) -> KubeSettings {
    let default_file = || {
        let path = format!("{}/.kube/config", variable("HOME")?);
        Path::new(&path).exists().then_some(path)
    };
    KubeSettings {
        kubeconfig: args.kubeconfig.clone().or_else(|| variable("KUBECONFIG")).or_else(default_file),
        context: args.kube_context.clone().or_else(|| variable("HELM_KUBECONTEXT")),
        token: args.kube_token.clone().or_else(|| variable("HELM_KUBETOKEN")),
        apiserver: args.kube_apiserver.clone().or_else(|| variable("HELM_KUBEAPISERVER")),
    }
}

fn helm_env(args: &ServeArgs) -> std::collections::BTreeMap<String, String> {
    environment::helm_env(&environment::Given {
        debug: args.debug,
        namespace: args.namespace.clone(),
        kubeconfig: args.kubeconfig.clone(),
        kube_context: args.kube_context.clone(),
        kube_apiserver: args.kube_apiserver.clone(),
        has_token: args.kube_token.is_some(),
        registry_config: args.files.registry_config.clone(),
        repository_cache: args.files.repository_cache.clone(),
        repository_config: args.files.repository_config.clone(),
    })
}
