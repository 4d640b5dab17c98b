//! Datasets: instances in every form that they come in, read into the one normal form, with all faults at
//! once.
//!
//! Invariant: the text of a [`Found`] reads back into its instance, and reading it again gives the same text.

mod cells;
mod lancer;
mod line;
pub mod lists;
mod patches;
mod reader;
mod row;
mod stream;
mod value;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::config::Finding;
use crate::config::finding::{Faults, Places, quoted};
use crate::config::node::{Node, Open};
use cells::Cells;
use reader::Reader;

pub use reader::Found;
pub use row::PARSER;

/// Most findings that are shown: a reader has no use for more.
const MOST_FINDINGS: usize = 1000;

/// What a file says, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The instances without fault, in the order of the file.
    pub found: Vec<Found>,
    /// The faults, in the order of the file. With any of them, nothing should be dispatched.
    pub findings: Vec<Finding>,
}

/// Reads the text of a dataset; `file` is what messages call it. `parsers` are suggested where a parser is
/// not known.
pub fn read(text: &str, file: &str, known_parser: &dyn Fn(&str) -> bool, parsers: &[&str]) -> Reading {
    let places = Places::of(text);
    let mut reader = Reader {
        text,
        places: &places,
        known_parser,
        parsers,
        faults: Faults::default(),
        found: Vec::new(),
        seen: HashMap::new(),
    };
    reader.whole();
    let mut findings = reader.faults.findings(file, &places);
    if findings.len() > MOST_FINDINGS {
        let more = findings.len() - MOST_FINDINGS;
        findings.truncate(MOST_FINDINGS);
        if let Some(last) = findings.last_mut() {
            last.hint = Some(format!("and {more} more faults"));
        }
    }
    Reading {
        found: reader.found,
        findings,
    }
}

/// Does this look like a dataset, and not like an assignment? Good enough to choose whose faults to tell.
pub fn is_dataset(text: &str) -> bool {
    let mut ignored = Faults::default();
    match stream::values(text, &mut ignored).as_slice() {
        [] => !text.contains("\"dataset_file\""),
        [one] => match one.open() {
            Open::Object(pairs) => pairs
                .iter()
                .any(|(key, _)| key.text().is_some_and(|key| row::is_key(&key))),
            _ => true,
        },
        _ => true,
    }
}

impl<'r> Reader<'r> {
    fn whole(&mut self) {
        let mut objects = 0;
        for value in stream::values(self.text, &mut self.faults) {
            if let Open::List(items) = value.open() {
                objects += items.len();
                for item in items {
                    self.object(item);
                }
            } else {
                objects += 1;
                self.object(value);
            }
        }
        if objects == 0 && self.faults.is_empty() {
            self.faults.add(0, "there is no instance here");
        }
    }

    fn object(&mut self, node: Node<'r>) {
        let at = node.at(self.text);
        match node.open() {
            Open::Object(pairs) => {
                let cells = Cells::of(self.text, at, pairs, &mut self.faults);
                self.row(cells);
            }
            other => {
                let what = format!("an instance is an object, not {}", other.article());
                self.faults
                    .add_hint(at, what, "write { \"instance_id\": …, \"repo\": …, … }");
            }
        }
    }

    /// Notes an id; false if it was there before.
    fn is_new(&mut self, id: &str, at: usize) -> bool {
        let Some(earlier) = self.seen.insert(id.to_lowercase(), at) else {
            return true;
        };
        let (line, _) = self.places.at(earlier);
        let what = format!("instance {} is here again; first on line {line}", quoted(id));
        let hint = "remove one; ids that differ only in capitals would share their image";
        self.faults.add_hint(at, what, hint);
        false
    }
}
