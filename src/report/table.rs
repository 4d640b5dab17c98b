//! A table of plain text: columns aligned, as narrow as its contents, clipped where it must be.
//!
//! Invariant: no line is wider than asked for as long as its numbers and first column fit, and none
//! ends in a blank. A number is never clipped: half of one would be another.

use std::fmt::Write as _;

use super::text::{clip, printable, width};

/// Between two columns.
const GAP: &str = "  ";
/// Narrowest that a column of prose is clipped to, and one of words if that is not enough.
const NARROWEST: [usize; 2] = [12, 8];

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    head: &'static str,
    right: bool,
    shrinks: bool,
}

/// A column of words.
pub const fn left(head: &'static str) -> Column {
    Column {
        head,
        right: false,
        shrinks: false,
    }
}

/// A column of numbers.
pub const fn right(head: &'static str) -> Column {
    Column {
        head,
        right: true,
        shrinks: false,
    }
}

/// A column of prose, clipped first where room is short.
pub const fn prose(head: &'static str) -> Column {
    Column {
        head,
        right: false,
        shrinks: true,
    }
}

/// Rows below columns.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[Column]) -> Table {
        Table {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Cells are made [`printable`]; those that are not given are empty.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let mut row: Vec<String> = cells.iter().map(|cell| printable(cell).into_owned()).collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// No rows?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines; with `most`, no wider than so many columns.
    pub fn render(&self, most: Option<usize>) -> String {
        let heads = self.columns.iter().map(|column| column.head.to_owned()).collect();
        let widths = self.widths(most);
        let mut out = String::new();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let mut line = String::new();
            for ((column, cell), wide) in self.columns.iter().zip(row).zip(&widths) {
                let cell = clip(cell, *wide);
                let pad = " ".repeat(wide.saturating_sub(width(&cell)));
                let (before, after) = if column.right {
                    (pad.as_str(), "")
                } else {
                    ("", pad.as_str())
                };
                // Writing to a String cannot fail.
                let _ = write!(line, "{before}{cell}{after}{GAP}");
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn widths(&self, most: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, column)| {
                let cells = self.rows.iter().map(|row| width(&row[i]));
                cells.chain([width(column.head)]).max().unwrap_or(0)
            })
            .collect();
        let Some(most) = most else { return widths };
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(most);
        // The widest column of prose gives way first, then that of words; numbers never do.
        for (stage, narrowest) in NARROWEST.into_iter().enumerate() {
            while over > 0 {
                // The first column names the row; it has to be whole to be of use.
                let soft = |i, column: &Column| column.shrinks || (stage == 1 && i > 0 && !column.right);
                let wides = widths.iter_mut().zip(&self.columns).enumerate();
                let wides = wides.filter(|(i, (_, column))| soft(*i, column));
                match wides.map(|(_, (wide, _))| wide).max() {
                    Some(wide) if *wide > narrowest => {
                        let give = over.min(*wide - narrowest).min((*wide / 4).max(1));
                        *wide -= give;
                        over -= give;
                    }
                    _ => break,
                }
            }
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_narrow_as_its_contents_and_clips_prose_first() {
        let mut table = Table::new(&[left("host"), right("jobs"), prose("why")]);
        table.row(["eval1", "3", "the server does not answer \u{1b}[2J"]);
        table.row(["lancer3", "120", ""]);
        insta::assert_snapshot!(table.render(None), @r"
        host     jobs  why
        eval1       3  the server does not answer \u{1b}[2J
        lancer3   120
        ");
        insta::assert_snapshot!(table.render(Some(30)), @r"
        host     jobs  why
        eval1       3  the server doe…
        lancer3   120
        ");
    }
}
