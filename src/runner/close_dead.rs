//! Closing dead capsules: those without a last line that no held slot names.
//!
//! Invariant: a capsule is closed only with proof that its supervisor is dead and that nothing of it is left. The
//! proof of death holds for ever, because a slot is held before its capsule exists and an attempt is never started
//! twice. Where the rest cannot be looked for, or does not die, the capsule stays open, and the reason is told.

use std::io::ErrorKind;
use std::time::Duration;

use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use super::journal::{self, Journal};
use super::mend;
use super::processes::{self, Window};
use super::root::Root;
use super::strays::Hunt;
use super::traces::{Name, Traces};
use super::{boot, containers, slot};
use crate::domain::journal::{Entry, Line, Outcome, VERSION};
use crate::domain::{AttemptId, layout};
use crate::doors::clock;

/// How long what does not die is fought; then others may close theirs, and this one is tried again.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is dead as far as its slot tells, and could not be closed; and why.
pub(super) type Unclosed = Vec<(AttemptId, String)>;

/// Closes every dead capsule; what stands in the way of one does not keep the others open.
pub(super) fn close_all(root: &Root, boot: &str) -> Result<Unclosed, RunnerError> {
    // Capsules first, slots second: see the invariant.
    let open: Vec<Capsule> = Capsule::all(root)?.into_iter().filter(needs_work).collect();
    close_capsules(root, boot, &open)
}

/// Closes these capsules as far as they are dead.
pub(super) fn close_capsules(root: &Root, boot: &str, capsules: &[Capsule]) -> Result<Unclosed, RunnerError> {
    if capsules.is_empty() {
        return Ok(Vec::new());
    }
    let held = held(root)?;
    let dead: Vec<&Capsule> = capsules
        .iter()
        .filter(|capsule| !held.contains(&capsule.attempt))
        .collect();
    if dead.is_empty() {
        return Ok(Vec::new());
    }
    let _closing = match root.closing() {
        Ok(lock) => lock,
        // Another process is closing capsules, and may be waiting for a container engine.
        Err(error @ RunnerError::Busy(_)) => {
            let told = |capsule: &&Capsule| (capsule.attempt, error.to_string());
            return Ok(dead.iter().map(told).collect());
        }
        Err(error) => return Err(error),
    };
    let mut unclosed = Vec::new();
    let machine = boot::machine()?;
    for capsule in dead {
        if let Err(error) = close_one(root, capsule, boot, machine.as_deref()) {
            tracing::warn!(attempt.id = %capsule.attempt, %error, "cannot close a dead capsule");
            unclosed.push((capsule.attempt, error.to_string()));
        }
    }
    Ok(unclosed)
}

/// The attempts whose supervisors live.
pub(super) fn held(root: &Root) -> Result<Vec<AttemptId>, RunnerError> {
    let gate = root.gate()?;
    let held = slot::survey(root, &gate)?;
    Ok(held.into_iter().flatten().map(|holder| holder.attempt).collect())
}

/// Is it open, or in need of mending? What cannot be read may be.
fn needs_work(capsule: &Capsule) -> bool {
    std::fs::read(capsule.journal()).map_or(true, |text| {
        let whole = journal::whole(&text);
        journal::end(whole).is_none() || mend::damage(whole, capsule.attempt).is_some()
    })
}

/// Was it begun on another machine that shares this directory? Then its processes, its slot and its end are not to be seen
/// from here.
pub(super) fn is_elsewhere(capsule: &Capsule) -> Result<bool, RunnerError> {
    let lines = journal::readable(&capsule.journal())?;
    Ok(elsewhere(&lines, boot::machine()?.as_deref()).is_some())
}

