//! `fleet host gone|back`: a person's word about a host is proof, and frees its jobs.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{World, wait};

const FILE: &str = "assignments/phase8.json";

/// Jobs hang on eval1, and nowhere else, unless their name begins with `new`.
fn world() -> World {
    World::local(2).script(
        "echo \"$FLEET_INSTANCE $FLEET_HOST\" >> \"$LEDGER\"; case $FLEET_INSTANCE-$FLEET_HOST in new*) ;; *-eval1) exec sleep 1000;; esac",
    )
}

#[test]
fn the_jobs_of_a_host_that_is_gone_run_elsewhere_with_the_word_as_proof() {
    let world = world();
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    kill(Pid::from_raw(dispatch.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(dispatch.wait().unwrap().code(), Some(130));
    world
        .fleet(&["host", "gone", "eval1", "--because", "terminated in the console"])
        .ok()
        .says("1 job is free to run elsewhere");
    assert_eq!(world.status()["hosts"][0]["gone"], "terminated in the console");
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(world.ledger(), ["a eval1", "a eval2"]);
    world
        .fleet(&["status"])
        .ok()
        .prints("gone: terminated in the console");
    world.fleet(&["collect"]).ok();
    let result = std::fs::read(world.path("results/phase8/a/gpt/run1/result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
    assert_eq!(
        (&result["host"], &result["attempt"]),
        (&"eval2".into(), &2.into())
    );
}

#[test]
fn beside_a_running_coordinator_the_word_counts_at_once() {
    let world = world();
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    world
        .fleet(&["host", "gone", "eval1", "--because", "on fire"])
        .ok();
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    assert!(world.talk().contains("lost: eval1 was declared gone: on fire"));
    assert_eq!(world.ledger(), ["a eval1", "a eval2"]);
}

#[test]
fn a_host_that_is_back_runs_jobs_again_and_what_was_given_up_is_stopped_there() {
    let world = world();
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    world
        .fleet(&["host", "gone", "eval1", "--because", "on fire"])
        .ok();
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    assert!(
        !world.job_processes().is_empty(),
        "nobody has been there to stop it"
    );
    world
        .fleet(&["host", "back", "eval1"])
        .ok()
        .says("eval1 may run jobs again");
    assert!(world.status()["hosts"][0]["gone"].is_null());
    world.assign("later", &[("eval1", "new", "gpt")]);
    world.fleet(&["dispatch", "assignments/later.json"]).ok();
    assert_eq!(world.ledger(), ["a eval1", "a eval2", "new eval1"]);
    wait::until("nothing of the old attempt is left", || {
        world.job_processes().is_empty().then_some(())
    });
}

#[test]
fn a_host_that_nobody_knows_is_an_error() {
    let world = world();
    world.assign("phase8", &[("eval2", "a", "gpt")]);
    world.fleet(&["dispatch", FILE]).ok();
    world
        .fleet(&["host", "gone", "eval7", "--because", "x"])
        .code(2)
        .says("no host is called eval7");
    world.fleet(&["host", "gone", "eval1"]).code(2).says("--because");
    world.fleet(&["host", "back", "../x"]).code(2);
}
