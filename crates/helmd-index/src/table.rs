//! Tables for people, laid out as Helm's are: cells filled up with blanks, tabs between them.

mod width;

use std::fmt;
use width::{char_width, text_width};

/// A table in the making.
#[derive(Clone, Debug, Default)]
pub struct Table {
    max_column_width: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table whose columns are at most so many places wide; 0 for any width. What is longer is cut and ends in `...`.
    pub fn new(max_column_width: usize) -> Table {
        Table { max_column_width, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            for (n, cell) in row.iter().enumerate() {
                if n == widths.len() {
                    widths.push(0);
                }
                let mut width = cell.split('\n').map(text_width).max().unwrap_or_default();
                if self.max_column_width != 0 {
                    width = width.min(self.max_column_width);
                }
                if let Some(widest) = widths.get_mut(n) {
                    *widest = width.max(*widest);
                }
            }
        }
        widths
    }
}

/// The rows, one a line (more when cells have several lines), without a final newline.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (n, row) in self.rows.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write_row(f, row, &widths)?;
        }
        Ok(())
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &[String], widths: &[usize]) -> fmt::Result {
    // HELM: a cell is cut and filled as a whole before its lines are told apart, then line by line.
    let cells: Vec<(String, usize)> =
        row.iter().zip(widths).map(|(cell, width)| (resize(cell, *width), *width)).collect();
    let cells: Vec<(Vec<&str>, usize)> =
        cells.iter().map(|(cell, width)| (cell.split('\n').collect(), *width)).collect();
    let height = cells.iter().map(|(lines, _)| lines.len()).max().unwrap_or_default();
    for y in 0..height {
        if y > 0 {
            f.write_str("\n")?;
        }
        for (x, (lines, width)) in cells.iter().enumerate() {
            if x > 0 {
                f.write_str("\t")?;
            }
            match lines.get(y) {
                Some(line) => f.write_str(&resize(line, *width))?,
                None => write!(f, "{:1$}", "", (*width).max(1))?,
            }
        }
    }
    Ok(())
}

/// The text with exactly this width: filled with blanks, or cut and ended in dots. Width 0 leaves it as it is.
fn resize(text: &str, width: usize) -> String {
    let own = text_width(text);
    if width == 0 || own == width {
        return text.to_owned();
    }
    if own < width {
        return format!("{text}{:1$}", "", width - own);
    }
    let (mut cut, mut used) = (String::new(), 0);
    for c in text.chars() {
        cut.push(c);
        let wide = char_width(c);
        // The character that reaches the limit is the last one; in narrow columns that is the first.
        if used + wide + 3 >= width {
            break;
        }
        used += wide;
    }
    cut.push_str("...");
    cut
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn cells_are_filled_and_cut() {
        let mut table = Table::new(10);
        table.row(["A", "LONG"]);
        table.row(["wide 世界", "more than ten places"]);
        assert_eq!(table.to_string(), "A        \tLONG      \nwide 世界\tmore th...");
    }

    #[test]
    fn lines_of_a_cell_stand_below_each_other() {
        let mut table = Table::new(0);
        table.row(["a\nbb", "c"]);
        table.row(["12345", "d"]);
        assert_eq!(table.to_string(), "a    \tc\nbb   \t \n12345\td");
    }

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
