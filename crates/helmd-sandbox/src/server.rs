//! The sandbox as others use it: starting, where it listens, its kubeconfig, and its end.

use std::{
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, extract::State, response::Response};
use http::Request;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    controller,
    error::ApiError,
    fault::Fault,
    request::Call,
    route::{self, Reply},
    seed,
    state::Shared,
};

/// How a sandbox is made.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where to listen; only loopback addresses are taken. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Fake nodes.
    pub nodes: usize,
    /// Objects that are stored at most.
    pub max_objects: usize,
    /// Bytes of a request's body.
    pub max_body_bytes: usize,
    /// Watches that are open at the same time.
    pub max_watches: usize,
    /// How long a Job waits before its second pod; doubled after each failure. A real cluster takes 10 s.
    pub job_backoff: Duration,
    /// How long a pod with the annotation `test/outcome: slow` takes to become ready.
    pub slow_pod: Duration,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            nodes: 2,
            max_objects: 50_000,
            max_body_bytes: 3 * 1024 * 1024,
            max_watches: 1024,
            job_backoff: Duration::from_millis(500),
            slow_pod: Duration::from_secs(5),
        }
    }
}

/// Why a sandbox could not be started or its kubeconfig not be written.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Others could reach it: it has no TLS.
    #[error("the sandbox listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address is taken or not ours.
    #[error("listen on {addr}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("write the kubeconfig {path}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A running sandbox. It ends with [`Sandbox::shutdown`], or when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    addr: SocketAddr,
    server: JoinHandle<()>,
    controller: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox: it answers when this returns. Runs in the caller's tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError`] when the address is no loopback address or cannot be listened on.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let asked = options.addr;
        if !asked.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(asked));
        }
        let listen = |source| SandboxError::Listen { addr: asked, source };
        let listener = TcpListener::bind(asked).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let token = uuid::Uuid::new_v4().simple().to_string();
        let shared = Shared::new(options, token);
        seed::fill(&mut shared.lock());
        let controller = tokio::spawn(controller::run(shared.clone()));
        let app = router(shared.clone());
        let stop = shared.stop.clone();
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await {
                tracing::error!(%error, "the sandbox ended");
            }
        });
        Ok(Self { shared, addr, server, controller })
    }

    /// The base URL, such as `http://127.0.0.1:41873`. Requests carry [`Sandbox::token`] as bearer token.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The bearer token that requests must carry.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// The base URL with the token as first path segment: requests to it need no header. kubectl and helm need it so, as
    /// client-go sends no bearer token without TLS.
    #[must_use]
    pub fn trusted_url(&self) -> String {
        format!("{}/{}", self.url(), self.shared.token)
    }

    /// A kubeconfig for this sandbox, as YAML. It holds the token.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: sandbox\n  cluster:\n    server: {}\nusers:\n- name: sandbox\n  user:\n    token: {}\ncontexts:\n- name: sandbox\n  context:\n    cluster: sandbox\n    user: sandbox\n    namespace: default\ncurrent-context: sandbox\n",
            self.trusted_url(),
            self.shared.token,
        )
    }

    /// Writes [`Sandbox::kubeconfig`] to `path`, readable by its owner only. A file in the way is replaced.
    ///
    /// # Errors
    /// [`SandboxError::Kubeconfig`] when the file cannot be made.
    pub fn write_kubeconfig(&self, path: &Path) -> Result<(), SandboxError> {
        let failed = |source| SandboxError::Kubeconfig { path: path.display().to_string(), source };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(self.kubeconfig().as_bytes()).map_err(failed)
    }

    /// Sets the faults that requests meet from now on; none when empty. `PUT` of their JSON to `/sandbox/faults` does the same.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.faults().set(faults);
    }

    /// The same API as a service, for callers in this process that need no socket.
    pub fn router(&self) -> Router {
        router(self.shared.clone())
    }

    /// Ends the sandbox: watches end, open requests are answered, the port is free afterwards.
    pub async fn shutdown(mut self) {
        self.shared.stop.cancel();
        // A client that keeps a connection open must not keep the sandbox.
        if tokio::time::timeout(Duration::from_secs(2), &mut self.server).await.is_err() {
            self.server.abort();
        }
        let _ = (&mut self.controller).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.controller.abort();
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, shared.body_limit).await else {
        return Reply::from(ApiError::too_large(shared.body_limit)).into_response();
    };
    let mut call = Call::new(parts.method, &parts.uri, parts.headers, body);
    route::take_path_token(&shared, &mut call);
    let fault = shared.faults().meet(&call);
    let answer = || route::answer(&shared, &call).into_response();
    let response = match fault {
        Some(fault) => fault.answer(answer).await,
        None => answer(),
    };
    let path = call.path.join("/");
    tracing::debug!(method = %call.method, path, status = response.status().as_u16(), "sandbox");
    response
}
