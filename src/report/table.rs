//! A table of plain text: columns aligned, as narrow as its contents, clipped where it must be.
//!
//! Invariant: no line is wider than asked for as long as its numbers and first column fit, and none
//! ends in a blank. A number is never clipped: half of one would be another. Where room is short, counts
//! get short heads, then spare columns go, in the order that each table says, then prose is clipped, then words; names
//! lose their middle.

use std::fmt::Write as _;

use super::text::{clip, elide, width};
use crate::text::sanitize_line;

/// Between two columns.
const GAP: &str = "  ";
/// Narrowest that a column of prose is clipped to, and one of words if that is not enough.
const NARROWEST: [usize; 2] = [12, 8];
/// Spare columns go before a column of prose gets less than this, unless it says otherwise.
const READABLE: usize = 32;

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    head: &'static str,
    short: &'static str,
    right: bool,
    shrinks: bool,
    optional: bool,
    /// Names keep their beginning and their end.
    middle: bool,
    /// The smallest goes first, where room is short.
    spare: Option<u8>,
    /// Of prose: spare columns go before it gets less than this.
    readable: usize,
}

const PLAIN: Column = Column {
    head: "",
    short: "",
    right: false,
    shrinks: false,
    optional: false,
    middle: false,
    spare: None,
    readable: READABLE,
};

/// A column of words.
pub const fn left(head: &'static str) -> Column {
    let short = head;
    Column { head, short, ..PLAIN }
}

/// A column of names: clipped in the middle, since many begin alike.
pub const fn name(head: &'static str) -> Column {
    left(head).middle()
}

/// A column of numbers.
pub const fn right(head: &'static str) -> Column {
    Column {
        right: true,
        ..left(head)
    }
}

/// A column of prose, clipped first where room is short.
pub const fn prose(head: &'static str) -> Column {
    Column {
        shrinks: true,
        ..left(head)
    }
}

/// A column of counts, with a second head for where room is short. It is left out where all are zero or
/// empty.
pub const fn count(head: &'static str, short: &'static str) -> Column {
    Column {
        short,
        optional: true,
        ..right(head)
    }
}

impl Column {
    /// The same column, left out where room is short: the one with the smallest number first.
    #[must_use]
    pub const fn spare_at(self, order: u8) -> Column {
        let spare = Some(order);
        Column { spare, ..self }
    }

    /// The same column of prose, which needs so much room to be read.
    #[must_use]
    pub const fn readable(self, readable: usize) -> Column {
        Column { readable, ..self }
    }

    /// The same column, clipped in the middle.
    #[must_use]
    pub const fn middle(self) -> Column {
        Column { middle: true, ..self }
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

    /// Adds a row. Cells are made safe ([`sanitize_line`]); those that are not given are empty.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.cells(cells);
    }

    /// The same for cells that are not counted beforehand.
    pub fn cells<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let cells = cells.into_iter();
        let mut row: Vec<String> = cells
            .map(|cell| sanitize_line(cell.as_ref()).into_owned())
            .collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// No rows?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines; with `most`, no wider than so many columns.
    pub fn render(&self, most: Option<usize>) -> String {
        let mut spares: Vec<u8> = self.columns.iter().filter_map(|column| column.spare).collect();
        spares.sort_unstable();
        let fits = |table: &Table| most.is_none_or(|most| table.natural() <= most);
        let mut table = self.shown(false, None);
        let mut narrower = std::iter::once(None).chain(spares.into_iter().map(Some));
        while !fits(&table) {
            match narrower.next() {
                Some(gone) => table = self.shown(true, gone),
                None => break,
            }
        }
        table.lines(most)
    }

