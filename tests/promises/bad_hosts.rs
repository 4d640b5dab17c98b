//! Bad hosts: a refused key, a changed host key, a missing program, a full disk. Each is told with its cause, holds up
//! no other host, is never waited for for ever, and after the repair the same command finishes.

use crate::support::{Lab, World};

const FILE: &str = "assignments/phase8.json";

/// Two hosts of the lab, and a job for each, which no other may take.
fn world(lab: &Lab) -> World {
    let world = World::lab(lab)
        .fleet_key("pinned = true")
        .script("head -c 100000 /dev/urandom > \"$FLEET_OUT/answer\"")
        .unreachable("3s");
    world.assign("phase8", &[("eval1", "a", "gpt"), ("eval2", "b", "gpt")]);
    world
}

/// The job of eval1 is left and the cause is told; the other one is done.
#[track_caller]
fn stuck(world: &World, cause: &[&str]) {
    let mut ran = world.fleet(&["dispatch", FILE]).code(3);
    for word in cause {
        ran = ran.says(word);
    }
    ran.says("1 job is left, and waiting would not help");
    assert_eq!(world.count("succeeded"), 1);
}

#[track_caller]
fn finishes(world: &World) {
    world.fleet(&["dispatch", FILE]).ok();
    world.fleet(&["collect"]).ok().says("2 at home");
}

#[test]
fn a_host_that_refuses_our_key_is_told_and_after_the_repair_all_finishes() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    lab.run(&["lock-out", "eval1"]);
    stuck(&world, &["eval1", "the host refuses our ssh key", "1 job wait"]);
    world.fleet(&["doctor"]).code(6).prints("ssh-add");
    lab.run(&["let-in", "eval1"]);
    finishes(&world);
}

#[test]
fn a_host_whose_key_has_changed_is_not_trusted_with_anything() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    lab.run(&["newkey", "eval1"]);
    stuck(&world, &["eval1", "the host's key is not the one in known_hosts"]);
    assert_eq!(
        lab.sh("eval1", "ls -A ~").trim(),
        ".ssh",
        "nothing was brought there"
    );
    world.fleet(&["doctor"]).code(6).prints("ssh-keygen -R");
    lab.run(&["oldkey", "eval1"]);
    finishes(&world);
}

#[test]
fn a_host_without_rsync_runs_its_jobs_and_keeps_the_results_until_it_has_it() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    lab.run(&["hide", "eval1", "rsync"]);
    world.fleet(&["dispatch", FILE]).ok();
    world
        .fleet(&["collect"])
        .code(3)
        .says("rsync is not installed on the host")
        .says("install rsync on the host")
        .says("1 at home");
    lab.run(&["unhide", "eval1", "rsync"]);
    world.fleet(&["collect"]).ok().says("1 result new, 2 at home");
}

#[test]
fn a_host_with_a_full_disk_from_the_beginning_is_told_and_after_the_repair_all_finishes() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    lab.run(&["fill", "eval1"]);
    stuck(&world, &["eval1", "No space left"]);
    lab.run(&["unfill", "eval1"]);
    finishes(&world);
}

#[test]
fn a_disk_that_fills_up_later_is_told_and_after_the_repair_all_finishes() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    // The runner is there already; only jobs find no room.
    world.fleet(&["hosts"]).ok();
    lab.run(&["fill", "eval1"]);
    stuck(&world, &["eval1", "No space left"]);
    lab.run(&["unfill", "eval1"]);
    finishes(&world);
}

#[test]
fn a_job_of_the_pool_does_not_wait_for_a_host_that_cannot_be_used() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    lab.run(&["lock-out", "eval1"]);
    world.assign("phase8", &[("*", "a", "gpt"), ("*", "b", "gpt")]);
    finishes(&world);
    lab.run(&["let-in", "eval1"]);
}
