//! How objects come to be and change: names, defaults, checks, generation, field owners, then the store.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::{
    apply::managed::{self, Writer},
    clock, defaults,
    error::{ApiError, Cause},
    json::{self, Json},
    kinds::Kind,
    normal,
    state::State,
    store::Key,
    validate,
};

/// Who owns the fields after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owners {
    /// The writer, of what it changed.
    Writer,
    /// The object already says so (server-side apply).
    Settled,
    /// Nobody (controllers creating objects).
    Nobody,
}

/// How a write is done.
#[derive(Debug, Clone)]
pub(crate) struct How {
    pub manager: String,
    pub subresource: String,
    pub dry_run: bool,
    pub owners: Owners,
}

impl How {
    /// A controller's write.
    pub(crate) fn controller() -> Self {
        Self {
            manager: "kube-controller-manager".to_owned(),
            subresource: String::new(),
            dry_run: false,
            owners: Owners::Writer,
        }
    }

    /// A controller's write to the status.
    pub(crate) fn status() -> Self {
        Self { subresource: "status".to_owned(), ..Self::controller() }
    }
}

/// Letters and digits that Kubernetes uses in generated names.
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// `length` letters (at most 32) that look random.
pub(crate) fn random_suffix(length: usize) -> String {
    safe_letters(&Uuid::new_v4().as_bytes().repeat(2), length)
}

/// Letters made of bytes: the same bytes give the same letters.
pub(crate) fn safe_letters(bytes: &[u8], length: usize) -> String {
    bytes.iter().take(length).filter_map(|b| SAFE.get(usize::from(*b) % SAFE.len())).map(|b| char::from(*b)).collect()
}

const NO_STATUS_RESET: &[&str] = &["Node", "PersistentVolume", "APIService"];

/// Stores a new object.
///
/// # Errors
/// 404 for a missing namespace, 403 for one that is going, 409 for a taken name, 422 for what is not valid.
pub(crate) fn create(state: &mut State, kind: &Kind, mut object: Json, how: &How) -> Result<Arc<Json>, ApiError> {
    normal::normalize(&state.schema, kind, &mut object);
    name_it(kind, &mut object)?;
    let name = json::name(&object).to_owned();
    if kind.namespaced {
        require_namespace(state, kind, &name, json::namespace(&object))?;
    }
    let key = State::key(kind, &object);
    if state.store.get(&key).is_some() {
        return Err(ApiError::already_exists(kind, &name));
    }
    if state.store.len() >= state.options.max_objects {
        return Err(ApiError::full(format!("the sandbox is full ({} objects)", state.options.max_objects)));
    }
    if kind.has("status") && !NO_STATUS_RESET.contains(&kind.kind.as_str()) && how.owners != Owners::Nobody {
        json::remove(&mut object, &["status"]);
    }
    let sent = object.clone();
    for gone in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"] {
        json::remove(&mut object, &["metadata", gone]);
    }
    json::set(&mut object, &["metadata", "uid"], Uuid::new_v4().to_string());
    let now = clock::now();
    json::set(&mut object, &["metadata", "creationTimestamp"], now.clone());
    if has_generation(kind) {
        json::set(&mut object, &["metadata", "generation"], 1);
    }
    defaults::fill(kind, &mut object, None);
    let causes = validate::check(kind, &object, None);
    if !causes.is_empty() {
        return Err(ApiError::invalid(kind, &name, &causes));
    }
    if !how.dry_run {
        defaults::allocate(state, kind, &mut object)?;
    }
    match how.owners {
        Owners::Writer => {
            let writer = Writer { manager: &how.manager, applies: false, subresource: &how.subresource, now: &now };
            // As in Kubernetes, what the server fills in belongs to the creator too, but not what it allocates.
            let mut whole = sent;
            json::remove(&mut whole, &["metadata", "managedFields"]);
            defaults::fill(kind, &mut whole, None);
            json::remove(&mut whole, &["status"]);
            managed::after_update(&state.schema.clone(), kind, &writer, &Json::Null, &mut whole);
            if let Some(fields) = json::remove(&mut whole, &["metadata", "managedFields"]) {
                json::set(&mut object, &["metadata", "managedFields"], fields);
            }
        }
        Owners::Settled | Owners::Nobody => {}
    }
    crate::convert::to_storage(&state.registry, kind, &mut object);
    if how.dry_run {
        return Ok(Arc::new(object));
    }
    Ok(state.put(key, object))
}