    /// This table with the columns that are to be shown, under the heads that are to be shown: without spare columns up
    /// to this one.
    fn shown(&self, short: bool, gone: Option<u8>) -> Table {
        let is_blank = |i: usize| self.rows.iter().all(|row| matches!(row[i].as_str(), "" | "0"));
        let keep: Vec<usize> = (0..self.columns.len())
            .filter(|i| {
                let column = &self.columns[*i];
                let is_gone = column
                    .spare
                    .is_some_and(|order| gone.is_some_and(|gone| order <= gone));
                !(is_gone || column.optional && is_blank(*i))
            })
            .collect();
        let column = |i: &usize| {
            let column = self.columns[*i];
            let head = if short { column.short } else { column.head };
            Column { head, ..column }
        };
        let row = |row: &Vec<String>| keep.iter().map(|i| row[*i].clone()).collect();
        Table {
            columns: keep.iter().map(column).collect(),
            rows: self.rows.iter().map(row).collect(),
        }
    }

    /// How wide it is with prose that can just be read.
    fn natural(&self) -> usize {
        let widths: Vec<usize> = self
            .widths(None)
            .into_iter()
            .zip(&self.columns)
            .map(|(wide, column)| {
                if column.shrinks {
                    wide.min(column.readable)
                } else {
                    wide
                }
            })
            .collect();
        widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
    }

    fn lines(&self, most: Option<usize>) -> String {
        let heads = self.columns.iter().map(|column| column.head.to_owned()).collect();
        let widths = self.widths(most);
        let mut out = String::new();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let mut line = String::new();
            for ((column, cell), wide) in self.columns.iter().zip(row).zip(&widths) {
                let cell = if column.middle {
                    elide(cell, *wide)
                } else {
                    clip(cell, *wide)
                };
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

    #[test]
    fn counts_that_are_all_zero_are_left_out_and_heads_get_short_before_words_are_clipped() {
        let mut table = Table::new(&[
            left("set"),
            count("running", "run"),
            count("unresolved", "unres"),
            right("size").spare_at(1),
        ]);
        table.row(["phase8", "0", "12", "4 kB"]);
        table.row(["phase9", "0", "3", ""]);
        insta::assert_snapshot!(table.render(None), @r"
        set     unresolved  size
        phase8          12  4 kB
        phase9           3
        ");
        insta::assert_snapshot!(table.render(Some(20)), @r"
        set     unres  size
        phase8     12  4 kB
        phase9      3
        ");
        insta::assert_snapshot!(table.render(Some(15)), @r"
        set     unres
        phase8     12
        phase9      3
        ");
    }

    #[test]
    fn spare_columns_go_in_their_order_before_prose_cannot_be_read_and_names_keep_both_ends() {
        let mut table = Table::new(&[
            left("job"),
            name("instance"),
            right("run").spare_at(1),
            left("host").spare_at(2),
            prose("why"),
        ]);
        let why = "tests/test_tides.py::test_moon failed: assert 1 == 2";
        table.row(["y5wp0wfa1y4k", "1319603449576684", "1", "eval1", why]);
        table.row(["vmt98gwy0hbw", "1319603449571234", "1", "eval2", why]);
        insta::assert_snapshot!(table.render(Some(76)), @r"
        job           instance          run  host   why
        y5wp0wfa1y4k  1319603449576684    1  eval1  tests/test_tides.py::test_moon …
        vmt98gwy0hbw  1319603449571234    1  eval2  tests/test_tides.py::test_moon …
        ");
        insta::assert_snapshot!(table.render(Some(72)), @r"
        job           instance          host   why
        y5wp0wfa1y4k  1319603449576684  eval1  tests/test_tides.py::test_moon f…
        vmt98gwy0hbw  1319603449571234  eval2  tests/test_tides.py::test_moon f…
        ");
        insta::assert_snapshot!(table.render(Some(60)), @r"
        job           instance          why
        y5wp0wfa1y4k  1319603449576684  tests/test_tides.py::test_m…
        vmt98gwy0hbw  1319603449571234  tests/test_tides.py::test_m…
        ");
        insta::assert_snapshot!(table.render(Some(40)), @r"
        job           instance      why
        y5wp0wfa1y4k  131960…76684  tests/test_…
        vmt98gwy0hbw  131960…71234  tests/test_…
        ");
    }
}
