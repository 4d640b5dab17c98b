//! Closing dead capsules: those without a last line that no held slot names.
//!
//! Invariant: a capsule is closed only with proof that its supervisor is dead. The proof holds for ever,
//! because a slot is held before its capsule exists and an attempt is never started twice. Its strays
//! are gone before the last line says so.

use super::capsule::Capsule;
use super::error::RunnerError;
use super::journal::{self, Journal};
use super::processes::Window;
use super::root::Root;
use super::{containers, processes, slot};
use crate::domain::AttemptId;
use crate::domain::journal::{Entry, Outcome};

/// Closes every dead capsule; what stands in the way of one does not keep the others open.
pub(super) fn bury_all(root: &Root, boot: &str) -> Result<(), RunnerError> {
    // Capsules first, slots second: see the invariant.
    let open: Vec<Capsule> = Capsule::all(root)?.into_iter().filter(is_open).collect();
    bury(root, boot, &open)
}

/// Closes these capsules as far as they are dead.
pub(super) fn bury(root: &Root, boot: &str, capsules: &[Capsule]) -> Result<(), RunnerError> {
    if capsules.is_empty() {
        return Ok(());
    }
    let _burial = root.burial()?;
    let held = held(root)?;
    for capsule in capsules.iter().filter(|capsule| !held.contains(&capsule.attempt)) {
        if let Err(error) = close(capsule, boot) {
            tracing::warn!(attempt.id = %capsule.attempt, %error, "cannot close a dead capsule");
        }
    }
    Ok(())
}

/// The attempts whose supervisors live.
pub(super) fn held(root: &Root) -> Result<Vec<AttemptId>, RunnerError> {
    let gate = root.gate()?;
    let held = slot::survey(root, &gate)?;
    Ok(held.into_iter().flatten().map(|holder| holder.attempt).collect())
}

fn is_open(capsule: &Capsule) -> bool {
    match capsule.outcome() {
        Ok(outcome) => outcome.is_none(),
        Err(error) => {
            tracing::warn!(attempt.id = %capsule.attempt, %error, "cannot read a capsule");
            false
        }
    }
}

/// Nobody holds its slot, and nobody else closes capsules now.
fn close(capsule: &Capsule, boot: &str) -> Result<(), RunnerError> {
    let mut journal = Journal::open(&capsule.journal())?;
    // It may have ended by itself between the first look and the test of its slot.
    let lines = journal::read(&capsule.journal())?;
    if lines.iter().any(|line| matches!(line.entry, Entry::Ended { .. })) {
        return Ok(());
    }
    if lines.is_empty() {
        // Power failed before its first line was durable, so before anything ran.
        capsule.remove();
        return Ok(());
    }
    let was = lines.first().and_then(|line| match &line.entry {
        Entry::Opened { boot, .. } => Some(boot.as_str()),
        Entry::PhaseStarted { .. }
        | Entry::PhaseEnded { .. }
        | Entry::Pressed { .. }
        | Entry::PhaseKept { .. }
        | Entry::Ended { .. } => None,
    });
    let mut proof = match was {
        Some(was) if was != boot => format!("the machine was rebooted: boot {boot}, was {was}"),
        Some(_) | None => "its supervisor died: slot free, no last line".to_owned(),
    };
    let attempt = capsule.attempt;
    let mut strays = processes::end_marked(attempt, &capsule.out(), Window::default());
    if capsule.spec().is_ok_and(|spec| spec.containers) {
        strays = strays.and_then(|()| containers::sweep(capsule));
    }
    if let Err(why) = strays {
        proof = format!("{proof}; but not all of it could be stopped: {why}");
    }
    journal.append(&Entry::Ended {
        outcome: Outcome::Lost { proof },
        seal: None,
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
        bury_all(&root, "now").unwrap();
        let proof = |capsule| match outcome(capsule) {
            Some(Outcome::Lost { proof }) => proof,
            other => panic!("{other:?}"),
        };
        assert_eq!(proof(&one), "its supervisor died: slot free, no last line");
        assert_eq!(proof(&two), "the machine was rebooted: boot now, was before");
        let text = std::fs::read(one.journal()).unwrap();
        bury_all(&root, "later").unwrap();
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
        bury_all(&root, "now").unwrap();
        assert_eq!(outcome(&capsule), None);
        drop(slot);
        bury_all(&root, "now").unwrap();
        assert!(outcome(&capsule).is_some());
    }

    #[test]
    fn a_damaged_capsule_does_not_keep_the_others_open() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let bad = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "now")).unwrap();
        let good = Capsule::create(&root, &spec(2, &[]), &[], &opened(2, "now")).unwrap();
        std::fs::write(bad.journal(), "no json\n").unwrap();
        bury_all(&root, "now").unwrap();
        assert!(outcome(&good).is_some());
    }

    #[test]
    fn what_a_power_failure_left_of_a_start_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let capsule = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "before")).unwrap();
        // Nobody is shown a line that is not durable yet.
        assert_eq!(journal::read(&capsule.journal()).unwrap(), []);
        // Its directory had reached the disk, and its contents had not.
        std::fs::write(capsule.journal(), "").unwrap();
        bury_all(&root, "now").unwrap();
        assert!(!capsule.exists());
    }
}
