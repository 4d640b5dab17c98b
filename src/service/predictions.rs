//! `preds.json` of each set: what the models answered, as the SWE-bench harness reads it.

use std::collections::BTreeMap;
use std::path::Path;

use super::reports::{HomeResults, replace_file};
use crate::artifacts::{Prediction, preds, trajectory};
use crate::domain::{AttemptId, SetName, evidence};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;

/// Most bytes of a patch that is read.
const MOST: u64 = 64 << 20;

/// Writes the files of every set that has native results.
pub fn write_predictions(fleet: &Fleet, home: &HomeResults<'_>, results: &Path) -> Result<(), String> {
    let mut sets: BTreeMap<&SetName, Vec<(&JobEntry, Option<String>)>> = BTreeMap::new();
    for entry in fleet.jobs() {
        let patch = answer(entry, home);
        sets.entry(&entry.job.set).or_default().push((entry, patch));
    }
    for (set, jobs) in sets {
        let jobs: Vec<Prediction<'_>> = jobs
            .iter()
            .map(|(entry, patch)| Prediction {
                instance: &entry.job.instance,
                model: &entry.job.model,
                run: entry.job.run,
                patch: patch.as_deref(),
            })
            .collect();
        for file in preds::files(&jobs).map_err(|error| error.to_string())? {
            let path = results.join(set.as_str()).join(&file.path);
            replace_file(&path, &String::from_utf8_lossy(&file.bytes))
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// The patch of a result that is at home: as the report phase wrote it, or else from the trajectory.
fn answer(entry: &JobEntry, home: &HomeResults<'_>) -> Option<String> {
    let id = AttemptId {
        job: entry.job.id,
        n: entry.decisive()?.n,
    };
    home.judged.get(&id)?;
    let dir = &home.brought.get(&id)?.home;
    let patch = dir
        .join("out/eval_outputs")
        .join(entry.job.instance.as_str())
        .join("patch.diff");
    if let Some(text) = read(&patch) {
        return Some(text);
    }
    let text = read(&dir.join(evidence::TRAJECTORY))?;
    trajectory::read(&text).ok().map(|trajectory| trajectory.patch)
}

fn read(path: &Path) -> Option<String> {
    let metadata = path.symlink_metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MOST {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
