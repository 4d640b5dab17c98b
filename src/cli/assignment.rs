//! Reads an assignment file and every dataset that it names. All faults of all of them at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{CommandError, Kind};
use crate::config::{Config, Finding};
use crate::domain::job::Dataset;
use crate::domain::{Job, SetName, Sha256};
use crate::store::{NewDataset, NewSet};
use crate::validate::{self, DraftJob};

/// A dataset travels with each of its jobs, over the link.
const LARGEST_DATASET: u64 = 16 << 20;

/// A file that may be dispatched.
pub(super) struct Assignment {
    pub(super) set: NewSet,
    pub(super) jobs: Vec<Arc<Job>>,
}

/// Reads and checks everything. Nothing is stored, nothing runs.
pub(super) fn read(path: &Path, config: &Config) -> Result<Assignment, CommandError> {
    let file = path.display().to_string();
    let name = set_name(path)?;
    let text = std::fs::read(path)
        .map_err(|error| CommandError::new(Kind::Input, format!("cannot read {file}")).caused_by(&error))?;
    let sha256 = Sha256::of(&text);
    let text = String::from_utf8(text).map_err(|error| {
        CommandError::new(
            Kind::Input,
            format!(
                "{file} is not text (byte {} is not UTF-8)",
                error.utf8_error().valid_up_to()
            ),
        )
    })?;
    let draft = validate::assignment(&text, &file, &name, config);
    let mut findings = draft.findings;
    let mut datasets = BTreeMap::new();
    let mut jobs = Vec::with_capacity(draft.jobs.len());
    for draft in draft.jobs {
        match dataset(&draft, path, &mut datasets) {
            Ok(dataset) => jobs.push(Arc::new(Job {
                dataset: Some(dataset),
                ..draft.job
            })),
            Err(what) => findings.push(draft.fault(&file, what, None)),
        }
    }
    if !findings.is_empty() {
        findings.sort_by_key(|finding: &Finding| (finding.line, finding.column));
        return Err(CommandError::findings(&file, &findings));
    }
    let datasets = datasets
        .into_values()
        .filter_map(Result::ok)
        .map(|(sha256, body)| NewDataset { sha256, body })
        .collect();
    Ok(Assignment {
        set: NewSet {
            name,
            file,
            sha256,
            datasets,
        },
        jobs,
    })
}

fn set_name(path: &Path) -> Result<SetName, CommandError> {
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    stem.parse().map_err(|bad| {
        CommandError::new(
            Kind::Input,
            format!(
                "the file's name names the set of jobs, and `{}` {bad}",
                stem.escape_debug()
            ),
        )
        .hint("rename the file, to phase8.json for example")
    })
}

type Read = Result<(Sha256, String), String>;

/// The dataset of one job; each file is read once.
fn dataset(
    draft: &DraftJob,
    assignment: &Path,
    datasets: &mut BTreeMap<String, Read>,
) -> Result<Dataset, String> {
    let name = &draft.dataset_file;
    let read = datasets.entry(name.clone()).or_insert_with(|| {
        // Beside the file that names it, wherever the command is typed.
        let path = assignment.parent().unwrap_or(Path::new(".")).join(name);
        let shown = path.display().to_string().escape_debug().to_string();
        let size = std::fs::metadata(&path).map_err(|error| format!("cannot read the dataset {shown}: {error}"))?;
        if size.is_dir() {
            return Err(format!("the dataset {shown} is a directory"));
        }
        if size.len() > LARGEST_DATASET {
            return Err(format!("the dataset {shown} has {} bytes; it travels with each of its jobs, and {LARGEST_DATASET} is the most: split it by instance", size.len()));
        }
        let bytes = std::fs::read(&path).map_err(|error| format!("cannot read the dataset {shown}: {error}"))?;
        let text = String::from_utf8(bytes).map_err(|error| format!("the dataset {shown} is not text (byte {} is not UTF-8)", error.utf8_error().valid_up_to()))?;
        if text.trim().is_empty() {
            return Err(format!("the dataset {shown} is empty"));
        }
        Ok((Sha256::of(text.as_bytes()), text))
    });
    match read {
        Ok((sha256, _)) => Ok(Dataset {
            path: name.clone(),
            sha256: *sha256,
        }),
        Err(what) => Err(what.clone()),
    }
}
