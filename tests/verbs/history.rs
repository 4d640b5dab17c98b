//! `fleet history`: what happened to a job, and why, in order.

use serde_json::Value;

use crate::support::World;

const FILE: &str = "assignments/phase8.json";

/// Hangs on eval1, and ends well elsewhere, in two phases.
fn lost_on_the_first_host() -> World {
    let world = World::local(2).phases(
        "60s",
        &[
            ("quick", "true"),
            (
                "only",
                "echo x >> \"$LEDGER\"; [ $FLEET_HOST != eval1 ] || exec sleep 1000",
            ),
        ],
    );
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    world
        .fleet(&["host", "gone", "eval1", "--because", "on fire"])
        .ok();
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    world
}

#[test]
fn every_event_of_a_job_is_told_in_order_with_its_host_and_its_reason() {
    let world = lost_on_the_first_host();
    let ran = world.fleet(&["history", "phase8/a/gpt"]).ok();
    let ran = ran.says("phase8/a/gpt/run1: succeeded, 2 attempts");
    let told = [
        "asked for on eval1: phase8/a/gpt/run1, pipeline job",
        "placed on eval1 (epoch 1)",
        "begun: its supervisor holds a slot",
        "quick started",
        "quick ended well after ",
        "only started",
        "lost; proof: eval1 was declared gone: on fire",
        "placed on eval2 (epoch 1), not on eval1, because attempt 1 was lost",
        "begun: its supervisor holds a slot",
        "quick started",
        "quick ended well after ",
        "only started",
        "only ended well after ",
        "succeeded after ",
    ];
    let lines: Vec<&str> = ran.stdout.lines().skip(1).collect();
    assert_eq!(lines.len(), told.len(), "{}", ran.stdout);
    for (line, words) in lines.iter().zip(told) {
        assert!(line.contains(words), "{line} lacks {words}");
    }
    assert!(
        lines[7].contains(" 2 ") && lines[7].contains("eval2"),
        "{}",
        lines[7]
    );
}

#[test]
fn as_json_it_has_each_event_as_it_is_stored_and_twice_it_is_the_same() {
    let world = lost_on_the_first_host();
    let ran = world.fleet(&["history", "--json", "a/gpt"]).ok();
    let history = ran.json();
    assert_eq!(history["version"], 1);
    assert_eq!(
        (&history["set"], &history["instance"], &history["state"]),
        (&"phase8".into(), &"a".into(), &"succeeded".into())
    );
    let events = history["events"].as_array().unwrap();
    assert!(events.is_sorted_by_key(|event| event["id"].as_i64()));
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| {
            event["event"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .as_str()
        })
        .filter(|kind| *kind != "journaled")
        .collect();
    assert_eq!(kinds, ["job-added", "intended", "lost", "intended"]);
    let of = |attempt: u64| {
        let event = events.iter().find(|event| event["attempt"] == attempt).unwrap();
        event["host"].clone()
    };
    assert_eq!((of(1), of(2)), (Value::from("eval1"), Value::from("eval2")));
    assert_eq!(
        world.fleet(&["history", "--json", "a/gpt"]).ok().stdout,
        ran.stdout
    );
}

#[test]
fn a_failure_a_cancellation_and_what_was_printed_are_told_without_harm() {
    let world = World::local(1).script(
        "case $FLEET_INSTANCE in bad) printf 'error: \\033]0;owned\\007 it broke\\n'; exit 3;; *) echo x >> \"$LEDGER\"; exec sleep 1000;; esac",
    );
    world.assign("phase8", &[("eval1", "bad", "gpt"), ("eval1", "long", "gpt")]);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    world.fleet(&["cancel", "long/gpt"]).ok();
    assert_eq!(dispatch.wait().unwrap().code(), Some(4), "{}", world.talk());
    let bad = world.fleet(&["history", "bad/gpt"]).ok();
    assert!(!bad.stdout.contains('\u{1b}'), "{:?}", bad.stdout);
    bad.prints("only exit code 3 after ")
        .prints("it broke")
        .prints("in only: exit code 3");
    world
        .fleet(&["history", "long/gpt"])
        .ok()
        .prints("to be cancelled")
        .prints("cancelled after ");
}

#[test]
fn a_word_that_is_no_job_or_several_is_refused_with_a_way_out() {
    let world = World::local(1).script("true");
    world
        .fleet(&["history", "a"])
        .code(2)
        .says("nothing has been dispatched from here");
    world.assign("phase8", &[("eval1", "a", "gpt"), ("eval1", "a", "kimi")]);
    world.fleet(&["dispatch", FILE]).ok();
    world
        .fleet(&["history", "b\u{1b}[2J"])
        .code(2)
        .says("is no job")
        .says("`fleet status --all` lists every job");
    world.fleet(&["history", "a"]).code(2).says("`a` means 2 jobs");
}
