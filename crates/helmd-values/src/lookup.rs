//! Finding values by paths like `a.b.c`.

use crate::table::{Entry, Table};
use gotmpl::strconv::quote;
use helmd_chart::Values;
use serde_json::Value as Json;

/// What a path does not lead to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// A part of the path is no table.
    #[error("{} is not a table", quote(.0.as_bytes()))]
    NoTable(String),
    /// The path's last part is missing, or a table.
    #[error("{} is not a value", quote(.0.as_bytes()))]
    NoValue(String),
    /// There is no path.
    #[error("YAML path cannot be empty")]
    EmptyPath,
}

/// The table at a path like `a.b`.
///
/// # Errors
/// A part is missing or no table; the error names the first such part.
pub fn table<'v>(values: &'v Values, path: &str) -> Result<&'v Values, LookupError> {
    path.split('.').try_fold(values, |table, part| match table.get(part) {
        Some(Json::Object(inner)) => Ok(inner),
        _ => Err(LookupError::NoTable(part.to_owned())),
    })
}

/// The value at a path like `a.b.c`; it may be null.
///
/// # Errors
/// There is no such value, or it is a table.
pub fn path_value<'v>(values: &'v Values, path: &str) -> Result<&'v Json, LookupError> {
    if path.is_empty() {
        return Err(LookupError::EmptyPath);
    }
    let (tables, key) = match path.rsplit_once('.') {
        Some((tables, key)) => (table(values, tables).ok(), key),
        None => (Some(values), path),
    };
    let found = tables.and_then(|t| t.get(key)).filter(|v| !v.is_object());
    found.ok_or_else(|| LookupError::NoValue(key.to_owned()))
}

/// As [`table`], among shared tables.
pub(crate) fn shared_table(values: &Table, path: &str) -> Result<Table, LookupError> {
    path.split('.').try_fold(values.clone(), |table, part| match table.get(part) {
        Some(Entry::Table(inner)) => Ok(inner),
        _ => Err(LookupError::NoTable(part.to_owned())),
    })
}

/// As [`path_value`], among shared tables; `None` for any failure.
pub(crate) fn shared_value(values: &Table, path: &str) -> Option<Entry> {
    let (tables, key) = match path.rsplit_once('.') {
        Some((tables, key)) => (shared_table(values, tables).ok()?, key),
        None => (values.clone(), path),
    };
    tables.get(key).filter(|entry| entry.as_table().is_none())
}
