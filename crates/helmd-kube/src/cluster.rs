//! The handle through which everything reaches a cluster.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex as AsyncMutex, RwLock, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::config::{ClusterConfig, Resolved};
use crate::discovery::{Discovery, Mapping, ServerVersion};
use crate::error::{ApiStatus, KubeError, NoKindMatch};
use crate::patience::{self, Repeated};
use crate::progress::{Event, Progress, Silent};
use crate::transport::{Answer, Call, Transport};

/// How long a connection that nobody asked for is kept: certificates and tokens in files change.
const IDLE: Duration = Duration::from_secs(600);
/// A server that has answered is not asked again within this time whether it is there: every request begins with that question,
/// and what follows tells, too.
const STILL_THERE: Duration = Duration::from_secs(2);
/// Clocks that lie no further apart are taken as the same.
const SAME_CLOCK: SignedDuration = SignedDuration::from_secs(2);
/// How many connection pools are kept at most.
const MOST_POOLS: usize = 256;

/// A cluster as one operation sees it: connection, identity, namespace, listener, cancel token.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
    namespace: String,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
    patience: Duration,
    /// As this handle and its clones have seen it last.
    version: Arc<OnceLock<ServerVersion>>,
}

struct Shared {
    transport: Transport,
    default_namespace: String,
    discovery: Arc<Cached>,
    /// How far the API server's clock is ahead of ours, in milliseconds.
    clock: AtomicI64,
}

/// What a server serves, shared by all who see the same.
#[derive(Default)]
struct Cached {
    known: RwLock<Option<Arc<Discovery>>>,
    /// When the server was reached last, and which it was.
    reached: Mutex<Option<(Instant, ServerVersion)>>,
    /// What others keep of what this identity was shown, by type.
    beside: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    /// Held while reading anew, so that many callers cause one reading; with the time at which the last one began.
    reading: AsyncMutex<Option<Instant>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("server", &self.shared.transport.server())
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Connects without a pool: for programs with one cluster, and tests.
    ///
    /// # Errors
    /// [`KubeError::Unreachable`] when the configuration is unusable. Nothing is sent yet.
    pub async fn connect(config: &ClusterConfig) -> Result<Self, KubeError> {
        ClusterPool::default().connect(config).await
    }

    /// The cluster behind a given transport.
    #[must_use]
    pub fn from_transport(transport: Transport, default_namespace: impl Into<String>) -> Self {
        Self::from_parts(transport, default_namespace.into(), Arc::default())
    }

    fn from_parts(transport: Transport, default_namespace: String, discovery: Arc<Cached>) -> Self {
        Self {
            namespace: default_namespace.clone(),
            shared: Arc::new(Shared { transport, default_namespace, discovery, clock: AtomicI64::new(0) }),
            progress: Arc::new(Silent),
            cancel: CancellationToken::new(),
            patience: Duration::ZERO,
            version: Arc::default(),
        }
    }

    /// The same cluster with another namespace for objects that name none.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The same cluster, telling a listener what happens.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// The same cluster, whose work ends early when the token is cancelled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// The same cluster, whose calls are repeated for that long while the API server does not answer.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The namespace for objects that name none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The namespace of the kubeconfig's context.
    #[must_use]
    pub fn default_namespace(&self) -> &str {
        &self.shared.default_namespace
    }

    /// The URL of the API server.
    #[must_use]
    pub fn server(&self) -> &str {
        self.shared.transport.server()
    }

    /// A kube client with the same connection and identity.
    #[must_use]
    pub fn kube_client(&self) -> kube::Client {
        self.shared.transport.kube_client(&self.namespace)
    }

