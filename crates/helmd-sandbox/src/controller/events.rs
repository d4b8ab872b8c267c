//! Events about objects, counted when they repeat; old ones make room.

use serde_json::json;

use super::make;
use crate::{
    clock,
    json::{self, Json},
    state::State,
    store::Key,
    write::random_suffix,
};

/// Events that are kept; the oldest go.
const MOST_EVENTS: usize = 2000;

/// Notes that something happened to an object.
pub(crate) fn note(state: &mut State, about: &Json, (source, kind): (&str, &str), reason: &str, message: &str) {
    let namespace = match json::namespace(about) {
        "" => "default",
        namespace => namespace,
    };
    let same = state.store.range("/events", Some(namespace), None).find(|(_, e)| {
        json::text(e, &["involvedObject", "uid"]) == json::uid(about)
            && json::text(e, &["reason"]) == reason
            && json::text(e, &["message"]) == message
    });
    let now = clock::now();
    if let Some((key, event)) = same.map(|(k, e)| (k.clone(), e.clone())) {
        let mut event = Json::clone(&event);
        let count = json::int(&event, &["count"]).unwrap_or(1) + 1;
        json::set(&mut event, &["count"], count);
        json::set(&mut event, &["lastTimestamp"], now);
        state.put(key, event);
        return;
    }
    let object = json!({
        "apiVersion": about.get("apiVersion"), "kind": about.get("kind"), "name": json::name(about),
        "namespace": json::namespace(about), "uid": json::uid(about),
        "resourceVersion": json::text(about, &["metadata", "resourceVersion"]),
    });
    make(
        state,
        json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": format!("{}.{}", json::name(about), random_suffix(16)), "namespace": namespace},
            "involvedObject": object, "type": kind, "reason": reason, "message": message,
            "source": {"component": source}, "reportingComponent": source, "reportingInstance": "",
            "firstTimestamp": now, "lastTimestamp": now, "eventTime": null, "count": 1,
        }),
    );
    trim(state);
}

fn trim(state: &mut State) {
    let count = state.store.all("/events").count();
    if count <= MOST_EVENTS {
        return;
    }
    let time = |e: &Json| json::text(e, &["lastTimestamp"]).to_owned();
    let mut all: Vec<(String, Key)> =
        state.store.range("/events", None, None).map(|(k, e)| (time(e), k.clone())).collect();
    all.sort();
    // A tenth goes at once, so that this is seldom done.
    for (_, key) in all.into_iter().take(count - MOST_EVENTS + MOST_EVENTS / 10) {
        state.erase(&key);
    }
}
