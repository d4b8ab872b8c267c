//! Values while they are merged: tables that several holders share and change in place.
//!
//! HELM: Go's maps are references. Coalescing puts tables of one chart into another's values and goes on merging into
//! them, and what shows up where depends on it, so the same sharing is needed here. The values of a render are such tables.

use crate::error::ValuesError;
use gotmpl::value::{Frozen, types};
use gotmpl::{GoString, Map, Value};
use helmd_chart::{Defaults, Values};
use serde_json::Value as Json;

/// How deep tables may lie in tables.
pub(crate) const MAX_DEPTH: usize = 500;

const TOO_DEEP: ValuesError = ValuesError::TooDeep { limit: MAX_DEPTH };

/// A table by reference.
#[derive(Clone)]
pub(crate) struct Table(Map);

impl Default for Table {
    fn default() -> Self {
        Table(Map::any())
    }
}

/// A value in a table. Lists and scalars are never merged, so they stay as they are.
#[derive(Clone)]
pub(crate) enum Entry {
    Table(Table),
    Leaf(Value),
}

impl Entry {
    pub(crate) fn null() -> Entry {
        Entry::Leaf(Value::Nil)
    }
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Entry::Leaf(Value::Nil))
    }
    /// The boolean, when it is one.
    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Entry::Leaf(Value::Bool(b)) => Some(*b),
            _ => None,
        }
    }
    pub(crate) fn as_table(&self) -> Option<&Table> {
        match self {
            Entry::Table(table) => Some(table),
            Entry::Leaf(_) => None,
        }
    }
    pub(crate) fn into_value(self) -> Value {
        match self {
            Entry::Table(table) => Value::Map(table.0),
            Entry::Leaf(leaf) => leaf,
        }
    }
}

impl From<Value> for Entry {
    fn from(value: Value) -> Entry {
        match value {
            Value::Map(map) => Entry::Table(Table(map)),
            leaf => Entry::Leaf(leaf),
        }
    }
}

impl Table {
    /// A table with new tables for all that lie in it.
    pub(crate) fn from_values(values: &Values) -> Result<Table, ValuesError> {
        Table::build(values, MAX_DEPTH).map(Table)
    }

    /// A table of a chart's defaults, with new tables for all that lie in it.
    pub(crate) fn from_defaults(values: &Defaults) -> Result<Table, ValuesError> {
        values.frozen().thaw_table(MAX_DEPTH).map(Table).ok_or(TOO_DEEP)
    }

    fn build(values: &Values, depth: usize) -> Result<Map, ValuesError> {
        let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        let mut entries = Vec::with_capacity(values.len());
        for (key, value) in values {
            let value = match value {
                Json::Object(inner) => Value::Map(Table::build(inner, depth)?),
                leaf => Value::from_json(leaf),
            };
            entries.push((GoString::from(key), value));
        }
        Ok(Map::from_entries(types::MAP_ANY, entries))
    }

    /// The table as the values of a render.
    pub(crate) fn into_map(self) -> Map {
        self.0
    }

    /// The values, sharing nothing.
    pub(crate) fn to_values(&self) -> Result<Values, ValuesError> {
        match self.to_frozen()?.to_json() {
            Json::Object(values) => Ok(values),
            _ => Ok(Values::new()),
        }
    }

    /// The values, sharing nothing that can be changed.
    pub(crate) fn to_frozen(&self) -> Result<Frozen, ValuesError> {
        Frozen::from_map(&self.0, MAX_DEPTH).ok_or(TOO_DEEP)
    }

    /// A table with new tables for all that lie in it.
    pub(crate) fn deep_copy(&self) -> Result<Table, ValuesError> {
        copy(&self.0, MAX_DEPTH).map(Table)
    }

    /// A new table with the same entries, whose inner tables are shared.
    pub(crate) fn shallow_copy(&self) -> Table {
        Table(Map::from_entries(types::MAP_ANY, self.0.entries()))
    }

    /// Empties this table and all that it leads to, so that tables that hold themselves are freed.
    pub(crate) fn dismantle(&self) {
        let mut rest = vec![self.clone()];
        while let Some(table) = rest.pop() {
            for (key, entry) in table.entries() {
                table.0.remove(&key);
                if let Entry::Table(inner) = entry {
                    rest.push(inner);
                }
            }
        }
    }

    pub(crate) fn get(&self, key: impl AsRef<[u8]>) -> Option<Entry> {
        self.0.get(key).map(Entry::from)
    }
    pub(crate) fn insert(&self, key: impl Into<GoString>, entry: Entry) {
        let _always_a_map = self.0.insert(key, entry.into_value());
    }
    pub(crate) fn remove(&self, key: impl AsRef<[u8]>) {
        self.0.remove(key);
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The entries as they are now, in order of their keys.
    pub(crate) fn entries(&self) -> Vec<(GoString, Entry)> {
        self.0.entries().into_iter().map(|(key, value)| (key, Entry::from(value))).collect()
    }
    /// The keys of the entries that are null.
    pub(crate) fn null_keys(&self) -> Vec<GoString> {
        let mut keys = Vec::new();
        let _never = self.0.for_each(|key, value| {
            if matches!(value, Value::Nil) {
                keys.push(key.clone());
            }
            Ok::<(), std::convert::Infallible>(())
        });
        keys
    }
    /// The tables that are entries.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        let _never = self.0.for_each(|_, value| {
            if let Value::Map(map) = value {
                tables.push(Table(map.clone()));
            }
            Ok::<(), std::convert::Infallible>(())
        });
        tables
    }
}

fn copy(map: &Map, depth: usize) -> Result<Map, ValuesError> {
    let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
    let mut entries = map.entries();
    for (_, value) in &mut entries {
        if let Value::Map(inner) = value {
            *value = Value::Map(copy(inner, depth)?);
        }
    }
    Ok(Map::from_entries(types::MAP_ANY, entries))
}
