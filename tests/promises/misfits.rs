//! Hosts that say what cannot be, and hosts that cannot say how it is: none of them stops the others, none takes what is not
//! its own, and no job runs twice because of them.

use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{GO, Lab, World, wait};
use fleet::domain::JobId;

const FILE: &str = "assignments/phase8.json";

/// Puts a program between the runner of this host and its links that changes each line as this sed script says.
fn make_a_liar(lab: &Lab, host: &str, script: &str) {
    let wrapper = format!(
        "#!/bin/sh\ncase \"$2\" in serve) \"$HOME/real\" \"$@\" | sed -u -E '{script}';; *) exec \"$HOME/real\" \"$@\";; esac\n"
    );
    lab.sh(
        host,
        &format!("cd && mv .fleet/bin/fleet-* real && cat > .fleet/bin/$(cat name) <<'END'\n{wrapper}END\nchmod 755 .fleet/bin/$(cat name)"),
    );
}

/// Two hosts that have our runner.
fn world(lab: &Lab) -> World {
    let world = World::lab(lab)
        .fleet_key("pinned = true")
        .script("echo \"$FLEET_JOB\" >> ~/ledger")
        .unreachable("3s");
    world.assign("first", &[("eval1", "x", "gpt"), ("eval2", "y", "gpt")]);
    world.fleet(&["dispatch", "assignments/first.json"]).ok();
    lab.sh("eval1", "cd && basename .fleet/bin/fleet-* > name");
    world.assign("phase8", &[("eval1", "a", "gpt"), ("eval2", "b", "gpt")]);
    world
}

/// The other host does its part, and the liar is named with the reason.
#[track_caller]
fn the_other_host_goes_on(world: &World, code: i32, reason: &str) {
    world
        .fleet(&["dispatch", FILE])
        .code(code)
        .says("eval1")
        .says(reason);
    let jobs = world.status();
    assert_eq!(jobs["total"]["succeeded"].as_u64(), Some(3), "{jobs}");
}

#[test]
fn one_host_that_obeys_another_coordinator_does_not_stop_the_others() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    make_a_liar(
        &lab,
        "eval1",
        r#"s/"with":"done"/"with":{"refused":{"fenced":99}}/"#,
    );
    the_other_host_goes_on(&world, 5, "it obeys a newer coordinator (epoch 99)");
}

#[test]
fn a_host_with_times_that_cannot_be_is_not_believed() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    make_a_liar(
        &lab,
        "eval1",
        r#"s/\\"at\\":[0-9]+/\\"at\\":9223372036854775807/g"#,
    );
    the_other_host_goes_on(&world, 3, "it cannot be believed");
}

#[test]
fn a_host_cannot_take_a_waiting_job_by_claiming_it() {
    let lab = Lab::hosts(2);
    let world = world(&lab);
    let (set, instance, model) = ("phase8", "b", "gpt");
    let job = JobId::derive(
        &set.parse().unwrap(),
        &instance.parse().unwrap(),
        &model.parse().unwrap(),
        1,
    );
    let claim = format!(r#"{{"attempt":{{"job":"{job}","n":1}},"epoch":98,"outcome":null}}"#);
    make_a_liar(
        &lab,
        "eval1",
        &format!(r#"s/"inventory":\[/"inventory":[{claim},/; s/"capsules":\[/"capsules":[{claim},/"#),
    );
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(
        lab.sh("eval2", "cat ledger")
            .lines()
            .filter(|line| **line == *job.to_string())
            .count(),
        1
    );
}

/// A job on a local host that lives until the test says so, its coordinator killed.
fn running_alone() -> World {
    let world = World::local(2)
        .script(&format!(
            "echo \"$FLEET_ATTEMPT\" >> \"$LEDGER\"; {GO}; echo end >> \"$LEDGER\""
        ))
        .unreachable("3s");
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    let coordinator = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    wait::until("the coordinator knows that it runs", || {
        (world.status()["running"][0]["phase"] == "only").then_some(())
    });
    slay(coordinator);
    world
}

fn slay(mut coordinator: Child) {
    kill(Pid::from_raw(coordinator.id().cast_signed()), Signal::SIGKILL).unwrap();
    coordinator.wait().unwrap();
}

/// A new coordinator says why it waits, lets the attempt end where it is, and starts no other.
#[track_caller]
fn is_left_alone_until_it_ends(world: &World, why: &str) {
    let mut coordinator = world.start(&["dispatch", FILE]);
    wait::until("status says why it is not known how the job is", || {
        let doubt = world.status()["running"][0]["doubt"].as_str().map(str::to_owned);
        doubt.filter(|doubt| doubt.contains(why))
    });
    let id = world.status()["running"][0]["job"].as_str().unwrap().to_owned();
    world
        .fleet(&["explain", &id])
        .ok()
        .prints("cannot tell how it is, and keeps it");
    world.go();
    coordinator.wait().unwrap();
}

#[test]
fn a_damaged_journal_is_no_proof_that_its_attempt_is_gone() {
    let world = running_alone();
    let journal = world.capsules("eval1")[0].join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, format!("{text}garbage\n")).unwrap();
    is_left_alone_until_it_ends(&world, "journal.jsonl");
    assert_eq!(world.ledger().len(), 2, "{:?}", world.ledger());
    assert_eq!(world.count("succeeded"), 1);
}

#[test]
fn a_deleted_capsule_is_no_proof_while_its_supervisor_lives() {
    let world = running_alone();
    // At once, as its supervisor writes there.
    std::fs::rename(&world.capsules("eval1")[0], world.path("deleted")).unwrap();
    is_left_alone_until_it_ends(&world, "its supervisor lives, and its directory is gone");
    // What it did is proved no more, so it is done again: after it, and not beside it.
    let ledger = std::fs::read_to_string(world.path("ledger")).unwrap();
    let lines: Vec<&str> = ledger.lines().collect();
    assert_eq!((lines.len(), lines[1], lines[3]), (4, "end", "end"), "{lines:?}");
    assert_eq!(world.count("succeeded"), 1);
}

#[test]
fn a_host_that_cannot_say_what_runs_there_is_asked_again() {
    let world = World::local(1).script("true").unreachable("60s");
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    let slots = world.path("hosts/eval1/slots");
    std::fs::create_dir_all(&slots).unwrap();
    // A slot that a process holds without writing who it is.
    let lock = std::fs::File::create(slots.join("0.lock")).unwrap();
    lock.try_lock().unwrap();
    let mut coordinator = world.start(&["dispatch", FILE]);
    wait::until("the link is told to be down, and why", || {
        let talk = world.talk();
        talk.contains("eval1 link down: it cannot say what runs there")
            .then_some(())
    });
    drop(lock);
    assert!(coordinator.wait().unwrap().success(), "{}", world.talk());
    assert_eq!(world.count("succeeded"), 1);
}
