//! Limits and cancellation, after which nothing is left alive.

use fleet::domain::Span;
use fleet::domain::journal::{Ending, Entry, Outcome};
use fleet::domain::spec::Spec;
use fleet::domain::wire::{Answer, Ask};

use crate::link::{Link, alive_with, capsule, first, spec};

/// Daemons of every kind: TERM ignored, in a session of its own, orphaned twice over.
const DAEMONS: &str = "
    trap '' TERM
    (setsid sh -c 'trap \"\" TERM; while :; do sleep 1000; done' &)
    (nohup sh -c 'sleep 1000 & sleep 1000' >/dev/null 2>&1 &)
    setsid setsid sleep 1000 &
    sh -c 'kill -STOP $$' &
    touch ready
";

fn mark(dir: &std::path::Path, spec: &Spec) -> String {
    format!("FLEET_OUT={}/out", capsule(dir, spec).display())
}

fn ending(lines: &[Entry]) -> Ending {
    lines
        .iter()
        .find_map(|line| match line {
            Entry::PhaseEnded { ending, .. } => Some(ending.clone()),
            _ => None,
        })
        .unwrap()
}

fn run(spec: &Spec) -> Ending {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    assert_eq!(link.start(spec), Answer::Done);
    let lines = link.journal_until(spec.id(), |lines| {
        lines.iter().any(|line| matches!(line, Entry::PhaseEnded { .. }))
    });
    assert_eq!(
        alive_with(&mark(dir.path(), spec)),
        0,
        "nothing of the step is left"
    );
    link.journal(spec.id());
    ending(&lines)
}

#[test]
fn after_a_successful_step_no_daemon_of_it_is_left() {
    assert_eq!(run(&spec("daemons", 1, &[DAEMONS])), Ending::Exit(0));
}

#[test]
fn a_step_that_ignores_term_is_killed_at_its_deadline_with_all_its_daemons() {
    let mut spec = spec(
        "deadline",
        1,
        &[&format!("{DAEMONS}\nwhile :; do sleep 1000; done")],
    );
    spec.steps[0].deadline = Span(300);
    spec.grace = Span(100);
    assert_eq!(run(&spec), Ending::Deadline);
}

#[test]
fn a_step_may_tidy_up_within_its_grace() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    let script = "trap 'echo tidy > tidied; exit 0' TERM; touch ready; while :; do sleep 0.01; done";
    let mut spec = spec("grace", 1, &[script]);
    spec.steps[0].deadline = Span(500);
    link.start(&spec);
    assert_eq!(ending(&link.journal(spec.id())), Ending::Deadline);
    assert!(capsule(dir.path(), &spec).join("out/tidied").exists());
}

#[test]
fn a_step_with_neither_output_nor_cpu_use_is_stalled() {
    let mut spec = spec("stall", 1, &["echo working; sleep 1000"]);
    spec.steps[0].stall = Some(Span(200));
    spec.grace = Span(0);
    assert_eq!(run(&spec), Ending::Stall);
}

#[test]
fn a_step_that_computes_in_silence_is_not_stalled() {
    // Two million turns take far longer than the limit.
    let script = "i=0; while [ $i -lt 2000000 ]; do i=$((i+1)); done";
    let mut spec = spec("busy", 1, &[script]);
    spec.steps[0].stall = Some(Span(400));
    assert_eq!(run(&spec), Ending::Exit(0));
}

#[test]
fn a_cancelled_attempt_ends_and_a_second_wish_does_no_harm() {
    for hard in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut link = Link::open(dir.path());
        let script = if hard {
            "trap '' TERM; while :; do sleep 1000; done"
        } else {
            "sleep 1000"
        };
        let spec = spec("cancel", 1, &[script, "echo never"]);
        link.start(&spec);
        link.journal_until(spec.id(), |lines| {
            lines
                .iter()
                .any(|line| matches!(line, Entry::PhaseStarted { .. }))
        });
        let cancel = || Ask::Cancel {
            authority: first(),
            attempt: spec.id(),
            hard,
        };
        assert_eq!(link.ask(cancel()), Answer::Done);
        let lines = link.journal(spec.id());
        assert_eq!(ending(&lines), Ending::Cancelled);
        assert!(matches!(
            lines.last(),
            Some(Entry::Ended {
                outcome: Outcome::Cancelled,
                seal: Some(_)
            })
        ));
        assert_eq!(link.ask(cancel()), Answer::Done, "it has ended already");
        assert_eq!(alive_with(&mark(dir.path(), &spec)), 0);
    }
}

#[test]
fn a_cancel_right_after_the_start_is_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let mut link = Link::open(dir.path());
    for n in 1..=20 {
        let spec = spec("early", n, &["sleep 1000"]);
        assert_eq!(link.start(&spec), Answer::Done);
        let cancel = Ask::Cancel {
            authority: first(),
            attempt: spec.id(),
            hard: true,
        };
        assert_eq!(link.ask(cancel), Answer::Done);
        let lines = link.journal(spec.id());
        assert!(matches!(
            lines.last(),
            Some(Entry::Ended {
                outcome: Outcome::Cancelled,
                ..
            })
        ));
    }
}
