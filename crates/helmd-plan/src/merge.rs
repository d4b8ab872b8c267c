//! JSON merge patches (RFC 7386) as Helm makes them for custom resources.

use crate::MAX_DEPTH;
use crate::go_text::{go_text, go_type};
use serde_json::{Map, Value as Json};

type Object = Map<String, Json>;

/// Why a merge patch could not be made or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// A document is no object.
    #[error("Invalid JSON Document")]
    NotAnObject,
    /// A patch is no object.
    #[error("Invalid JSON Patch")]
    PatchNotAnObject,
    /// The documents are lists, so that the patch is one of patches.
    #[error("json: cannot unmarshal array into Go value of type map[string]interface {{}}")]
    ListOfPatches,
    /// One of the documents is a list, the other is not.
    #[error("Mismatched JSON Documents")]
    Mismatched,
    /// The patch would change `apiVersion`, `kind` or `metadata.name`.
    #[error("precondition failed for: {0}")]
    Precondition(String),
    /// Objects are nested more than [`MAX_DEPTH`] deep.
    #[error("object is nested too deeply")]
    TooDeep,
}

/// Gives the patch that makes `modified` of `original`: changed fields with their new value, lost ones as `null`.
///
/// Lists are replaced as a whole. Two lists of objects give a list of patches.
///
/// # Errors
/// A document is no object.
pub fn create_merge_patch(original: &Json, modified: &Json) -> Result<Json, MergeError> {
    match (original, modified) {
        (Json::Array(original), Json::Array(modified)) if original.len() == modified.len() => {
            let patches = original.iter().zip(modified).map(|(o, m)| object_patch(o, m));
            patches.collect::<Result<_, _>>().map(Json::Array)
        }
        (Json::Array(_), Json::Array(_)) => Err(MergeError::NotAnObject),
        (Json::Array(_), _) | (_, Json::Array(_)) => Err(MergeError::Mismatched),
        _ => object_patch(original, modified),
    }
}

fn object_patch(original: &Json, modified: &Json) -> Result<Json, MergeError> {
    let empty = Map::new();
    let original = document(original)?.unwrap_or(&empty);
    let modified = document(modified)?.unwrap_or(&empty);
    diff(original, modified, 0).map(Json::Object)
}

/// The object's entries; `None` for `null`.
fn document(json: &Json) -> Result<Option<&Object>, MergeError> {
    match json {
        Json::Null => Ok(None),
        Json::Object(entries) => Ok(Some(entries)),
        _ => Err(MergeError::NotAnObject),
    }
}

fn diff(old: &Object, new: &Object, depth: usize) -> Result<Object, MergeError> {
    if depth > MAX_DEPTH {
        return Err(MergeError::TooDeep);
    }
    let mut patch = Map::new();
    for (key, value) in new {
        match (old.get(key), value) {
            (Some(Json::Object(old)), Json::Object(new)) => {
                let inner = diff(old, new, depth + 1)?;
                if !inner.is_empty() {
                    patch.insert(key.clone(), Json::Object(inner));
                }
            }
            (Some(old), new) if same(old, new) => {}
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Json::Null);
    }
    Ok(patch)
}

/// Equality in which numbers are equal when Go writes them alike: `1` and `1.0` are, `0` and `-0` are not.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64().map(f64::to_bits) == b.as_f64().map(f64::to_bits),
        },
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Gives the patch that brings what changed from `original` to `modified` into `current`, which may have changed, too.
///
/// # Errors
/// A document is no object, or the patch would change `apiVersion`, `kind` or `metadata.name`.
pub fn three_way_json_merge(original: &Json, modified: &Json, current: &Json) -> Result<Json, MergeError> {
    // A list of patches is no patch.
    let object_diff = |old: &Json| match create_merge_patch(old, modified)? {
        Json::Object(entries) => Ok(entries),
        _ => Err(MergeError::ListOfPatches),
    };
    let mut changes = object_diff(current)?;
    let mut patch = object_diff(original)?;
    keep_changes(&mut changes);
    keep_deletions(&mut patch);
    // The two never conflict: what is deleted is not in `modified`, what is changed is.
    merge_objects(&mut patch, changes, 0)?;
    let metadata_name = patch.get("metadata").is_some_and(|m| m.get("name").is_some());
    if patch.contains_key("apiVersion") || patch.contains_key("kind") || metadata_name {
        return Err(MergeError::Precondition(go_text(&Json::Object(patch))));
    }
    Ok(Json::Object(patch))
}

/// Takes `null` out of a patch; a part that said nothing else goes.
fn keep_changes(patch: &mut Object) {
    patch.retain(|_, value| match value {
        Json::Null => false,
        Json::Object(entries) if !entries.is_empty() => {
            keep_changes(entries);
            !entries.is_empty()
        }
        _ => true,
    });
}

/// Leaves nothing but `null` in a patch.
fn keep_deletions(patch: &mut Object) {
    patch.retain(|_, value| match value {
        Json::Null => true,
        Json::Object(entries) => {
            keep_deletions(entries);
            !entries.is_empty()
        }
        _ => false,
    });
}

/// Gives `current` with the merge patch applied.
///
/// # Errors
/// The patch is no object (a list takes the place of anything), or `current` is `null`.
pub fn apply(current: &Json, patch: &Json) -> Result<Json, MergeError> {
    match (current, patch) {
        (Json::Null, _) => Err(MergeError::NotAnObject),
        (Json::Object(current), Json::Object(patch)) => {
            let mut merged = current.clone();
            merge_objects(&mut merged, patch.clone(), 0)?;
            Ok(Json::Object(merged))
        }
        (Json::Object(_), _) if !patch.is_array() => Err(MergeError::PatchNotAnObject),
        (_, Json::Object(_) | Json::Array(_)) => {
            let mut result = patch.clone();
            prune_nulls(&mut result);
            Ok(result)
        }
        _ => Err(MergeError::PatchNotAnObject),
    }
}

fn merge_objects(object: &mut Object, patch: Object, depth: usize) -> Result<(), MergeError> {
    if depth > MAX_DEPTH {
        return Err(MergeError::TooDeep);
    }
    for (key, mut value) in patch {
        match (object.get_mut(&key), value) {
            (_, Json::Null) => {
                object.remove(&key);
            }
            (Some(Json::Object(old)), Json::Object(new)) => merge_objects(old, new, depth + 1)?,
            (old, new) => {
                // HELM: over an object, what is no object is taken as it is.
                let over_object = old.is_some_and(|old| go_type(old) == "map[string]interface {}");
                value = new;
                if !over_object {
                    prune_nulls(&mut value);
                }
                object.insert(key, value);
            }
        }
    }
    Ok(())
}

/// Takes `null` out of objects, at any depth.
fn prune_nulls(value: &mut Json) {
    match value {
        Json::Object(entries) => {
            entries.retain(|_, v| !v.is_null());
            entries.values_mut().for_each(prune_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(prune_nulls),
        _ => {}
    }
}
