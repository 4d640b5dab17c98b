//! `fleet adopt`: whatever was lost, or put back from an older copy, nothing runs twice and nothing is forgotten.

use std::path::Path;
use std::process::Child;

use crate::support::{World, wait};

const FILE: &str = "assignments/phase8.json";

/// Each attempt notes its begin and its end, and waits in between until the test lets its instance go. The first one of
/// `a` fails.
const SCRIPT: &str = r#"
echo "start $FLEET_ATTEMPT $FLEET_INSTANCE $FLEET_HOST" >> "$LEDGER"
case "$FLEET_INSTANCE $FLEET_ATTEMPT" in "a "*.1) exit 3;; esac
until [ -e "$LEDGER.$FLEET_INSTANCE" ]; do sleep 0.02; done
echo "end $FLEET_ATTEMPT $FLEET_INSTANCE $FLEET_HOST" >> "$LEDGER"
"#;

fn world() -> World {
    let world = World::local(2)
        .closed_port()
        .fleet_key("pinned = true")
        .unreachable("1s")
        .script(SCRIPT);
    world.assign("phase8", &[("eval1", "a", "gpt"), ("eval2", "b", "gpt")]);
    world
}

/// Lets the job of this instance go on.
fn release(world: &World, instance: &str) {
    world.write(&format!("ledger.{instance}"), "");
}

/// What began and ended where, without the ids of jobs.
fn ledger(world: &World) -> Vec<String> {
    let short = |line: String| {
        let words: Vec<&str> = line.split(' ').collect();
        let n = words[1].split('.').next_back().unwrap();
        format!("{} {}.{n} {}", words[0], words[2], words[3])
    };
    let mut lines: Vec<String> = world.ledger().into_iter().map(short).collect();
    lines.sort();
    lines
}

fn kill(mut coordinator: Child) {
    coordinator.kill().unwrap();
    coordinator.wait().unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The database is whole, and its history leads to its state.
fn assert_consistent(world: &World) {
    let path = world.path("state/fleet.sqlite");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = fleet::store::Store::peek(&path).await.unwrap().unwrap();
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    });
}

#[test]
fn a_success_after_a_retry_is_found_again_and_not_the_failure_before_it() {
    let world = world();
    release(&world, "a");
    release(&world, "b");
    world.fleet(&["dispatch", FILE]).code(4);
    world.fleet(&["retry", "phase8/a"]).ok();
    world.fleet(&["dispatch", FILE]).ok();
    std::fs::remove_dir_all(world.path("state")).unwrap();

    world.fleet(&["adopt"]).ok().says("adopted 2 jobs and 3 attempts");
    assert_eq!((world.count("succeeded"), world.count("failed")), (2, 0));
    world.fleet(&["adopt"]).ok().says("adopted 0 jobs and 0 attempts");
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(ledger(&world).len(), 5, "something ran again");
    assert_consistent(&world);
    world.fleet(&["collect"]).ok().says("2 at home");
}

/// A copy of the database in which `a` has failed and `b` waits, while `a` runs again and `b` runs, and no
/// coordinator is at work; the copy is put back.
fn put_back(world: &World) {
    // Something to hold.
    world.assign("before", &[("eval1", "z", "gpt")]);
    release(world, "z");
    world.fleet(&["dispatch", "assignments/before.json"]).ok();
    world.fleet(&["pause", "host", "eval2"]).ok();
    world.fleet(&["dispatch", FILE]).code(3);
    copy(&world.path("state"), &world.path("copy"));
    world.fleet(&["resume", "host", "eval2"]).ok();
    world.fleet(&["retry", "phase8/a"]).ok();
    let coordinator = world.start(&["dispatch", FILE]);
    world.until_ledger_has(5);
    kill(coordinator);
    std::fs::remove_dir_all(world.path("state")).unwrap();
    copy(&world.path("copy"), &world.path("state"));
    // As if it had never been paused: what keeps it from starting twice is not that.
    world.fleet(&["resume", "host", "eval2"]).ok();
}

