//! What every verb needs: a cluster, a place for releases, and the outside world of templates.

use std::net::ToSocketAddrs;
use std::sync::Arc;

use helmd_chart::HelmMajor;
use helmd_engine::{Budgets, Cancel};
use helmd_kube::Cluster;
use helmd_plan::post_render::PostRender;
use helmd_release::Release;
use helmd_storage::{Listing, Storage, StorageError};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::error::ActionError;
use crate::operation::{Held, Holder, Interrupted};

/// What verbs and templates may ask of the machine. Tests give fixed answers.
pub trait Outside: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
    /// The zone in which templates print local times.
    fn local_zone(&self) -> TimeZone;
    /// Fills the buffer with random bytes.
    fn random(&self, buf: &mut [u8]);
    /// The address of a host name; nothing when there is none.
    fn resolve_host(&self, name: &str) -> Option<String>;
}

/// The machine itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Outside for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn local_zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    fn random(&self, buf: &mut [u8]) {
        // Without a source of randomness the buffer stays as it is; no machine that runs this lacks one.
        if let Err(err) = getrandom::fill(buf) {
            tracing::error!(%err, "no random bytes");
        }
    }

    fn resolve_host(&self, name: &str) -> Option<String> {
        (name, 0).to_socket_addrs().ok()?.next().map(|address| address.ip().to_string())
    }
}

/// What every verb needs. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The cluster, in the release's namespace, with the operation's listener and cancel token.
    pub cluster: Cluster,
    /// The releases of that namespace.
    pub storage: Storage,
    /// Whose rendering where Helm 3 and 4 differ.
    pub helm: HelmMajor,
    /// Whether templates may resolve host names (`--enable-dns`).
    pub enable_dns: bool,
    /// Time, randomness, names.
    pub outside: Arc<dyn Outside>,
    /// What a render may use up.
    pub budgets: Budgets,
    /// Ends the render that is under way or to come; what follows a render is not touched by it.
    pub cancel_render: Cancel,
    /// Changes of what is rendered.
    pub post_render: Option<Arc<PostRender>>,
    /// Who works, for others who look at the release meanwhile.
    pub holder: Arc<Holder>,
    /// What becomes of a verb whose process ends in the middle of it.
    pub interrupted: Interrupted,
    /// Leave files of the chart out of new records that are no templates, values, schema, metadata, lock or CRDs
    /// (`--skip-files-in-record`).
    pub skip_files_in_record: bool,
    /// The operation that is under way, where it keeps its journal.
    pub(crate) operation: Option<Arc<Held>>,
}

impl Context {
    /// A context with Helm 4's rendering and the machine's clock.
    #[must_use]
    pub fn new(cluster: Cluster, storage: Storage) -> Self {
        Self {
            cluster,
            storage,
            helm: HelmMajor::Helm4,
            enable_dns: false,
            outside: Arc::new(System),
            budgets: Budgets::default(),
            cancel_render: Cancel::new(),
            post_render: None,
            holder: Arc::new(Holder::new("helmd")),
            interrupted: Interrupted::default(),
            skip_files_in_record: false,
            operation: None,
        }
    }

    /// The namespace of the release.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.cluster.namespace()
    }

    /// The time for records.
    pub(crate) fn now(&self) -> helmd_release::Time {
        helmd_release::Time::utc(self.outside.now())
    }

    /// The same, but not ended by the operation's cancel token: for putting things right afterwards.
    pub(crate) fn uncancelled(&self) -> Self {
        let mut cx = self.clone();
        cx.cluster = cx.cluster.with_cancel(self.lost_token());
        cx
    }

    /// Writes a new revision down, before anything is applied; what is known about a failure is told.
    pub(crate) async fn create_record(&self, release: &mut Release, max_history: usize) -> Result<(), ActionError> {
        if self.skip_files_in_record
            && let Some(chart) = &mut release.chart
        {
            helmd_release::without_files(chart);
        }
        self.storage.create(release, max_history).await.map_err(|err| {
            if let Some(more) = err.explanation() {
                self.warn(more);
            }
            err.into()
        })
    }

    /// All revisions, oldest first; records that cannot be read are told.
    pub(crate) async fn history(&self, name: &str) -> Result<Vec<Release>, StorageError> {
        Ok(self.readable(self.storage.history(name).await?))
    }

    /// All revisions without what is large, oldest first; records that cannot be read are told.
    pub(crate) async fn brief_history(&self, name: &str) -> Result<Vec<Release>, StorageError> {
        Ok(self.readable(self.storage.brief_history(name).await?))
    }

    /// All deployed revisions, oldest first; records that cannot be read are told.
    pub(crate) async fn deployed_all(&self, name: &str) -> Result<Vec<Release>, StorageError> {
        Ok(self.readable(self.storage.deployed_all(name).await?))
    }

    pub(crate) fn readable(&self, listing: Listing) -> Vec<Release> {
        for broken in &listing.undecodable {
            self.warn(broken.to_string());
        }
        listing.releases
    }

    /// Writes a release back; a failure is told but does not fail the work, as in Helm.
    pub(crate) async fn record(&self, release: &Release) {
        if let Err(err) = self.storage.update(release).await {
            self.warn(format!("Failed to update release {}: {}", release.name, helmd_kube::helm_text(&err)));
        }
    }

    /// A line of the log that Helm's packages write: to the listener and the log.
    pub(crate) fn log(&self, line: String) {
        tracing::warn!("{line}");
        self.cluster.report(helmd_kube::Event::HelmLog { line });
    }

    /// Tells the listener and the log.
    pub(crate) fn warn(&self, message: String) {
        tracing::warn!("{message}");
        self.cluster.report(helmd_kube::Event::Warning { message });
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}
