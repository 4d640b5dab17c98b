//! What is on this host: capsules, what could not be read of them, and who holds a slot.
//!
//! Invariant: an attempt is absent from all three only if there is nothing of it here. What cannot be listed at all
//! fails the whole inventory, since nothing could be concluded from the rest.

use std::collections::BTreeMap;

use super::capsule::Capsule;
use super::close_dead;
use super::error::RunnerError;
use super::journal;
use super::root::Root;
use crate::domain::AttemptId;
use crate::domain::journal::{Entry, Line};
use crate::domain::wire::{self, Inventory, Unreadable};

/// All of it, after the dead capsules are closed.
pub(super) fn inventory(root: &Root, boot: &str, jobs: bool) -> Result<Inventory, RunnerError> {
    let unclosed = close_dead::close_all(root, boot).unwrap_or_else(|error| {
        // What stays open is told as it is, and closed by a later look.
        tracing::warn!(%error, "cannot close dead capsules");
        Vec::new()
    });
    let unclosed: BTreeMap<AttemptId, String> = unclosed.into_iter().collect();
    // Slots first: an attempt whose supervisor ends in between has its capsule by then.
    let held = close_dead::held(root)?;
    let mut inventory = Inventory {
        held,
        ..Inventory::default()
    };
    for capsule in Capsule::all(root)? {
        // No process holds its slot, and it cannot be closed: what it started may live.
        let open = unclosed.get(&capsule.attempt).map(|why| Err(why.clone()));
        let seen = open.unwrap_or_else(|| look(&capsule, jobs).map_err(|error| error.to_string()));
        match seen {
            Ok(seen) => inventory.capsules.push(seen),
            Err(why) => inventory.unreadable.push(Unreadable {
                attempt: capsule.attempt,
                why,
                job: if jobs {
                    capsule.spec().ok().map(|spec| spec.job)
                } else {
                    None
                },
            }),
        }
    }
    Ok(inventory)
}

fn look(capsule: &Capsule, jobs: bool) -> Result<wire::Capsule, RunnerError> {
    let (lines, bytes) = journal::read_sized(&capsule.journal())?;
    // One that was missing may have been put back behind the others.
    let epoch = lines.iter().find_map(|line| match &line.entry {
        Entry::Opened { epoch, .. } => Some(epoch),
        _ => None,
    });
    let Some(epoch) = epoch else {
        return Err(RunnerError::Damaged {
            path: capsule.journal(),
            why: "its first line is missing".to_owned(),
        });
    };
    Ok(wire::Capsule {
        attempt: capsule.attempt,
        epoch: *epoch,
        outcome: match lines.last() {
            Some(Line {
                entry: Entry::Ended { outcome, .. },
                ..
            }) => Some(outcome.clone()),
            Some(_) | None => None,
        },
        journal: Some(bytes),
        job: if jobs { Some(capsule.spec()?.job) } else { None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::Outcome;
    use crate::domain::layout;
    use crate::domain::wire::Holder;
    use crate::runner::fixture::{opened, spec};
    use crate::runner::slot::Slot;

    #[test]
    fn what_cannot_be_read_is_told_as_such_and_so_is_who_holds_a_slot() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let good = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "now")).unwrap();
        let bad = Capsule::create(&root, &spec(2, &[]), &[], &opened(2, "now")).unwrap();
        let gone = spec(3, &[]).id();
        let slot = {
            let gate = root.gate().unwrap();
            Slot::take(&root, &gate, 1).unwrap().unwrap()
        };
        let holder = Holder {
            attempt: gone,
            pid: None,
            started: None,
            host: "eval1".parse().unwrap(),
        };
        slot.name(&holder).unwrap();
        std::fs::remove_file(bad.journal()).unwrap();
        std::fs::create_dir(bad.journal()).unwrap();
        std::fs::create_dir_all(dir.path().join("jobs/not-a-job/1")).unwrap();
        let seen = inventory(&root, "now", true).unwrap();
        let [capsule] = &seen.capsules[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(capsule.attempt, good.attempt);
        assert_eq!(capsule.job, Some(spec(1, &[]).job));
        assert!(matches!(capsule.outcome, Some(Outcome::Lost { .. })));
        let [unreadable] = &seen.unreadable[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(unreadable.attempt, bad.attempt);
        assert!(unreadable.why.contains("directory"), "{}", unreadable.why);
        assert_eq!(seen.held, [gone], "its capsule is gone, and it lives");
    }

    #[test]
    fn what_is_dead_and_cannot_be_closed_is_told_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let capsule = Capsule::create(&root, &spec(1, &[]), &[], &opened(1, "now")).unwrap();
        // Its slot is free, and what is known of its processes cannot be read.
        std::fs::create_dir(capsule.path.join(layout::PROCESSES)).unwrap();
        let seen = inventory(&root, "now", false).unwrap();
        assert_eq!(seen.capsules, []);
        let [open] = &seen.unreadable[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(open.attempt, capsule.attempt);
        assert!(
            open.why.contains("its processes") || open.why.contains("the processes"),
            "{}",
            open.why
        );
    }

    #[test]
    fn a_held_slot_that_names_nobody_fails_the_whole_inventory() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let _slot = {
            let gate = root.gate().unwrap();
            Slot::take(&root, &gate, 1).unwrap().unwrap()
        };
        assert!(inventory(&root, "now", false).is_err());
    }
}
