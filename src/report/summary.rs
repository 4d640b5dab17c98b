//! `summary.json` and the summary table: counts by set, model and account.

use serde::Serialize;

use super::table::{Table, left, right};
use super::{Account, Books, Tally, words};
use crate::domain::{ModelName, SetName, Span};

/// The version of `summary.json` that this build writes.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Summary {
    version: u32,
    total: Group,
    sets: Vec<SetGroup>,
    models: Vec<ModelGroup>,
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
        let mut table = Table::new(&[
            left("set"),
            left("model"),
            right("jobs"),
            right(Account::Waiting.word()),
            right(Account::Running.word()),
            right(Account::Succeeded.word()),
            right(Account::Failed.word()),
            right(Account::Cancelled.word()),
            right(Account::GivenUp.word()),
            right("at home"),
            right("size"),
        ]);
        let mut add = |set: &str, model: &str, group: &Group| {
            let tally = group.tally;
            let n = |account| tally.get(account).to_string();
            table.row([
                set,
                model,
                &tally.jobs.to_string(),
                &n(Account::Waiting),
                &n(Account::Running),
                &n(Account::Succeeded),
                &n(Account::Failed),
                &n(Account::Cancelled),
                &n(Account::GivenUp),
                &group.at_home.to_string(),
                &words::bytes(group.bytes),
            ]);
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
