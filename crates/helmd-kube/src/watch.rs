//! Following one object until it has come where it should.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use http::Method;
use serde_json::Value as Json;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::resource::Resource;
use crate::transport::Call;

/// How long one watch runs before it is begun anew.
const WATCH_SECONDS: &str = "290";
/// Pause before a broken watch is begun anew.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest line of a watch that is read: an object of the server's largest size, and then some.
const LINE_LIMIT_BYTES: usize = 16 << 20;

/// So many objects are watched at a time; the others are looked at as without watches.
const MOST_ALARMS: usize = 24;
/// Changes that come within this time are looked at together.
const TOGETHER: Duration = Duration::from_millis(100);
/// How often all objects are looked at although nothing was told: what depends on time alone is seen so.
const SELDOM: Duration = Duration::from_secs(10);
/// As often where something cannot be watched; Helm 3 looks as often.
const OFTEN: Duration = Duration::from_secs(2);

/// What happened to the object.
pub(crate) enum Change<'a> {
    /// It is so now.
    Is(&'a Json),
    /// It is gone.
    Gone,
}

impl Cluster {
    /// Follows an object until `reached` says so (`Ok(true)`) or fails. An object that does not
    /// exist yet is waited for.
    ///
    /// # Errors
    /// What `reached` finds wrong; `timed out waiting for the condition` when time is up; cancelled.
    pub(crate) async fn follow(
        &self,
        resource: &Resource,
        timeout: Option<Duration>,
        mut reached: impl FnMut(Change<'_>) -> Result<bool, KubeError>,
    ) -> Result<(), KubeError> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let work = async {
            loop {
                match self.follow_once(resource, &mut reached).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    // What the object tells is final, what the connection does is not.
                    Err(err @ (KubeError::Failed(_) | KubeError::Cancelled)) => return Err(err),
                    Err(err) if err.kind() == crate::ErrorKind::Denied => return Err(err),
                    Err(_) => {}
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let late = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = work => result,
            () = late => Err(KubeError::WaitTimeout {
                text: "timed out waiting for the condition".to_owned(),
                pending: vec![crate::error::Pending {
                    object: resource.object_ref(),
                    message: "has not completed".to_owned(),
                }],
            }),
            () = self.cancel_token().cancelled() => Err(KubeError::Cancelled),
        }
    }

    async fn follow_once(
        &self,
        resource: &Resource,
        reached: &mut impl FnMut(Change<'_>) -> Result<bool, KubeError>,
    ) -> Result<bool, KubeError> {
        let fields = format!("metadata.name={}", resource.name);
        let path = resource.mapping.path(&resource.namespace);
        let call = Call::new(Method::GET, path.clone()).query("fieldSelector", fields.clone());
        let list = self.call(call).await?.json()?;
        for item in list.get("items").and_then(Json::as_array).into_iter().flatten() {
            let mut item = item.clone();
            // Items of a list do not say their kind.
            if let Json::Object(item) = &mut item {
                item.insert("kind".to_owned(), Json::String(resource.mapping.kind.clone()));
            }
            if reached(Change::Is(&item))? {
                return Ok(true);
            }
        }
        let version = list.get("metadata").and_then(|meta| meta.get("resourceVersion")).and_then(Json::as_str);
        let call = Call::new(Method::GET, path)
            .query("watch", "true")
            .query("fieldSelector", fields)
            .query("timeoutSeconds", WATCH_SECONDS)
            .query("resourceVersion", version.unwrap_or_default());
        let mut pieces = http_body_util::BodyExt::into_data_stream(self.transport().stream(call).await?);
        let mut line: Vec<u8> = Vec::new();
        while let Some(piece) = pieces.next().await {
            let Ok(piece) = piece else { return Ok(false) };
            for byte in piece {
                if byte != b'\n' {
                    line.push(byte);
                    continue;
                }
                if event(&line, resource, reached)? {
                    return Ok(true);
                }
                line.clear();
            }
            if line.len() > LINE_LIMIT_BYTES {
                return Ok(false);
            }
        }
        Ok(false)
    }
}

/// What to look at next.
pub(crate) enum Bell {
    /// The objects at these places: something was told of them.
    Changed(Vec<usize>),
    /// All: nothing was told for a while.
    All,
    /// Nothing: time is up.
    Late,
}

/// Tells which objects have changed. Ends with its owner.
pub(crate) struct Alarms<'a> {
    cluster: &'a Cluster,
    watches: FuturesUnordered<BoxFuture<'a, ()>>,
    set: BTreeSet<usize>,
    /// Places of the objects of which something was told.
    rung: Arc<Mutex<BTreeSet<usize>>>,
    bell: Arc<Notify>,
    /// Not everything is watched.
    blind: bool,
}

impl<'a> Alarms<'a> {
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        let (rung, bell) = (Arc::default(), Arc::default());
        Alarms { cluster, watches: FuturesUnordered::new(), set: BTreeSet::new(), rung, bell, blind: false }
    }

