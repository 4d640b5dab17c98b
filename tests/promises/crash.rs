//! The coordinator dies, its database is lost, there are two of it: every job still runs once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Lab, World, wait};
use fleet::rehearse::Dice;

/// Writes down, on the host itself, that it began and that it ended.
const LEDGER: &str = r#"echo "start $FLEET_JOB" >> "$HOME/ledger"
echo "payload of $FLEET_INSTANCE" > "$FLEET_OUT/payload"; head -c 20000 /dev/urandom > "$FLEET_OUT/random"
sleep 3
echo "end $FLEET_JOB" >> "$HOME/ledger""#;

/// How often each line stands in the ledgers of all hosts.
pub(crate) fn ledger(lab: &Lab) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    for host in lab.names() {
        for line in lab.sh(host, "cat ledger 2>/dev/null || true").lines() {
            *lines.entry(line.to_owned()).or_default() += 1;
        }
    }
    lines
}

/// Every job began once and ended once.
#[track_caller]
pub(crate) fn assert_once(ledger: &BTreeMap<String, usize>, jobs: usize) {
    let twice: Vec<_> = ledger.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "jobs ran more than once: {twice:?}");
    let count = |word: &str| ledger.keys().filter(|line| line.starts_with(word)).count();
    assert_eq!((count("start"), count("end")), (jobs, jobs), "jobs are missing");
}

/// The database is whole, and its history leads to its state.
fn assert_consistent(world: &World) {
    let path = world.path("state/fleet.sqlite");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = fleet::store::Store::peek(&path)
            .await
            .unwrap()
            .expect("there is a database");
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    });
}

/// The digests of everything below an `out/`.
fn digests(dir: &Path, here: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            digests(&path, here);
        } else if path.to_str().unwrap().contains("/out/") {
            here.push(fleet::domain::Sha256::of(&std::fs::read(&path).unwrap()).to_string());
        }
    }
}

/// What is at home is what the host wrote, byte for byte.
fn assert_identical(lab: &Lab, world: &World, set: &str) {
    let mut there = Vec::new();
    for host in lab.names() {
        let sums = lab.sh(
            host,
            "cd .fleet/jobs && find . -path '*/out/*' -type f -exec sha256sum {} +",
        );
        there.extend(
            sums.lines()
                .map(|line| line.split_whitespace().next().unwrap().to_owned()),
        );
    }
    let mut here = Vec::new();
    digests(&world.path("results").join(set), &mut here);
    there.sort();
    here.sort();
    assert_eq!(here, there);
}

#[test]
fn fifty_kills_of_the_coordinator_cost_nothing() {
    let lab = Lab::hosts(10);
    let world = World::lab(&lab).script(LEDGER);
    let file = world.jobs("many", 15, 50);
    let mut dice = Dice::new(std::env::var("FLEET_SEED").map_or(8, |seed| seed.parse().unwrap()));
    for round in 1..=50 {
        let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
        // Anything from before the first connection to the middle of the work. This is the one place
        // where time itself is the subject.
        std::thread::sleep(Duration::from_millis(dice.below(2400) as u64));
        assert!(
            coordinator.try_wait().unwrap().is_none(),
            "round {round}: it ended by itself:\n{}",
            world.talk()
        );
        kill(
            Pid::from_raw(coordinator.id().try_into().unwrap()),
            Signal::SIGKILL,
        )
        .unwrap();
        coordinator.wait().unwrap();
    }
    world.fleet(&["dispatch", file.to_str().unwrap()]).ok();
    assert_once(&ledger(&lab), 200);
    assert_consistent(&world);
    world.fleet(&["collect"]).ok().says("200 at home");
    assert_identical(&lab, &world, "many");
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("results/summary.json")).unwrap()).unwrap();
    assert_eq!(summary["total"]["succeeded"], 200, "{summary}");
}

#[test]
fn a_lost_database_is_rebuilt_from_the_hosts_while_jobs_run() {
    let lab = Lab::hosts(3);
    let world = World::lab(&lab).script(LEDGER);
    let file = world.jobs("phase", 4, 0);
    let mut coordinator = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("some jobs are done and others run", || {
        let ledger = ledger(&lab);
        let ends = ledger.keys().filter(|line| line.starts_with("end")).count();
        (ends >= 3 && ledger.len() > 2 * ends).then_some(())
    });
    coordinator.kill().unwrap();
    coordinator.wait().unwrap();
    std::fs::remove_dir_all(world.path("state")).unwrap();

    world.fleet(&["adopt"]).ok().says("adopted");
    world.fleet(&["adopt"]).ok().says("adopted 0 jobs");
    world.fleet(&["dispatch", file.to_str().unwrap()]).ok();
    assert_once(&ledger(&lab), 12);
    assert_consistent(&world);
    world.fleet(&["collect"]).ok().says("12 at home");
    assert_identical(&lab, &world, "phase");
}

