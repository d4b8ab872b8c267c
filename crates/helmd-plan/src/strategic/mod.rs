//! Kubernetes' strategic merge patches for the built-in kinds.
//!
//! Lists of objects are merged by a key, lists of scalars by value; which ones, the types of `k8s.io/api` say. Directives:
//! `$patch: delete|replace`, `$retainKeys`, `$deleteFromPrimitiveList/x`, `$setElementOrder/x`.

mod diff;
mod error;
mod lists;
mod merge;
mod pack;
mod schema;
mod table;

pub use error::StrategicError;
pub use schema::is_built_in;

use diff::{DiffOptions, diff_maps};
use merge::{Purpose, merge_map};
use schema::Schema;
use serde_json::{Map, Value as Json};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// Gives the patch that brings what changed from `original` to `modified` into `current`, which may have changed, too.
///
/// It holds the difference from `current` to `modified` without deletions, and the deletions from `original` to
/// `modified`. `null` documents are taken as empty. An empty object means that there is nothing to do.
///
/// # Errors
/// The kind is not built in, a document does not have the form of its kind, or a list element lacks its key.
pub fn three_way_patch(
    original: &Json,
    modified: &Json,
    current: &Json,
    api_version: &str,
    kind: &str,
) -> Result<Json, StrategicError> {
    let schema = Schema::of(api_version, kind).ok_or(StrategicError::UnknownKind)?;
    let (original, modified, current) = (document(original)?, document(modified)?, document(current)?);
    let changes = diff_maps(&current, &modified, schema, DiffOptions::changes())?;
    let deletions = diff_maps(&original, &modified, schema, DiffOptions::deletions())?;
    merge_map(deletions, changes, schema, Purpose::JoinPatches, 0).map(Json::Object)
}

/// Gives `current` with the patch applied, as the API server does it.
///
/// # Errors
/// The kind is not built in, or the patch does not fit the object.
pub fn apply(current: &Json, patch: &Json, api_version: &str, kind: &str) -> Result<Json, StrategicError> {
    let schema = Schema::of(api_version, kind).ok_or(StrategicError::UnknownKind)?;
    merge_map(document(current)?, document(patch)?, schema, Purpose::Apply, 0).map(Json::Object)
}

fn document(json: &Json) -> Result<Map<String, Json>, StrategicError> {
    match json {
        Json::Null => Ok(Map::new()),
        Json::Object(entries) => Ok(entries.clone()),
        _ => Err(StrategicError::NotAnObject),
    }
}
