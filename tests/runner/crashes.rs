//! What survives the death of whom.

use fleet::domain::journal::{Entry, Outcome};
use fleet::domain::wire::{Answer, Ask, Holder, Inventory};

use crate::link::{Link, alive_with, capsule, eventually, spec};

const WAIT: &str = "(setsid sleep 1000 &) ; touch ready; while [ ! -e go ]; do sleep 0.01; done";

fn supervisor(root: &std::path::Path) -> nix::unistd::Pid {
    let mut pid = None;
    eventually("the supervisor says who it is", || {
        let text = std::fs::read(root.join("slots/0.lock")).unwrap();
        pid = serde_json::from_slice::<Holder>(&text).unwrap().pid;
        pid.is_some()
    });
    nix::unistd::Pid::from_raw(pid.unwrap())
}

#[test]
fn a_job_outlives_its_runner_and_is_found_again_by_offset() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let spec = spec("a", 1, &[WAIT]);
    link.start(&spec);
    let out = capsule(dir.path(), &spec).join("out");
    eventually("the step runs", || out.join("ready").exists());
    link.kill();
    let mut link = Link::open(dir.path());
    let Answer::Inventory(Inventory { capsules, .. }) = link.ask(Ask::Inventory { jobs: true }) else {
        panic!("an inventory was asked for")
    };
    assert_eq!(capsules.len(), 1);
    assert_eq!(
        (capsules[0].outcome.clone(), capsules[0].job.clone()),
        (None, Some(spec.job.clone()))
    );
    let from = std::fs::metadata(capsule(dir.path(), &spec).join("journal.jsonl"))
        .unwrap()
        .len();
    let attempt = spec.id();
    assert!(matches!(
        link.ask(Ask::Follow {
            attempt,
            from: from + 1
        }),
        Answer::Failed(_)
    ));
    assert_eq!(link.ask(Ask::Follow { attempt, from }), Answer::Done);
    std::fs::write(out.join("go"), "").unwrap();
    let lines = link.journal(spec.id());
    assert!(
        matches!(lines[..], [Entry::PhaseEnded { .. }, Entry::Ended { .. }]),
        "{lines:?}"
    );
}

#[test]
fn a_dead_supervisor_is_noticed_on_the_open_link_and_its_strays_are_ended() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let spec = spec("a", 1, &[WAIT]);
    link.start(&spec);
    let capsule = capsule(dir.path(), &spec);
    eventually("the step runs", || capsule.join("out/ready").exists());
    let mark = format!("FLEET_OUT={}/out", capsule.display());
    assert_ne!(alive_with(&mark), 0);
    nix::sys::signal::kill(supervisor(dir.path()), nix::sys::signal::Signal::SIGKILL).unwrap();
    let lines = link.journal(spec.id());
    let Some(Entry::Ended {
        outcome: Outcome::Lost { proof },
        seal: None,
    }) = lines.last()
    else {
        panic!("{lines:?}")
    };
    assert_eq!(proof, "its supervisor died: slot free, no last line");
    assert_eq!(alive_with(&mark), 0);
    let next = crate::link::spec("a", 2, &["true"]);
    assert_eq!(link.start(&next), Answer::Done, "the job may be tried again");
    link.journal(next.id());
}

#[test]
fn a_term_by_hand_is_a_cancel() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let spec = spec("a", 1, &["sleep 1000"]);
    link.start(&spec);
    nix::sys::signal::kill(supervisor(dir.path()), nix::sys::signal::Signal::SIGTERM).unwrap();
    let lines = link.journal(spec.id());
    assert!(matches!(
        lines.last(),
        Some(Entry::Ended {
            outcome: Outcome::Cancelled,
            ..
        })
    ));
}

#[test]
fn a_runner_leaves_no_zombies() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    for n in 1..=3 {
        let spec = spec("a", n, &["true"]);
        link.start(&spec);
        link.journal(spec.id());
    }
    let runner = link.runner.id();
    eventually("all supervisors are taken in", || {
        let path = format!("/proc/{runner}/task/{runner}/children");
        std::fs::read_to_string(path).unwrap().is_empty()
    });
    link.close();
}
