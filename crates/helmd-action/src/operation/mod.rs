//! One operation on a release at a time, over all processes: a Lease beside the release says who works on it, and keeps the
//! journal of what is being done. Each step is written there before it is taken, so that whoever finds the Lease of a process
//! that has ended can end its operation.
//!
//! A verb calls [`begin`] first and [`end`] last, and tells its steps by [`Context::journal`]. A cluster that lets the caller
//! make no Leases is worked on without: then the conflict of two new revisions is what keeps two operations apart, as in Helm.

mod journal;
mod recover;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard as StdMutexGuard, PoisonError};
use std::time::Duration;

use helmd_chart::HelmMajor;
use helmd_kube::{Cluster, ErrorKind, KubeError, LONGEST_PAUSE, Lease, helm_text};
use helmd_release::Release;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::error::ActionError;

pub use journal::{Interrupted, Journal, JournalOptions, Step, Verb};
pub use recover::Recovered;
pub(crate) use recover::recover;
pub(crate) use sweep::abandoned_of;
pub use sweep::{Abandoned, Swept, abandoned};

/// For how long a process that is not heard of counts as alive, unless set otherwise.
pub const LEASE_DURATION: Duration = Duration::from_secs(15);

/// The label on Leases that names the release.
const RELEASE: &str = "helmd.dev/release";
/// Whose Leases these are.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "helmd");
/// The annotation that holds the journal.
const OPERATION: &str = "helmd.dev/operation";

/// Who holds Leases: one per process.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Different in each process: `HOST_PROCESS_RANDOM`.
    pub identity: String,
    /// For how long the process counts as alive when it is not heard of.
    pub duration: Duration,
    /// What it works on: namespaces and names of Leases.
    active: Arc<StdMutex<BTreeSet<(String, String)>>>,
}

