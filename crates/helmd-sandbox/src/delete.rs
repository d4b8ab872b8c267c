//! DELETE: at once, or after finalizers, graces and dependents.

use std::sync::Arc;

use serde_json::json;

use crate::{
    admit,
    error::ApiError,
    json::{self, Json},
    kinds::Kind,
    request::{Call, Target},
    selector::{Fields, Labels},
    state::State,
    store::Key,
    write::finalizers_done,
};

/// What becomes of the objects that name a deleted one as owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dependents {
    Background,
    Foreground,
    Orphan,
}

/// How to delete.
#[derive(Debug, Clone)]
pub(crate) struct Deletion {
    pub dependents: Dependents,
    pub grace: Option<i64>,
    pub uid: String,
    pub resource_version: String,
    pub dry_run: bool,
}

impl Default for Deletion {
    fn default() -> Self {
        let (uid, resource_version) = (String::new(), String::new());
        Self { dependents: Dependents::Background, grace: None, uid, resource_version, dry_run: false }
    }
}

/// Reads the options from query and body.
///
/// # Errors
/// 400 for a body that cannot be read, 422 for an unknown policy.
pub(crate) fn options(state: &State, call: &Call) -> Result<Deletion, ApiError> {
    let body = admit::read_body(&state.schema, call)?;
    let policy = match json::text(&body, &["propagationPolicy"]) {
        "" => call.query.get("propagationPolicy"),
        given => given,
    };
    let orphans = json::flag(&body, &["orphanDependents"]) || call.query.flag("orphanDependents");
    let dependents = match policy {
        "Orphan" => Dependents::Orphan,
        "Foreground" => Dependents::Foreground,
        "" if orphans => Dependents::Orphan,
        "" | "Background" => Dependents::Background,
        other => {
            let text = format!(
                "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"{other}\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
            );
            return Err(ApiError { code: 422, reason: "Invalid", message: text, details: None });
        }
    };
    let grace = json::int(&body, &["gracePeriodSeconds"]).or_else(|| call.query.get("gracePeriodSeconds").parse().ok());
    Ok(Deletion {
        dependents,
        grace,
        uid: json::text(&body, &["preconditions", "uid"]).to_owned(),
        resource_version: json::text(&body, &["preconditions", "resourceVersion"]).to_owned(),
        dry_run: call.query.dry_run() || !json::list(&body, &["dryRun"]).is_empty(),
    })
}

const LASTING_NAMESPACES: &[&str] = &["default", "kube-system", "kube-public"];

/// Deletes one object: gives the answer's body.
///
/// # Errors
/// 404, 403 for Kubernetes' own namespaces, 409 when a precondition fails.
pub(crate) fn delete(state: &mut State, target: &Target, how: &Deletion) -> Result<Json, ApiError> {
    let kind = &*target.kind;
    let name = target.name()?;
    let key = Key::new(&kind.storage, target.ns(), name);
    let current = state.store.get(&key).cloned().ok_or_else(|| ApiError::not_found(kind, name))?;
    if kind.is("", "Namespace") && LASTING_NAMESPACES.contains(&name) {
        return Err(ApiError::forbidden(kind, name, "this namespace may not be deleted"));
    }
    let uid = json::uid(&current);
    if !how.uid.is_empty() && how.uid != uid {
        let why = format!("Precondition failed: UID in precondition: {}, UID in object meta: {uid}", how.uid);
        return Err(ApiError::conflict(kind, name, &why));
    }
    let version = json::text(&current, &["metadata", "resourceVersion"]);
    if !how.resource_version.is_empty() && how.resource_version != version {
        let why = format!(
            "Precondition failed: ResourceVersion in precondition: {}, ResourceVersion in object meta: {version}",
            how.resource_version
        );
        return Err(ApiError::conflict(kind, name, &why));
    }
    let (object, gone) = delete_object(state, kind, &key, how);
    let object = object.unwrap_or(current);
    if !gone
        || matches!(kind.kind.as_str(), "Pod" | "Service" | "Namespace" | "PersistentVolumeClaim" | "ServiceAccount")
    {
        return Ok(Json::clone(&object));
    }
    let mut details = json!({"name": name, "kind": kind.plural, "uid": json::uid(&object)});
    if !kind.group.is_empty() {
        json::set(&mut details, &["group"], kind.group.clone());
    }
    Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}))
}

