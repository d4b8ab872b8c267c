//! Looking for operations whose process has ended, and ending them.

use std::sync::Arc;
use std::time::Duration;

use helmd_kube::{Lease, helm_text};
use jiff::Timestamp;

use super::recover::{Recovered, recover};
use super::{
    Held, Holder, InProgress, Interrupted, Journal, MANAGED_BY, RELEASE, is_still, is_without, lease_name,
    read_journal, take,
};
use crate::context::Context;
use crate::error::ActionError;

/// An operation whose process has ended, and what became of it.
#[derive(Debug)]
pub struct Swept {
    /// Where.
    pub namespace: String,
    /// The release.
    pub release: String,
    /// What was done; an error leaves it for the next time.
    pub outcome: Result<Recovered, ActionError>,
}

/// The operations in a namespace (in all of them when it is empty) whose process was not heard of for longer than its Lease counts.
/// A process may only have been kept from the API server: look again ([`Abandoned::second_look`]) before ending one.
///
/// # Errors
/// Leases cannot be listed.
pub async fn abandoned(cx: &Context, namespace: &str) -> Result<Vec<Abandoned>, ActionError> {
    let (name, value) = MANAGED_BY;
    let leases = cx.cluster.leases(namespace, &format!("{name}={value}")).await?;
    let now = cx.cluster.now();
    let found = leases.into_iter().filter(|lease| lease.is_expired(now) && !cx.holder.is_at(lease));
    Ok(found.filter_map(|lease| Some(Abandoned { release: lease.labels.get(RELEASE)?.clone(), lease })).collect())
}

/// An operation whose process has ended.
#[derive(Debug, Clone)]
pub struct Abandoned {
    release: String,
    lease: Lease,
}

/// The operation on a release, if its process has ended.
///
/// # Errors
/// [`ActionError::InProgress`] when the process lives.
pub(crate) async fn abandoned_of(cx: &Context, release: &str) -> Result<Option<Abandoned>, ActionError> {
    match cx.cluster.lease(cx.namespace(), &lease_name(release)).await {
        Ok(None) => Ok(None),
        Ok(Some(lease)) if lease.is_expired(cx.cluster.now()) && is_still(cx, &lease).await? => {
            Ok(Some(Abandoned { release: release.to_owned(), lease }))
        }
        Ok(Some(lease)) => Err(ActionError::in_progress(InProgress::of(&lease))),
        Err(err) if is_without(&err) => Ok(None),
        Err(err) => Err(err.into()),
    }
}

impl Abandoned {
    /// Which version of which Lease this is: the same as at another look when nobody has renewed it in between.
    #[must_use]
    pub fn version(&self) -> (String, String, String) {
        (self.lease.namespace.clone(), self.lease.name.clone(), self.lease.resource_version.clone())
    }

    /// For how long it has to be the same before it may be taken.
    #[must_use]
    pub fn second_look(&self) -> Duration {
        Holder::second_look(self.lease.duration)
    }

    pub(crate) fn journal(&self) -> Option<Journal> {
        read_journal(&self.lease)
    }

    pub(crate) fn holder(&self) -> &str {
        &self.lease.holder
    }

    pub(crate) fn seen(&self) -> Timestamp {
        self.lease.renewed
    }

    /// Takes the operation over and ends it.
    pub async fn end(self, cx: &Context) -> Swept {
        self.end_as(cx, None).await
    }

    /// As [`Abandoned::end`], by another policy than its own.
    pub(crate) async fn end_as(self, cx: &Context, policy: Option<Interrupted>) -> Swept {
        let Self { release, lease } = self;
        let namespace = lease.namespace.clone();
        let mut cx = cx.clone();
        cx.cluster = cx.cluster.with_namespace(&namespace);
        cx.storage = cx.storage.in_namespace(&namespace);
        let outcome = end(&cx, &release, lease, policy).await;
        Swept { namespace, release, outcome }
    }
}

async fn end(cx: &Context, release: &str, lease: Lease, policy: Option<Interrupted>) -> Result<Recovered, ActionError> {
    if let Some(journal) = read_journal(&lease)
        && journal.driver != cx.storage.driver_name()
    {
        // Somebody who looks there sees to it.
        return Err(ActionError::Options(format!("its releases are kept as {}", journal.driver)));
    }
    let (lease, left) = take(cx, lease).await?;
    let Some(mut left) = left else {
        cx.cluster.delete_lease(&lease).await?;
        return Err(ActionError::Internal("a lease without a readable journal was deleted".to_owned()));
    };
    if let Some(policy) = policy {
        left.interrupted = policy;
    }
    let patience = left.options.timeout();
    let held = Held::start(cx, lease, left.clone());
    let holding = cx.clone().patient(patience).holding(Arc::clone(&held));
    let recovered = recover(&holding, release, left).await;
    match &recovered {
        Ok(_) => super::end(holding, cx).await,
        // The Lease runs out, and the next one tries.
        Err(err) => tracing::warn!(release, error = %helm_text(err), "an interrupted operation could not be ended"),
    }
    recovered
}