    /// Watches an object from here on, and the pods whose state is part of its own.
    pub(crate) fn set(&mut self, place: usize, resource: &'a Resource) {
        if self.set.contains(&place) {
            return;
        }
        if self.set.len() >= MOST_ALARMS {
            self.blind = true;
            return;
        }
        self.set.insert(place);
        let path = resource.mapping.path(&resource.namespace);
        self.watch(place, path, ("fieldSelector", format!("metadata.name={}", resource.name)));
        if let Some(labels) = helmd_plan::status::related_pods(&resource.object, helmd_plan::status::Purpose::Wait) {
            self.watch(place, format!("/api/v1/namespaces/{}/pods", resource.namespace), ("labelSelector", labels));
        }
    }

    fn watch(&mut self, place: usize, path: String, (selector, of): (&'static str, String)) {
        let (cluster, rung, bell) = (self.cluster, Arc::clone(&self.rung), Arc::clone(&self.bell));
        let ring = move || {
            rung.lock().unwrap_or_else(PoisonError::into_inner).insert(place);
            bell.notify_one();
        };
        let watch = async move {
            loop {
                // Without a version the server tells first what there is: nothing is lost since the last look.
                let call = Call::new(Method::GET, path.clone())
                    .query("watch", "true")
                    .query(selector, of.clone())
                    .query("timeoutSeconds", WATCH_SECONDS);
                match cluster.transport().stream(call).await {
                    Ok(body) => {
                        let mut pieces = http_body_util::BodyExt::into_data_stream(body);
                        while let Some(Ok(piece)) = pieces.next().await {
                            // A change may come in pieces: the last one ends its line.
                            if piece.ends_with(b"\n") {
                                ring();
                            }
                        }
                    }
                    Err(err) if err.kind() == crate::ErrorKind::Denied => return,
                    Err(_) => {}
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        self.watches.push(watch.boxed());
    }

    /// Waits for a change, for a while, or until `deadline`.
    ///
    /// # Errors
    /// Cancelled.
    pub(crate) async fn next(&mut self, deadline: Instant) -> Result<Bell, KubeError> {
        let begun = Instant::now();
        let mut told: Option<Instant> = None;
        loop {
            let pause = if self.blind { OFTEN } else { SELDOM };
            let until = told.map_or(begun + pause, |told| told + TOGETHER).min(deadline);
            tokio::select! {
                () = self.bell.notified(), if told.is_none() => told = Some(Instant::now()),
                // A watch ends only where the caller may not watch.
                Some(()) = self.watches.next(), if !self.watches.is_empty() => self.blind = true,
                () = tokio::time::sleep_until(until) => {
                    if Instant::now() >= deadline {
                        return Ok(Bell::Late);
                    }
                    let rung = std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner));
                    return Ok(told.map_or(Bell::All, |_| Bell::Changed(rung.into_iter().collect())));
                }
                () = self.cluster.cancel_token().cancelled() => return Err(KubeError::Cancelled),
            }
        }
    }
}

fn event(
    line: &[u8],
    resource: &Resource,
    reached: &mut impl FnMut(Change<'_>) -> Result<bool, KubeError>,
) -> Result<bool, KubeError> {
    let Ok(event) = serde_json::from_slice::<Json>(line) else { return Ok(false) };
    match event.get("type").and_then(Json::as_str) {
        Some("ADDED" | "MODIFIED") => match event.get("object") {
            Some(object) => reached(Change::Is(object)),
            None => Ok(false),
        },
        Some("DELETED") => reached(Change::Gone),
        Some("ERROR") => {
            let code = event.get("object").and_then(|status| status.get("code")).and_then(Json::as_u64);
            // An outdated start is no failure of the object: list again.
            if code == Some(410) {
                Ok(false)
            } else {
                Err(KubeError::Failed(format!("failed to deploy {}", resource.name)))
            }
        }
        _ => Ok(false),
    }
}