impl Holder {
    /// A holder whose identity begins with a name that people know: host or pod.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut random = [0_u8; 4];
        if let Err(err) = getrandom::fill(&mut random) {
            tracing::error!(%err, "no random bytes");
        }
        let identity = format!("{name}_{}_{}", std::process::id(), hex(&random));
        Self { identity, duration: LEASE_DURATION, active: Arc::default() }
    }

    /// The same holder, counting as alive for that long.
    #[must_use]
    pub fn with_duration(self, duration: Duration) -> Self {
        Self { duration, ..self }
    }

    /// For how long a Lease that has run out is watched before it is taken: a holder that could not reach the API server for a
    /// while renews it first thing, and clocks may differ.
    #[must_use]
    pub fn second_look(duration: Duration) -> Duration {
        duration / 3 + LONGEST_PAUSE + Duration::from_secs(1)
    }

    fn active(&self) -> StdMutexGuard<'_, BTreeSet<(String, String)>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a Lease is that of an operation that runs in this process.
    fn is_at(&self, lease: &Lease) -> bool {
        lease.holder == self.identity && self.active().contains(&(lease.namespace.clone(), lease.name.clone()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of the Lease of a release.
fn lease_name(release: &str) -> String {
    format!("helmd.{release}")
}

/// Who works on a release, and what they do.
#[derive(Debug, Clone, PartialEq)]
pub struct InProgress {
    /// The process; empty when nobody is known.
    pub holder: String,
    /// When it was last seen.
    pub seen: Option<Timestamp>,
    /// What it does.
    pub journal: Option<Journal>,
    /// The revision that is pending, when there is a record of it.
    pub pending: Option<(i64, String)>,
}

impl InProgress {
    fn of(lease: &Lease) -> Self {
        Self { holder: lease.holder.clone(), seen: Some(lease.renewed), journal: read_journal(lease), pending: None }
    }

    /// A release whose newest record is pending, with nobody known to work on it.
    pub(crate) fn pending(release: &Release) -> Self {
        let pending = Some((release.version, release.info.status.to_string()));
        Self { holder: String::new(), seen: None, journal: None, pending }
    }

    /// What a person should know and can do.
    #[must_use]
    pub fn hint(&self) -> String {
        if let Some((revision, status)) = &self.pending {
            return format!(
                "revision {revision} is {status}, and no helmd works on it: a helm that still runs cannot be told from one that \
                 has died; when it has died, `helmd unlock` mends the release"
            );
        }
        let seen = self.seen.map(|seen| format!(", last seen at {seen:.0}")).unwrap_or_default();
        let what = match &self.journal {
            Some(journal) => format!("{} since {:.0}, now {}", journal.what(), journal.started, journal.step.doing()),
            None => "an operation".to_owned(),
        };
        format!("{} works on it ({what}{seen}); when it is not heard of any more, helmd takes over", self.holder)
    }
}

fn read_journal(lease: &Lease) -> Option<Journal> {
    serde_json::from_str(lease.annotations.get(OPERATION)?).ok()
}

/// A Lease that this process holds and renews until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    shared: Arc<Shared>,
    renewal: JoinHandle<()>,
    holder: Arc<Holder>,
    place: (String, String),
}

#[derive(Debug)]
struct Shared {
    /// Not ended by the operation's cancel token.
    cluster: Cluster,
    state: Mutex<State>,
    /// Ends what the operation does.
    work: CancellationToken,
    /// Somebody else has the Lease.
    lost: CancellationToken,
}

#[derive(Debug)]
struct State {
    lease: Lease,
    journal: Journal,
    /// How far the operation had come when this process took it over.
    resumed: Option<Step>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
        self.holder.active().remove(&self.place);
    }
}

impl Held {
    fn start(cx: &Context, lease: Lease, journal: Journal) -> Arc<Self> {
        let pause = lease.duration / 3;
        let place = (lease.namespace.clone(), lease.name.clone());
        cx.holder.active().insert(place.clone());
        let cluster = cx.cluster.clone().with_cancel(CancellationToken::new()).with_patience(journal.options.timeout());
        let state = Mutex::new(State { lease, journal, resumed: None });
        let (work, lost) = (cx.cluster.cancel_token().child_token(), CancellationToken::new());
        let shared = Arc::new(Shared { cluster, state, work, lost });
        let renewed = Arc::clone(&shared);
        let renewal = tokio::spawn(async move {
            let impatient = renewed.cluster.clone().with_patience(Duration::ZERO);
            let mut next = pause;
            loop {
                tokio::time::sleep(next).await;
                next = pause.min(LONGEST_PAUSE);
                match renewed.write_by(&impatient, |_| ()).await {
                    Ok(()) => next = pause,
                    Err(err) if renewed.lost.is_cancelled() => {
                        tracing::error!(error = %helm_text(&err), "somebody else has taken over the operation");
                        return;
                    }
                    // Nobody can take over what nobody can reach; the next try tells.
                    Err(err) => {
                        tracing::warn!(error = %helm_text(&err), "the lease of an operation could not be renewed")
                    }
                }
            }
        });
        Arc::new(Self { shared, renewal, holder: Arc::clone(&cx.holder), place })
    }

    async fn resumed(&self) -> Option<Step> {
        self.shared.state.lock().await.resumed
    }
}

impl Shared {
    /// Writes the Lease with a changed journal and the time.
    async fn write(&self, change: impl FnOnce(&mut Journal) + Send) -> Result<(), ActionError> {
        self.write_by(&self.cluster, change).await
    }

    async fn write_by(&self, cluster: &Cluster, change: impl FnOnce(&mut Journal) + Send) -> Result<(), ActionError> {
        let mut state = self.state.lock().await;
        let mut journal = state.journal.clone();
        change(&mut journal);
        let mut lease = state.lease.clone();
        lease.annotations.insert(OPERATION.to_owned(), encode(&journal)?);
        loop {
            lease.renewed = cluster.now();
            match cluster.update_lease(&lease).await {
                Ok(written) => {
                    state.lease = written;
                    state.journal = journal;
                    return Ok(());
                }
                // Perhaps our own write, whose answer was lost.
                Err(err) if err.is_conflict() || err.is_not_found() => {
                    match cluster.lease(&lease.namespace, &lease.name).await? {
                        Some(found) if found.holder == lease.holder => lease.resource_version = found.resource_version,
                        found => {
                            self.lost.cancel();
                            self.work.cancel();
                            return Err(ActionError::Lost {
                                holder: found.map(|found| found.holder).unwrap_or_default(),
                            });
                        }
                    }
                }
                Err(err) => return Err(err.into()),
            }
        }
    }
}

fn encode(journal: &Journal) -> Result<String, ActionError> {
    serde_json::to_string(journal)
        .map_err(|err| ActionError::Internal(format!("an operation cannot be written down: {err}")))
}

impl Context {
    /// An entry for an operation that begins.
    pub(crate) fn new_journal(&self, verb: Verb, options: JournalOptions) -> Journal {
        let mut id = [0_u8; 8];
        self.outside.random(&mut id);
        Journal {
            id: hex(&id),
            verb,
            step: Step::Preparing,
            revision: 0,
            former: 0,
            target: 0,
            started: self.outside.now(),
            taken_over: 0,
            helm: if self.helm == HelmMajor::Helm3 { 3 } else { 4 },
            driver: self.storage.driver_name().to_owned(),
            interrupted: self.interrupted,
            options,
        }
    }

    /// Writes down that a step is taken next, unless that stands there already.
    ///
    /// # Errors
    /// [`ActionError::Lost`] when somebody else has taken over: then nothing more may be done.
    pub(crate) async fn journal(&self, step: Step) -> Result<(), ActionError> {
        if self.journalled().await != Some(step) {
            return self.journal_with(|journal| journal.step = step).await;
        }
        match &self.operation {
            Some(held) if held.shared.lost.is_cancelled() => Err(ActionError::Lost { holder: String::new() }),
            _ => Ok(()),
        }
    }

    /// Writes down that only the outcome is left. When nothing but objects was changed since [`Step::Applying`], that may stand:
    /// who goes on from there changes them once more, which changes nothing.
    ///
    /// # Errors
    /// As [`Context::journal`].
    pub(crate) async fn journal_finishing(&self) -> Result<(), ActionError> {
        let step = self.journalled().await.filter(|step| matches!(step, Step::Recording | Step::Applying));
        let step = step.unwrap_or(Step::Finishing);
        self.journal(step).await
    }

    async fn journalled(&self) -> Option<Step> {
        Some(self.operation.as_ref()?.shared.state.lock().await.journal.step)
    }

    /// As [`Context::journal`], for more than the step.
    pub(crate) async fn journal_with(&self, change: impl FnOnce(&mut Journal) + Send) -> Result<(), ActionError> {
        match &self.operation {
            Some(held) => held.shared.write(change).await,
            None => Ok(()),
        }
    }

    /// The operation has failed: writes down that what it did is taken back, if so.
    ///
    /// # Errors
    /// [`ActionError::Lost`] when somebody else has taken over, who sees to it.
    pub(crate) async fn go_back(&self, takes_back: bool) -> Result<(), ActionError> {
        let Some(held) = &self.operation else { return Ok(()) };
        if takes_back {
            match self.journal(Step::GoingBack).await {
                Err(lost @ ActionError::Lost { .. }) => return Err(lost),
                // What cannot be written down is done all the same.
                Err(err) => tracing::warn!(error = %helm_text(&err), "the journal cannot be written"),
                Ok(()) => {}
            }
        }
        if held.shared.lost.is_cancelled() {
            return Err(ActionError::Lost { holder: String::new() });
        }
        Ok(())
    }

    /// Whether an operation that was taken over had come beyond this step.
    pub(crate) async fn was_beyond(&self, step: Step) -> bool {
        match &self.operation {
            Some(held) => held.resumed().await.is_some_and(|resumed| resumed > step),
            None => false,
        }
    }

    /// Since when the operation runs, if it was taken over from somebody.
    pub(crate) async fn resumed_since(&self) -> Option<Timestamp> {
        let state = self.operation.as_ref()?.shared.state.lock().await;
        state.resumed.map(|_| state.journal.started)
    }
}

/// Begins an operation on a release: gives the context that it is done with. What an ended process left is put in order first.
/// Within an operation it is that one which goes on, as another verb.
///
/// # Errors
/// [`ActionError::InProgress`] when somebody else is at it.
pub(crate) async fn begin(cx: &Context, release: &str, journal: Journal) -> Result<Context, ActionError> {
    if let Some(held) = &cx.operation {
        held.shared.write(|now| *now = Journal { id: now.id.clone(), ..journal }).await?;
        held.shared.state.lock().await.resumed = None;
        return Ok(cx.clone());
    }
    let patience = journal.options.timeout();
    match acquire(cx, release, &journal).await? {
        Acquired::Without => Ok(cx.clone().patient(patience)),
        Acquired::New(lease) => {
            let held = Held::start(cx, lease, journal);
            Ok(cx.clone().patient(patience).holding(held))
        }
        Acquired::TakenOver(lease, left) => {
            let held = Held::start(cx, lease, left.clone().unwrap_or_else(|| journal.clone()));
            let holding = cx.clone().patient(patience).holding(Arc::clone(&held));
            if let Some(left) = left {
                let outcome = Box::pin(recover(&holding, release, left)).await;
                let told = format!("release {release}: {}", recover::told(&outcome));
                tracing::info!("{told}");
                cx.cluster.step("recovered", told);
            }
            held.shared.write(|now| *now = journal).await?;
            held.shared.state.lock().await.resumed = None;
            Ok(holding)
        }
    }
}

/// Ends an operation: lets go of the Lease.
pub(crate) async fn end(cx: Context, within: &Context) {
    let Some(held) = cx.operation.filter(|_| within.operation.is_none()) else { return };
    // Not in the middle of a renewal, which would change the Lease behind our back.
    let state = held.shared.state.lock().await;
    held.renewal.abort();
    if held.shared.lost.is_cancelled() {
        return;
    }
    if let Err(err) = held.shared.cluster.delete_lease(&state.lease).await {
        tracing::warn!(error = %helm_text(&err), "the lease of an ended operation could not be deleted, it runs out by itself");
    }
}

enum Acquired {
    /// The cluster lets us have none.
    Without,
    New(Lease),
    /// A process that was not heard of any more had it, with this operation.
    TakenOver(Lease, Option<Journal>),
}

async fn acquire(cx: &Context, release: &str, journal: &Journal) -> Result<Acquired, ActionError> {
    let cluster = &cx.cluster.clone().with_patience(journal.options.timeout());
    let now = cluster.now();
    let wanted = Lease {
        namespace: cx.namespace().to_owned(),
        name: lease_name(release),
        holder: cx.holder.identity.clone(),
        duration: cx.holder.duration,
        acquired: now,
        renewed: now,
        transitions: 0,
        labels: BTreeMap::from(
            [(MANAGED_BY.0, MANAGED_BY.1), (RELEASE, release)].map(|(k, v)| (k.to_owned(), v.to_owned())),
        ),
        annotations: BTreeMap::from([(OPERATION.to_owned(), encode(journal)?)]),
        resource_version: String::new(),
    };
    for _ in 0..3 {
        match cluster.create_lease(&wanted).await {
            Ok(lease) => return Ok(Acquired::New(lease)),
            Err(err) if err.is_already_exists() => {}
            Err(err) if is_without(&err) => {
                tracing::debug!(error = %helm_text(&err), "no lease for this operation");
                return Ok(Acquired::Without);
            }
            Err(err) => return Err(err.into()),
        }
        let Some(found) = cluster.lease(&wanted.namespace, &wanted.name).await? else { continue };
        // Our own, whose answer was lost.
        if found.holder == wanted.holder && read_journal(&found).is_some_and(|found| found.id == journal.id) {
            return Ok(Acquired::New(found));
        }
        if !found.is_expired(cluster.now()) || !is_still(cx, &found).await? {
            return Err(ActionError::in_progress(InProgress::of(&found)));
        }
        return take(cx, found).await.map(|(lease, left)| Acquired::TakenOver(lease, left));
    }
    Err(ActionError::InProgress(None))
}

/// Whether a Lease that has run out is as it was after a while: then nobody renews it.
async fn is_still(cx: &Context, found: &Lease) -> Result<bool, ActionError> {
    if cx.holder.is_at(found) {
        return Ok(false);
    }
    cx.cluster
        .step("watching", format!("{} was not heard of since {:.0}, watching its lease", found.holder, found.renewed));
    tokio::time::sleep(Holder::second_look(found.duration)).await;
    let now = cx.cluster.lease(&found.namespace, &found.name).await?;
    Ok(now.is_some_and(|now| now.resource_version == found.resource_version))
}

/// Takes a Lease whose holder is not heard of any more.
async fn take(cx: &Context, found: Lease) -> Result<(Lease, Option<Journal>), ActionError> {
    let mut left = read_journal(&found);
    let mut lease = found;
    if let Some(left) = &mut left {
        left.taken_over += 1;
        lease.annotations.insert(OPERATION.to_owned(), encode(left)?);
    }
    lease.holder.clone_from(&cx.holder.identity);
    lease.duration = cx.holder.duration;
    lease.transitions += 1;
    lease.acquired = cx.cluster.now();
    lease.renewed = lease.acquired;
    match cx.cluster.update_lease(&lease).await {
        Ok(lease) => Ok((lease, left)),
        Err(err) if err.is_conflict() || err.is_not_found() => Err(ActionError::InProgress(None)),
        Err(err) => Err(err.into()),
    }
}

/// Whether Leases cannot be had here: not allowed, not served, or the namespace is still to be made.
fn is_without(err: &KubeError) -> bool {
    err.is_not_found() || err.kind() == ErrorKind::Denied
}

impl Context {
    /// Waits that long for a cluster that is away.
    pub(crate) fn patient(mut self, patience: Duration) -> Self {
        self.cluster = self.cluster.with_patience(patience);
        self.storage = self.storage.for_operation(patience);
        self
    }

    fn holding(mut self, held: Arc<Held>) -> Self {
        self.cluster = self.cluster.with_cancel(held.shared.work.clone());
        self.operation = Some(held);
        self
    }

    /// The token that ends what must be done even when the operation is cancelled: only losing the Lease ends it.
    pub(crate) fn lost_token(&self) -> CancellationToken {
        self.operation.as_ref().map(|held| held.shared.lost.child_token()).unwrap_or_default()
    }
}
