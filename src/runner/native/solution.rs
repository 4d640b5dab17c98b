//! Trajectories that need no agent: the dataset's own solution, none at all, and one that exists already.

use serde_json::json;

use super::context::PhaseContext;
use super::fault::{disk, fault};
use super::line::{self, Line};
use crate::domain::fault::{Again, FaultName};
use crate::domain::{Fault, layout};
use crate::doors::files;

/// Most bytes of a trajectory; real ones have three million.
pub(super) const MOST: u64 = 512 << 20;

/// The dataset's own solution.
pub(super) fn gold(context: &PhaseContext<'_>) -> Result<Line, Fault> {
    let mut patch = String::new();
    for part in &context.instance.gold_patches {
        patch.push_str(part);
        if !part.is_empty() && !part.ends_with('\n') {
            patch.push('\n');
        }
    }
    if patch.trim().is_empty() {
        let what = "the dataset has no solution of its own: `patch` is empty";
        return Err(fault(FaultName::NoGoldPatch, Again::Never, what));
    }
    around(context, "gold", patch)
}

/// No solution: an empty patch.
pub(super) fn noop(context: &PhaseContext<'_>) -> Result<Line, Fault> {
    around(context, "noop", String::new())
}

/// The trajectory that came with the job.
pub(super) fn given(context: &PhaseContext<'_>) -> Result<Line, Fault> {
    let bad = |what: String| fault(FaultName::BadTrajectory, Again::Never, what);
    let path = context.file(layout::TRAJECTORY);
    let bytes = files::read_plain(&path, MOST).map_err(|error| disk(&path, error))?;
    let bytes = bytes.ok_or_else(|| bad("no trajectory came with the job".to_owned()))?;
    let id = &context.instance.id;
    line::last(&bytes, id).map_err(|why| bad(format!("the trajectory given for {id} is no good: {why}")))
}

/// A line around a patch, with `out/metadata.json` beside it as an agent's own would have.
pub(super) fn around(context: &PhaseContext<'_>, agent: &str, patch: String) -> Result<Line, Fault> {
    let metadata = json!({
        "agent_class": agent,
        "llm_config": { "model": context.job.model.as_str() },
        "details": { "set": context.job.set.as_str(), "run": context.job.run, "host": context.host.as_str() },
    });
    let bad = |error| {
        fault(
            FaultName::BadDataset,
            Again::Never,
            format!("the dataset line is no JSON: {error}"),
        )
    };
    let line = line::around(patch, &context.instance.id, &metadata, context.dataset_text).map_err(bad)?;
    context.write("out/metadata.json", format!("{metadata:#}\n").as_bytes())?;
    Ok(line)
}
