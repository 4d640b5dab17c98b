//! `preds.json`: what the models answered, as the SWE-bench harness reads it.
//!
//! One file per model: `preds/<model>/preds.json`. A model that is asked more than once gets one file per
//! run, `preds/<model>/run_<n>/preds.json`, because that harness takes one answer per instance.

use std::collections::BTreeMap;

use serde::Serialize;

use super::FileOut;
use crate::domain::{InstanceId, ModelName};

/// The answer of one job of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction<'a> {
    /// The question.
    pub instance: &'a InstanceId,
    /// Who answers.
    pub model: &'a ModelName,
    /// Which of its tries.
    pub run: u32,
    /// The answer; none while there is no trajectory. An empty one is an answer.
    pub patch: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    instance_id: &'a InstanceId,
    model_name_or_path: &'a ModelName,
    model_patch: &'a str,
}

/// The files for all jobs of a set, sorted by path. Jobs that have no answer yet decide on the names, too: a
/// file does not change its name when a second run comes home. A file without any answer is not made.
pub fn files(jobs: &[Prediction<'_>]) -> Result<Vec<FileOut>, serde_json::Error> {
    let mut runs: BTreeMap<&ModelName, u32> = BTreeMap::new();
    let mut answers: BTreeMap<String, BTreeMap<&InstanceId, Line<'_>>> = BTreeMap::new();
    for job in jobs {
        let most = runs.entry(job.model).or_default();
        *most = job.run.max(*most);
    }
    for job in jobs {
        let Some(model_patch) = job.patch else { continue };
        let path = match runs.get(job.model) {
            Some(2..) => format!("preds/{}/run_{}/preds.json", job.model, job.run),
            _ => format!("preds/{}/preds.json", job.model),
        };
        let line = Line {
            instance_id: job.instance,
            model_name_or_path: job.model,
            model_patch,
        };
        answers.entry(path).or_default().insert(job.instance, line);
    }
    let file = |(path, lines): (String, BTreeMap<_, Line<'_>>)| {
        let lines: Result<Vec<String>, _> = lines.values().map(serde_json::to_string).collect();
        // A line for each answer, for those who compare.
        let text = format!("[\n{}\n]\n", lines?.join(",\n"));
        Ok(FileOut {
            path,
            bytes: text.into_bytes(),
            executable: false,
        })
    };
    answers.into_iter().map(file).collect()
}
