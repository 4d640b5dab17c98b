//! `summary.json` and the summary table: counts by set, model and account, and the rates.

use serde::Serialize;

use super::table::{Table, count, left, right};
use super::{Account, Books, Rate, Tally, words};
use crate::domain::{ModelName, SetName, Span};

/// The version of `summary.json` that this build writes.
const VERSION: u32 = 2;

#[derive(Serialize)]
struct Summary {
    version: u32,
    total: Group,
    sets: Vec<SetGroup>,
    models: Vec<ModelGroup>,
    rates: Vec<Rate>,
}

/// Jobs counted together.
#[derive(Serialize)]
struct Group {
    #[serde(flatten)]
    tally: Tally,
    at_home: usize,
    verified: usize,
    files: u64,
    bytes: u64,
    work_ms: Span,
}

#[derive(Serialize)]
struct SetGroup {
    set: SetName,
    #[serde(flatten)]
    all: Group,
    models: Vec<ModelGroup>,
}

#[derive(Serialize)]
struct ModelGroup {
    model: ModelName,
    #[serde(flatten)]
    all: Group,
}

impl Books {
    /// The bytes of `summary.json`.
    pub fn summary_json(&self) -> Result<String, serde_json::Error> {
        let both = self.by_set_and_model();
        let sets = self.by_set().into_iter().map(|(set, tally)| SetGroup {
            all: self.group(tally, Some(&set), None),
            models: both
                .iter()
                .filter(|((of, _), _)| *of == set)
                .map(|((_, model), tally)| ModelGroup {
                    model: model.clone(),
                    all: self.group(*tally, Some(&set), Some(model)),
                })
                .collect(),
            set,
        });
        let models = self.by_model().into_iter().map(|(model, tally)| ModelGroup {
            all: self.group(tally, None, Some(&model)),
            model,
        });
        let summary = Summary {
            version: VERSION,
            total: self.group(self.total(), None, None),
            sets: sets.collect(),
            models: models.collect(),
            rates: self.rates(),
        };
        let mut text = serde_json::to_string_pretty(&summary)?;
        text.push('\n');
        Ok(text)
    }

    fn group(&self, tally: Tally, set: Option<&SetName>, model: Option<&ModelName>) -> Group {
        let mut group = Group {
            tally,
            at_home: 0,
            verified: 0,
            files: 0,
            bytes: 0,
            work_ms: Span(0),
        };
        let ours = self.rows().iter().filter(|row| {
            set.is_none_or(|set| row.set == *set) && model.is_none_or(|model| row.model == *model)
        });
        for row in ours {
            group.at_home += usize::from(row.path.is_some());
            group.verified += usize::from(row.verified);
            group.files += row.files;
            group.bytes += row.bytes;
            group.work_ms.0 += row.took().0;
        }
        group
    }

    /// The summary table, with a last line for all jobs.
    pub fn summary_table(&self, most: Option<usize>) -> String {
        let mut columns = vec![left("set"), left("model"), right("jobs")];
        columns.extend(Account::ALL.map(|account| count(account.word(), account.short())));
        columns.extend([right("at home").spare_at(2), right("size").spare_at(1)]);
        let mut table = Table::new(&columns);
        let mut add = |set: &str, model: &str, group: &Group| {
            let tally = group.tally;
            let mut cells = vec![set.to_owned(), model.to_owned(), tally.jobs.to_string()];
            cells.extend(Account::ALL.map(|account| tally.get(account).to_string()));
            cells.extend([group.at_home.to_string(), words::bytes(group.bytes)]);
            table.cells(cells);
        };
        for ((set, model), tally) in self.by_set_and_model() {
            add(
                set.as_str(),
                model.as_str(),
                &self.group(tally, Some(&set), Some(&model)),
            );
        }
        add("all", "", &self.group(self.total(), None, None));
        table.render(most)
    }
}
