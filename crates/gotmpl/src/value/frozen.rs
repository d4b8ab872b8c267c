//! Values that threads can share, to make any number of [`Value`]s from.

use super::{GoString, List, Map, Value, types};
use serde_json::Value as Json;
use std::sync::Arc;

/// A JSON value at rest. It holds its texts as [`GoString`]s, so that [`Frozen::thaw`] copies none of them; clones share all.
#[derive(Clone, Debug, PartialEq)]
pub enum Frozen {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that came from `--set`.
    Int(i64),
    /// A whole number above `int64`'s.
    Uint(u64),
    /// Any number of a YAML file.
    Float(f64),
    /// A text.
    String(GoString),
    /// A list.
    List(Arc<[Frozen]>),
    /// A table, in order of its keys.
    Map(Arc<[(GoString, Frozen)]>),
}

impl Frozen {
    /// The value of a table.
    pub fn table(entries: &serde_json::Map<String, Json>) -> Frozen {
        Frozen::Map(entries.iter().map(|(k, v)| (k.into(), Frozen::from(v))).collect())
    }

    /// A value for a render, which shares nothing that can be changed. Tables deeper than `depth` give none.
    pub fn thaw(&self, depth: usize) -> Option<Value> {
        Some(match self {
            Frozen::Null => Value::Nil,
            Frozen::Bool(b) => Value::Bool(*b),
            Frozen::Int(i) => Value::int64(*i),
            Frozen::Uint(u) => Value::Uint(types::UINT64, *u),
            Frozen::Float(f) => Value::float(*f),
            Frozen::String(s) => Value::String(s.clone()),
            Frozen::List(items) => {
                let items: Option<Vec<Value>> = items.iter().map(|v| v.thaw(depth)).collect();
                Value::List(List::new(types::LIST_DECODED, items?))
            }
            Frozen::Map(entries) => Value::Map(thaw_entries(entries, depth)?),
        })
    }

    /// As [`Frozen::thaw`] for a table; other values give none.
    pub fn thaw_table(&self, depth: usize) -> Option<Map> {
        match self {
            Frozen::Map(entries) => thaw_entries(entries, depth),
            _ => None,
        }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Frozen::Null => Json::Null,
            Frozen::Bool(b) => Json::Bool(*b),
            Frozen::Int(i) => Json::from(*i),
            Frozen::Uint(u) => Json::from(*u),
            Frozen::Float(f) => serde_json::Number::from_f64(*f).map_or(Json::Null, Json::Number),
            Frozen::String(s) => Json::String(s.to_text().into_owned()),
            Frozen::List(items) => Json::Array(items.iter().map(Frozen::to_json).collect()),
            Frozen::Map(entries) => {
                Json::Object(entries.iter().map(|(k, v)| (k.to_text().into_owned(), v.to_json())).collect())
            }
        }
    }

    /// The value of a table of a render, when no table in it lies deeper than `depth`.
    pub fn from_map(map: &Map, depth: usize) -> Option<Frozen> {
        let depth = depth.checked_sub(1)?;
        let mut entries = Vec::with_capacity(map.len());
        map.for_each(|key, value| {
            entries.push((key.clone(), Frozen::from_value(value, depth).ok_or(())?));
            Ok::<(), ()>(())
        })
        .ok()?;
        Some(Frozen::Map(entries.into()))
    }

    fn from_value(value: &Value, depth: usize) -> Option<Frozen> {
        Some(match value {
            Value::Map(map) => Frozen::from_map(map, depth)?,
            Value::List(list) => {
                Frozen::List(list.iter().map(|v| Frozen::from_value(v, depth)).collect::<Option<Vec<_>>>()?.into())
            }
            Value::Bool(b) => Frozen::Bool(*b),
            Value::Int(_, i) => Frozen::Int(*i),
            Value::Uint(_, u) => Frozen::Uint(*u),
            Value::Float(_, f) => Frozen::Float(*f),
            Value::String(s) => Frozen::String(s.clone()),
            Value::Nil | Value::Complex(..) | Value::Object(_) | Value::Func(_) => Frozen::Null,
        })
    }
}

impl From<&Json> for Frozen {
    fn from(json: &Json) -> Frozen {
        match json {
            Json::Null => Frozen::Null,
            Json::Bool(b) => Frozen::Bool(*b),
            Json::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(i), _) => Frozen::Int(i),
                (None, Some(u)) => Frozen::Uint(u),
                (None, None) => Frozen::Float(n.as_f64().unwrap_or_default()),
            },
            Json::String(s) => Frozen::String(s.into()),
            Json::Array(items) => Frozen::List(items.iter().map(Frozen::from).collect()),
            Json::Object(entries) => Frozen::table(entries),
        }
    }
}

fn thaw_entries(entries: &[(GoString, Frozen)], depth: usize) -> Option<Map> {
    let depth = depth.checked_sub(1)?;
    let mut thawed = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        thawed.push((key.clone(), value.thaw(depth)?));
    }
    Some(Map::from_entries(types::MAP_ANY, thawed))
}

#[cfg(test)]
mod tests {
    use super::Frozen;
    use serde_json::json;

    #[test]
    fn thawed_tables_are_apart() {
        let json = json!({"a": {"b": 1.0, "c": [null, true, "x", 7]}});
        let frozen = Frozen::from(&json);
        let (one, two) = (frozen.thaw_table(10).unwrap(), frozen.thaw_table(10).unwrap());
        let _ = one.insert("a", super::Value::Nil);
        assert_eq!(super::Value::Map(two).to_json(), json);
        assert_eq!(frozen.to_json(), json);
    }

    #[test]
    fn depth_is_counted_in_tables() {
        let frozen = Frozen::from(&json!({"a": {"b": {}}}));
        assert!(frozen.thaw_table(3).is_some());
        assert!(frozen.thaw_table(2).is_none());
    }
}
