//! Guards against schemas that would exhaust the stack.

use serde_json::Value as Json;

/// How deep a schema's JSON may be.
const MAX_SCHEMA_DEPTH: usize = 200;

/// Refuses schemas that are too deep.
pub(crate) fn check(schema: &Json, _values: &Json) -> Result<(), String> {
    let mut rest = vec![(schema, 1usize)];
    while let Some((value, depth)) = rest.pop() {
        if depth > MAX_SCHEMA_DEPTH {
            return Err(format!("unable to validate schema: nested more than {MAX_SCHEMA_DEPTH} deep"));
        }
        match value {
            Json::Array(items) => rest.extend(items.iter().map(|v| (v, depth + 1))),
            Json::Object(entries) => rest.extend(entries.values().map(|v| (v, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}