/// Jobs that run until the world's file `go` appears.
fn held() -> (World, std::path::PathBuf) {
    let world = World::local(2);
    let go = world.path("go").display().to_string();
    let world = world.script(&format!(
        "echo \"start $FLEET_JOB\" >> $LEDGER; while ! [ -e {go} ]; do sleep 0.05; done; echo \"end $FLEET_JOB\" >> $LEDGER"
    ));
    let toml = world.path("ledger").display().to_string();
    let world = world.toml(&format!("env = {{ LEDGER = \"{toml}\" }}"));
    let file = world.jobs("set", 2, 0);
    (world, file)
}

fn running(world: &World) -> bool {
    world.ledger().len() >= 2
}

#[test]
fn a_second_coordinator_is_refused_in_clear_words_that_say_how_to_add_the_set() {
    let (world, file) = held();
    let mut first = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("jobs run", || running(&world).then_some(()));
    let second = world
        .fleet(&["dispatch", file.to_str().unwrap()])
        .code(5)
        .says("another coordinator is at work here")
        .says("hint:");
    assert_eq!(second.stderr.lines().count(), 2, "{}", second.stderr);
    world.write("go", "");
    assert!(first.wait().unwrap().success(), "{}", world.talk());
    assert_eq!(world.ledger().len(), 8);
}

#[test]
fn hosts_refuse_a_coordinator_that_was_forced_past_the_lease() {
    let (world, file) = held();
    let mut first = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("jobs run", || running(&world).then_some(()));
    // Another directory, the same hosts: the lease does not know of it.
    std::fs::create_dir_all(world.path("elsewhere")).unwrap();
    let toml = std::fs::read_to_string(world.path("fleet.toml")).unwrap();
    world.write("elsewhere/fleet.toml", &toml);
    world
        .fleet(&[
            "--config",
            "elsewhere/fleet.toml",
            "dispatch",
            file.to_str().unwrap(),
        ])
        .code(5)
        .says("obeys another coordinator");
    world.write("go", "");
    assert!(first.wait().unwrap().success(), "{}", world.talk());
    let starts: Vec<String> = world
        .ledger()
        .into_iter()
        .filter(|line| line.starts_with("start"))
        .collect();
    assert_eq!(starts.len(), 4, "a job ran twice: {starts:?}");
}

#[test]
fn of_two_coordinators_with_one_history_the_newer_one_goes_on() {
    let (world, file) = held();
    let mut first = world.start(&["dispatch", file.to_str().unwrap()]);
    wait::until("jobs run", || running(&world).then_some(()));
    std::fs::create_dir_all(world.path("copy")).unwrap();
    let toml = std::fs::read_to_string(world.path("fleet.toml")).unwrap();
    world.write("copy/fleet.toml", &toml);
    std::fs::create_dir_all(world.path("copy/state")).unwrap();
    let pid = Pid::from_raw(first.id().try_into().unwrap());
    // Two files that are written to between the one and the other would not be a copy.
    kill(pid, Signal::SIGSTOP).unwrap();
    for name in ["fleet.sqlite", "fleet.sqlite-wal"] {
        std::fs::copy(
            world.path("state").join(name),
            world.path("copy/state").join(name),
        )
        .unwrap();
    }
    kill(pid, Signal::SIGCONT).unwrap();
    let mut second = world.start(&["--config", "copy/fleet.toml", "dispatch", file.to_str().unwrap()]);
    wait::until("both reach both hosts", || {
        (world.talk().matches(" link up").count() == 4).then_some(())
    });
    // The second one has a newer epoch; it makes hosts hear it when it starts its next job.
    world.write("go", "");
    let codes = [first.wait().unwrap().code(), second.wait().unwrap().code()];
    assert!(
        codes.iter().all(|code| matches!(code, Some(0 | 5))),
        "{codes:?}\n{}",
        world.talk()
    );
    world.fleet(&["--config", "copy/fleet.toml", "adopt"]).ok();
    world
        .fleet(&["--config", "copy/fleet.toml", "dispatch", file.to_str().unwrap()])
        .ok();
    let starts: Vec<String> = world
        .ledger()
        .into_iter()
        .filter(|line| line.starts_with("start"))
        .collect();
    assert_eq!(starts.len(), 4, "a job ran twice: {starts:?}");
}
