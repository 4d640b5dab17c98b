//! Closed books: every job counted once, in one account, and the sum is what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Account, Row, Tally};
use crate::domain::{JobId, ModelName, SetName};

/// Rows whose books balance, sorted. What the report files are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    rows: Vec<Row>,
    mixed: bool,
}

/// The rows are not the jobs that were asked for. Nothing is reported of such rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenBooks {
    /// A job counted twice.
    #[error("job {0} is reported twice")]
    Twice(JobId),
    /// A sum that is not what was asked for.
    #[error("{asked} jobs were asked for, but {told} are reported")]
    Sum {
        /// How many there should be.
        asked: usize,
        /// How many there are.
        told: usize,
    },
}

impl Books {
    /// Takes the rows of `asked` jobs, and refuses if they are not just these.
    pub fn close(mut rows: Vec<Row>, asked: usize) -> Result<Books, OpenBooks> {
        let mut seen = BTreeSet::new();
        if let Some(twice) = rows.iter().find(|row| !seen.insert(row.job)) {
            return Err(OpenBooks::Twice(twice.job));
        }
        if rows.len() != asked {
            return Err(OpenBooks::Sum {
                asked,
                told: rows.len(),
            });
        }
        rows.sort_by(|a, b| {
            let key = |row: &Row| {
                (
                    row.set.clone(),
                    row.instance.clone(),
                    row.model.clone(),
                    row.run,
                    row.job,
                )
            };
            key(a).cmp(&key(b))
        });
        Ok(Books { rows, mixed: false })
    }

    /// The same, with rates over results of different profiles, if that is wanted.
    #[must_use]
    pub fn mixing(self, mixed: bool) -> Books {
        Books { mixed, ..self }
    }

    /// May results of different profiles share a rate?
    pub(super) fn mixes(&self) -> bool {
        self.mixed
    }

    /// The rows, sorted by set, instance, model and run.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// All jobs.
    pub fn total(&self) -> Tally {
        tally(self.rows.iter().map(|row| row.account))
    }

    /// Jobs by set.
    pub fn by_set(&self) -> BTreeMap<SetName, Tally> {
        self.by(|row| row.set.clone())
    }

    /// Jobs by model.
    pub fn by_model(&self) -> BTreeMap<ModelName, Tally> {
        self.by(|row| row.model.clone())
    }

    /// Jobs by set and model.
    pub fn by_set_and_model(&self) -> BTreeMap<(SetName, ModelName), Tally> {
        self.by(|row| (row.set.clone(), row.model.clone()))
    }

    fn by<K: Ord>(&self, key: impl Fn(&Row) -> K) -> BTreeMap<K, Tally> {
        let mut all = BTreeMap::new();
        for row in &self.rows {
            all.entry(key(row))
                .or_insert_with(Tally::default)
                .add(row.account);
        }
        all
    }
}

fn tally(accounts: impl Iterator<Item = Account>) -> Tally {
    let mut tally = Tally::default();
    accounts.for_each(|account| tally.add(account));
    tally
}
