//! What hosts say, and what follows from it.

use super::scene::{Scene, host};
use crate::domain::credible::LONGEST_JOURNAL;
use crate::domain::event::Refusal;
use crate::domain::journal::{Entry, Line, Outcome, VERSION};
use crate::domain::wire::{Answer, Capsule, Inventory, Unreadable};
use crate::domain::{AttemptId, Epoch, Event, HostName, Timestamp};
use crate::plan::{Heard, is_in_doubt, observe, observe_after};

/// A job that runs on its host, as far as is known.
fn running() -> (Scene, AttemptId, HostName) {
    let mut scene = Scene::hosts(&["eval1", "eval2"]);
    let job = scene.job("eval1", "i", "m");
    let attempt = AttemptId { job, n: 1 };
    intend(&mut scene, attempt);
    scene.fold(Event::Journaled {
        attempt,
        to: 1,
        line: opened(attempt),
    });
    (scene, attempt, host("eval1"))
}

fn intend(scene: &mut Scene, attempt: AttemptId) {
    scene.fold(Event::Intended {
        attempt,
        host: host("eval1"),
        epoch: Epoch(1),
    });
}

fn opened(attempt: AttemptId) -> Line {
    Line {
        at: Timestamp(1),
        entry: Entry::Opened {
            version: VERSION,
            attempt,
            epoch: Epoch(1),
            host: host("eval1"),
            boot: String::new(),
            machine: None,
        },
    }
}

#[test]
fn only_an_attempt_of_which_nothing_is_there_is_lost() {
    let (scene, attempt, eval1) = running();
    let lost = |inventory: Inventory| {
        let observed = observe(&scene.fleet, &eval1, &Heard::Inventory(inventory));
        observed
            .events
            .iter()
            .any(|event| matches!(event, Event::Lost { .. }))
    };
    let nothing = Inventory::default();
    let unreadable = Unreadable {
        attempt,
        why: "Input/output error".to_owned(),
        job: None,
    };
    assert!(lost(nothing.clone()));
    assert!(!lost(Inventory {
        unreadable: vec![unreadable],
        ..nothing.clone()
    }));
    assert!(!lost(Inventory {
        held: vec![attempt],
        ..nothing
    }));
}

#[test]
fn an_attempt_that_is_over_and_whose_journal_has_nothing_new_lost_its_end_and_is_lost() {
    let (scene, attempt, eval1) = running();
    let proofs = |journal, outcome: Option<Outcome>| {
        let capsule = Capsule {
            attempt,
            epoch: Epoch(1),
            outcome,
            journal: Some(journal),
            job: None,
        };
        let there = Inventory {
            capsules: vec![capsule],
            ..Inventory::default()
        };
        let observed = observe(&scene.fleet, &eval1, &Heard::Inventory(there));
        let lost = observed.events.into_iter().filter_map(|event| match event {
            Event::Lost { proof, .. } => Some(proof),
            _ => None,
        });
        lost.collect::<Vec<String>>()
    };
    let lost = || {
        let proof = "its supervisor died".to_owned();
        Some(Outcome::Lost { proof })
    };
    // One byte of it is known.
    for journal in [0, 1] {
        assert_eq!(proofs(journal, lost()), ["its supervisor died"], "{journal}");
        let shorter = "its journal on the host is shorter than what is known of it";
        assert_eq!(proofs(journal, Some(Outcome::Succeeded)), [shorter], "{journal}");
        assert_eq!(proofs(journal, None), [""; 0], "{journal}");
    }
    assert_eq!(proofs(2, lost()), [""; 0], "its end is still to be told");
}

#[test]
fn a_host_whose_attempt_holds_no_slot_is_asked_what_runs_there() {
    let (scene, attempt, eval1) = running();
    assert!(is_in_doubt(&scene.fleet, &eval1, &[None]));
    assert!(!is_in_doubt(&scene.fleet, &eval1, &[Some(attempt)]));
}

