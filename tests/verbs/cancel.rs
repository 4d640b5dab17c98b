//! `fleet cancel`: what is cancelled is gone, with everything that it started, and that is proved.

use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{GO, World};

const FILE: &str = "assignments/phase8.json";

/// A job that does not want to die: deaf to SIGTERM, with daemons in sessions of their own.
const STUBBORN: &str = r#"
trap '' TERM HUP INT
setsid sh -c 'trap "" TERM; echo daemon >> "$LEDGER"; while :; do sleep 1000; done' < /dev/null > /dev/null 2>&1 &
(setsid sh -c '(trap "" TERM; echo grandchild >> "$LEDGER"; while :; do sleep 1000; done) &' &)
while :; do sleep 1000; done
"#;

fn interrupt(mut dispatch: Child) {
    kill(Pid::from_raw(dispatch.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(dispatch.wait().unwrap().code(), Some(130));
}

#[test]
fn a_waiting_job_is_closed_at_once_and_never_runs() {
    let world = World::local(1).script(&format!("echo \"$FLEET_INSTANCE\" >> \"$LEDGER\"; {GO}"));
    world.jobs("phase8", 2, 0);
    let dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    interrupt(dispatch);
    world.fleet(&["cancel", "eval1-1"]).ok().says("1 job cancelled");
    assert_eq!((world.count("cancelled"), world.count("running")), (1, 1));
    world.go();
    // Not every job succeeded, as was asked for.
    world.fleet(&["dispatch", FILE]).code(4);
    assert_eq!(world.ledger(), ["eval1-0"]);
    assert_eq!((world.count("cancelled"), world.count("succeeded")), (1, 1));
}

#[test]
fn a_stubborn_job_with_daemons_is_gone_when_cancel_returns() {
    let world = World::local(1).script(STUBBORN);
    world.jobs("phase8", 1, 0);
    let dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(2);
    interrupt(dispatch);
    assert!(world.job_processes().len() >= 3);
    world.fleet(&["cancel", "eval1-0"]).ok().says("1 job cancelled");
    assert!(world.job_processes().is_empty(), "{:?}", world.job_processes());
    assert_eq!(world.count("cancelled"), 1);
}

#[test]
fn beside_a_running_coordinator_it_does_the_same() {
    let world = World::local(2).script(STUBBORN);
    world.jobs("phase8", 1, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(4);
    world.fleet(&["cancel", "eval1-0"]).ok().says("1 job cancelled");
    assert!(
        world
            .job_processes()
            .iter()
            .all(|process| process.knows("FLEET_INSTANCE=eval2-0")),
        "the other job goes on, and nothing else"
    );
    world
        .fleet(&["cancel", "--hard", "--set", "phase8"])
        .ok()
        .says("1 job cancelled");
    assert!(world.job_processes().is_empty(), "{:?}", world.job_processes());
    assert_eq!(dispatch.wait().unwrap().code(), Some(4));
    assert_eq!(world.count("cancelled"), 2);
}

#[test]
fn twice_is_the_same_as_once() {
    let world = World::local(1).script(&format!("echo x >> \"$LEDGER\"; {GO}"));
    world.jobs("phase8", 2, 0);
    let dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    interrupt(dispatch);
    world
        .fleet(&["cancel", "--set", "phase8"])
        .ok()
        .says("2 jobs cancelled");
    let before = world.status();
    world
        .fleet(&["cancel", "--set", "phase8"])
        .ok()
        .says("nothing to stop");
    assert_eq!(world.status()["total"], before["total"]);
    // Cancelled is closed: nothing of it comes back.
    world.fleet(&["dispatch", FILE]).code(4);
    assert_eq!(world.ledger(), ["x"]);
}

#[test]
fn what_a_cancelled_job_wrote_can_be_collected() {
    let world = World::local(1).script(&format!(
        "echo part > \"$FLEET_OUT/part\"; echo x >> \"$LEDGER\"; {GO}"
    ));
    world.jobs("phase8", 1, 0);
    let dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    interrupt(dispatch);
    world.fleet(&["cancel", "eval1-0"]).ok();
    world.fleet(&["collect"]).ok().says("1 result new");
    let part = world.path("results/phase8/eval1-0/gpt/run1/out/part");
    assert_eq!(std::fs::read_to_string(part).unwrap(), "part\n");
}

#[test]
fn jobs_and_sets_that_nobody_knows_are_errors_and_nothing_is_stopped() {
    let world = World::local(1).script(&format!("echo x >> \"$LEDGER\"; {GO}"));
    world.jobs("phase8", 1, 0);
    let dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    interrupt(dispatch);
    world
        .fleet(&["cancel", "eval1-0", "nobody"])
        .code(2)
        .says("`nobody` is no job");
    world
        .fleet(&["cancel", "--set", "phase9"])
        .code(2)
        .says("no set is called `phase9`");
    world.fleet(&["cancel"]).code(2);
    assert_eq!(world.count("running"), 1);
    world.go();
    world.fleet(&["dispatch", FILE]).ok();
}
