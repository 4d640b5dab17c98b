//! Reads an assignment file and every dataset that it names. All faults of all of them at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::datasets::Datasets;
use super::{Problem, ProblemKind};
use crate::config::{Config, Finding, Pipeline};
use crate::domain::{Job, SetName, Sha256};
use crate::store::NewSet;
use crate::validate;

/// A file that may be dispatched.
pub struct Assignment {
    /// Its set, and the datasets that travel with its jobs.
    pub set: NewSet,
    /// What it asks for.
    pub jobs: Vec<Arc<Job>>,
}

/// Reads and checks everything. Nothing is stored, nothing runs.
pub fn read_assignment(path: &Path, config: &Config) -> Result<Assignment, Problem> {
    let file = path.display().to_string();
    let name = set_name(path)?;
    let text = std::fs::read(path)
        .map_err(|error| Problem::new(ProblemKind::Input, format!("cannot read {file}")).caused_by(&error))?;
    let sha256 = Sha256::of(&text);
    let text = String::from_utf8(text).map_err(|error| {
        Problem::new(
            ProblemKind::Input,
            format!(
                "{file} is not text (byte {} is not UTF-8)",
                error.utf8_error().valid_up_to()
            ),
        )
    })?;
    let draft = validate::assignment(&text, &file, &name, config);
    let mut findings = draft.findings;
    let mut datasets = Datasets::beside(path);
    let mut jobs = Vec::with_capacity(draft.jobs.len());
    for draft in draft.jobs {
        let pipeline = config.pipeline(&draft.job.pipeline);
        let dataset = if pipeline.is_some_and(Pipeline::is_native) {
            datasets.instance(&draft)
        } else {
            datasets.whole(&draft).map(Some)
        };
        let trajectory = datasets.trajectory(&draft);
        match (dataset, trajectory) {
            (Ok(dataset), Ok(trajectory)) => jobs.push(Arc::new(Job {
                dataset,
                trajectory: trajectory.map(Box::new),
                ..draft.job
            })),
            (dataset, trajectory) => {
                if let Err((what, hint)) = dataset {
                    findings.push(draft.fault(&file, what, hint));
                }
                if let Err(what) = trajectory {
                    findings.push(draft.trajectory_fault(&file, what));
                }
            }
        }
    }
    let mut faults = Vec::new();
    if !findings.is_empty() {
        findings.sort_by_key(|finding: &Finding| (finding.line, finding.column));
        faults.push(Problem::findings(&file, &findings));
    }
    faults.extend(datasets.faults());
    if let Some(error) = Problem::merged(faults) {
        return Err(error);
    }
    Ok(Assignment {
        set: NewSet {
            name,
            file,
            sha256,
            datasets: datasets.bodies(),
        },
        jobs,
    })
}

/// Several files. All faults of all of them at once.
pub fn read_assignments(files: &[PathBuf], config: &Config) -> Result<Vec<Assignment>, Problem> {
    let (mut assignments, mut faults) = (Vec::new(), Vec::new());
    for file in files {
        match read_assignment(file, config) {
            Ok(assignment) => assignments.push(assignment),
            Err(problem) => faults.push(problem),
        }
    }
    Problem::merged(faults).map_or(Ok(assignments), Err)
}

/// The name of the set that a file is.
pub fn set_name(path: &Path) -> Result<SetName, Problem> {
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    stem.parse().map_err(|bad| {
        Problem::new(
            ProblemKind::Input,
            format!(
                "the file's name names the set of jobs, and `{}` {bad}",
                stem.escape_debug()
            ),
        )
        .hint("rename the file, to phase8.json for example")
    })
}
