//! `fleet status`: what is where, and why; for people and for programs.

use crate::support::{GO, World, wait};

const FILE: &str = "assignments/phase8.json";

#[test]
fn before_anything_is_dispatched_it_says_so() {
    let world = World::local(1).script("true");
    for args in [&["status"][..], &["status", "--json"], &["status", "--all"]] {
        world
            .fleet(args)
            .code(2)
            .says("nothing has been dispatched from here")
            .says("`fleet dispatch FILE` begins");
    }
    assert!(!world.path("state").exists(), "looking leaves no trace");
}

#[test]
fn while_a_coordinator_works_it_tells_of_hosts_jobs_phases_and_waiting() {
    let world = World::local(2).phases(
        "60s",
        &[
            ("quick", "true"),
            ("slow", &format!("echo x >> \"$LEDGER\"; {GO}")),
        ],
    );
    world.jobs("phase8", 2, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    wait::until("both jobs are in their second phase", || {
        let status = world.fleet(&["status", "--json"]);
        let running = status
            .status
            .success()
            .then(|| status.json()["running"].clone())?;
        let slow = |job: &&serde_json::Value| job["phase"] == "slow";
        (running.as_array()?.iter().filter(slow).count() == 2).then_some(())
    });
    let status = world.status();
    assert_eq!(status["version"], 1);
    assert_eq!(status["total"]["running"], 2);
    assert_eq!(status["total"]["waiting"], 2);
    assert_eq!(status["sets"][0]["set"], "phase8");
    assert_eq!(status["hosts"][0]["host"], "eval1");
    assert_eq!(status["hosts"][0]["used"], 1);
    assert_eq!(
        status["waiting"][0]["why"],
        "every slot that could take it is taken"
    );
    assert_eq!(status["waiting"][0]["reason"], "busy");
    assert_eq!(status["coordinated"], true);
    world
        .fleet(&["status"])
        .ok()
        .prints("eval1-0")
        .prints("slow")
        .prints("every slot that could take it is taken")
        .prints("coordinator: process");
    world.go();
    assert!(dispatch.wait().unwrap().success());
    world.fleet(&["status"]).ok().prints("coordinator: none");
}

#[test]
fn what_is_paused_or_held_is_the_reason_and_explain_says_the_same() {
    let world = World::local(2).fleet_key("pinned = true").script("true");
    world.assign("first", &[("eval1", "y", "gpt"), ("eval2", "z", "gpt")]);
    world.fleet(&["dispatch", "assignments/first.json"]).ok();
    world
        .fleet(&["pause", "host", "eval1", "--because", "new disk"])
        .ok();
    world
        .fleet(&["pause", "model", "kimi", "--because", "new prices"])
        .ok();
    world.assign(
        "phase8",
        &[
            ("eval1", "a", "gpt"),
            ("eval2", "b", "kimi"),
            ("eval1", "c", "kimi"),
        ],
    );
    world.fleet(&["dispatch", FILE]).code(3);
    let status = world.status();
    assert_eq!(status["coordinated"], false);
    let waiting = status["waiting"].as_array().unwrap();
    let mut told = std::collections::BTreeMap::new();
    for group in waiting {
        for job in group["jobs"].as_array().unwrap() {
            told.insert(job.as_str().unwrap(), group["why"].as_str().unwrap());
        }
    }
    assert_eq!(told.len(), 3);
    for (job, why) in &told {
        let lines = world.fleet(&["explain", "--json", job]).ok().json();
        let lines = lines["lines"].as_array().unwrap();
        let waits = lines.iter().find(|line| line["about"] == "waits").unwrap();
        assert_eq!(waits["text"], *why);
    }
    let said = |words: &str| told.values().filter(|why| why.contains(words)).count();
    assert_eq!(said("model kimi is paused: new prices"), 2, "{told:#?}");
    assert_eq!(said("eval1: it is paused: new disk"), 1, "{told:#?}");
    // No coordinator is at work, and yet it is known how the hosts were.
    for host in status["hosts"].as_array().unwrap() {
        assert_ne!(host["link"], "unknown", "{status:#}");
    }
    world.fleet(&["status"]).ok().prints("was up").prints(" ago");
}

#[test]
fn all_lists_every_job_with_its_id_and_state() {
    let world = World::local(1).script("[ $FLEET_INSTANCE != eval1-1 ]");
    world.jobs("phase8", 3, 0);
    world.fleet(&["dispatch", FILE]).code(4);
    let table = world.fleet(&["status", "--all"]).ok().stdout;
    let state = |name: &str| {
        let line = table.lines().find(|line| line.contains(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(state("phase8/eval1-0/gpt/run1"), "succeeded");
    assert_eq!(state("phase8/eval1-1/gpt/run1"), "failed");
    assert_eq!(state("phase8/eval1-2/gpt/run1"), "succeeded");
}

#[test]
fn watched_it_ends_when_every_job_is_closed() {
    let world = World::local(1).script(&format!("echo x >> \"$LEDGER\"; {GO}"));
    world.jobs("phase8", 1, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    let mut watch = world.start(&["status", "--watch"]);
    wait::until("it shows something", || {
        world.talk().contains("coordinator: process").then_some(())
    });
    assert!(watch.try_wait().unwrap().is_none());
    world.go();
    assert!(dispatch.wait().unwrap().success());
    assert!(watch.wait().unwrap().success());
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let world = World::local(2)
        .script("echo \"error: $(head -c 500 /dev/zero | tr '\\0' x)\"; exit 1")
        .env("COLUMNS", "90");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).code(4);
    for line in world.fleet(&["status"]).ok().stdout.lines() {
        assert!(line.chars().count() <= 90, "{line}");
    }
}

#[test]
fn what_a_job_prints_cannot_steer_the_terminal() {
    let world = World::local(1).script("printf 'error: \\033]0;owned\\007\\033[2J\\n'; exit 1");
    world.jobs("phase8", 1, 0);
    let ran = world.fleet(&["dispatch", FILE]).code(4);
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    for args in [&["status"][..], &["status", "--json"], &["collect"]] {
        let ran = world.fleet(args).ok();
        assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let world = World::local(1).script("true");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    let mut command = world.command(&["status", "--all"]);
    let mut status = command.spawn().unwrap();
    drop(status.stdout.take());
    let ran: crate::support::Ran = status.wait_with_output().unwrap().into();
    assert_eq!(ran.ok().stderr, "");
}
