//! What is certainly ours in the engine, and certainly dead: found by label, removed, and counted.
//!
//! Invariant: nothing is removed but what bears the label of an attempt whose capsule is here and whose slot is free,
//! of a preparation whose process is gone, or of a load that no process is at. Without such a proof it stays; and so
//! does everything with the label of another root.

use std::collections::BTreeSet;
use std::time::Duration;

use super::capsule::Capsule;
use super::root::Root;
use super::{boot, close_dead, processes};
use crate::docker::{self, DockerError, owner};
use crate::domain::fault::{Again, FaultName};
use crate::domain::wire::{Answer, Cleaned};
use crate::domain::{AttemptId, Fault};
use crate::images;

/// For one call of the client; removal waits for the engine's disk.
const PATIENCE: Duration = Duration::from_mins(2);

/// So many are named in one call.
const AT_ONCE: usize = 100;

/// The label of what an attempt has started.
const ATTEMPT: &str = "fleet.attempt";

/// The label of the containers of an image that is made ready ahead of its jobs.
pub(super) const PREFETCH: &str = "fleet.prefetch";

/// One kind of thing in the engine.
struct Kind {
    list: &'static [&'static str],
    id: &'static str,
    remove: &'static [&'static str],
}

const CONTAINERS: Kind = Kind {
    list: &["ps", "-a", "--no-trunc"],
    id: "{{.ID}}",
    remove: &["rm", "-f", "-v"],
};

const NETWORKS: Kind = Kind {
    list: &["network", "ls", "--no-trunc"],
    id: "{{.ID}}",
    remove: &["network", "rm"],
};

const VOLUMES: Kind = Kind {
    list: &["volume", "ls"],
    id: "{{.Name}}",
    remove: &["volume", "rm", "-f"],
};

/// Removes it all; asked twice, the second time finds nothing.
pub(super) fn clean(root: &Root) -> Answer {
    match removed(root) {
        Ok(cleaned) => Answer::Cleaned(cleaned),
        Err(fault) => Answer::Fault(fault),
    }
}

fn removed(root: &Root) -> Result<Cleaned, Fault> {
    let identity = owner::identity(root.path()).map_err(|error| disk(error.to_string()))?;
    let labelled = |kind: &Kind, label: &str| labelled(kind, label, &identity);
    let dead = |kind: &Kind| {
        let things = labelled(kind, ATTEMPT)?;
        let dead = if things.is_empty() {
            BTreeSet::new()
        } else {
            over(root)?
        };
        remove(kind, things, &|| labelled(kind, ATTEMPT), &|value| {
            value.parse().is_ok_and(|attempt| dead.contains(&attempt))
        })
    };
    let containers = match dead(&CONTAINERS) {
        Ok(n) => n,
        // Without a client, nothing was started through one.
        Err(fault) if fault.name == FaultName::NoDocker => return Ok(Cleaned::default()),
        Err(fault) => return Err(fault),
    };
    let networks = dead(&NETWORKS)?;
    let volumes = dead(&VOLUMES)?;
    let prefetched = labelled(&CONTAINERS, PREFETCH)?;
    let again = || labelled(&CONTAINERS, PREFETCH);
    let broken_off = remove(&CONTAINERS, prefetched, &again, &is_gone)?;
    let (parts, bytes) = images::drop_parts(root.path()).map_err(|error| error.fault())?;
    Ok(Cleaned {
        containers: containers + broken_off,
        networks,
        volumes,
        parts,
        bytes,
    })
}

/// The attempts that are dead for ever: their capsules first, the slots second, as when they are closed.
fn over(root: &Root) -> Result<BTreeSet<AttemptId>, Fault> {
    let cannot = |error: super::RunnerError| disk(error.to_string());
    let mut dead: BTreeSet<AttemptId> = Capsule::all(root)
        .map_err(cannot)?
        .iter()
        .map(|capsule| capsule.attempt)
        .collect();
    for attempt in close_dead::held(root).map_err(cannot)? {
        dead.remove(&attempt);
    }
    // What another machine has begun may live there, and one that cannot be read may be such a one.
    dead.retain(|attempt| {
        close_dead::is_elsewhere(&Capsule::of(root, *attempt)).is_ok_and(|elsewhere| !elsewhere)
    });
    Ok(dead)
}