#[test]
fn an_attempt_that_lives_there_unknown_to_us_is_taken_on_and_nothing_starts_beside_it() {
    let mut scene = Scene::hosts(&["eval1", "eval2"]);
    let job = scene.job("eval1", "i", "m");
    let two = AttemptId { job, n: 2 };
    intend(&mut scene, two);
    let answer = Answer::Refused(Refusal::JobAlive(1));
    let observed = observe(&scene.fleet, &host("eval1"), &Heard::Started(two, answer.clone()));
    for event in observed.events {
        scene.fold(event);
    }
    let live = scene.fleet.job(job).unwrap().live().unwrap();
    assert_eq!((live.n, &live.host), (1, &host("eval1")));
}

#[test]
fn a_failed_start_after_a_first_line_in_the_same_round_contradicts_nothing() {
    let mut scene = Scene::hosts(&["eval1", "eval2"]);
    let attempt = AttemptId {
        job: scene.job("eval1", "i", "m"),
        n: 1,
    };
    intend(&mut scene, attempt);
    let line = opened(attempt);
    let lines = Heard::Lines {
        attempt,
        from: 0,
        lines: vec![line],
    };
    let first = observe(&scene.fleet, &host("eval1"), &lines).events;
    let failed = Heard::Started(attempt, Answer::Failed("a lie".to_owned()));
    let after = observe_after(&scene.fleet, scene.now, first.iter(), &host("eval1"), &failed);
    assert_eq!(after.events, []);
    for event in first {
        scene.fold(event);
    }
}

#[test]
fn an_unknown_attempt_is_believed_only_with_an_epoch_and_a_number_that_a_coordinator_gave() {
    let mut scene = Scene::hosts(&["eval1", "eval2"]);
    let job = scene.job("eval1", "i", "m");
    let now = scene.fleet.epoch();
    let mut says = |n, epoch| {
        let claim = Capsule {
            attempt: AttemptId { job, n },
            epoch,
            outcome: None,
            journal: None,
            job: None,
        };
        let there = Inventory {
            capsules: vec![claim],
            ..Inventory::default()
        };
        scene.fleet.note_number(AttemptId { job, n });
        let observed = observe(&scene.fleet, &host("eval1"), &Heard::Inventory(there));
        (!observed.events.is_empty(), observed.puzzles.len())
    };
    for (n, epoch) in [
        (1, now),
        (1, Epoch(u64::MAX)),
        (1, Epoch(0)),
        (0, Epoch(1)),
        (u32::MAX, Epoch(1)),
    ] {
        assert_eq!(says(n, epoch), (false, 1), "attempt {n} of epoch {epoch}");
    }
    assert_eq!(says(1, Epoch(1)), (true, 0));
    assert_eq!(scene.fleet.next_number(job), 2, "and no other number is used up");
}

#[test]
fn a_journal_that_is_longer_than_any_can_be_is_a_lie() {
    let (mut scene, attempt, eval1) = running();
    let started = || Line {
        at: Timestamp(1),
        entry: Entry::PhaseStarted {
            phase: "only".parse().unwrap(),
        },
    };
    let told = |scene: &Scene, from| {
        let lines = vec![started()];
        observe(&scene.fleet, &eval1, &Heard::Lines { attempt, from, lines })
    };
    let folded = |scene: &mut Scene, to| {
        scene.fold(Event::Journaled {
            attempt,
            to,
            line: started(),
        });
    };
    folded(&mut scene, LONGEST_JOURNAL - 1);
    assert_eq!(told(&scene, LONGEST_JOURNAL - 1).lie, None);
    folded(&mut scene, LONGEST_JOURNAL);
    let observed = told(&scene, LONGEST_JOURNAL);
    assert_eq!(observed.events, []);
    assert!(observed.lie.is_some_and(|lie| lie.contains("more than 32 MB")));
}
