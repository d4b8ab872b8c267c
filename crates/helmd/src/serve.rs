//! `helmd [FLAGS]`: the server, with helm-wrapper's flags and helmd's own.

mod args;
mod logs;

pub use args::ServeArgs;
pub use logs::LogArgs;

use crate::environment::{self, variable};
use anyhow::{Context, Result, bail};
use helmd_action::{Holder, Interrupted};
use helmd_kube::{ClusterConfig, ConfigSource, Secret};
use helmd_sandbox::{Sandbox, SandboxOptions};
use helmd_server::{App, Auth, ChartStoreSettings, ConfigFile, Limits, Settings, TokenFile};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

/// Where uploads lie when the config file does not say.
const DEFAULT_UPLOAD_PATH: &str = "/tmp/charts";

/// Serves until a signal ends it.
pub fn run(args: &ServeArgs) -> Result<()> {
    args.logs.init(args.debug)?;
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
    let mut config = read_config(args)?;
    let auth = auth(args, &config)?;
    let upload_dir = config.upload_path.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_UPLOAD_PATH));
    std::fs::create_dir_all(&upload_dir)
        .with_context(|| format!("making the upload folder {}", upload_dir.display()))?;
    let mut kube = cluster(args);
    let mut sandbox = None;
    if args.sandbox {
        let started = Sandbox::start(SandboxOptions::default()).await.context("starting the sandbox")?;
        let path = args.sandbox_kubeconfig.clone().unwrap_or_else(|| PathBuf::from("sandbox.kubeconfig"));
        started.write_kubeconfig(&path).with_context(|| format!("writing {}", path.display()))?;
        tracing::info!(kubeconfig = %path.display(), "the sandbox is up: an in-memory Kubernetes API, no cluster");
        kube = ClusterConfig::from_file(path);
        sandbox = Some(started);
    }
    if args.compat_unsafe {
        tracing::warn!(
            "--compat-unsafe: whoever reaches this server can make it read all paths of this machine and ask all hosts"
        );
    }
    let settings = Settings {
        upload_dir,
        chart_store: chart_store(args, config.chart_store)?,
        repositories: config.repositories,
        registries: config.registries,
        places: environment::places(|flag| match flag {
            "repository-config" => args.files.repository_config.clone(),
            "repository-cache" => args.files.repository_cache.clone(),
            "registry-config" => args.files.registry_config.clone(),
            _ => None,
        }),
        allowed_hosts: [args.allow_host.clone(), std::mem::take(&mut config.allowed_hosts)].concat(),
        trust: config.trust.clone(),
        allowed_paths: [args.allow_path.clone(), std::mem::take(&mut config.allowed_paths)].concat(),
        auth: auth.clone().unwrap_or_default(),
        metrics: args.metrics,
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
    let app = App::new(settings)?;
    let listener = listen(args, auth.as_ref()).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let finished = tokio::spawn(helmd_server::serve(listener, app, until(ask)));
    Ok(Started { address, sandbox, finished })
}

