//! `fleet doctor`: what is wrong comes with what to do.

use crate::support::{Lab, World};

#[test]
fn a_fleet_without_faults_is_told_to_be_well() {
    let world = World::local(2).script("true");
    world
        .fleet(&["doctor"])
        .ok()
        .says("all is well")
        .prints("nothing has been dispatched");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", "assignments/phase8.json"]).ok();
    let doctor = world.fleet(&["doctor", "--json"]).ok().json();
    assert_eq!(doctor["version"], 1);
    let checks = doctor["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["ok"] == true), "{doctor:#}");
    let whats: Vec<_> = checks
        .iter()
        .filter(|check| check["place"] == "eval2")
        .map(|check| check["what"].as_str().unwrap())
        .collect();
    assert_eq!(whats, ["link", "rsync", "docker", "disk", "inodes", "clock"]);
    let database = checks.iter().find(|check| check["what"] == "database").unwrap();
    assert_eq!(database["found"], "whole; 2 jobs");
}

#[test]
fn a_destination_that_leads_nowhere_is_found_and_the_others_are_still_checked() {
    let world = World::local(1)
        .toml("[[host]]\nname = \"far\"\nssh = \"far\"")
        .script("true")
        .closed_port();
    world
        .fleet(&["doctor"])
        .code(6)
        .says("1 thing to mend")
        .prints("✗ far")
        .prints("Connection refused")
        .prints("✓ eval1");
}

#[test]
fn a_database_that_was_torn_is_found() {
    let world = World::local(1).script("true");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", "assignments/phase8.json"]).ok();
    for entry in std::fs::read_dir(world.path("state")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("fleet.sqlite") {
            std::fs::write(entry.path(), "no database at all. ".repeat(1000)).unwrap();
        }
    }
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ here       database")
        .prints("fleet adopt");
}

#[test]
fn a_host_without_rsync_is_found_with_what_to_do() {
    let lab = Lab::hosts(1);
    let world = World::lab(&lab).script("true");
    world.fleet(&["doctor"]).ok();
    lab.run(&["hide", "eval1", "rsync"]);
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ eval1      rsync")
        .prints("apt install rsync");
}

#[test]
fn docker_is_missed_only_where_a_pipeline_needs_it() {
    let lab = Lab::hosts(1);
    lab.run(&["hide", "eval1", "docker"]);
    let world = World::lab(&lab).script("true");
    world.fleet(&["doctor"]).ok();
    let world = world.toml(
        "[[pipeline]]\nname = \"boxed\"\ncontainers = true\n[[pipeline.phase]]\nname = \"all\"\nrun = [\"true\"]\ndeadline = \"1m\"",
    );
    world
        .fleet(&["doctor"])
        .code(6)
        .prints("✗ eval1      docker")
        .prints("apt install docker.io");
}
