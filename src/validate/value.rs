//! The values of an entry: each reader notes what is wrong, and gives what is right.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::Reading;
use super::keys::{KEYS, MOST_RUNS};
use crate::config::finding::{quoted, suggestion};
use crate::config::node::{Node, Open};
use crate::config::{path_fault, variable_fault};

/// The known keys of one entry and their values.
pub(super) type Cells<'t> = Vec<(&'static str, Node<'t>)>;

/// The value of a key.
pub(super) fn cell<'t>(cells: &Cells<'t>, name: &str) -> Option<Node<'t>> {
    cells.iter().find(|(key, _)| *key == name).map(|(_, node)| *node)
}

impl Reading<'_> {
    /// The known keys, each once; others are faults.
    pub(super) fn cells<'t>(&mut self, pairs: &[(Node<'t>, Node<'t>)]) -> Cells<'t> {
        let mut cells = Cells::new();
        for (key, value) in pairs {
            let at = self.at(*key);
            let name = key.text().unwrap_or_default();
            let Some((known, ..)) = KEYS.iter().find(|(known, ..)| *known == name) else {
                let hint = suggestion(&name, KEYS.iter().map(|(known, ..)| *known));
                self.faults
                    .add_hint(at, format!("unknown key {}", quoted(&name)), hint);
                continue;
            };
            if cell(&cells, known).is_some() {
                self.faults
                    .add_hint(at, format!("`{known}` is here twice"), "remove one");
            } else {
                cells.push((known, *value));
            }
        }
        cells
    }

    fn text(&mut self, node: Node<'_>, key: &str) -> Option<String> {
        let at = self.at(node);
        match node.open() {
            Open::Text(text) => return Some(text),
            Open::Number(digits) => self.faults.add_hint(
                at,
                format!("`{key}` must be a string, not a number"),
                // Quoted as it stands: a number of this length would lose digits on the way.
                format!(
                    "put it in quotes: \"{}\"",
                    digits.chars().take(60).collect::<String>()
                ),
            ),
            other => self
                .faults
                .add(at, format!("`{key}` must be a string, not {}", other.article())),
        }
        None
    }

    /// A name of the domain.
    pub(super) fn name<N: FromStr<Err: Display>>(&mut self, node: Node<'_>, key: &str) -> Option<N> {
        let text = self.text(node, key)?;
        let at = self.at(node);
        text.parse()
            .map_err(|bad| self.faults.add(at, format!("`{key}` {} {bad}", quoted(&text))))
            .ok()
    }

    /// One of the names that `fleet.toml` defines.
    pub(super) fn known<'c, T>(
        &mut self,
        node: Node<'_>,
        key: &str,
        known: &BTreeMap<&str, &'c T>,
    ) -> Option<&'c T> {
        let text = self.text(node, key)?;
        let found = known.get(text.as_str()).copied();
        if found.is_none() {
            let at = self.at(node);
            let hint = suggestion(&text, known.keys().copied());
            self.faults
                .add_hint(at, format!("unknown {key} {}", quoted(&text)), hint);
        }
        found
    }

    /// A file and the place where it is named.
    pub(super) fn file(&mut self, node: Node<'_>, key: &str) -> Option<(String, (u32, u32))> {
        let path = self.text(node, key)?;
        let at = self.at(node);
        if let Some(fault) = path_fault(&path) {
            self.faults.add(at, format!("`{key}` {} {fault}", quoted(&path)));
            return None;
        }
        Some((path, self.places.at(at)))
    }

    /// Names of variables.
    pub(super) fn env(&mut self, node: Node<'_>) -> Option<Vec<String>> {
        let at = self.at(node);
        let Open::List(items) = node.open() else {
            let what = "`env` must be a list of names of variables";
            self.faults
                .add_hint(at, what, "write [\"OPENAI_API_KEY\"]; names only, never values");
            return None;
        };
        let mut names = Vec::with_capacity(items.len());
        for item in &items {
            let Some(name) = self.text(*item, "env") else {
                continue;
            };
            match variable_fault(&name) {
                Some(fault) => {
                    let at = self.at(*item);
                    self.faults.add(at, format!("{} {fault}", quoted(&name)));
                }
                None => names.push(name),
            }
        }
        (names.len() == items.len()).then_some(names)
    }

    /// Which runs are meant.
    pub(super) fn runs(&mut self, cells: &Cells<'_>) -> Option<RangeInclusive<u32>> {
        match (cell(cells, "run"), cell(cells, "runs")) {
            (None, None) => Some(1..=1),
            (Some(run), None) => self.count(run, "run").map(|n| n..=n),
            (None, Some(runs)) => self.count(runs, "runs").map(|n| 1..=n),
            (Some(_), Some(runs)) => {
                let at = self.at(runs);
                let hint = "`runs`: 3 stands for runs 1, 2 and 3; `run`: 3 for run 3 alone";
                self.faults.add_hint(at, "`run` and `runs` are both here", hint);
                None
            }
        }
    }

    fn count(&mut self, node: Node<'_>, key: &str) -> Option<u32> {
        let at = self.at(node);
        let count = match node.open() {
            Open::Number(digits) => digits.parse().ok().filter(|n| (1..=MOST_RUNS).contains(n)),
            _ => None,
        };
        if count.is_none() {
            self.faults.add(
                at,
                format!("`{key}` must be a whole number from 1 to {MOST_RUNS}"),
            );
        }
        count
    }
}
