//! Search results as Helm prints them.

use super::Hit;
use crate::error::IndexError;
use crate::table::Table;
use serde::Serialize;
use std::str::FromStr;

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// One line of JSON.
    Json,
    /// A YAML list.
    Yaml,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Format, &'static str> {
        match text {
            "table" => Ok(Format::Table),
            "json" => Ok(Format::Json),
            "yaml" => Ok(Format::Yaml),
            _ => Err("invalid format type"),
        }
    }
}

/// There is nothing to print, and that is to be an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no results found")]
pub struct NoResults;

/// One result, with the names that Helm's JSON has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Element<'h> {
    /// `repository/chart`.
    pub name: &'h str,
    /// The chart's version.
    pub version: &'h str,
    /// The version of what it installs.
    pub app_version: &'h str,
    /// One sentence on the chart.
    pub description: &'h str,
}

/// The results as Helm shows them.
pub fn elements<'h>(hits: &'h [Hit<'_>]) -> Vec<Element<'h>> {
    let element = |hit: &'h Hit<'_>| Element {
        name: &hit.name,
        version: &hit.chart.version,
        app_version: &hit.chart.app_version,
        description: &hit.chart.description,
    };
    hits.iter().map(element).collect()
}

/// The results as text with a final newline; a table's columns are at most `max_column_width` wide (0 for any width).
///
/// # Errors
/// When a text cannot be written.
pub fn print(elements: &[Element<'_>], format: Format, max_column_width: usize) -> Result<String, IndexError> {
    match format {
        Format::Table if elements.is_empty() => Ok("No results found\n".to_owned()),
        Format::Table => {
            let mut table = Table::new(max_column_width);
            table.row(["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"]);
            for e in elements {
                table.row([e.name, e.version, e.app_version, e.description]);
            }
            Ok(format!("{table}\n"))
        }
        Format::Json => {
            let text = gotmpl::json::to_string(elements).map_err(|e| IndexError::Write(e.to_string()))?;
            Ok(format!("{text}\n"))
        }
        Format::Yaml => {
            let json = serde_json::to_value(elements).map_err(|e| IndexError::Write(e.to_string()))?;
            helmd_yaml::json_to_yaml(&json).map_err(|e| IndexError::Write(e.to_string()))
        }
    }
}
