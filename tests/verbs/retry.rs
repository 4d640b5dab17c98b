//! `fleet retry`: closed jobs run again whose failure was not the model's fault; `fleet host recall` and what follows.

use crate::support::{GO, World, wait};

const FILE: &str = "assignments/phase8.json";

/// Fails, without a fault that explains it, until the test has mended it.
const MENDED: &str = "echo \"$FLEET_INSTANCE\" >> \"$LEDGER\"; case $FLEET_INSTANCE in bad*) test -e \"$LEDGER.mended\";; esac";

#[test]
fn a_failed_job_runs_again_and_a_good_one_does_not() {
    let world = World::local(1).script(MENDED);
    world.assign("phase8", &[("*", "good", "gpt"), ("*", "bad", "gpt")]);
    world.fleet(&["dispatch", FILE]).code(4);
    world
        .fleet(&["retry", "--set", "phase8", "--dry-run"])
        .ok()
        .prints("would be:")
        .prints("phase8/bad/gpt/run1 open again");
    assert_eq!((world.count("failed"), world.count("waiting")), (1, 0));
    // By the class that `fleet failures` shows.
    world
        .fleet(&["failures", "--class", "unknown"])
        .ok()
        .prints("unknown program-failed: 1 job");
    world
        .fleet(&["retry", "--class", "unknown", "--dry-run"])
        .ok()
        .prints("phase8/bad/gpt/run1 open again");
    let explained = world.fleet(&["explain", "phase8/bad/gpt"]).ok();
    explained
        .prints("failed in only")
        .prints("attempt 1 on eval1: program-failed (unknown)")
        .prints("unknown (nothing says who is at fault)")
        .prints("fleet retry --fault program-failed");
    world.write("ledger.mended", "");
    world
        .fleet(&["retry", "--set", "phase8"])
        .ok()
        .prints("phase8/bad/gpt/run1 open again")
        .says("1 job is not tried again");
    assert_eq!((world.count("failed"), world.count("waiting")), (0, 1));
    world
        .fleet(&["retry", "--set", "phase8"])
        .ok()
        .says("nothing to do");
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(world.ledger(), ["bad", "bad", "good"]);
    world
        .fleet(&["history", "phase8/bad/gpt"])
        .ok()
        .prints("open again");
    world.fleet(&["collect"]).ok().says("2 at home");
}

#[test]
fn beside_a_coordinator_it_runs_at_once() {
    let world = World::local(1).script(&format!("case $FLEET_INSTANCE in long) {GO};; esac; {MENDED}"));
    world.assign("phase8", &[("*", "bad", "gpt"), ("*", "long", "gpt")]);
    let mut dispatch = world.start(&["dispatch", FILE]);
    wait::until("the bad one has failed", || {
        let status = world.fleet(&["status", "--json"]);
        let there = status.status.success().then(|| status.json()["total"].clone())?;
        (there["failed"] == 1).then_some(())
    });
    world.write("ledger.mended", "");
    let json = world.fleet(&["retry", "--json", "bad"]).ok().json();
    assert_eq!(json["what"].as_array().unwrap().len(), 1);
    world.go();
    assert!(dispatch.wait().unwrap().success());
    assert_eq!(world.ledger(), ["bad", "bad", "long"]);
}

#[test]
fn what_the_model_did_is_not_tried_again_and_a_wrong_word_is_told() {
    let world = World::local(1).script("true");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world.fleet(&["retry"]).code(2).says("which jobs?");
    world
        .fleet(&["retry", "--class", "model"])
        .code(2)
        .says("it is a result");
    world
        .fleet(&["retry", "--class", "hosts"])
        .code(2)
        .says("there are host, image");
    world
        .fleet(&["retry", "--set", "phase9"])
        .code(2)
        .says("no set is called phase9");
    world
        .fleet(&["retry", "--host", "eval9"])
        .code(2)
        .says("no host is called eval9");
    world
        .fleet(&["retry", "nothing"])
        .code(2)
        .says("`nothing` is no job");
    world
        .fleet(&["retry", "eval1-0"])
        .ok()
        .says("1 job is not tried again");
    assert_eq!(world.count("succeeded"), 1);
    world
        .fleet(&["host", "recall", "eval1", "--because", "its disk lied"])
        .ok()
        .says("no result of it is in doubt");
}
