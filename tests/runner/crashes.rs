//! What survives the death of whom.

use fleet::domain::journal::{Entry, Line, Outcome};
use fleet::domain::swe::Task;
use fleet::domain::wire::{Answer, Ask, Inventory};

use crate::link::{Link, alive_with, capsule, eventually, log, marked, spec, supervisor};

const WAIT: &str = "(setsid sleep 1000 &) ; touch ready; while [ ! -e go ]; do sleep 0.01; done";

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
fn a_term_that_nobody_asked_for_is_a_loss_whoever_else_it_meets() {
    for all in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut link = Link::open(dir.path());
        let spec = spec("a", 1, &["touch ready; sleep 1000", "true"]);
        link.start(&spec);
        let capsule = capsule(dir.path(), &spec);
        eventually("the step runs", || capsule.join("out/ready").exists());
        let supervisor = supervisor(dir.path());
        let mut doomed = vec![supervisor];
        if all {
            // As a host that shuts down does it: the steps' processes may be the first.
            let ours = marked(&format!("FLEET_OUT={}/out", capsule.display()));
            doomed.splice(..0, ours.into_iter().map(nix::unistd::Pid::from_raw));
        }
        for pid in doomed {
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        }
        let lines = link.journal(spec.id());
        let Some(Entry::Ended {
            outcome: Outcome::Lost { proof },
            ..
        }) = lines.last()
        else {
            panic!("{lines:?}")
        };
        assert_eq!(proof, "stopped by a signal that nobody asked for");
    }
}

#[test]
fn an_end_that_is_asked_for_in_the_moment_in_which_a_step_ends_is_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    // The step itself makes the two come together.
    let script = "echo soft > ../cancel; kill -TERM $PPID";
    let spec = spec("a", 1, &[script, "sleep 1000"]);
    link.start(&spec);
    let lines = link.journal(spec.id());
    assert!(
        matches!(
            lines.last(),
            Some(Entry::Ended {
                outcome: Outcome::Cancelled,
                ..
            })
        ),
        "{lines:?}"
    );
}

#[test]
fn what_a_phase_said_is_waited_for_as_long_as_it_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let mut spec = spec("a", 1, &["ln -s conclusion.json ../conclusion.json", "never run"]);
    spec.steps[1].task = Some(Task::Report);
    link.start(&spec);
    let capsule = capsule(dir.path(), &spec);
    eventually("the phase has ended", || {
        std::fs::read_to_string(capsule.join("log/p1.log")).is_ok_and(|said| said.contains("no native one"))
    });
    std::fs::remove_file(capsule.join("conclusion.json")).unwrap();
    let lines = link.journal(spec.id());
    assert!(
        matches!(
            lines.last(),
            Some(Entry::Ended {
                outcome: Outcome::Failed { .. },
                ..
            })
        ),
        "{lines:?}"
    );
}

#[test]
fn a_journal_that_lost_what_was_read_from_it_still_tells_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let spec = spec("a", 1, &[WAIT]);
    link.start(&spec);
    let capsule = capsule(dir.path(), &spec);
    eventually("the step runs", || capsule.join("out/ready").exists());
    let attempt = spec.id();
    let far = 1 << 20;
    assert_eq!(link.ask(Ask::Follow { attempt, from: far }), Answer::Done);
    std::fs::write(capsule.join("out/go"), "").unwrap();
    let (from, text) = link.hear_from(attempt, far);
    assert_eq!(from, far, "where the other end reads on");
    let last: Line = serde_json::from_str(&text).unwrap();
    assert!(matches!(last.entry, Entry::Ended { .. }), "{text}");
}

#[test]
fn a_phase_of_ours_goes_on_with_the_program_that_runs_although_its_file_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("fleet");
    std::fs::copy(env!("CARGO_BIN_EXE_fleet"), &program).unwrap();
    let root = dir.path().join("root");
    let mut link = Link::of(&program, &root);
    let mut spec = spec("a", 1, &[WAIT, "never run"]);
    spec.steps[1].task = Some(Task::Report);
    link.start(&spec);
    let capsule = capsule(&root, &spec);
    eventually("the step runs", || capsule.join("out/ready").exists());
    // Another version takes its place, and is none.
    std::fs::write(dir.path().join("new"), "no program").unwrap();
    std::fs::rename(dir.path().join("new"), &program).unwrap();
    std::fs::write(capsule.join("out/go"), "").unwrap();
    link.journal(spec.id());
    let said = log(&root, &spec, "p1");
    assert!(said.contains("phase p1 is no native one"), "{said}");
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