fn disk(what: String) -> Fault {
    Fault::new(FaultName::HostDisk, Again::Elsewhere, what)
}

/// This process, as the label of a preparation has it.
pub(super) fn signature() -> String {
    let me = processes::me();
    let started = processes::read(me).map_or(0, |myself| myself.started);
    format!("{me}.{started}.{}", boot::identity().unwrap_or_default())
}

/// Is the process gone that a label names? One that names none proves nothing.
fn is_gone(signature: &str) -> bool {
    let mut parts = signature.splitn(3, '.');
    let pid = parts.next().and_then(|pid| pid.parse::<i32>().ok());
    let started = parts.next().and_then(|started| started.parse::<u64>().ok());
    let (Some(pid), Some(started), Some(life)) = (pid, started, parts.next()) else {
        return false;
    };
    let Ok(now) = boot::identity() else { return false };
    let Ok(there) = processes::look(pid) else {
        return false;
    };
    let alive = there.is_some_and(|process| process.started == started);
    started > 0 && !life.is_empty() && (life != now || !alive)
}

/// What bears this label and no other root's: names, and the label's values.
fn labelled(kind: &Kind, label: &str, identity: &str) -> Result<Vec<(String, String)>, Fault> {
    let filter = format!("label={label}");
    let format = format!(
        r#"{}{{{{"\t"}}}}{{{{.Label "{label}"}}}}{{{{"\t"}}}}{{{{.Label "{}"}}}}"#,
        kind.id,
        owner::LABEL
    );
    let args = [kind.list, &["--filter", &filter, "--format", &format]].concat();
    let text = docker::ask(&args, PATIENCE).map_err(|error| fault(&error))?;
    let pair = |line: &str| {
        let mut parts = line.split('\t').map(str::trim);
        let (id, value, root) = (parts.next()?, parts.next()?, parts.next()?);
        owner::is_ours(root, identity).then(|| (id.to_owned(), value.to_owned()))
    };
    Ok(text.lines().filter_map(pair).collect())
}

/// Removes those of these things whose owner, the label's value, is dead; gives how many are gone. `again` lists what
/// is there after that.
fn remove(
    kind: &Kind,
    things: Vec<(String, String)>,
    again: &dyn Fn() -> Result<Vec<(String, String)>, Fault>,
    is_dead: &dyn Fn(&str) -> bool,
) -> Result<u64, Fault> {
    let doomed: Vec<String> = things
        .into_iter()
        .filter(|(_, value)| is_dead(value))
        .map(|(id, _)| id)
        .collect();
    let mut refusal = None;
    for some in doomed.chunks(AT_ONCE) {
        let names: Vec<&str> = some.iter().map(String::as_str).collect();
        // The list that follows is the judge: what was half gone may be an error here.
        if let Err(error) = docker::ask(&[kind.remove, &names].concat(), PATIENCE) {
            refusal = Some(error);
        }
    }
    let Some(refusal) = refusal else {
        return Ok(doomed.len() as u64);
    };
    let left: BTreeSet<String> = again()?.into_iter().map(|(id, _)| id).collect();
    if doomed.iter().any(|id| left.contains(id)) {
        return Err(fault(&refusal));
    }
    Ok(doomed.len() as u64)
}

fn fault(error: &DockerError) -> Fault {
    let (name, again) = error.blame();
    Fault::new(name, again, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_is_proved_gone_is_gone() {
        let mine = signature();
        assert!(!is_gone(&mine), "{mine}");
        let (pid, rest) = mine.split_once('.').unwrap();
        let (started, life) = rest.split_once('.').unwrap();
        let later = started.parse::<u64>().unwrap() + 1;
        assert!(
            is_gone(&format!("{pid}.{later}.{life}")),
            "the id is another's by now"
        );
        assert!(is_gone(&format!("{pid}.{started}.another-life")));
        for nothing in ["", "1", "1.1", "1.1.", "x.1.y", "1.0.y"] {
            assert!(!is_gone(nothing), "{nothing:?}");
        }
    }
}