/// The flag over the config file, and over both the variables that S3's programs read.
fn chart_store(args: &ServeArgs, config: Option<ChartStoreSettings>) -> Result<ChartStoreSettings> {
    let store = config.unwrap_or_default();
    let store = match &args.chart_store {
        Some(url) => store.at(url).context("--chart-store")?,
        None => store,
    };
    Ok(store.with_variables(variable))
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

/// Who may call, by flags and then by the config file; nothing where neither says.
fn auth(args: &ServeArgs, config: &ConfigFile) -> Result<Option<Auth>> {
    let file = args.auth_token_file.as_ref().or(config.auth_token_file.as_ref());
    match (args.auth.as_deref().or(config.auth.as_deref()), file) {
        (None, None) => Ok(None),
        (Some("none"), _) => Ok(Some(Auth::None)),
        (Some("token") | None, Some(file)) => Ok(Some(Auth::Token(TokenFile::read(file)?))),
        (Some("token"), None) => bail!("--auth token needs the tokens: --auth-token-file FILE"),
        (Some(other), _) => bail!("config file: auth must be none or token, and not {other:?}"),
    }
}

async fn listen(args: &ServeArgs, auth: Option<&Auth>) -> Result<TcpListener> {
    let port: u16 = args.port.parse().with_context(|| format!("--port {:?} is no port number", args.port))?;
    let host = match (args.addr.as_deref(), auth) {
        (None, None) => {
            tracing::info!(
                "listening to this machine only, because nobody has said who may call: --auth token, --auth none or --addr opens the server"
            );
            "127.0.0.1"
        }
        (None | Some(""), _) => "0.0.0.0",
        // As in a URL.
        (Some(text), _) => text.trim_start_matches('[').trim_end_matches(']'),
    };
    let listener = TcpListener::bind((host, port)).await.with_context(|| format!("listening on {host}:{port}"))?;
    let local = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    if !local && !matches!(auth, Some(Auth::Token(_))) {
        tracing::warn!(
            "there is no authentication: whoever reaches the port has the rights of this server on the cluster; --auth token asks for a token"
        );
    }
    Ok(listener)
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

/// The cluster that requests act on, by flags and Helm's variables.
fn cluster(args: &ServeArgs) -> ClusterConfig {
    let flags = &args.cluster;
    let or =
        |flag: &Option<String>, name: &str| flag.clone().filter(|text| !text.is_empty()).or_else(|| variable(name));
    let source = match flags.kubeconfig.as_deref() {
        None | Some("") => ConfigSource::Files(environment::kubeconfigs()),
        Some(path) => ConfigSource::File(path.into()),
    };
    let groups = match flags.kube_as_group.as_slice() {
        [] => variable("HELM_KUBEASGROUPS").unwrap_or_default(),
        groups => groups.join(","),
    };
    let yes = |text: String| gotmpl::strconv::parse_bool(&text) == Ok(true);
    let skip = flags.kube_insecure_skip_tls_verify || variable("HELM_KUBEINSECURE_SKIP_TLS_VERIFY").is_some_and(yes);
    ClusterConfig {
        context: or(&flags.kube_context, "HELM_KUBECONTEXT"),
        apiserver: or(&flags.kube_apiserver, "HELM_KUBEAPISERVER"),
        token: or(&flags.kube_token, "HELM_KUBETOKEN").map(Secret::new),
        as_user: or(&flags.kube_as_user, "HELM_KUBEASUSER"),
        as_groups: groups.split(',').filter(|group| !group.is_empty()).map(str::to_owned).collect(),
        ca_file: or(&flags.kube_ca_file, "HELM_KUBECAFILE").map(PathBuf::from),
        tls_server_name: or(&flags.kube_tls_server_name, "HELM_KUBETLS_SERVER_NAME"),
        insecure_skip_tls_verify: skip,
        ..ClusterConfig::from_source(source)
    }
}

fn helm_env(args: &ServeArgs) -> BTreeMap<String, String> {
    let flags = &args.cluster;
    let groups = (!flags.kube_as_group.is_empty()).then(|| flags.kube_as_group.join(","));
    let yes = |flag: bool| flag.then(|| "true".to_owned());
    let given = [
        ("HELM_BURST_LIMIT", flags.burst_limit.map(|limit| limit.to_string())),
        ("HELM_DEBUG", yes(args.debug)),
        ("HELM_KUBEAPISERVER", flags.kube_apiserver.clone()),
        ("HELM_KUBEASGROUPS", groups),
        ("HELM_KUBEASUSER", flags.kube_as_user.clone()),
        ("HELM_KUBECAFILE", flags.kube_ca_file.clone()),
        ("HELM_KUBECONTEXT", flags.kube_context.clone()),
        ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", yes(flags.kube_insecure_skip_tls_verify)),
        ("HELM_KUBETLS_SERVER_NAME", flags.kube_tls_server_name.clone()),
        ("HELM_KUBETOKEN", flags.kube_token.clone()),
        ("HELM_NAMESPACE", flags.namespace.clone()),
        ("HELM_QPS", flags.qps.map(|qps| qps.to_string())),
        ("HELM_REGISTRY_CONFIG", args.files.registry_config.clone()),
        ("HELM_REPOSITORY_CACHE", args.files.repository_cache.clone()),
        ("HELM_REPOSITORY_CONFIG", args.files.repository_config.clone()),
        ("KUBECONFIG", flags.kubeconfig.clone()),
    ];
    environment::helm_env(&given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}
