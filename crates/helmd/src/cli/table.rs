//! Helm's tables: columns of the width of their widest cell, a tab between, cells that are too wide cut.

use std::fmt;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Rows of cells; its text has no line break at the end.
pub struct Table {
    /// Columns are not wider than this; 0 for no limit.
    max_width: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(max_width: usize) -> Table {
        Table { max_width, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                let own = cell.width();
                *width = (*width).max(if self.max_width == 0 { own } else { own.min(self.max_width) });
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (i, row) in self.rows.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            // HELM: a cell is fitted twice, which matters where it could not be fitted.
            let cells = row.iter().zip(&widths).map(|(cell, width)| fitted(&fitted(cell, *width), *width));
            f.write_str(&cells.collect::<Vec<_>>().join("\t"))?;
        }
        Ok(())
    }
}

/// The cell, filled up with blanks or cut, with three points in the place of what is gone.
fn fitted(cell: &str, width: usize) -> String {
    let own = cell.width();
    if own <= width || width == 0 {
        return format!("{cell}{}", " ".repeat(width.saturating_sub(own)));
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in cell.chars() {
        cut.push(c);
        let next = used + c.width().unwrap_or_default();
        if next + 3 >= width {
            break;
        }
        used = next;
    }
    cut + "..."
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_filled_and_cut() {
        let mut table = Table::new(6);
        table.row(["NAME", "VERSION"]);
        table.row(["a", ">=1.0.0 <2"]);
        table.row(["日本語日本", ""]);
        assert_eq!(table.to_string(), "NAME  \tVER...\na     \t>=1...\n日本...\t      ");
        let mut table = Table::new(0);
        table.row(["NAME"]);
        assert_eq!(table.to_string(), "NAME");
        let mut table = Table::new(2);
        table.row(["NAME"]);
        assert_eq!(table.to_string(), "N...");
    }
}
