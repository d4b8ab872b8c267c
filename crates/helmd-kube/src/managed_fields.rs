//! Field ownership: what Helm changed by client-side apply becomes owned by server-side apply, so
//! that fields which leave the manifest leave the object.

use serde_json::{Map, Value as Json, json};

use crate::FIELD_MANAGER;

/// How deep field sets are followed; deeper sets are kept as the first side has them.
const DEEPEST: usize = 64;

/// The JSON patch that turns entries of Helm's `Update` operations into one of its `Apply`
/// operations; nothing when there is none to turn.
pub(crate) fn upgrade_patch(object: &Json) -> Option<Json> {
    let meta = object.get("metadata")?;
    let entries = meta.get("managedFields")?.as_array()?;
    let upgraded = upgraded(entries)?;
    if &upgraded == entries {
        return None;
    }
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": upgraded},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": meta.get("resourceVersion")?},
    ]))
}

fn is_ours(entry: &Json, operation: &str) -> bool {
    let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default();
    text("manager") == FIELD_MANAGER && text("operation") == operation && text("subresource").is_empty()
}

fn upgraded(entries: &[Json]) -> Option<Vec<Json>> {
    let mut entries = entries.to_vec();
    let applied = entries.iter().position(|entry| is_ours(entry, "Apply"));
    // The newest entry stands first.
    let target = applied.or_else(|| entries.iter().position(|entry| is_ours(entry, "Update")))?;
    let entry = entries.get_mut(target)?.as_object_mut()?;
    entry.insert("operation".to_owned(), json!("Apply"));
    let version = entry.get("apiVersion").cloned();
    let mut fields = entry.get("fieldsV1").cloned().unwrap_or_else(|| json!({}));
    let other = entries.iter().find(|entry| is_ours(entry, "Update") && entry.get("apiVersion") == version.as_ref());
    if let Some(more) = other.and_then(|entry| entry.get("fieldsV1")) {
        union(&mut fields, more, 0);
    }
    entries.get_mut(target)?.as_object_mut()?.insert("fieldsV1".to_owned(), fields);
    entries.retain(|entry| !is_ours(entry, "Update"));
    Some(entries)
}

/// Adds the paths of `more`. An empty map is a path that ends there; beside longer paths it is `.`.
fn union(fields: &mut Json, more: &Json, depth: usize) {
    let (Json::Object(fields), Json::Object(more)) = (fields, more) else { return };
    if depth > DEEPEST {
        return;
    }
    for (name, theirs) in more {
        let Some(ours) = fields.get_mut(name) else {
            fields.insert(name.clone(), theirs.clone());
            continue;
        };
        let ends = |set: &Json| set.as_object().is_some_and(Map::is_empty);
        let one_ends = ends(ours) != ends(theirs);
        union(ours, theirs, depth + 1);
        if one_ends && let Json::Object(ours) = ours {
            ours.insert(".".to_owned(), json!({}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn update_entry_joins_the_apply_entry() {
        let object = json!({"metadata": {"resourceVersion": "7", "managedFields": [
            {"manager": "helm", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:data": {"f:a": {}}}},
            {"manager": "helm", "operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:data": {".": {}, "f:b": {}}}},
            {"manager": "kubectl", "operation": "Update", "apiVersion": "v1", "fieldsV1": {}},
        ]}});
        let patch = upgrade_patch(&object).unwrap();
        assert_eq!(
            patch[0]["value"],
            json!([
                {"manager": "helm", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:data": {".": {}, "f:a": {}, "f:b": {}}}},
                {"manager": "kubectl", "operation": "Update", "apiVersion": "v1", "fieldsV1": {}},
            ])
        );
        assert_eq!(patch[1]["value"], "7");
    }

    #[test]
    fn nothing_to_do_without_update_entries() {
        let object = json!({"metadata": {"resourceVersion": "7", "managedFields": [
            {"manager": "helm", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {}},
        ]}});
        assert_eq!(upgrade_patch(&object), None);
    }
}
