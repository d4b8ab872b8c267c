//! What Helm's `--output` prints: a table, JSON, YAML.

use super::flags::{Flag, Kind, Matches};
use helmd_action::helm_text;
use serde::Serialize;

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// One line.
    Json,
    /// Keys in order.
    Yaml,
}

/// `--output`
pub fn flag() -> Flag {
    Flag::new("output", Kind::Format, "table, json or yaml").short('o')
}

impl Format {
    /// The form that the flag names.
    pub fn of(matches: &Matches) -> Format {
        match matches.text("output") {
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            _ => Format::Table,
        }
    }
}

/// The value in this form; `table` is asked only where one is wanted.
///
/// # Errors
/// The value cannot be written so.
pub fn write<T: Serialize + ?Sized>(
    format: Format,
    value: &T,
    table: impl FnOnce() -> Result<String, String>,
) -> Result<String, String> {
    match format {
        Format::Table => table(),
        Format::Json => json(value),
        Format::Yaml => yaml(value),
    }
}

/// Go's JSON, and a line break.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    let text = gotmpl::json::to_string(value).map_err(|e| format!("unable to write JSON output: {}", helm_text(&e)))?;
    Ok(format!("{text}\n"))
}

/// YAML as Kubernetes' programs write it.
///
/// # Errors
/// A value that YAML cannot hold.
pub fn yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    let value = serde_json::to_value(value).map_err(|e| format!("unable to write YAML output: {e}"))?;
    helmd_yaml::json_to_yaml(&value).map_err(|e| format!("unable to write YAML output: {}", helm_text(&e)))
}

/// Rows in columns, a tab between them, and a line break at the end.
///
/// HELM: the table's library pads the last column as well, counts all lines of a cell as one width where it fits the cell, and
/// cuts what is then too wide.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.flat_map(|cell| cell.split('\n')).map(width).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    format!("{}\n", lines.join("\n"))
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| resized(cell, *width)).collect();
    let parts: Vec<Vec<&str>> = cells.iter().map(|cell| cell.split('\n').collect()).collect();
    let count = parts.iter().map(Vec::len).max().unwrap_or_default();
    let lines: Vec<String> = (0..count)
        .map(|number| {
            let cells = parts.iter().zip(widths).map(|(lines, width)| match lines.get(number) {
                Some(text) => resized(text, *width),
                None => " ".repeat((*width).max(1)),
            });
            cells.collect::<Vec<_>>().join("\t")
        })
        .collect();
    lines.join("\n")
}

fn resized(text: &str, wanted: usize) -> String {
    if wanted == 0 {
        return text.to_owned();
    }
    let has = width(text);
    if has <= wanted {
        return format!("{text}{}", " ".repeat(wanted - has));
    }
    let mut cut = String::new();
    let mut at = 0;
    for c in text.chars() {
        cut.push(c);
        let next = at + char_width(c);
        if next + 3 >= wanted {
            break;
        }
        at = next;
    }
    cut.push_str("...");
    cut
}

/// How many places a terminal gives to the text.
fn width(text: &str) -> usize {
    let mut parts = text.split("\u{1b}[");
    let plain = parts.next().map(|part| part.chars().map(char_width).sum::<usize>()).unwrap_or_default();
    let rest =
        parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest).chars().map(char_width).sum::<usize>());
    plain + rest.sum::<usize>()
}

/// What a text is, for its colour.
#[derive(Clone, Copy)]
pub enum Tint {
    /// The head of a column.
    Head,
    /// A namespace.
    Namespace,
    /// The state of a release.
    Status,
}

/// The text in the colour that Helm gives it.
pub fn tinted(text: &str, tint: Tint, color: bool) -> String {
    let (begin, end) = match (tint, text) {
        (Tint::Head, _) => (1, 22),
        (Tint::Namespace, _) => (36, 0),
        (Tint::Status, "deployed") => (32, 0),
        (Tint::Status, "failed" | "unknown") => (31, 0),
        (Tint::Status, "pending-install" | "pending-upgrade" | "pending-rollback" | "uninstalling") => (33, 0),
        (Tint::Status, _) => return text.to_owned(),
    };
    if color { format!("\u{1b}[{begin}m{text}\u{1b}[{end}m") } else { text.to_owned() }
}

fn char_width(c: char) -> usize {
    match u32::from(c) {
        0..=0x1f | 0x7f..=0x9f | 0x300..=0x36f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x2_0000..=0x3_fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::table;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn tables_are_padded_to_the_end() {
        assert_eq!(table(&rows(&[&["A", "BB"], &["ccc", "d"]])), "A  \tBB\nccc\td \n");
        assert_eq!(table(&rows(&[&["é", "日本"], &["", ""]])), "é\t日本\n \t    \n");
    }

    #[test]
    fn cells_with_several_lines_are_cut_as_the_library_does() {
        let text = table(&rows(&[&["N", "DESCRIPTION"], &["1", "one error:\n\t* something bad\n\n"]]));
        let lines: Vec<&str> = text.split('\n').collect();
        assert_eq!(lines[0], "N\tDESCRIPTION    ");
        assert_eq!(lines[1], "1\tone error:     ");
        assert!(lines[2].starts_with(" \t\t* "), "{text:?}");
    }
}
