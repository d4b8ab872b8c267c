//! Between [`Value`] and JSON values. Charts, values and releases are `serde_json` values (they cross threads); a render
//! turns them into Go values once.

use super::{FieldReader, GoString, List, MAX_DEPTH, Map, Value, types};
use serde_json::Value as Json;

impl Value {
    /// The Go value of a JSON value: floats stay `float64`, integers become `int64` (or `uint64` above its range).
    ///
    /// Values files hold floats only (Helm decodes YAML through JSON), so an integer here came from `--set`.
    pub fn from_json(json: &Json) -> Value {
        match json {
            Json::Null => Value::Nil,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => {
                if let Some(i) = n.as_i64() {
                    Value::int64(i)
                } else if let Some(u) = n.as_u64() {
                    Value::Uint(types::UINT64, u)
                } else {
                    Value::float(n.as_f64().unwrap_or_default())
                }
            }
            Json::String(s) => Value::String(uncarried(s)),
            Json::Array(items) => {
                Value::List(List::new(types::LIST_DECODED, items.iter().map(Value::from_json).collect()))
            }
            Json::Object(entries) => Value::map(entries.iter().map(|(k, v)| (k.into(), Value::from_json(v)))),
        }
    }

    /// The JSON value of a Go value; strings that are not UTF-8 get U+FFFD, what JSON cannot hold becomes null, and so
    /// does what is nested deeper than 2,000 levels.
    pub fn to_json(&self) -> Json {
        json_within(self, MAX_DEPTH)
    }
}

/// Begins a text that stands for bytes; nobody writes these two.
const CARRIER: &str = "\u{10fffe}\u{10ffff}";

/// A JSON string that stands for a Go string which may not be UTF-8: the text itself where it is, else a carrier of the
/// bytes, from which [`Value::from_json`] makes them again. `--set-file` reads any file.
pub fn carried(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| CARRIER.chars().chain(error.as_bytes().iter().map(|byte| char::from(*byte))).collect())
}

fn uncarried(text: &str) -> GoString {
    let carried = text.strip_prefix(CARRIER);
    let bytes = carried.and_then(|carried| carried.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>());
    bytes.map_or_else(|| GoString::from(text), GoString::from)
}

fn json_within(value: &Value, depth: usize) -> Json {
    let Some(depth) = depth.checked_sub(1) else { return Json::Null };
    match value {
        Value::Nil | Value::Complex(..) | Value::Func(_) => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(_, i) => Json::from(*i),
        Value::Uint(_, u) => Json::from(*u),
        Value::Float(_, f) => serde_json::Number::from_f64(*f).map_or(Json::Null, Json::Number),
        Value::String(s) => Json::String(s.to_text().into_owned()),
        Value::List(l) if l.is_nil() => Json::Null,
        Value::List(l) => Json::Array(l.iter().map(|v| json_within(v, depth)).collect()),
        Value::Map(m) => map_json(m, depth),
        Value::Object(o) => match (o.json(), o.as_map()) {
            (Some(v), _) => json_within(&v, depth),
            (None, Some(m)) => map_json(&m, depth),
            (None, None) => {
                let fields = o.fields_for(FieldReader::Json).into_iter();
                Json::Object(fields.map(|(k, v)| (k.into_owned(), json_within(&v, depth))).collect())
            }
        },
    }
}

fn map_json(m: &Map, depth: usize) -> Json {
    if m.is_nil() {
        return Json::Null;
    }
    Json::Object(m.entries().into_iter().map(|(k, v)| (k.to_text().into_owned(), json_within(&v, depth))).collect())
}

impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Value::Bool(v)
    }
}
impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Value::str(v)
    }
}
impl From<String> for Value {
    fn from(v: String) -> Self {
        Value::str(v)
    }
}
impl From<List> for Value {
    fn from(v: List) -> Self {
        Value::List(v)
    }
}
impl From<Map> for Value {
    fn from(v: Map) -> Self {
        Value::Map(v)
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, carried};

    #[test]
    fn bytes_come_through_json() {
        for bytes in [&b"plain \xc3\xa9"[..], b"\xff\x00\x80a", b""] {
            let value = Value::from_json(&carried(bytes.to_vec()).into());
            assert_eq!(value.as_str().map(|s| s.as_bytes().to_vec()).as_deref(), Some(bytes));
        }
    }
}
