//! Objects as kubectl prints them, from the tables that an API server makes.

use serde_json::Value as Json;

/// Least width of a column, the space behind it included.
const LEAST: usize = 6;
/// Space behind a column.
const SPACE: usize = 3;

/// Prints tables one after the other; the head is printed when the columns change.
#[derive(Default)]
pub struct Printer {
    columns: Vec<Json>,
    printed_head: bool,
}

impl Printer {
    /// The lines of one table, or of an object that the server made no table of.
    pub fn print(&mut self, object: &Json) -> String {
        if object.get("kind").and_then(Json::as_str) != Some("Table") {
            return self.plain(object);
        }
        let list = |key: &str| object.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        let (columns, rows) = (list("columnDefinitions"), list("rows"));
        let same = columns.is_empty() || columns == self.columns;
        let with_head = !(self.printed_head && same);
        if !same {
            self.columns = columns;
            self.printed_head = false;
        }
        if rows.is_empty() {
            return String::new();
        }
        self.printed_head = true;
        let shown: Vec<usize> = (0..self.columns.len()).filter(|column| self.is_shown(*column)).collect();
        let mut lines = Vec::new();
        if with_head {
            let name = |column: &usize| self.columns.get(*column).map(|c| text(c.get("name")).to_uppercase());
            lines.push(shown.iter().filter_map(name).collect());
        }
        for row in &rows {
            let cells = row.get("cells").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            lines.push(shown.iter().filter_map(|column| Some(cell(cells.get(*column)?))).collect());
        }
        aligned(&lines)
    }

    fn is_shown(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|c| c.get("priority").and_then(Json::as_i64).unwrap_or_default() == 0)
    }

    /// Only a name: the server that makes no tables says no more.
    fn plain(&mut self, object: &Json) -> String {
        let name = text(object.pointer("/metadata/name"));
        aligned(&[vec!["NAME".to_owned()], vec![name]])
    }
}

fn text(value: Option<&Json>) -> String {
    value.and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// A cell's text: its first line.
fn cell(value: &Json) -> String {
    let text = match value {
        Json::Null => return String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.find(['\n', '\r', '\u{c}']) {
        Some(end) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = lines.iter().filter(|line| line.len() > column + 1).filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count() + SPACE).max().unwrap_or_default().max(LEAST)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut printed = String::new();
    for line in lines {
        for (number, (cell, width)) in line.iter().zip(&widths).enumerate() {
            printed.push_str(cell);
            if number + 1 < line.len() {
                printed.push_str(&" ".repeat(width.saturating_sub(cell.chars().count())));
            }
        }
        printed.push('\n');
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::Printer;
    use serde_json::json;

    #[test]
    fn a_second_table_of_the_same_columns_has_no_head() {
        let table = |name: &str, data: i64| {
            json!({"kind": "Table", "rows": [{"cells": [name, data, "wide", "0s"]}], "columnDefinitions": [
                {"name": "Name"}, {"name": "Data"}, {"name": "More", "priority": 1}, {"name": "Age"}]})
        };
        let mut printer = Printer::default();
        assert_eq!(printer.print(&table("a-cm", 1)), "NAME   DATA   AGE\na-cm   1      0s\n");
        assert_eq!(printer.print(&table("b", 12)), "b     12    0s\n");
    }
}
