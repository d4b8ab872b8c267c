//! Fields of Kubernetes objects.

use serde_json::{Map, Value as Json};

/// The value at a path; `None` when a part of it is missing or `null`.
pub(crate) fn get<'a>(object: &'a Json, path: &[&str]) -> Option<&'a Json> {
    let found = path.iter().try_fold(object, |value, key| value.get(key))?;
    (!found.is_null()).then_some(found)
}

pub(crate) fn text<'a>(object: &'a Json, path: &[&str]) -> &'a str {
    get(object, path).and_then(Json::as_str).unwrap_or_default()
}

pub(crate) fn integer(object: &Json, path: &[&str], default: i64) -> i64 {
    get(object, path).and_then(Json::as_i64).unwrap_or(default)
}

pub(crate) fn flag(object: &Json, path: &[&str]) -> bool {
    get(object, path).and_then(Json::as_bool).unwrap_or(false)
}

pub(crate) fn list<'a>(object: &'a Json, path: &[&str]) -> &'a [Json] {
    get(object, path).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn name(object: &Json) -> &str {
    text(object, &["metadata", "name"])
}

pub(crate) fn namespace(object: &Json) -> &str {
    text(object, &["metadata", "namespace"])
}

pub(crate) fn kind(object: &Json) -> &str {
    text(object, &["kind"])
}

/// The API group: empty for the core group.
pub(crate) fn group(object: &Json) -> &str {
    text(object, &["apiVersion"]).split_once('/').map_or("", |(group, _)| group)
}

/// The texts of `metadata.labels` or `metadata.annotations`.
///
/// HELM: with one value that is no text, all of them are lost.
pub(crate) fn texts<'a>(object: &'a Json, field: &str) -> Vec<(&'a str, &'a str)> {
    let Some(Json::Object(entries)) = get(object, &["metadata", field]) else { return Vec::new() };
    let texts = entries.iter().map(|(key, value)| match value {
        Json::String(text) => Some((key.as_str(), text.as_str())),
        Json::Null => Some((key.as_str(), "")),
        _ => None,
    });
    texts.collect::<Option<Vec<_>>>().unwrap_or_default()
}

pub(crate) fn annotation<'a>(object: &'a Json, key: &str) -> Option<&'a str> {
    texts(object, "annotations").into_iter().find(|(k, _)| *k == key).map(|(_, value)| value)
}

/// The entry as an object, made so if it is missing or something else; `None` when `object` is none.
pub(crate) fn object_at<'a>(object: &'a mut Json, key: &str) -> Option<&'a mut Map<String, Json>> {
    let slot = object.as_object_mut()?.entry(key).or_insert(Json::Null);
    if !slot.is_object() {
        *slot = Json::Object(Map::new());
    }
    slot.as_object_mut()
}
