//! The HTTP server: helm-wrapper's API under `/api`; `/v1` will stand beside it on the same actions.
//!
//! Owns: routes, bodies and answers, limits, request ids, the upload folder, graceful stop. Does not own: any Helm rule (they are
//! in `helmd-action`), flags and environment (the binary).
//!
//! Start at [`App::new`] and [`App::router`]; [`serve`] listens.

mod auth;
mod catalogue;
mod chart_store;
mod charts;
mod compat;
mod listen;
mod metrics;
mod own;
mod paths;
mod recovery;
mod registries;
mod settings;
mod trust;

pub use auth::{Auth, AuthError, TokenFile};
pub use registries::RegistrySettings;
pub use settings::{ChartStoreSettings, ConfigError, ConfigFile, Limits, Overwrite, Settings, StorePlace};
pub use trust::{ChartPolicy, Trust};

use axum::Router;
use axum::body::Body;
use axum::extract::State as AppState;
use axum::http::{HeaderName, HeaderValue, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use catalogue::{Catalogue, Reach};
use charts::Charts;
use compat::Query;
use helmd_action::{Context, Holder};
use helmd_chart::HelmMajor;
use helmd_kube::{ClusterConfig, ClusterPool, Secret, helm_text};
use helmd_storage::{DriverKind, Memory, Sql, Storage};
use helmd_store::Store;
use own::Own;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tracing::Instrument;

/// The server's state; `Clone` shares it.
#[derive(Clone)]
pub struct App(Arc<State>);

/// What handlers share.
pub struct State {
    pub(crate) settings: Settings,
    pub(crate) metrics: metrics::Metrics,
    pub(crate) charts: Charts,
    pub(crate) catalogue: Arc<Catalogue>,
    /// The server's own charts.
    pub(crate) store: Arc<Store>,
    pub(crate) pool: ClusterPool,
    /// Whose rendering this API has: helm-wrapper links Helm 3.
    pub(crate) helm: HelmMajor,
    /// The connections to the database of the driver `sql`.
    pub(crate) sql: Sql,
    /// The releases of the driver `memory`, for as long as this process lives.
    pub(crate) memory: Arc<Memory>,
    /// As whom operations are held.
    pub(crate) holder: Arc<Holder>,
}

impl std::ops::Deref for App {
    type Target = State;
    fn deref(&self) -> &State {
        &self.0
    }
}

impl App {
    /// A server of these settings.
    ///
    /// # Errors
    /// The chart store cannot be where it is said to be.
    pub fn new(settings: Settings) -> Result<App, ConfigError> {
        let helm = HelmMajor::Helm3;
        let reach = Reach {
            hosts: settings.allowed_hosts.clone(),
            paths: settings.allowed_paths.clone(),
            anywhere: settings.compat_unsafe,
        };
        let catalogue = Arc::new(Catalogue::new(
            settings.places.clone(),
            (&settings.repositories, settings.registries.clone()),
            reach,
            helm,
        ));
        let loader = settings.budgets.loader(helm);
        let largest = settings.limits.upload_bytes as u64;
        let store = Arc::new(settings.chart_store.open(
            &settings.upload_dir,
            loader.clone(),
            largest,
            catalogue.repos().logins(),
        )?);
        let own = Own { store: Arc::clone(&store), name: settings.chart_store.name.clone() };
        let charts = Charts::new(loader, Arc::clone(&catalogue), own, settings.trust.clone());
        let holder = Arc::new(settings.holder.clone());
        let sql = Sql::new(settings.sql_connection.expose(), helm);
        Ok(App(Arc::new(State {
            settings,
            metrics: metrics::Metrics::default(),
            charts,
            catalogue,
            store,
            pool: ClusterPool::default(),
            helm,
            sql,
            memory: Arc::default(),
            holder,
        })))
    }

    /// All routes with their layers.
    pub fn router(&self) -> Router {
        let app = self.clone();
        let limit = self.settings.limits.upload_bytes.saturating_add(1024 * 1024);
        Router::new()
            .fallback(move |request: Request<Body>| answer(app.clone(), request))
            .layer(axum::extract::DefaultBodyLimit::max(limit))
            .layer(middleware::from_fn_with_state(self.clone(), auth::guard))
            .layer(tower_http::catch_panic::CatchPanicLayer::new())
            .layer(middleware::from_fn_with_state(self.clone(), traced))
    }

    /// The cluster and storage that a request names.
    ///
    /// # Errors
    /// Helm's sentence when there is no such cluster or storage driver.
    pub(crate) async fn context(&self, query: &Query, namespace: &str) -> Result<Context, String> {
        let config = self.cluster_config(query)?;
        let cluster = self.pool.connect(&config).await.map_err(|e| helm_text(&e))?.with_namespace(namespace);
        let driver = DriverKind::from_env_name(&self.settings.driver).map_err(|e| helm_text(&e))?;
        let storage = match driver {
            DriverKind::Sql => Storage::sql(&self.sql, namespace),
            DriverKind::Memory => Storage::memory(Arc::clone(&self.memory), namespace),
            driver => Storage::for_cluster(driver, &cluster, self.helm),
        };
        let mut cx = Context::new(cluster, storage);
        cx.helm = self.helm;
        cx.holder = Arc::clone(&self.holder);
        cx.interrupted = self.settings.interrupted;
        cx.skip_files_in_record = self.settings.skip_files_in_record;
        cx.budgets = self.settings.budgets.clone();
        Ok(cx)
    }

    fn cluster_config(&self, query: &Query) -> Result<ClusterConfig, String> {
        let mut config = self.settings.kube.clone();
        if let Some(path) = query.first("kube_config").filter(|path| !path.is_empty()) {
            config.source = self.catalogue.paths().kubeconfig(path)?;
        }
        if let Some(context) = query.first("kube_context").filter(|context| !context.is_empty()) {
            config.context = Some(context.to_owned());
        }
        if let Some(url) = &query.kube_apiserver {
            self.catalogue.check_parameter(url)?;
            config.apiserver = Some(url.clone());
        }
        if let Some(token) = &query.kube_token {
            config.token = Some(Secret::new(token.clone()));
        }
        Ok(config)
    }
}

async fn answer(app: App, request: Request<Body>) -> Response {
    if chart_store::is_ours(request.uri().path()) {
        return chart_store::serve(app, request).await;
    }
    compat::serve(app, request).await
}

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names each request, and logs its end.
async fn traced(AppState(app): AppState<App>, request: Request<Body>, next: Next) -> Response {
    let _running = app.metrics.begin();
    let given = request.headers().get(&REQUEST_ID).and_then(|v| v.to_str().ok());
    let usable = |id: &&str| !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_graphic());
    let id = given.filter(usable).map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::info_span!("request", %id, %method, %path);
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = started.elapsed();
    app.metrics.answered(response.status().as_u16(), took);
    let milliseconds = took.as_millis();
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), milliseconds, "answered"));
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response
}

/// Listens until `stop` ends, then lets running requests finish within the limit.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let recovery = tokio::spawn(recovery::run(app.clone()));
    let catalogue = Arc::clone(&app.catalogue);
    let repositories = tokio::spawn(async move { catalogue.start().await });
    let running = listen::until(&listener, &app, stop).await;
    recovery.abort();
    repositories.abort();
    drop(listener);
    let grace = app.settings.limits.shutdown;
    if tokio::time::timeout(grace, running.shutdown()).await.is_err() {
        tracing::warn!(seconds = grace.as_secs(), "requests were still running when the time to stop was over");
    }
    Ok(())
}
