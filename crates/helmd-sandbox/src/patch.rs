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
    strategic,
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
    let change: Json = serde_json::from_slice(&call.body)
        .map_err(|e| ApiError::bad_request(format!("error decoding patch: {e}")))?;
    match call.content_type() {
        "application/json-patch+json" => {
            let operations = change.as_array().ok_or_else(|| ApiError::bad_request("error decoding patch: not a list"))?;
            json_patch(&mut new, operations).map_err(|why| {
                ApiError { code: 422, reason: "Invalid", ..ApiError::bad_request(format!("the server rejected our request due to an error in our request: {why}")) }
            })?;
        }
        "application/merge-patch+json" => strategic::merge(&mut new, &change),
        "application/strategic-merge-patch+json" if kind.custom => return Err(ApiError::unsupported_media()),
        "application/strategic-merge-patch+json" => {
            let schema = state.schema.clone();
            strategic::apply(&schema, &schema.root(&kind), &mut new, &change).map_err(ApiError::bad_request)?;
        }
        _ => return Err(ApiError::unsupported_media()),
    }
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
    if json::object(&config, &["metadata", "managedFields"]).is_some()
        || !json::list(&config, &["metadata", "managedFields"]).is_empty()
    {
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

fn pointer(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|p| p.replace("~1", "/").replace("~0", "~")).collect()
}

fn look<'a>(value: &'a mut Json, path: &[String]) -> Option<&'a mut Json> {
    path.iter().try_fold(value, |v, key| match v {
        Json::Object(map) => map.get_mut(key),
        Json::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    })
}

fn take(value: &mut Json, path: &[String]) -> Option<Json> {
    let (last, parents) = path.split_last()?;
    match look(value, parents)? {
        Json::Object(map) => map.remove(last),
        Json::Array(items) => {
            let index = last.parse::<usize>().ok()?;
            (index < items.len()).then(|| items.remove(index))
        }
        _ => None,
    }
}

fn put(value: &mut Json, path: &[String], new: Json) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *value = new;
        return Some(());
    };
    match look(value, parents)? {
        Json::Object(map) => _ = map.insert(last.clone(), new),
        Json::Array(items) if last == "-" => items.push(new),
        Json::Array(items) => {
            let index = last.parse::<usize>().ok().filter(|i| *i <= items.len())?;
            items.insert(index, new);
        }
        _ => return None,
    }
    Some(())
}

/// Carries a JSON patch (RFC 6902) out; `value` is half done after an error.
pub(crate) fn json_patch(value: &mut Json, operations: &[Json]) -> Result<(), String> {
    if operations.len() > MAX_OPERATIONS {
        return Err(format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}", operations.len()));
    }
    for operation in operations {
        let (name, place) = (json::text(operation, &["op"]), json::text(operation, &["path"]));
        let path = pointer(place);
        let given = operation.get("value").cloned().unwrap_or_default();
        let missing = || format!("{name} operation does not apply: doc is missing path: \"{place}\": missing value");
        match name {
            "add" => put(value, &path, given).ok_or_else(missing)?,
            "remove" => _ = take(value, &path).ok_or_else(missing)?,
            "replace" => *look(value, &path).ok_or_else(missing)? = given,
            "move" | "copy" => {
                let from = pointer(json::text(operation, &["from"]));
                let moved = if name == "move" { take(value, &from) } else { look(value, &from).cloned() };
                put(value, &path, moved.ok_or_else(missing)?).ok_or_else(missing)?;
            }
            "test" => {
                if look(value, &path).map_or(&Json::Null, |v| &*v) != &given {
                    return Err(format!("testing value {place} failed: test failed"));
                }
            }
            other => return Err(format!("Unexpected kind: {other}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_patch_operations() {
        let mut value = json!({"a": {"b/c": [1, 2]}, "x": 1});
        let operations = json!([
            {"op": "test", "path": "/a/b~1c/0", "value": 1},
            {"op": "add", "path": "/a/b~1c/-", "value": 3},
            {"op": "remove", "path": "/a/b~1c/0"},
            {"op": "move", "from": "/x", "path": "/y"},
            {"op": "replace", "path": "/y", "value": 2},
        ]);
        json_patch(&mut value, operations.as_array().unwrap()).unwrap();
        assert_eq!(value, json!({"a": {"b/c": [2, 3]}, "y": 2}));
        assert!(json_patch(&mut value, &[json!({"op": "remove", "path": "/q"})]).is_err());
        assert!(json_patch(&mut value, &[json!({"op": "add", "path": "/a/b~1c/9", "value": 1})]).is_err());
    }
}