fn name_it(kind: &Kind, object: &mut Json) -> Result<(), ApiError> {
    if json::name(object).is_empty() {
        let prefix = json::text(object, &["metadata", "generateName"]).to_owned();
        if prefix.is_empty() {
            let cause = Cause::required("metadata.name", "name or generateName is required");
            return Err(ApiError::invalid(kind, "", &[cause]));
        }
        let short: String = prefix.chars().take(58).collect();
        json::set(object, &["metadata", "name"], format!("{short}{}", random_suffix(5)));
    }
    Ok(())
}

fn require_namespace(state: &State, kind: &Kind, name: &str, namespace: &str) -> Result<(), ApiError> {
    let spaces = state.registry.by_plural("", "v1", "namespaces").ok_or_else(ApiError::no_resource)?;
    match state.get("/namespaces", "", namespace) {
        None => Err(ApiError::not_found(&spaces, namespace)),
        Some(space) if json::deleting(space) => {
            let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
            let mut error = ApiError::forbidden(kind, name, &why);
            if let Some(details) = &mut error.details {
                let cause = json!({"reason": "NamespaceTerminating", "field": "metadata.namespace",
                    "message": format!("namespace {namespace} is being terminated")});
                json::set(details, &["causes"], json!([cause]));
            }
            Err(error)
        }
        Some(_) => Ok(()),
    }
}

/// Whether the kind counts its changes.
fn has_generation(kind: &Kind) -> bool {
    kind.custom
        || matches!(
            kind.group.as_str(),
            "apps" | "batch" | "policy" | "apiextensions.k8s.io" | "admissionregistration.k8s.io" | "scheduling.k8s.io"
        )
        || matches!(
            kind.kind.as_str(),
            "Pod" | "Ingress" | "IngressClass" | "NetworkPolicy" | "ReplicationController" | "FlowSchema"
        )
}

/// The parts of `metadata` that stay whatever an update says.
const KEPT: &[&str] =
    &["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName"];