    /// The transport, for calls that this crate has no word for.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.shared.transport
    }

    /// The token whose cancelling ends this handle's work.
    #[must_use]
    pub fn cancel_token(&self) -> &CancellationToken {
        &self.cancel
    }

    /// What somebody keeps of this connection as this identity, one of each type: shared by all handles of both, and dropped with
    /// the connection when nobody asks for it any more.
    #[must_use]
    pub fn beside<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        let mut beside = self.shared.discovery.beside.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = beside.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        Arc::clone(kept).downcast().unwrap_or_default()
    }

    /// Tells the listener.
    pub fn report(&self, event: Event) {
        self.progress.report(event);
    }

    pub(crate) fn listens(&self) -> bool {
        self.progress.listens()
    }

    /// Tells the listener that a part of the work begins.
    pub fn step(&self, name: &str, message: impl Into<String>) {
        self.report(Event::Step { name: name.to_owned(), message: message.into() });
    }

    /// # Errors
    /// [`KubeError::Cancelled`] when the work was cancelled.
    pub fn check_cancelled(&self) -> Result<(), KubeError> {
        if self.cancel.is_cancelled() { Err(KubeError::Cancelled) } else { Ok(()) }
    }

    /// Makes a call and reports the server's warnings.
    ///
    /// # Errors
    /// As [`Transport::call`].
    pub async fn call(&self, call: Call) -> Result<Answer, KubeError> {
        self.call_repeating(call).await.1
    }

    /// As [`Cluster::call`]; also tells whether the call was made several times, so that what it makes may be there from the
    /// first time.
    pub async fn call_repeating(&self, call: Call) -> (Repeated, Result<Answer, KubeError>) {
        let told = |message| self.report(Event::ServerWarning { message });
        let ask = || self.shared.transport.call_told(call.clone(), &told);
        let (repeated, result) = patience::repeat(self, ask).await;
        if let Ok(answer) = &result {
            self.set_clock(answer);
        }
        (repeated, result)
    }

    /// The time by the API server's clock, as far as its last answer tells it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.shared.clock.load(Ordering::Relaxed));
        Timestamp::now().checked_add(ahead).unwrap_or_else(|_| Timestamp::now())
    }

    fn set_clock(&self, answer: &Answer) {
        let date = answer.headers.get(http::header::DATE).and_then(|date| date.to_str().ok());
        let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else { return };
        let ahead = date.timestamp().duration_since(Timestamp::now());
        // The header has whole seconds: smaller differences are none.
        let ahead = if ahead.abs() <= SAME_CLOCK { 0 } else { ahead.as_millis() };
        self.shared.clock.store(i64::try_from(ahead).unwrap_or_default(), Ordering::Relaxed);
    }

    /// The server's version; proves that the cluster can be reached, or could a moment ago.
    ///
    /// # Errors
    /// [`KubeError::Unreachable`].
    pub async fn check_reachable(&self) -> Result<ServerVersion, KubeError> {
        let reached = || self.shared.discovery.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let known = reached().clone().filter(|(when, _)| when.elapsed() < STILL_THERE);
        let version = match known {
            Some((_, version)) => version,
            None => {
                let asked = self.version().await;
                let version = asked.map_err(|source| KubeError::Unreachable { source: Box::new(source) })?;
                *reached() = Some((Instant::now(), version.clone()));
                version
            }
        };
        // An operation asks once: whether there is a server, and which.
        let _seen_before = self.version.set(version.clone());
        Ok(version)
    }

    /// The server's version as [`Cluster::check_reachable`] has seen it on this handle; asked for when it has not.
    ///
    /// # Errors
    /// As [`Cluster::version`].
    pub async fn known_version(&self) -> Result<ServerVersion, KubeError> {
        match self.version.get() {
            Some(version) => Ok(version.clone()),
            None => self.version().await,
        }
    }

    /// The server's version.
    ///
    /// # Errors
    /// The call's failure; a refusal has client-go's words, which do not look into the answer here.
    pub async fn version(&self) -> Result<ServerVersion, KubeError> {
        let answer = self.call(Call::new(Method::GET, "/version")).await.map_err(|err| match err {
            KubeError::Api(status) => {
                let words = ApiStatus::unstructured(&Method::GET, status.code, &status.message);
                KubeError::Api(Box::new(words))
            }
            other => other,
        })?;
        serde_json::from_slice(&answer.body)
            .map_err(|err| KubeError::Answer(format!("unable to parse the server version: {err}")))
    }

    /// What the cluster serves, as last read.
    ///
    /// # Errors
    /// When it was never read and cannot be.
    pub async fn discovery(&self) -> Result<Arc<Discovery>, KubeError> {
        if let Some(known) = self.shared.discovery.known.read().await.clone() {
            return Ok(known);
        }
        let _one_reader = self.shared.discovery.reading.lock().await;
        if let Some(known) = self.shared.discovery.known.read().await.clone() {
            return Ok(known);
        }
        self.read_discovery(None).await
    }

    /// What the cluster serves now. Costs a call or two that are mostly answered with "unchanged".
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn refresh_discovery(&self) -> Result<Arc<Discovery>, KubeError> {
        let asked = Instant::now();
        let mut last = self.shared.discovery.reading.lock().await;
        let known = self.shared.discovery.known.read().await.clone();
        // Somebody has read it since, from beginning to end.
        if let Some(known) = &known
            && last.is_some_and(|began| began >= asked)
        {
            return Ok(Arc::clone(known));
        }
        let began = Instant::now();
        let read = self.read_discovery(known).await?;
        *last = Some(began);
        Ok(read)
    }

    async fn read_discovery(&self, known: Option<Arc<Discovery>>) -> Result<Arc<Discovery>, KubeError> {
        let read = || Discovery::read(&self.shared.transport, known.clone());
        let fresh = patience::repeat(self, read).await.1?;
        *self.shared.discovery.known.write().await = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// The resource that serves a kind; reads anew what the cluster serves when the kind is unknown.
    ///
    /// # Errors
    /// [`KubeError::Mapping`] with an empty name when there is none.
    pub async fn mapping(&self, api_version: &str, kind: &str) -> Result<Arc<Mapping>, KubeError> {
        if let Some(found) = self.discovery().await?.find(api_version, kind) {
            return Ok(found);
        }
        let missing = NoKindMatch { kind: kind.to_owned(), version: api_version.to_owned() };
        self.refresh_discovery().await?.find(api_version, kind).ok_or(KubeError::Mapping {
            name: String::new(),
            namespace: String::new(),
            cause: missing,
        })
    }
}

