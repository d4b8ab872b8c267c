//! PATCH in all its forms: JSON patch, merge patch, strategic merge patch, server-side apply.

use std::sync::Arc;

use serde_json::json;

use crate::{
    admit,
    apply::managed::{self, Writer},
    clock, convert,
    error::{ApiError, Cause},
    json::{self, Json},
    kinds::Kind,
    request::{Call, Target},
    state::State,
    store::Key,
    write::{self, How, Owners},
};

/// Operations of one JSON patch; Kubernetes has the same bound.
const MAX_OPERATIONS: usize = 10_000;

/// What a write gives back: status code, object, warnings.
pub(crate) type Written = (u16, Arc<Json>, Vec<String>);

/// Changes an object by a patch.
///
/// # Errors
/// 415 for other content types, 400 for a patch that cannot be read, and what `write::update` refuses.
pub(crate) fn patch(state: &mut State, call: &Call, target: &Target, how: How) -> Result<Written, ApiError> {
    if call.content_type() == "application/apply-patch+yaml" {
        return server_side(state, call, target, how);
    }
    let kind = target.kind.clone();
    let name = target.name()?;
    let key = Key::new(&kind.storage, target.ns(), name);
    let current = state.store.get(&key).cloned().ok_or_else(|| ApiError::not_found(&kind, name))?;
    let mut new = Json::clone(&current);
    convert::from_storage(&kind, &mut new);
    let change: Json =
        serde_json::from_slice(&call.body).map_err(|e| ApiError::bad_request(format!("error decoding patch: {e}")))?;
    let mut new = change_by(call.content_type(), &kind, &new, &change)?;
    json::drop_nulls(&mut new);
    admit::fit(target, &mut new)?;
    let misfits = admit::check_fields(&state.schema.clone(), &kind, &mut new);
    let warnings = admit::settle(call, &kind, misfits)?;
    let stored = write::update(state, &kind, &current, new, &how)?;
    Ok((200, stored, warnings))
}

fn server_side(state: &mut State, call: &Call, target: &Target, how: How) -> Result<Written, ApiError> {
    let kind = target.kind.clone();
    let name = target.name()?;
    if call.query.get("fieldManager").is_empty() {
        return Err(missing_manager());
    }
    let mut config = admit::read_body(&state.schema.clone(), call)?;
    if json::text(&config, &["apiVersion"]).is_empty() || json::text(&config, &["kind"]).is_empty() {
        return Err(ApiError::bad_request("invalid object type: /, Kind="));
    }
    admit::fit(target, &mut config)?;
    if !json::list(&config, &["metadata", "managedFields"]).is_empty() {
        return Err(ApiError::bad_request("metadata.managedFields must be nil"));
    }
    let misfits = admit::check_fields(&state.schema.clone(), &kind, &mut config);
    let warnings = admit::settle(call, &kind, misfits)?;
    plain_strings(&kind, &mut config);
    let on_status = how.subresource == "status";
    if kind.has("status") && !on_status {
        json::remove(&mut config, &["status"]);
    }
    convert::to_storage(&state.registry, &kind, &mut config);
    let storage_kind = state.registry.by_storage(&kind.storage).unwrap_or_else(|| kind.clone());
    let key = Key::new(&kind.storage, target.ns(), name);
    let current = state.store.get(&key).cloned();
    let sent = json::text(&config, &["metadata", "resourceVersion"]);
    if !sent.is_empty() && current.as_ref().is_none_or(|c| json::text(c, &["metadata", "resourceVersion"]) != sent) {
        return Err(ApiError::modified(&kind, name));
    }
    let now = clock::now();
    let writer = Writer { manager: &how.manager, applies: true, subresource: &how.subresource, now: &now };
    let live = current.as_deref().unwrap_or(&Json::Null);
    let schema = state.schema.clone();
    let merged = managed::apply(&schema, &storage_kind, &writer, (live, &config), call.query.flag("force"))?;
    let how = How { owners: Owners::Settled, ..how };
    match current {
        Some(current) => Ok((200, write::update(state, &storage_kind, &current, merged, &how)?, warnings)),
        None if on_status => Err(ApiError::not_found(&kind, name)),
        None => Ok((201, write::create(state, &storage_kind, merged, &how)?, warnings)),
    }
}

/// Secrets' `stringData` is written into `data` before fields are owned: what is stored is what is owned.
fn plain_strings(kind: &Kind, config: &mut Json) {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    if !kind.is("", "Secret") {
        return;
    }
    if let Some(Json::Object(plain)) = json::remove(config, &["stringData"]) {
        for (key, value) in plain {
            json::set(config, &["data", &key], BASE64_STANDARD.encode(value.as_str().unwrap_or("")));
        }
    }
}

fn missing_manager() -> ApiError {
    let cause = Cause::required("fieldManager", "is required for apply patch");
    let message = format!("PatchOptions.meta.k8s.io \"\" is invalid: {}: {}", cause.field, cause.message);
    let causes = json!([{"reason": cause.reason, "message": cause.message, "field": cause.field}]);
    let details = json!({"group": "meta.k8s.io", "kind": "PatchOptions", "causes": causes});
    ApiError { code: 422, reason: "Invalid", message, details: Some(details) }
}

/// Lays a patch of this content type over an object.
///
/// # Errors
/// 415 for other content types (also strategic patches of custom kinds), 400 and 422 for a patch that does not fit.
pub(crate) fn change_by(content_type: &str, kind: &Kind, object: &Json, change: &Json) -> Result<Json, ApiError> {
    match content_type {
        "application/json-patch+json" => {
            let count = change.as_array().map_or(0, Vec::len);
            if count > MAX_OPERATIONS {
                let text = format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}");
                return Err(ApiError { code: 413, reason: "RequestEntityTooLarge", ..ApiError::bad_request(text) });
            }
            helmd_plan::json_patch::apply(object, change).map_err(|why| {
                let text = format!("the server rejected our request due to an error in our request: {why}");
                ApiError { code: 422, reason: "Invalid", ..ApiError::bad_request(text) }
            })
        }
        "application/strategic-merge-patch+json" if kind.custom => Err(ApiError::unsupported_media()),
        "application/strategic-merge-patch+json"
            if helmd_plan::strategic::is_built_in(&kind.api_version(), &kind.kind) =>
        {
            helmd_plan::strategic::apply(object, change, &kind.api_version(), &kind.kind)
                .map_err(|e| ApiError::bad_request(e.to_string()))
        }
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
            helmd_plan::merge::apply(object, change).map_err(|e| ApiError::bad_request(e.to_string()))
        }
        _ => Err(ApiError::unsupported_media()),
    }
}
