//! What an attempt started through Docker: found by label, removed, and proved gone.
//!
//! Invariant: nothing is removed that does not bear the attempt's label, or that bears another root's.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::capsule::Capsule;
use super::program::{Silence, ask};
use super::root::Root;
use crate::docker::owner;
use crate::domain::spec::{Spec, Step};
use crate::domain::swe::Task;
use crate::domain::{AttemptId, layout};

/// For one call of the client; removal waits for the engine's disk.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often an engine that says no is asked again.
const TRIES: u32 = 4;

/// How a kind of thing is listed, named and removed.
type Kind = (&'static [&'static str], &'static str, &'static [&'static str]);

/// All that a program may leave. Containers come first: they hold the others.
const KINDS: [Kind; 3] = [
    (&["ps", "-a", "--no-trunc"], "{{.ID}}", &["rm", "-f", "-v"]),
    (&["network", "ls", "--no-trunc"], "{{.ID}}", &["network", "rm"]),
    (&["volume", "ls"], "{{.Name}}", &["volume", "rm", "-f"]),
];

/// Removes everything of the attempt; or says why it cannot be proved gone.
pub(super) fn sweep(capsule: &Capsule) -> Result<(), String> {
    sweep_kinds(capsule, &KINDS)
}

/// The same after a step. What fleet does itself leaves containers at most, and no engine is called at all where no
/// program runs: each look is a program of its own, and the next job waits for it. What an agent asked the engine for
/// may come late; so there is one more look, after the tests.
pub(super) fn sweep_after(capsule: &Capsule, spec: &Spec, step: &Step) -> Result<(), String> {
    let program = spec.swe.as_ref().is_none_or(|swe| swe.agent.is_program());
    let kinds = match step.task {
        None => &KINDS[..],
        Some(Task::Trajectory | Task::Evaluation) if program => &KINDS[..],
        Some(Task::Image | Task::Evaluation) => &KINDS[..1],
        Some(Task::Trajectory | Task::Report) => &[],
    };
    sweep_kinds(capsule, kinds)
}

fn sweep_kinds(capsule: &Capsule, kinds: &[Kind]) -> Result<(), String> {
    for kind in kinds {
        let mut tries = 0;
        while let Err(why) = sweep_kind(capsule, *kind) {
            tries += 1;
            if tries == TRIES {
                return Err(why);
            }
            std::thread::sleep(Duration::from_millis(200) * 4_u32.pow(tries));
        }
    }
    Ok(())
}

fn sweep_kind(capsule: &Capsule, (list, name, remove): Kind) -> Result<(), String> {
    let ids = ours(capsule, list, name)?;
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    // The list that follows is the judge: what was half gone may be an error here.
    let said = ask("docker", &[remove, &ids].concat(), PATIENCE);
    let left = ours(capsule, list, name)?;
    if left.is_empty() {
        return Ok(());
    }
    let said = said.err().map_or_else(String::new, |why| format!(" ({why})"));
    Err(format!("docker did not remove {}{said}", left.join(", ")))
}

/// The attempts whose label something bears that is not another root's.
pub(super) fn owners(root: &Root) -> Result<BTreeSet<AttemptId>, Silence> {
    let mut owners = BTreeSet::new();
    for list in [&["ps", "-a"][..], &["network", "ls"], &["volume", "ls"]] {
        let things = labelled(list, "fleet.attempt", r#"{{.Label "fleet.attempt"}}"#, PATIENCE)?;
        let identity = identity(root.path(), &things).map_err(Silence::Failed)?;
        owners.extend(
            things
                .iter()
                .filter(|(_, label)| owner::is_ours(label, &identity))
                .filter_map(|(attempt, _)| attempt.parse::<AttemptId>().ok()),
        );
    }
    Ok(owners)
}

/// What of a kind this root's attempt has started.
fn ours(capsule: &Capsule, list: &[&str], name: &str) -> Result<Vec<String>, String> {
    let things = match of_attempt(capsule, list, name, PATIENCE) {
        Ok(things) => things,
        // Without a client, nothing was started through one.
        Err(Silence::Missing) => return Ok(Vec::new()),
        Err(Silence::Failed(why)) => return Err(why),
    };
    let root = layout::root_of(&capsule.path).unwrap_or(&capsule.path);
    let identity = identity(root, &things)?;
    let ours = things
        .into_iter()
        .filter(|(_, label)| owner::is_ours(label, &identity));
    Ok(ours.map(|(id, _)| id).collect())
}

/// Which root this is, as far as one of these things makes it matter.
fn identity(root: &Path, things: &[(String, String)]) -> Result<String, String> {
    if things.iter().all(|(_, label)| label.is_empty()) {
        return Ok(String::new());
    }
    owner::identity(root).map_err(|error| format!("cannot tell whose containers these are: {error}"))
}

fn of_attempt(
    capsule: &Capsule,
    list: &[&str],
    name: &str,
    patience: Duration,
) -> Result<Vec<(String, String)>, Silence> {
    let filter = format!("fleet.attempt={}", capsule.attempt);
    labelled(list, &filter, name, patience)
}

/// What bears a label: this of it, and the root that it says it is of.
fn labelled(
    list: &[&str],
    label: &str,
    what: &str,
    patience: Duration,
) -> Result<Vec<(String, String)>, Silence> {
    let filter = format!("label={label}");
    let format = format!(r#"{what}{{{{"\t"}}}}{{{{.Label "{}"}}}}"#, owner::LABEL);
    let text = ask(
        "docker",
        &[list, &["--filter", &filter, "--format", &format]].concat(),
        patience,
    )?;
    let pair = |line: &str| {
        let (what, root) = line.split_once('\t')?;
        Some((what.trim().to_owned(), root.trim().to_owned()))
    };
    Ok(text
        .lines()
        .filter_map(pair)
        .filter(|(what, _)| !what.is_empty())
        .collect())
}

/// The first processes of the attempt's containers, as far as this host can see them.
pub(super) fn processes(capsule: &Capsule) -> Vec<i32> {
    let quick = Duration::from_secs(5);
    let Ok(things) = of_attempt(capsule, &["ps"], "{{.ID}}", quick) else {
        return Vec::new();
    };
    let root = layout::root_of(&capsule.path).unwrap_or(&capsule.path);
    let identity = identity(root, &things).unwrap_or_default();
    let ids: Vec<&str> = things
        .iter()
        .filter(|(_, label)| owner::is_ours(label, &identity))
        .map(|(id, _)| id.as_str())
        .collect();
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
