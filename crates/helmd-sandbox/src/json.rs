//! Small readers and writers of paths inside JSON objects. Reading never fails; what is absent reads as null, "" or [].

pub(crate) use serde_json::Value as Json;
pub(crate) type Object = serde_json::Map<String, Json>;

static NULL: Json = Json::Null;

/// The value under `path`, or null.
pub(crate) fn at<'a>(value: &'a Json, path: &[&str]) -> &'a Json {
    path.iter().try_fold(value, |v, key| v.get(*key)).unwrap_or(&NULL)
}

/// The string under `path`, or "".
pub(crate) fn text<'a>(value: &'a Json, path: &[&str]) -> &'a str {
    at(value, path).as_str().unwrap_or("")
}

/// The whole number under `path`.
pub(crate) fn int(value: &Json, path: &[&str]) -> Option<i64> {
    whole(at(value, path))
}

/// A JSON number as a whole number, also when it was written as a float.
pub(crate) fn whole(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i64))
}

/// The boolean under `path`, or false.
pub(crate) fn flag(value: &Json, path: &[&str]) -> bool {
    at(value, path).as_bool().unwrap_or(false)
}

/// The list under `path`, or an empty one.
pub(crate) fn list<'a>(value: &'a Json, path: &[&str]) -> &'a [Json] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// The object under `path`, if it is one.
pub(crate) fn object<'a>(value: &'a Json, path: &[&str]) -> Option<&'a Object> {
    at(value, path).as_object()
}

/// `metadata.name`, or "".
pub(crate) fn name(value: &Json) -> &str {
    text(value, &["metadata", "name"])
}

/// `metadata.namespace`, or "".
pub(crate) fn namespace(value: &Json) -> &str {
    text(value, &["metadata", "namespace"])
}

/// `metadata.uid`, or "".
pub(crate) fn uid(value: &Json) -> &str {
    text(value, &["metadata", "uid"])
}

/// Whether the object is on its way out.
pub(crate) fn deleting(value: &Json) -> bool {
    !at(value, &["metadata", "deletionTimestamp"]).is_null()
}

/// The map of this value; anything else is replaced by an empty map first.
pub(crate) fn force_object(value: &mut Json) -> &mut Object {
    if !value.is_object() {
        *value = Json::Object(Object::new());
    }
    match value {
        Json::Object(map) => map,
        _ => unreachable!("it was made an object above"),
    }
}

/// The slot under `path`, made (as null, inside new objects) where absent.
pub(crate) fn slot<'a>(value: &'a mut Json, path: &[&str]) -> &'a mut Json {
    path.iter().fold(value, |v, key| force_object(v).entry(*key).or_insert(Json::Null))
}

/// Puts `new` under `path`.
pub(crate) fn set(value: &mut Json, path: &[&str], new: impl Into<Json>) {
    *slot(value, path) = new.into();
}

/// Puts `new` under `path` where nothing or null stands.
pub(crate) fn default(value: &mut Json, path: &[&str], new: impl Into<Json>) {
    let place = slot(value, path);
    if place.is_null() {
        *place = new.into();
    }
}

/// Takes the value under `path` away.
pub(crate) fn remove(value: &mut Json, path: &[&str]) -> Option<Json> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(value, |v, key| v.get_mut(*key))?;
    parent.as_object_mut()?.remove(*last)
}

/// The items of the list under `path`, to change; empty where there is none.
pub(crate) fn items_mut<'a>(value: &'a mut Json, path: &[&str]) -> impl Iterator<Item = &'a mut Json> + use<'a> {
    path.iter().try_fold(value, |v, key| v.get_mut(*key)).and_then(Json::as_array_mut).into_iter().flatten()
}

/// Drops nulls inside objects, as Go's decoder does by leaving the field at its zero value.
pub(crate) fn drop_nulls(value: &mut Json) {
    match value {
        Json::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// How deep the value nests, up to `limit` (then `limit`).
pub(crate) fn too_deep(value: &Json, limit: usize) -> bool {
    match value {
        Json::Object(map) => limit == 0 || map.values().any(|v| too_deep(v, limit - 1)),
        Json::Array(items) => limit == 0 || items.iter().any(|v| too_deep(v, limit - 1)),
        _ => false,
    }
}

/// Drops nulls that stand directly in the object under `key`.
pub(crate) fn drop_nulls_at(value: &mut Json, key: &str) {
    if let Some(Json::Object(map)) = value.get_mut(key) {
        map.retain(|_, v| !v.is_null());
    }
}