/// Deletes one object as far as its finalizers allow: its last state, and whether it is gone.
pub(crate) fn delete_object(state: &mut State, kind: &Kind, key: &Key, how: &Deletion) -> (Option<Arc<Json>>, bool) {
    let Some(current) = state.store.get(key).cloned() else { return (None, true) };
    let mut object = Json::clone(&current);
    if how.dependents == Dependents::Orphan && !how.dry_run {
        orphan_dependents(state, json::uid(&current));
    }
    if how.dependents == Dependents::Foreground && has_dependents(state, json::uid(&current)) {
        let finalizers = json::slot(&mut object, &["metadata", "finalizers"]);
        let mut all = finalizers.as_array().cloned().unwrap_or_default();
        if !all.iter().any(|f| f == FOREGROUND) {
            all.push(FOREGROUND.into());
        }
        *finalizers = all.into();
    }
    if !json::deleting(&object) {
        json::set(&mut object, &["metadata", "deletionTimestamp"], crate::clock::now());
        let scheduled = kind.is("", "Pod") && !json::text(&object, &["spec", "nodeName"]).is_empty();
        let ended = matches!(json::text(&object, &["status", "phase"]), "Succeeded" | "Failed");
        let grace = if scheduled && !ended {
            how.grace.or_else(|| json::int(&object, &["spec", "terminationGracePeriodSeconds"])).unwrap_or(30)
        } else {
            0
        };
        json::set(&mut object, &["metadata", "deletionGracePeriodSeconds"], grace);
        if let Some(generation) = json::int(&object, &["metadata", "generation"]) {
            json::set(&mut object, &["metadata", "generation"], generation + 1);
        }
        if kind.is("", "Namespace") {
            json::set(&mut object, &["status", "phase"], "Terminating");
        }
    } else if how.grace == Some(0) {
        json::set(&mut object, &["metadata", "deletionGracePeriodSeconds"], 0);
    }
    let gone = finalizers_done(kind, &object);
    if how.dry_run {
        return (Some(Arc::new(object)), gone);
    }
    if gone {
        let last = state.erase(key).map(|_| current);
        return (last, true);
    }
    if object == *current {
        return (Some(current), false);
    }
    (Some(state.put(key.clone(), object)), false)
}

pub(crate) const FOREGROUND: &str = "foregroundDeletion";

fn owned_by(object: &Json, uid: &str) -> bool {
    json::list(object, &["metadata", "ownerReferences"]).iter().any(|o| json::text(o, &["uid"]) == uid)
}

/// Whether any object names this one as owner.
pub(crate) fn has_dependents(state: &State, uid: &str) -> bool {
    state.store.everything().any(|(_, object)| owned_by(object, uid))
}

fn orphan_dependents(state: &mut State, uid: &str) {
    let dependents: Vec<(Key, Arc<Json>)> =
        state.store.everything().filter(|(_, o)| owned_by(o, uid)).map(|(k, o)| (k.clone(), o.clone())).collect();
    for (key, object) in dependents {
        let mut object = Json::clone(&object);
        if let Json::Array(owners) = json::slot(&mut object, &["metadata", "ownerReferences"]) {
            owners.retain(|o| json::text(o, &["uid"]) != uid);
            if owners.is_empty() {
                json::remove(&mut object, &["metadata", "ownerReferences"]);
            }
        }
        state.put(key, object);
    }
}

/// Deletes all objects of a collection that the selectors choose: gives the list of them.
///
/// # Errors
/// 400 for selectors that cannot be read.
pub(crate) fn delete_collection(
    state: &mut State,
    call: &Call,
    target: &Target,
    how: &Deletion,
) -> Result<Json, ApiError> {
    let labels = Labels::parse(call.query.get("labelSelector")).map_err(ApiError::bad_request)?;
    let fields = Fields::parse(call.query.get("fieldSelector")).map_err(ApiError::bad_request)?;
    let kind = target.kind.clone();
    let chosen: Vec<(Key, Json)> = state
        .store
        .range(&kind.storage, target.namespace.as_deref(), None)
        .filter(|(_, o)| labels.matches_object(o) && fields.matches(o))
        .map(|(k, o)| (k.clone(), Json::clone(o)))
        .collect();
    let mut items = Vec::new();
    for (key, object) in chosen {
        delete_object(state, &kind, &key, how);
        items.push(object);
    }
    let version = state.store.revision().to_string();
    Ok(json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(),
        "metadata": {"resourceVersion": version}, "items": items}))
}
