//! Checked values, and the tables of them.
//!
//! Invariant: a [`Row`] holds only values that are right by themselves, each with its place for
//! cross-checks; for every key that it lacks against the rules, a fault has been noted.

use std::collections::BTreeMap;

/// A checked value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<(usize, Value)>),
    Map(BTreeMap<String, String>),
    Row(Row),
}

/// A checked table.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) cells: BTreeMap<&'static str, (usize, Value)>,
    /// Keys whose value was refused.
    pub(super) refused: Vec<&'static str>,
}

impl Row {
    /// The place of a key's value, if it was written.
    pub(super) fn at(&self, key: &str) -> Option<usize> {
        self.cells.get(key).map(|(at, _)| *at)
    }

    /// Was the key written, rightly or not?
    pub(super) fn says(&self, key: &str) -> bool {
        self.cells.contains_key(key) || self.refused.contains(&key)
    }

    /// The key's value as a field of a struct; none only if a fault has been noted.
    pub(super) fn get<T: Field>(&self, key: &str) -> Option<T> {
        T::read(self.value(key))
    }

    /// The checked value of a key.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.cells.get(key).map(|(_, value)| value)
    }

    /// The elements of a list, with their places.
    pub(super) fn list(&self, key: &str) -> &[(usize, Value)] {
        match self.cells.get(key) {
            Some((_, Value::List(list))) => list,
            _ => &[],
        }
    }

    /// The tables of a `[[key]]`, with their places.
    pub(super) fn rows(&self, key: &str) -> impl Iterator<Item = (usize, &Row)> {
        self.list(key).iter().filter_map(|(at, value)| match value {
            Value::Row(row) => Some((*at, row)),
            _ => None,
        })
    }
}

/// What a checked value can become in a struct.
pub(super) trait Field: Sized {
    /// None only if a fault has been noted.
    fn read(value: Option<&Value>) -> Option<Self>;
}
