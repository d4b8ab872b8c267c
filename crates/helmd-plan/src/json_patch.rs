//! JSON patches (RFC 6902).

use serde_json::Value as Json;

/// Why a JSON patch could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPatchError {
    /// The patch is no list of operations.
    #[error("invalid JSON patch")]
    Malformed,
    /// An operation that does not exist.
    #[error("unexpected kind: {0}")]
    UnknownOperation(String),
    /// A path that leads nowhere.
    #[error("{operation} operation does not apply: doc is missing path: \"{path}\": missing value")]
    Missing {
        /// The operation.
        operation: String,
        /// The path.
        path: String,
    },
    /// A `test` that fails.
    #[error("testing value {0} failed: test failed")]
    TestFailed(String),
}

/// Gives the document with the operations applied, in order.
///
/// # Errors
/// The first operation that cannot be applied; nothing of the patch counts then.
pub fn apply(document: &Json, patch: &Json) -> Result<Json, JsonPatchError> {
    let mut result = document.clone();
    for operation in patch.as_array().ok_or(JsonPatchError::Malformed)? {
        apply_one(&mut result, operation)?;
    }
    Ok(result)
}

fn apply_one(document: &mut Json, operation: &Json) -> Result<(), JsonPatchError> {
    let text = |key: &str| operation.get(key).and_then(Json::as_str);
    let (name, path) = (text("op"), text("path"));
    let (name, path) = (name.ok_or(JsonPatchError::Malformed)?, path.ok_or(JsonPatchError::Malformed)?);
    let value = || operation.get("value").cloned().unwrap_or(Json::Null);
    let from = || text("from").ok_or(JsonPatchError::Malformed);
    let missing = |path: &str| JsonPatchError::Missing { operation: name.to_owned(), path: path.to_owned() };
    match name {
        "add" => add(document, path, value()).ok_or_else(|| missing(path)),
        "remove" => remove(document, path).map(drop).ok_or_else(|| missing(path)),
        "replace" => {
            *document.pointer_mut(path).ok_or_else(|| missing(path))? = value();
            Ok(())
        }
        "move" => {
            let from = from()?;
            let moved = remove(document, from).ok_or_else(|| missing(from))?;
            add(document, path, moved).ok_or_else(|| missing(path))
        }
        "copy" => {
            let from = from()?;
            let copied = document.pointer(from).cloned().ok_or_else(|| missing(from))?;
            add(document, path, copied).ok_or_else(|| missing(path))
        }
        // A missing value is as good as `null`.
        "test" if *document.pointer(path).unwrap_or(&Json::Null) == value() => Ok(()),
        "test" => Err(JsonPatchError::TestFailed(path.to_owned())),
        other => Err(JsonPatchError::UnknownOperation(other.to_owned())),
    }
}

/// The place that holds the value at the path, and the value's key there.
fn parent<'a>(document: &'a mut Json, path: &str) -> Option<(&'a mut Json, String)> {
    let (parent, key) = path.rsplit_once('/')?;
    Some((document.pointer_mut(parent)?, key.replace("~1", "/").replace("~0", "~")))
}

fn add(document: &mut Json, path: &str, value: Json) -> Option<()> {
    if path.is_empty() {
        *document = value;
        return Some(());
    }
    match parent(document, path)? {
        (Json::Object(entries), key) => {
            entries.insert(key, value);
        }
        (Json::Array(items), key) if key == "-" => items.push(value),
        (Json::Array(items), key) => {
            let place = index(&key).filter(|place| *place <= items.len())?;
            items.insert(place, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Json, path: &str) -> Option<Json> {
    match parent(document, path)? {
        (Json::Object(entries), key) => entries.remove(&key),
        (Json::Array(items), key) => {
            let place = index(&key).filter(|place| *place < items.len())?;
            Some(items.remove(place))
        }
        _ => None,
    }
}

/// A list place: digits without leading zeros.
fn index(key: &str) -> Option<usize> {
    let plain = key == "0" || !key.starts_with(['0', '+']);
    plain.then(|| key.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::apply;
    use serde_json::json;

    #[test]
    fn operations_go_in_order() {
        let document = json!({"a": [1, 2], "b/c": {"d": 1}});
        let patch = json!([
            {"op": "add", "path": "/a/1", "value": 9},
            {"op": "add", "path": "/a/-", "value": 3},
            {"op": "remove", "path": "/b~1c/d"},
            {"op": "move", "from": "/a/0", "path": "/first"},
            {"op": "test", "path": "/first", "value": 1},
            {"op": "replace", "path": "/a/0", "value": 8},
            {"op": "copy", "from": "/a", "path": "/b~1c/e"},
        ]);
        let result = json!({"a": [8, 2, 3], "b/c": {"e": [8, 2, 3]}, "first": 1});
        assert_eq!(apply(&document, &patch), Ok(result));
    }

    #[test]
    fn a_fault_names_its_path() {
        let text = |patch| apply(&json!({}), &patch).unwrap_err().to_string();
        assert_eq!(
            text(json!([{"op": "remove", "path": "/x"}])),
            "remove operation does not apply: doc is missing path: \"/x\": missing value"
        );
        assert_eq!(text(json!([{"op": "test", "path": "/x", "value": 1}])), "testing value /x failed: test failed");
    }
}
