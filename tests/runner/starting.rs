//! What a host accepts and refuses.

use fleet::domain::event::Refusal;
use fleet::domain::journal::{Entry, Outcome};
use fleet::domain::wire::{Answer, Ask, Authority, PROTOCOL};
use fleet::domain::{Epoch, Sha256};

use crate::link::{Link, capsule, first, log, spec, start};

#[test]
fn an_attempt_runs_and_its_journal_is_streamed_from_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    assert_eq!(link.hello.protocol, PROTOCOL);
    let spec = spec("a", 1, &["echo one", "echo two >&2; echo done > result"]);
    assert_eq!(link.start(&spec), Answer::Done);
    let lines = link.journal(spec.id());
    let words: Vec<&str> = lines
        .iter()
        .map(|line| match line {
            Entry::Opened { .. } => "opened",
            Entry::PhaseStarted { .. } => "started",
            Entry::PhaseEnded { .. } => "phase-ended",
            Entry::Pressed { .. } => "pressed",
            Entry::PhaseKept { .. } => "phase-kept",
            Entry::Ended { .. } => "ended",
        })
        .collect();
    assert_eq!(
        words,
        [
            "opened",
            "started",
            "phase-ended",
            "started",
            "phase-ended",
            "ended"
        ]
    );
    let Some(Entry::Ended {
        outcome: Outcome::Succeeded,
        seal: Some(seal),
    }) = lines.last()
    else {
        panic!("{lines:?}")
    };
    let boot = lines.iter().find_map(|line| match line {
        Entry::Opened { boot, .. } => Some(boot.clone()),
        _ => None,
    });
    assert_eq!(boot.as_ref(), Some(&link.hello.boot));
    assert_eq!((seal.files, seal.bytes), (3, 13));
    let manifest = std::fs::read(capsule(dir.path(), &spec).join("manifest.json")).unwrap();
    assert_eq!(seal.sha256, Sha256::of(&manifest));
    assert_eq!(log(dir.path(), &spec, "p1"), "two\n");
    link.close();
}

#[test]
fn a_start_that_is_asked_twice_runs_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let spec = spec("a", 1, &["echo ran >> ../ledger"]);
    assert_eq!(link.start(&spec), Answer::Done);
    assert_eq!(link.start(&spec), Answer::Done);
    link.journal_until(spec.id(), |lines| {
        lines.iter().any(|line| matches!(line, Entry::Ended { .. }))
    });
    link.kill();
    let mut link = Link::open(dir.path());
    assert_eq!(link.start(&spec), Answer::Done);
    link.journal(spec.id());
    let ledger = std::fs::read_to_string(capsule(dir.path(), &spec).join("ledger")).unwrap();
    assert_eq!(ledger, "ran\n");
}

#[test]
fn a_taken_slot_and_a_living_job_are_refused_and_a_freed_slot_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let one = spec("a", 1, &["while [ ! -e go ]; do sleep 0.01; done"]);
    let two = spec("b", 1, &["true"]);
    assert_eq!(link.start(&one), Answer::Done);
    assert_eq!(
        link.start(&two),
        Answer::Refused(Refusal::SlotsTaken(one.id().to_string()))
    );
    assert_eq!(
        link.start(&spec("a", 2, &["true"])),
        Answer::Refused(Refusal::JobAlive(1))
    );
    std::fs::write(capsule(dir.path(), &one).join("out/go"), "").unwrap();
    link.journal(one.id());
    assert_eq!(link.start(&two), Answer::Done);
    link.journal(two.id());
}

#[test]
fn an_older_coordinator_is_refused_on_every_link() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let mut newer = start(&spec("a", 1, &["true"]));
    newer.authority = Authority {
        epoch: Epoch(7),
        coordinator: "second".to_owned(),
    };
    assert_eq!(link.ask(Ask::Start(Box::new(newer.clone()))), Answer::Done);
    link.journal(newer.spec.id());
    let mut other = Link::open(dir.path());
    let fenced = Answer::Refused(Refusal::Fenced(Epoch(7)));
    assert_eq!(other.start(&spec("b", 1, &["true"])), fenced);
    newer.authority.coordinator = "namesake".to_owned();
    assert_eq!(other.ask(Ask::Start(Box::new(newer.clone()))), fenced);
    let cancel = Ask::Cancel {
        authority: first(),
        attempt: newer.spec.id(),
        hard: false,
    };
    assert_eq!(other.ask(cancel), fenced);
}

#[test]
fn a_capsule_that_cannot_be_written_is_refused_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let jobs = dir.path().join("jobs");
    std::fs::remove_dir(&jobs).unwrap();
    std::fs::write(&jobs, "not a directory").unwrap();
    let spec = spec("a", 1, &["true"]);
    let Answer::Refused(Refusal::HostFault(why)) = link.start(&spec) else {
        panic!("it cannot be kept")
    };
    assert!(
        why.contains("Not a directory") || why.contains("File exists"),
        "{why}"
    );
    std::fs::remove_file(&jobs).unwrap();
    assert_eq!(link.start(&spec), Answer::Done);
    link.journal(spec.id());
}

#[test]
fn nonsense_is_answered_and_the_link_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    for nonsense in ["", "{", "[]", r#"{"id":1,"ask":"dance"}"#, "\u{0}"] {
        link.send(nonsense);
        assert!(matches!(link.answer(0), Answer::Failed(_)), "{nonsense:?}");
    }
    assert_eq!(link.ask(Ask::Ping), Answer::Done);
    let attempt = spec("a", 1, &[]).id();
    assert!(matches!(
        link.ask(Ask::Follow { attempt, from: 0 }),
        Answer::Failed(_)
    ));
    let cancel = Ask::Cancel {
        authority: first(),
        attempt,
        hard: true,
    };
    assert!(matches!(link.ask(cancel), Answer::Failed(_)));
    assert!(matches!(link.ask(Ask::Probe), Answer::Facts(_)));
    link.close();
}
