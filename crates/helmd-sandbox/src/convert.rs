//! Objects that are stored in one version and asked for in another.

use serde_json::json;

use crate::{
    json::{self, Json},
    kinds::{Kind, Registry},
};

/// Brings an object as sent into the version that is stored.
pub(crate) fn to_storage(registry: &Registry, kind: &Kind, object: &mut Json) {
    let Some(stored) = registry.by_storage(&kind.storage) else { return };
    if stored.version == kind.version && stored.group == kind.group {
        return;
    }
    match (&*kind.storage, kind.version.as_str()) {
        ("autoscaling/horizontalpodautoscalers", "v1") => hpa_to_v2(object),
        ("/events", _) if kind.group == "events.k8s.io" => rename(object, EVENT_NAMES, false),
        _ => {}
    }
    json::set(object, &["apiVersion"], stored.api_version());
}

/// Brings a stored object into the version asked for.
pub(crate) fn from_storage(kind: &Kind, object: &mut Json) {
    let version = kind.api_version();
    if json::text(object, &["apiVersion"]) == version {
        return;
    }
    match (&*kind.storage, kind.version.as_str()) {
        ("autoscaling/horizontalpodautoscalers", "v1") => hpa_to_v1(object),
        ("/events", _) if kind.group == "events.k8s.io" => rename(object, EVENT_NAMES, true),
        _ => {}
    }
    json::set(object, &["apiVersion"], version);
}

/// core/v1 name, events.k8s.io/v1 name.
const EVENT_NAMES: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename(object: &mut Json, names: &[(&str, &str)], forward: bool) {
    for (core, other) in names {
        let (from, to) = if forward { (core, other) } else { (other, core) };
        if let Some(value) = json::remove(object, &[from]) {
            json::set(object, &[to], value);
        }
    }
}

fn hpa_to_v2(object: &mut Json) {
    if let Some(percent) = json::remove(object, &["spec", "targetCPUUtilizationPercentage"]) {
        let metric = json!({"type": "Resource", "resource": {"name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": percent}}});
        json::set(object, &["spec", "metrics"], json!([metric]));
    }
}

fn hpa_to_v1(object: &mut Json) {
    let cpu = json::list(object, &["spec", "metrics"]).iter().find_map(|m| {
        (json::text(m, &["resource", "name"]) == "cpu")
            .then(|| json::at(m, &["resource", "target", "averageUtilization"]).clone())
    });
    for key in ["metrics", "behavior"] {
        json::remove(object, &["spec", key]);
    }
    if let Some(percent) = cpu.filter(|p| !p.is_null()) {
        json::set(object, &["spec", "targetCPUUtilizationPercentage"], percent);
    }
    for key in ["currentMetrics", "conditions"] {
        json::remove(object, &["status", key]);
    }
}