/// Connections by configuration, so that requests for the same server share one.
#[derive(Default)]
pub struct ClusterPool {
    pools: Mutex<HashMap<String, Pool>>,
}

struct Pool {
    client: kube::Client,
    server: http::Uri,
    last_used: Instant,
    free: Arc<Semaphore>,
    /// What each identity sees (API servers may show different things to different callers).
    discovery: HashMap<Vec<u8>, Arc<Cached>>,
}

impl std::fmt::Debug for ClusterPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterPool").finish_non_exhaustive()
    }
}

impl ClusterPool {
    /// A handle for the cluster that the configuration names.
    ///
    /// # Errors
    /// [`KubeError::Unreachable`] when the configuration is unusable. Nothing is sent yet.
    pub async fn connect(&self, config: &ClusterConfig) -> Result<Cluster, KubeError> {
        let unreachable = |source| KubeError::Unreachable { source: Box::new(source) };
        let resolved = config.resolve().await.map_err(unreachable)?;
        let namespace = resolved.config.default_namespace.clone();
        let (transport, discovery) = self.pooled(resolved).map_err(unreachable)?;
        Ok(Cluster::from_parts(transport, namespace, discovery))
    }

    fn pooled(&self, resolved: Resolved) -> Result<(Transport, Arc<Cached>), KubeError> {
        let Resolved { key, config, identity } = resolved;
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        pools.retain(|_, pool| now.duration_since(pool.last_used) < IDLE);
        if pools.len() >= MOST_POOLS && !pools.contains_key(&key) {
            let oldest = pools.iter().min_by_key(|(_, pool)| pool.last_used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                pools.remove(&oldest);
            }
        }
        let pool = match pools.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                // The process may have chosen a provider already; then that one stays.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let server = config.cluster_url.clone();
                let client = kube::Client::try_from(config)
                    .map_err(|err| KubeError::Config(format!("invalid configuration: {err}")))?;
                entry.insert(Pool {
                    client,
                    server,
                    last_used: now,
                    free: Transport::room(),
                    discovery: HashMap::new(),
                })
            }
        };
        pool.last_used = now;
        let mut who: Vec<u8> = Vec::new();
        for (name, value) in &identity {
            who.extend_from_slice(name.as_str().as_bytes());
            who.push(b'=');
            who.extend_from_slice(value.as_bytes());
            who.push(b'\n');
        }
        if pool.discovery.len() > MOST_POOLS {
            pool.discovery.clear();
        }
        let discovery = Arc::clone(pool.discovery.entry(who).or_default());
        let transport = Transport::new(pool.client.clone(), &pool.server, identity).sharing(&pool.free);
        Ok((transport, discovery))
    }
}
