//! Values while they are merged: tables that several holders share and change in place.
//!
//! HELM: Go's maps are references. Coalescing puts tables of one chart into another's values and goes on merging into
//! them, and what shows up where depends on it, so the same sharing is needed here.

use crate::error::ValuesError;
use helmd_chart::Values;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How deep tables may lie in tables.
pub(crate) const MAX_DEPTH: usize = 500;

/// A table by reference.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(Rc<RefCell<BTreeMap<String, Entry>>>);

/// A value in a table. Lists and scalars are never merged, so they stay as they are.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Table(Table),
    Leaf(Rc<Json>),
}

impl Entry {
    pub(crate) fn null() -> Entry {
        Entry::Leaf(Rc::new(Json::Null))
    }
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Entry::Leaf(leaf) if leaf.is_null())
    }
    pub(crate) fn as_table(&self) -> Option<&Table> {
        match self {
            Entry::Table(table) => Some(table),
            Entry::Leaf(_) => None,
        }
    }
    /// A copy that shares nothing.
    pub(crate) fn to_json(&self) -> Result<Json, ValuesError> {
        self.json(MAX_DEPTH)
    }

    fn json(&self, depth: usize) -> Result<Json, ValuesError> {
        match self {
            Entry::Table(table) => Ok(Json::Object(table.json(depth)?)),
            Entry::Leaf(leaf) => Ok(Json::clone(leaf)),
        }
    }

    fn from_json(value: &Json, depth: usize) -> Result<Entry, ValuesError> {
        Ok(match value {
            Json::Object(entries) => Entry::Table(Table::build(entries, depth)?),
            leaf => Entry::Leaf(Rc::new(leaf.clone())),
        })
    }
}

impl Table {
    /// A table with new tables for all that lie in it.
    pub(crate) fn from_values(values: &Values) -> Result<Table, ValuesError> {
        Table::build(values, MAX_DEPTH)
    }

    fn build(values: &Values, depth: usize) -> Result<Table, ValuesError> {
        let depth = depth.checked_sub(1).ok_or(ValuesError::TooDeep { limit: MAX_DEPTH })?;
        let entries = values.iter().map(|(key, value)| Ok((key.clone(), Entry::from_json(value, depth)?)));
        Ok(Table(Rc::new(RefCell::new(entries.collect::<Result<_, ValuesError>>()?))))
    }

    /// The values, sharing nothing.
    pub(crate) fn to_values(&self) -> Result<Values, ValuesError> {
        self.json(MAX_DEPTH)
    }

    fn json(&self, depth: usize) -> Result<Values, ValuesError> {
        let depth = depth.checked_sub(1).ok_or(ValuesError::TooDeep { limit: MAX_DEPTH })?;
        self.0.borrow().iter().map(|(key, entry)| Ok((key.clone(), entry.json(depth)?))).collect()
    }

    /// A table with new tables for all that lie in it.
    pub(crate) fn deep_copy(&self) -> Result<Table, ValuesError> {
        self.copy(MAX_DEPTH)
    }

    fn copy(&self, depth: usize) -> Result<Table, ValuesError> {
        let depth = depth.checked_sub(1).ok_or(ValuesError::TooDeep { limit: MAX_DEPTH })?;
        let entries = self.entries().into_iter().map(|(key, entry)| {
            let entry = match entry {
                Entry::Table(table) => Entry::Table(table.copy(depth)?),
                leaf => leaf,
            };
            Ok((key, entry))
        });
        Ok(Table(Rc::new(RefCell::new(entries.collect::<Result<_, ValuesError>>()?))))
    }

    /// A new table with the same entries, whose inner tables are shared.
    pub(crate) fn shallow_copy(&self) -> Table {
        Table(Rc::new(RefCell::new(self.0.borrow().clone())))
    }

    /// Empties this table and all that it leads to, so that tables that hold themselves are freed.
    pub(crate) fn dismantle(&self) {
        let mut rest = vec![self.clone()];
        while let Some(table) = rest.pop() {
            let entries = std::mem::take(&mut *table.0.borrow_mut());
            rest.extend(entries.into_values().filter_map(|entry| match entry {
                Entry::Table(inner) => Some(inner),
                Entry::Leaf(_) => None,
            }));
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Entry> {
        self.0.borrow().get(key).cloned()
    }
    pub(crate) fn insert(&self, key: &str, entry: Entry) {
        self.0.borrow_mut().insert(key.to_owned(), entry);
    }
    pub(crate) fn remove(&self, key: &str) {
        self.0.borrow_mut().remove(key);
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
    /// The entries as they are now, in order of their keys.
    pub(crate) fn entries(&self) -> Vec<(String, Entry)> {
        self.0.borrow().iter().map(|(key, entry)| (key.clone(), entry.clone())).collect()
    }
}
