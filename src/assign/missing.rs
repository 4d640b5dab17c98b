//! What is missing: every question of the product that has neither a result that counts nor a job under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Estimate, Subject, Task};
use crate::domain::{InstanceId, ModelName};

/// What is asked: an instance, a model, and which independent try.
pub type Question = (InstanceId, ModelName, u32);

/// What is known of a question; the better knowledge is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// It was asked, and what came of it does not count: the account, in a word.
    Void(&'static str),
    /// A job is waiting or running.
    UnderWay,
    /// A result that counts lies in a tree of results, and the database does not know of it.
    AtHome,
    /// The database has a result that counts.
    Result,
}

/// What is to be asked, and why the rest is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// The jobs to be made: by instance, model and run, in the order that was asked for.
    pub tasks: Vec<Task>,
    /// How many questions there are in all.
    pub wanted: usize,
    /// How many of them have a result that counts in the database.
    pub results: usize,
    /// How many have one in a tree of results only.
    pub at_home: usize,
    /// How many are under way.
    pub under_way: usize,
    /// How many of the missing were asked before, by the account that the last answer is in.
    pub again: BTreeMap<&'static str, usize>,
}

/// What is missing of these instances, models and runs.
pub fn missing(
    subjects: &[Arc<Subject>],
    models: &[ModelName],
    runs: u32,
    known: &BTreeMap<Question, Known>,
    estimate: &Estimate,
) -> Missing {
    let mut missing = Missing::default();
    for subject in subjects {
        for model in models {
            for run in 1..=runs {
                missing.wanted += 1;
                match known.get(&(subject.id.clone(), model.clone(), run)) {
                    Some(Known::Result) => missing.results += 1,
                    Some(Known::AtHome) => missing.at_home += 1,
                    Some(Known::UnderWay) => missing.under_way += 1,
                    before => {
                        if let Some(Known::Void(account)) = before {
                            *missing.again.entry(account).or_default() += 1;
                        }
                        missing.tasks.push(Task {
                            subject: Arc::clone(subject),
                            model: model.clone(),
                            run,
                            expected: estimate.expected(&subject.id, model),
                        });
                    }
                }
            }
        }
    }
    missing
}
