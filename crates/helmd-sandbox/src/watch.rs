//! Watches: a stream of JSON lines, read from the store's log, so that a slow reader holds nothing in memory but its place.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::Instant,
};

use crate::{
    convert,
    error::ApiError,
    json::{self, Json},
    kinds::Kind,
    read::{self, Form},
    request::{Call, Target},
    selector::{Fields, Labels},
    state::{Shared, State},
    table,
};

/// Changes that are written in one go.
const BATCH: usize = 500;
/// Bookmarks come this often to watches that want them.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long a watch lasts that names no time of its own.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1800);
const INITIAL_END: &str = "k8s.io/initial-events-end";

struct Watch {
    shared: Arc<Shared>,
    changed: watch::Receiver<u64>,
    kind: Arc<Kind>,
    namespace: Option<String>,
    labels: Labels,
    fields: Fields,
    form: Form,
    include: String,
    bookmarks: bool,
    /// Changes up to here have been told.
    seen: u64,
    initial: Option<Bytes>,
    ends: Instant,
    next_bookmark: Instant,
    over: bool,
    _permit: OwnedSemaphorePermit,
}

/// Starts a watch: the body that streams it.
///
/// # Errors
/// 400 for selectors or versions that cannot be read, 429 when too many watches are open.
pub(crate) fn start(shared: &Arc<Shared>, call: &Call, target: &Target) -> Result<Body, ApiError> {
    let (labels, fields) = read::selectors(call, target)?;
    let permit = shared.watches.clone().try_acquire_owned().map_err(|_| ApiError::full("too many watches are open"))?;
    let seconds = call.query.get("timeoutSeconds").parse::<u64>().ok().filter(|s| *s > 0);
    let timeout = seconds.map_or(DEFAULT_TIMEOUT, |s| Duration::from_secs(s.min(86_400)));
    let from = call.query.get("resourceVersion");
    let wants_initial = call.query.flag("sendInitialEvents");
    let from_version = match from {
        "" | "0" => None,
        text => Some(text.parse::<u64>().map_err(|_| {
            ApiError::bad_request(format!(
                "Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        })?),
    };
    let mut changed = shared.changed.clone();
    changed.mark_unchanged();
    let state = shared.lock();
    let mut watch = Watch {
        shared: shared.clone(),
        changed,
        kind: target.kind.clone(),
        namespace: target.namespace.clone(),
        labels,
        fields,
        form: Form::of(call),
        include: call.query.get("includeObject").to_owned(),
        bookmarks: call.query.flag("allowWatchBookmarks"),
        seen: from_version.unwrap_or(state.store.revision()),
        initial: None,
        ends: Instant::now() + timeout,
        next_bookmark: Instant::now() + BOOKMARK_EVERY,
        over: false,
        _permit: permit,
    };
    if wants_initial || from_version.is_none() {
        watch.seen = state.store.revision();
        watch.initial = Some(watch.initial_events(&state, wants_initial));
    }
    drop(state);
    Ok(Body::from_stream(stream::unfold(watch, |mut watch| async move {
        let chunk = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), watch))
    })))
}

impl Watch {
    fn chosen(&self, object: &Json) -> bool {
        self.labels.matches_object(object) && self.fields.matches(object)
    }

    fn event(&self, kind: &str, object: &Json) -> Vec<u8> {
        let mut object = object.clone();
        convert::from_storage(&self.kind, &mut object);
        let object = match self.form {
            Form::Plain => object,
            Form::Table => table::of(&self.kind, &[object], &json!({}), &self.include),
            Form::Metadata => read::metadata_only(&object),
        };
        let mut line = json!({"type": kind, "object": object}).to_string().into_bytes();
        line.push(b'\n');
        line
    }

    fn bookmark(&self, version: u64, ends_initial: bool) -> Vec<u8> {
        let (kind, api_version) = match self.form {
            Form::Metadata => ("PartialObjectMetadata".to_owned(), "meta.k8s.io/v1".to_owned()),
            _ => (self.kind.kind.clone(), self.kind.api_version()),
        };
        let mut object =
            json!({"kind": kind, "apiVersion": api_version, "metadata": {"resourceVersion": version.to_string()}});
        if ends_initial {
            json::set(&mut object, &["metadata", "annotations"], json!({INITIAL_END: "true"}));
        }
        if self.form == Form::Table {
            let rows = json!([{"cells": [], "object": object}]);
            object = json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "metadata": {"resourceVersion": version.to_string()}, "columnDefinitions": [], "rows": rows});
        }
        let mut line = json!({"type": "BOOKMARK", "object": object}).to_string().into_bytes();
        line.push(b'\n');
        line
    }

    fn initial_events(&self, state: &State, bookmark: bool) -> Bytes {
        let mut out = Vec::new();
        for (_, object) in state.store.range(&self.kind.storage, self.namespace.as_deref(), None) {
            if self.chosen(object) {
                out.extend(self.event("ADDED", object));
            }
        }
        if bookmark {
            out.extend(self.bookmark(self.seen, true));
        }
        out.into()
    }

    /// What has changed since the last look, as JSON lines.
    fn news(&mut self) -> Vec<u8> {
        let shared = self.shared.clone();
        let state = shared.lock();
        let mut out = Vec::new();
        match state.store.changes(self.seen, BATCH) {
            Err(too_old) => {
                let text = format!("too old resource version: {} ({})", self.seen, too_old.oldest);
                out = json!({"type": "ERROR", "object": ApiError::gone(text).status()}).to_string().into_bytes();
                out.push(b'\n');
                self.over = true;
            }
            Ok(changes) => {
                let mut seen = self.seen;
                for change in changes {
                    seen = change.revision;
                    if change.key.storage != self.kind.storage
                        || self.namespace.as_ref().is_some_and(|n| *n != change.key.namespace)
                    {
                        continue;
                    }
                    let before = change.before.as_ref().is_some_and(|o| self.chosen(o));
                    let after = !change.deleted && self.chosen(&change.after);
                    match (before, after) {
                        (false, true) => out.extend(self.event("ADDED", &change.after)),
                        (true, true) => out.extend(self.event("MODIFIED", &change.after)),
                        (true, false) => out.extend(self.event("DELETED", &change.after)),
                        (false, false) => {}
                    }
                }
                self.seen = seen;
            }
        }
        out
    }

    async fn next(&mut self) -> Option<Bytes> {
        if let Some(initial) = self.initial.take().filter(|i| !i.is_empty()) {
            return Some(initial);
        }
        loop {
            if self.over {
                return None;
            }
            self.changed.mark_unchanged();
            let before = self.seen;
            let news = self.news();
            if !news.is_empty() {
                return Some(news.into());
            }
            if self.seen != before {
                continue;
            }
            let stop = self.shared.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep_until(self.ends) => {
                    self.over = true;
                    if self.bookmarks {
                        return Some(self.bookmark(self.seen, false).into());
                    }
                }
                () = tokio::time::sleep_until(self.next_bookmark), if self.bookmarks => {
                    self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
                    return Some(self.bookmark(self.seen, false).into());
                }
                changed = self.changed.changed() => changed.ok()?,
            }
        }
    }
}
