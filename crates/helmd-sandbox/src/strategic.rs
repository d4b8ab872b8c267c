//! Strategic merge patches and RFC 7386 merge patches, along the schema's list keys.

use std::collections::BTreeSet;

use crate::{
    json::{self, Json, Object},
    schema::{Items, Schema, Type},
};

const DIRECTIVE: &str = "$patch";

/// Lays a merge patch (RFC 7386) over `target`.
pub(crate) fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    let target = json::force_object(target);
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Json::Null), value);
        }
    }
}

/// Lays a strategic merge patch over `target`.
///
/// # Errors
/// A sentence about a directive or an item that cannot be used.
pub(crate) fn apply(schema: &Schema, kind: &Type, target: &mut Json, patch: &Json) -> Result<(), String> {
    Patcher { schema }.value(Some(kind), target, patch)
}

struct Patcher<'a> {
    schema: &'a Schema,
}

impl<'a> Patcher<'a> {
    fn field(&self, kind: Option<&'a Type>, key: &str) -> Option<&'a Type> {
        match kind? {
            Type::Message(name, _) => self.schema.message(name)?.field(key).map(|f| &f.kind),
            Type::Map(inner, _) => Some(inner),
            _ => None,
        }
    }

    fn value(&self, kind: Option<&'a Type>, target: &mut Json, patch: &Json) -> Result<(), String> {
        match (kind, patch) {
            (_, Json::Object(patch)) => self.object(kind, target, patch),
            (Some(Type::List(inner, Items::Keys(keys))), Json::Array(items)) => {
                // The first key is the one that patches go by: port for ports, name for containers.
                let key = keys.first().map_or("name", String::as_str);
                self.list(inner, key, target, items)
            }
            (Some(Type::List(_, Items::Set)), Json::Array(items)) => {
                if !target.is_array() {
                    *target = Json::Array(Vec::new());
                }
                if let Json::Array(all) = target {
                    for item in items {
                        if !all.contains(item) {
                            all.push(item.clone());
                        }
                    }
                }
                Ok(())
            }
            _ => {
                *target = patch.clone();
                Ok(())
            }
        }
    }

    fn object(&self, kind: Option<&'a Type>, target: &mut Json, patch: &Object) -> Result<(), String> {
        match patch.get(DIRECTIVE).and_then(Json::as_str) {
            Some("replace") => {
                let mut whole = patch.clone();
                whole.remove(DIRECTIVE);
                *target = Json::Object(whole);
                return Ok(());
            }
            Some("delete") => {
                *target = Json::Object(Object::new());
                return Ok(());
            }
            Some("merge") | None => {}
            Some(other) => return Err(format!("unknown patch type found: {other}")),
        }
        let target = json::force_object(target);
        if let Some(keep) = patch.get("$retainKeys").and_then(Json::as_array) {
            target.retain(|key, _| keep.iter().any(|k| k.as_str() == Some(key)));
        }
        for (key, value) in patch {
            if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
                let gone = value.as_array().cloned().unwrap_or_default();
                if let Some(Json::Array(all)) = target.get_mut(list) {
                    all.retain(|item| !gone.contains(item));
                }
            } else if !key.starts_with('$') {
                if value.is_null() {
                    target.remove(key);
                } else {
                    self.value(self.field(kind, key), target.entry(key.clone()).or_insert(Json::Null), value)?;
                }
            }
        }
        for (key, order) in patch {
            if let (Some(list), Json::Array(order)) = (key.strip_prefix("$setElementOrder/"), order)
                && let Some(Json::Array(all)) = target.get_mut(list)
            {
                let merge_key = match self.field(kind, list) {
                    Some(Type::List(_, Items::Keys(keys))) => keys.first().map(String::as_str),
                    _ => None,
                };
                reorder(all, order, merge_key);
            }
        }
        Ok(())
    }

    fn list(&self, inner: &'a Type, key: &str, target: &mut Json, items: &[Json]) -> Result<(), String> {
        let mut all = match target {
            Json::Array(all) => std::mem::take(all),
            _ => Vec::new(),
        };
        let replaces = |i: &Json| i.get(DIRECTIVE).and_then(Json::as_str) == Some("replace") && i.get(key).is_none();
        if items.iter().any(replaces) {
            *target = items.iter().filter(|i| !replaces(i)).cloned().collect();
            return Ok(());
        }
        for item in items {
            let Some(identity) = item.get(key) else {
                return Err(format!("map: {item} does not contain declared merge key: {key}"));
            };
            let place = all.iter().position(|old| old.get(key) == Some(identity));
            if item.get(DIRECTIVE).and_then(Json::as_str) == Some("delete") {
                if let Some(place) = place {
                    all.remove(place);
                }
                continue;
            }
            match place.and_then(|p| all.get_mut(p)) {
                Some(old) => self.value(Some(inner), old, item)?,
                None => {
                    let mut fresh = Json::Null;
                    self.value(Some(inner), &mut fresh, item)?;
                    all.push(fresh);
                }
            }
        }
        *target = Json::Array(all);
        Ok(())
    }
}

/// Puts the items named in `order` into that order; others keep their place before the item that they stood before.
fn reorder(all: &mut Vec<Json>, order: &[Json], merge_key: Option<&str>) {
    let identity = |item: &Json| match merge_key {
        Some(key) => item.get(key).cloned().unwrap_or_default().to_string(),
        None => item.to_string(),
    };
    let wanted: Vec<String> = order.iter().map(identity).collect();
    let named: BTreeSet<&String> = wanted.iter().collect();
    let places: Vec<usize> =
        all.iter().enumerate().filter(|(_, item)| named.contains(&identity(item))).map(|(place, _)| place).collect();
    let mut sorted: Vec<Json> = places.iter().filter_map(|p| all.get(*p).cloned()).collect();
    sorted.sort_by_key(|item| wanted.iter().position(|w| *w == identity(item)));
    for (place, item) in places.into_iter().zip(sorted) {
        if let Some(slot) = all.get_mut(place) {
            *slot = item;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_directives_and_order() {
        let schema = Schema::built_in();
        let kind = Type::Message("core/v1.PodSpec".to_owned(), false);
        let mut pod = json!({"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "y"}]}, {"name": "b", "image": "2"}],
            "nodeSelector": {"k": "v"}});
        let patch = json!({
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [{"name": "b", "$patch": "delete"}, {"name": "a", "env": [{"name": "X", "value": null}]}, {"name": "c", "image": "3"}],
            "nodeSelector": {"$patch": "replace", "q": "r"},
        });
        apply(&schema, &kind, &mut pod, &patch).unwrap();
        assert_eq!(
            pod,
            json!({"containers": [{"name": "c", "image": "3"}, {"name": "a", "image": "1", "env": [{"name": "X"}]}], "nodeSelector": {"q": "r"}})
        );
    }
}
