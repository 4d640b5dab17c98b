//! What an attempt started through Docker: found by label, removed, and proved gone.
//!
//! Invariant: nothing is removed that does not bear the attempt's label.

use std::collections::BTreeSet;
use std::time::Duration;

use super::program::{Silence, ask};
use crate::domain::AttemptId;
use crate::domain::spec::{Spec, Step};
use crate::domain::swe::Task;

/// For one call of the client; removal waits for the engine's disk.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often an engine that says no is asked again.
const TRIES: u32 = 4;

/// How a kind of thing is listed and removed.
type Kind = (&'static [&'static str], &'static [&'static str]);

/// All that a program may leave. Containers come first: they hold the others.
const KINDS: [Kind; 3] = [
    (&["ps", "-aq", "--no-trunc"], &["rm", "-f", "-v"]),
    (&["network", "ls", "-q", "--no-trunc"], &["network", "rm"]),
    (&["volume", "ls", "-q"], &["volume", "rm", "-f"]),
];

/// Removes everything of the attempt; or says why it cannot be proved gone.
pub(super) fn sweep(attempt: AttemptId) -> Result<(), String> {
    sweep_kinds(attempt, &KINDS)
}

/// The same after a step. What fleet does itself leaves containers at most, and no engine is called at all where no
/// program runs: each look is a program of its own, and the next job waits for it. What an agent asked the engine for
/// may come late; so there is one more look, after the tests.
pub(super) fn sweep_after(spec: &Spec, step: &Step) -> Result<(), String> {
    let program = spec.swe.as_ref().is_none_or(|swe| swe.agent.is_program());
    let kinds = match step.task {
        None => &KINDS[..],
        Some(Task::Trajectory | Task::Evaluation) if program => &KINDS[..],
        Some(Task::Image | Task::Evaluation) => &KINDS[..1],
        Some(Task::Trajectory | Task::Report) => &[],
    };
    sweep_kinds(spec.id(), kinds)
}

fn sweep_kinds(attempt: AttemptId, kinds: &[Kind]) -> Result<(), String> {
    for (list, remove) in kinds {
        let mut tries = 0;
        while let Err(why) = sweep_kind(attempt, list, remove) {
            tries += 1;
            if tries == TRIES {
                return Err(why);
            }
            std::thread::sleep(Duration::from_millis(200) * 4_u32.pow(tries));
        }
    }
    Ok(())
}

fn sweep_kind(attempt: AttemptId, list: &[&str], remove: &[&str]) -> Result<(), String> {
    let ids = labelled(attempt, list)?;
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    // The list that follows is the judge: what was half gone may be an error here.
    let said = ask("docker", &[remove, &ids].concat(), PATIENCE);
    let left = labelled(attempt, list)?;
    if left.is_empty() {
        return Ok(());
    }
    let said = said.err().map_or_else(String::new, |why| format!(" ({why})"));
    Err(format!("docker did not remove {}{said}", left.join(", ")))
}

/// The attempts whose label something bears.
pub(super) fn owners() -> Result<BTreeSet<AttemptId>, Silence> {
    let mut owners = BTreeSet::new();
    for list in [&["ps", "-a"][..], &["network", "ls"], &["volume", "ls"]] {
        let rest = [
            "--filter",
            "label=fleet.attempt",
            "--format",
            "{{.Label \"fleet.attempt\"}}",
        ];
        let text = ask("docker", &[list, &rest].concat(), PATIENCE)?;
        owners.extend(
            text.lines()
                .filter_map(|line| line.trim().parse::<AttemptId>().ok()),
        );
    }
    Ok(owners)
}

fn labelled(attempt: AttemptId, list: &[&str]) -> Result<Vec<String>, String> {
    let filter = format!("label=fleet.attempt={attempt}");
    let args = [list, &["--filter", &filter]].concat();
    match ask("docker", &args, PATIENCE) {
        Ok(text) => Ok(text
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|id| !id.is_empty())
            .collect()),
        // Without a client, nothing was started through one.
        Err(Silence::Missing) => Ok(Vec::new()),
        Err(Silence::Failed(why)) => Err(why),
    }
}

/// The first processes of the attempt's containers, as far as this host can see them.
pub(super) fn processes(attempt: AttemptId) -> Vec<i32> {
    let quick = Duration::from_secs(5);
    let filter = format!("label=fleet.attempt={attempt}");
    let Ok(ids) = ask("docker", &["ps", "-q", "--filter", &filter], quick) else {
        return Vec::new();
    };
    let ids: Vec<&str> = ids.split_whitespace().collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let args = [&["inspect", "--format", "{{.State.Pid}}"], &ids[..]].concat();
    let pids = ask("docker", &args, quick).unwrap_or_default();
    pids.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .filter(|pid| *pid > 1)
        .collect()
}