const RAN: [&str; 7] = [
    "end a.2 eval1",
    "end b.1 eval2",
    "end z.1 eval1",
    "start a.1 eval1",
    "start a.2 eval1",
    "start b.1 eval2",
    "start z.1 eval1",
];

#[test]
fn an_older_database_put_back_is_refused_by_the_hosts_until_it_has_learned_what_they_did() {
    let world = world();
    put_back(&world);
    world.fleet(&["dispatch", FILE]).code(5).says("`fleet adopt`");
    world.fleet(&["adopt"]).ok().says("still running");
    assert_eq!((world.count("running"), world.count("failed")), (2, 0));
    release(&world, "a");
    release(&world, "b");
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(ledger(&world), RAN);
    assert_consistent(&world);
    world.fleet(&["collect"]).ok().says("3 at home");
}

/// The world in which `eval2` cannot be reached, or can again.
fn cut(world: World, cut: bool) -> World {
    let root = world.path("hosts/eval2").display().to_string();
    let (here, away) = (
        format!("local = true\nroot = \"{root}\""),
        format!("root = \"{root}\""),
    );
    if cut {
        world.replace(&here, &away)
    } else {
        world.replace(&away, &here)
    }
}

#[test]
fn what_may_run_on_a_host_that_was_not_heard_starts_nowhere_else_until_it_is() {
    let world = world();
    put_back(&world);
    // Any host may have any job now.
    let world = cut(world, true).replace("pinned = true", "pinned = false");
    world
        .fleet(&["adopt"])
        .code(6)
        .says("not every host can be heard");
    world
        .fleet(&["adopt", "--partial"])
        .code(3)
        .says("they may be running jobs that wait here")
        .says("`fleet host gone eval2 --because WHY`");
    assert_eq!((world.count("running"), world.count("waiting")), (1, 1));
    let why = world.status()["waiting"][0]["why"].to_string();
    for words in [
        "it may be running on eval2",
        "`fleet adopt`",
        "`fleet host gone eval2 --because WHY`",
    ] {
        assert!(why.contains(words), "{why}");
    }
    world.fleet(&["status"]).ok().prints("memory eval2");
    world
        .fleet(&["explain", "phase8/b"])
        .ok()
        .prints("it may be running on eval2");
    world.fleet(&["resume", "--all"]).ok();

    release(&world, "a");
    world
        .fleet(&["dispatch", FILE])
        .code(3)
        .says("1 job is left")
        .says("`fleet host gone eval2 --because WHY`");
    assert_eq!((world.count("succeeded"), world.count("waiting")), (2, 1));

    let world = cut(world, false);
    let mut coordinator = world.start(&["dispatch", FILE]);
    wait::until("the job is found where it runs", || {
        (world.count("running") == 1).then_some(())
    });
    release(&world, "b");
    assert!(coordinator.wait().unwrap().success(), "{}", world.talk());
    assert_eq!(ledger(&world), RAN);
    assert_consistent(&world);
    assert_eq!(world.status()["held"].as_array().unwrap().len(), 0);
}

#[test]
fn a_host_that_was_not_heard_and_is_declared_gone_holds_up_nobody() {
    let world = world();
    put_back(&world);
    release(&world, "a");
    let world = cut(world, true).replace("pinned = true", "pinned = false");
    world.fleet(&["adopt", "--partial"]).code(3);
    world.fleet(&["host", "gone", "eval2", "--because", "burnt"]).ok();
    let mut coordinator = world.start(&["dispatch", FILE]);
    wait::until("the job has begun on the other host", || {
        ledger(&world)
            .iter()
            .any(|line| line.starts_with("start b.") && line.ends_with("eval1"))
            .then_some(())
    });
    release(&world, "b");
    assert!(coordinator.wait().unwrap().success(), "{}", world.talk());
    assert_consistent(&world);
}
