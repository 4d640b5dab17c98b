//! The keys of one object. What is taken is understood; what is left is carried along.

use std::collections::BTreeMap;

use super::lists;
use crate::config::finding::{Faults, quoted};
use crate::config::node::{Node, Open};

/// A value that was taken: under which key, where it begins, and what it is.
pub(super) type Cell<'t> = (&'static str, usize, Node<'t>);

/// The values that were not taken yet.
#[derive(Debug)]
pub(super) struct Cells<'t> {
    text: &'t str,
    /// Where the object begins.
    pub(super) at: usize,
    left: BTreeMap<String, (usize, Node<'t>)>,
}

impl<'t> Cells<'t> {
    /// All keys of an object that begins `at` this byte of the text.
    pub(super) fn of(
        text: &'t str,
        at: usize,
        pairs: Vec<(Node<'t>, Node<'t>)>,
        faults: &mut Faults,
    ) -> Cells<'t> {
        let mut left = BTreeMap::new();
        for (key, value) in pairs {
            let at = key.at(text);
            match key.text() {
                None => faults.add(at, "this key is not Unicode"),
                Some(name) => {
                    if left.contains_key(&name) {
                        let what = format!("{} is here twice", quoted(&name));
                        faults.add_hint(at, what, "remove one");
                    }
                    left.insert(name, (at, value));
                }
            }
        }
        Cells { text, at, left }
    }

    /// The value of a key; null is none.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Cell<'t>> {
        let (_, node) = self.left.remove(key)?;
        match node.open() {
            Open::Null => None,
            _ => Some((key, node.at(self.text), node)),
        }
    }

    /// The value of the first of these keys that says something; a blank one, if none does. Others that say something are
    /// left.
    pub(super) fn first(&mut self, keys: &[&'static str]) -> Option<Cell<'t>> {
        let Some(saying) = keys.iter().find(|key| !self.is_blank(key)) else {
            return keys.iter().find_map(|key| self.take(key));
        };
        self.drop_blank(keys);
        self.take(saying)
    }

    /// The values of all of these keys that say something.
    pub(super) fn all(&mut self, keys: &[&'static str]) -> Vec<Cell<'t>> {
        self.drop_blank(keys);
        keys.iter().filter_map(|key| self.take(key)).collect()
    }

    fn drop_blank(&mut self, keys: &[&'static str]) {
        for key in keys {
            if self.is_blank(key) {
                self.left.remove(*key);
            }
        }
    }

    /// The text of a key, without taking it.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.left.get(key)?.1.open() {
            Open::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A spreadsheet writes its empty cells under every name that a key has.
    fn is_blank(&self, key: &str) -> bool {
        self.left.get(key).is_none_or(|(_, node)| match node.open() {
            Open::Null => true,
            Open::Text(text) => lists::is_blank(&text),
            _ => false,
        })
    }

    /// What is left, by key.
    pub(super) fn left(&self) -> impl Iterator<Item = (&str, usize, Node<'t>)> {
        self.left
            .iter()
            .map(|(key, (_, node))| (key.as_str(), node.at(self.text), *node))
    }
}