/// Changes a stored object. An update without any effect leaves it (and its resourceVersion) as it was. An object on its way
/// out goes when its last finalizer goes.
///
/// # Errors
/// 409 when the resourceVersion or uid is another one, 422 for what is not valid or may not change.
pub(crate) fn update(
    state: &mut State,
    kind: &Kind,
    current: &Arc<Json>,
    mut new: Json,
    how: &How,
) -> Result<Arc<Json>, ApiError> {
    let name = json::name(current).to_owned();
    let sent = json::text(&new, &["metadata", "resourceVersion"]);
    if !sent.is_empty() && sent != json::text(current, &["metadata", "resourceVersion"]) {
        return Err(ApiError::modified(kind, &name));
    }
    let uid = json::uid(&new);
    if !uid.is_empty() && uid != json::uid(current) {
        let why =
            format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", json::uid(current));
        return Err(ApiError::conflict(kind, &name, &why));
    }
    normal::normalize(&state.schema, kind, &mut new);
    crate::convert::to_storage(&state.registry, kind, &mut new);
    keep_other_parts(kind, current, &mut new, &how.subresource);
    for key in KEPT {
        match current.get("metadata").and_then(|m| m.get(*key)) {
            Some(value) => json::set(&mut new, &["metadata", *key], value.clone()),
            None => _ = json::remove(&mut new, &["metadata", *key]),
        }
    }
    json::set(&mut new, &["metadata", "resourceVersion"], json::text(current, &["metadata", "resourceVersion"]));
    defaults::fill(kind, &mut new, Some(current));
    if how.subresource != "status" {
        let causes = validate::check(kind, &new, Some(current));
        if !causes.is_empty() {
            return Err(ApiError::invalid(kind, &name, &causes));
        }
        if !how.dry_run {
            defaults::allocate(state, kind, &mut new)?;
        }
    }
    if has_generation(kind) && how.subresource != "status" && spec_differs(current, &new) {
        let generation = json::int(current, &["metadata", "generation"]).unwrap_or(0);
        json::set(&mut new, &["metadata", "generation"], generation + 1);
    }
    if how.owners == Owners::Writer {
        let now = clock::now();
        let writer = Writer { manager: &how.manager, applies: false, subresource: &how.subresource, now: &now };
        managed::after_update(&state.schema.clone(), kind, &writer, current, &mut new);
    }
    if new == **current {
        return Ok(current.clone());
    }
    if how.dry_run {
        return Ok(Arc::new(new));
    }
    let key = State::key(kind, &new);
    if json::deleting(&new) && finalizers_done(kind, &new) {
        // The last change is told first, as an update would be.
        let last = state.put(key.clone(), new);
        state.erase(&key);
        return Ok(last);
    }
    Ok(state.put(key, new))
}

/// Whether nothing holds a dying object back any more.
pub(crate) fn finalizers_done(kind: &Kind, object: &Json) -> bool {
    let own = kind.kind != "Namespace" || json::list(object, &["spec", "finalizers"]).is_empty();
    // A pod with a node waits for its kubelet.
    let ends = kind.kind != "Pod" || json::int(object, &["metadata", "deletionGracePeriodSeconds"]) == Some(0);
    own && ends && json::list(object, &["metadata", "finalizers"]).is_empty()
}

fn keep_other_parts(kind: &Kind, current: &Json, new: &mut Json, subresource: &str) {
    let keep = |new: &mut Json, key: &str| match current.get(key) {
        Some(value) => json::set(new, &[key], value.clone()),
        None => _ = json::remove(new, &[key]),
    };
    if subresource == "status" {
        let status = new.get("status").cloned();
        let managed = json::at(new, &["metadata", "managedFields"]).clone();
        let version = json::at(new, &["metadata", "resourceVersion"]).clone();
        *new = current.clone();
        match status {
            Some(status) => json::set(new, &["status"], status),
            None => _ = json::remove(new, &["status"]),
        }
        json::set(new, &["metadata", "managedFields"], managed);
        json::set(new, &["metadata", "resourceVersion"], version);
        json::drop_nulls_at(new, "metadata");
    } else if kind.has("status") {
        keep(new, "status");
    }
    if kind.kind == "Namespace" && kind.group.is_empty() && subresource != "finalize" {
        keep(new, "spec");
    }
}

fn spec_differs(old: &Json, new: &Json) -> bool {
    let own = |value: &Json| {
        let mut value = value.clone();
        for key in ["metadata", "status"] {
            json::remove(&mut value, &[key]);
        }
        value
    };
    own(old) != own(new)
}

/// Changes one object through `edit` as a controller does; whatever goes wrong leaves it as it is.
pub(crate) fn edit(state: &mut State, key: &Key, how: &How, edit: impl FnOnce(&mut Json)) -> Option<Arc<Json>> {
    let current = state.store.get(key)?.clone();
    let kind = state.registry.by_storage(&key.storage)?;
    let mut new = Json::clone(&current);
    edit(&mut new);
    if new == *current {
        return Some(current);
    }
    match update(state, &kind, &current, new, how) {
        Ok(stored) => Some(stored),
        Err(error) => {
            tracing::debug!(%error, kind = kind.kind, name = key.name, "a controller's change was refused");
            None
        }
    }
}