/// The machine that began it, if that is another one.
fn elsewhere<'l>(lines: &'l [Line], machine: Option<&str>) -> Option<&'l str> {
    let theirs = lines.iter().find_map(|line| match &line.entry {
        Entry::Opened { machine, .. } => machine.as_deref(),
        Entry::PhaseStarted { .. }
        | Entry::PhaseEnded { .. }
        | Entry::Pressed { .. }
        | Entry::PhaseKept { .. }
        | Entry::Ended { .. } => None,
    });
    theirs.filter(|theirs| machine.is_some_and(|ours| ours != *theirs))
}

/// The life of the machine in which it began.
fn life(lines: &[Line]) -> Option<&str> {
    lines.iter().find_map(|line| match &line.entry {
        Entry::Opened { boot, .. } => Some(boot.as_str()),
        Entry::PhaseStarted { .. }
        | Entry::PhaseEnded { .. }
        | Entry::Pressed { .. }
        | Entry::PhaseKept { .. }
        | Entry::Ended { .. } => None,
    })
}

/// The caller knows that no process holds its slot, and that no other process closes capsules now.
fn close_one(root: &Root, capsule: &Capsule, boot: &str, machine: Option<&str>) -> Result<(), RunnerError> {
    let stays = |why: String| RunnerError::StaysOpen(why);
    let path = capsule.journal();
    // What a supervisor was about to write when it died is whole or cut off.
    let is_there = match Journal::open(&path) {
        Ok(_) => true,
        Err(RunnerError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    let text = if is_there {
        std::fs::read(&path).doing(|| format!("read {}", path.display()))?
    } else if capsule.exists() {
        Vec::new()
    } else {
        return Err(RunnerError::NoCapsule(capsule.attempt));
    };
    let text = journal::whole(&text);
    let lines: Vec<Line> = journal::lines(text)
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    if let Some(other) = elsewhere(&lines, machine) {
        return Err(stays(format!(
            "it was begun on another machine ({other}), and only that one can close it"
        )));
    }
    let damage = mend::damage(text, capsule.attempt);
    // It may have ended by itself between the first look and the test of its slot.
    let ended = journal::end(text).is_some();
    let traces = traces(root, capsule, boot, life(&lines))?;
    if !ended {
        if let Some(supervisor) = traces.as_ref().map(|traces| traces.supervisor)
            && is_alive(supervisor)?
        {
            let pid = supervisor.pid;
            return Err(stays(format!(
                "its slot is free, and its supervisor lives: process {pid}"
            )));
        }
        end_what_is_left(capsule, traces.as_ref()).map_err(stays)?;
        if text.is_empty() && is_there && !capsule.path.join(layout::PROCESSES).exists() {
            // Power failed before its first line was durable, so before anything ran.
            capsule.remove();
            return Ok(());
        }
    }
    if let Some(damage) = &damage {
        let first = if damage.is_headless() {
            Some(opened(capsule, life(&lines).unwrap_or(boot), machine)?)
        } else {
            None
        };
        damage.mend(capsule, text, first.as_ref())?;
    }
    if ended {
        return Ok(());
    }
    let mut proof = match life(&lines) {
        Some(was) if was != boot => format!("the machine was rebooted: boot {boot}, was {was}"),
        Some(_) | None => "its supervisor died: slot free, no last line".to_owned(),
    };
    if let Some(damage) = &damage {
        proof = format!("{proof}; {damage}");
    } else if capsule.path.join(layout::DAMAGED).exists() {
        proof = format!(
            "{proof}; its journal was damaged, and is as it was in {}",
            layout::DAMAGED
        );
    }
    Journal::open(&path)?.append(&Entry::Ended {
        outcome: Outcome::Lost { proof },
        seal: None,
    })?;
    if let Some(group) = traces.as_ref().and_then(|traces| traces.group.as_deref()) {
        super::cgroup::remove(group);
    }
    Ok(())
}

/// What is known of its processes, if they were of this life of the machine: from its capsule, or from its slot.
fn traces(
    root: &Root,
    capsule: &Capsule,
    boot: &str,
    life: Option<&str>,
) -> Result<Option<Traces>, RunnerError> {
    let doing = || format!("read what is known of the processes of {}", capsule.attempt);
    match Traces::read(capsule).doing(doing)? {
        Some(traces) if traces.boot != boot => Ok(None),
        Some(traces) => Ok(Some(traces)),
        None if life.is_some_and(|life| life != boot) => Ok(None),
        None => {
            let last = slot::last(root)
                .into_iter()
                .find(|holder| holder.attempt == capsule.attempt);
            Ok(last.and_then(|holder| {
                let (pid, started) = (holder.pid?, holder.started?);
                Some(Traces::of(Name { pid, started }, boot))
            }))
        }
    }
}

fn is_alive(name: Name) -> Result<bool, RunnerError> {
    let there = processes::look(name.pid).doing(|| format!("look at process {}", name.pid))?;
    Ok(there.is_some_and(|process| process.started == name.started && !process.zombie))
}

fn end_what_is_left(capsule: &Capsule, traces: Option<&Traces>) -> Result<(), String> {
    let hunt = Hunt {
        attempt: capsule.attempt,
        out: &capsule.out(),
        window: Window::default(),
        traces,
        patience: PATIENCE,
    };
    hunt.end()?;
    // One whose spec cannot be read may have had containers.
    if capsule.spec().map_or(true, |spec| spec.containers) {
        containers::sweep(capsule)?;
    }
    Ok(())
}

/// The first line of its journal, as its supervisor would have begun it.
fn opened(capsule: &Capsule, boot: &str, machine: Option<&str>) -> Result<Line, RunnerError> {
    let spec = capsule.spec()?;
    Ok(Line {
        at: clock::now(),
        entry: Entry::Opened {
            version: VERSION,
            attempt: capsule.attempt,
            epoch: spec.epoch,
            host: spec.host,
            boot: boot.to_owned(),
            machine: machine.map(str::to_owned),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::fixture::{opened, spec};
    use crate::runner::slot::Slot;

    fn outcome(capsule: &Capsule) -> Option<Outcome> {
        capsule.outcome().unwrap()
    }

    #[test]
    fn a_capsule_whose_slot_is_free_is_closed_with_its_proof() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let one = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "now")).unwrap();
        let two = Capsule::create(&root, &spec(2, &[]), &[], &opened(2, "before")).unwrap();
        close_all(&root, "now").unwrap();
        let proof = |capsule| match outcome(capsule) {
            Some(Outcome::Lost { proof }) => proof,
            other => panic!("{other:?}"),
        };
        assert_eq!(proof(&one), "its supervisor died: slot free, no last line");
        assert_eq!(proof(&two), "the machine was rebooted: boot now, was before");
        let text = std::fs::read(one.journal()).unwrap();
        close_all(&root, "later").unwrap();
        assert_eq!(
            std::fs::read(one.journal()).unwrap(),
            text,
            "closed once is closed"
        );
    }

    #[test]
    fn a_capsule_whose_slot_is_held_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let gate = root.gate().unwrap();
        let slot = Slot::take(&root, &gate, 1).unwrap().unwrap();
        drop(gate);
        let spec = spec(1, &[]);
        slot.name(&crate::domain::wire::Holder {
            attempt: spec.id(),
            pid: None,
            started: None,
            host: spec.host.clone(),
        })
        .unwrap();
        let capsule = Capsule::create(&root, &spec, &[], &opened(1, "now")).unwrap();
        close_all(&root, "now").unwrap();
        assert_eq!(outcome(&capsule), None);
        drop(slot);
        close_all(&root, "now").unwrap();
        assert!(outcome(&capsule).is_some());
    }

    #[test]
    fn a_damaged_capsule_does_not_keep_the_others_open() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let bad = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "now")).unwrap();
        let good = Capsule::create(&root, &spec(2, &[]), &[], &opened(2, "now")).unwrap();
        std::fs::write(bad.journal(), "no json\n").unwrap();
        close_all(&root, "now").unwrap();
        assert!(outcome(&good).is_some());
    }

    #[test]
    fn what_a_power_failure_left_of_a_start_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let capsule = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "before")).unwrap();
        // A line that is not durable yet is not shown.
        assert_eq!(journal::read_sized(&capsule.journal()).unwrap().0, []);
        // Its directory had reached the disk, and its contents had not.
        std::fs::write(capsule.journal(), "").unwrap();
        close_all(&root, "now").unwrap();
        assert!(!capsule.exists());
    }

    #[test]
    fn a_damaged_journal_is_mended_and_closed_and_what_it_said_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        for (n, text) in [(1, "no json\n"), (2, ""), (3, "\u{0}\u{0}\u{0}\n{\n")] {
            let capsule = Capsule::create(&root, &spec(n, &[]), &[], &opened(n, "now")).unwrap();
            Journal::open(&capsule.journal()).unwrap();
            let good = std::fs::read(capsule.journal()).unwrap();
            let bad = if n == 3 {
                [&good[..], text.as_bytes()].concat()
            } else {
                text.into()
            };
            std::fs::write(capsule.journal(), &bad).unwrap();
            std::fs::write(capsule.path.join(layout::PROCESSES), "{}").unwrap();
            assert_eq!(close_all(&root, "now").unwrap(), []);
            let Some(Outcome::Lost { proof }) = outcome(&capsule) else {
                panic!("attempt {n} is open")
            };
            assert!(
                proof.contains("its supervisor died") && proof.contains("its journal"),
                "{proof}"
            );
            assert_eq!(std::fs::read(capsule.path.join(layout::DAMAGED)).unwrap(), bad);
            let (lines, _) = journal::read_sized(&capsule.journal()).unwrap();
            assert!(matches!(lines[0].entry, Entry::Opened { attempt, .. } if attempt == capsule.attempt));
            if n == 3 {
                assert!(std::fs::read(capsule.journal()).unwrap().starts_with(&good));
            }
        }
    }

    #[test]
    fn a_journal_that_is_gone_is_written_anew_and_closed() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let capsule = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "now")).unwrap();
        std::fs::remove_file(capsule.journal()).unwrap();
        assert_eq!(close_all(&root, "now").unwrap(), []);
        assert!(matches!(outcome(&capsule), Some(Outcome::Lost { .. })));
    }

    #[test]
    fn what_another_machine_has_begun_is_left_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let mut first = opened(1, "theirs");
        if let Entry::Opened { machine, .. } = &mut first.entry {
            *machine = Some("theirs".to_owned());
        }
        let capsule = Capsule::create(&root, &spec(1, &[]), &[], &first).unwrap();
        let why = close_one(&root, &capsule, "ours", Some("ours"))
            .unwrap_err()
            .to_string();
        assert!(why.contains("begun on another machine (theirs)"), "{why}");
        assert_eq!(outcome(&capsule), None);
        close_one(&root, &capsule, "ours", Some("theirs")).unwrap();
        assert!(outcome(&capsule).is_some());
    }

    #[test]
    fn a_supervisor_that_lives_although_its_slot_is_free_is_not_dead() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let capsule = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "now")).unwrap();
        let mut sleeper = crate::doors::spawn::command("sleep").arg("1000").spawn().unwrap();
        let pid = i32::try_from(sleeper.id()).unwrap();
        let alive = Traces::of(Name::from(&processes::read(pid).unwrap()), "now");
        let text = serde_json::to_string(&alive).unwrap();
        std::fs::write(capsule.path.join(layout::PROCESSES), text).unwrap();
        let unclosed = close_all(&root, "now").unwrap();
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        let [(attempt, why)] = &unclosed[..] else {
            panic!("{unclosed:?}")
        };
        assert_eq!(*attempt, capsule.attempt);
        assert!(why.contains("its supervisor lives"), "{why}");
        assert_eq!(close_all(&root, "now").unwrap(), []);
        assert!(outcome(&capsule).is_some());
    }
}
