//! `fleet hosts`: every host of `fleet.toml`, and how it feels.

use crate::support::{GO, Lab, World};

#[test]
fn a_host_shows_its_load_its_room_and_who_holds_its_slots() {
    let world = World::local(1).script(&format!("echo x >> \"$LEDGER\"; {GO}"));
    world
        .fleet(&["hosts"])
        .ok()
        .prints("eval1")
        .prints("this machine")
        .prints("1 idle");
    world.jobs("phase8", 1, 0);
    let mut dispatch = world.start(&["dispatch", "assignments/phase8.json"]);
    world.until_ledger_has(1);
    let hosts = world.fleet(&["hosts", "--json"]).ok().json();
    assert_eq!(hosts["version"], 1);
    let job = world.status()["running"][0]["job"].as_str().unwrap().to_owned();
    assert_eq!(
        hosts["hosts"][0]["facts"]["slots"][0],
        serde_json::json!({ "job": job, "n": 1 })
    );
    world.fleet(&["hosts"]).ok().prints(&format!("1 of 1: {job}.1"));
    world.go();
    assert!(dispatch.wait().unwrap().success());
}

#[test]
fn a_host_that_cannot_be_reached_is_listed_with_the_reason_beside_those_that_can() {
    let world = World::local(1)
        .toml("[[host]]\nname = \"far\"\nssh = \"far\"")
        .script("true")
        .closed_port();
    world
        .fleet(&["hosts"])
        .code(6)
        .prints("1 idle")
        .prints("✗ cannot connect");
    let hosts = world.fleet(&["hosts", "--json"]).code(6).json();
    assert!(hosts["hosts"][0]["error"].is_null());
    assert!(
        hosts["hosts"][1]["error"]
            .as_str()
            .unwrap()
            .contains("Connection refused")
    );
}

#[test]
fn a_host_that_does_not_answer_is_left_alone_after_the_wait() {
    let world = World::local(1)
        .toml("[[host]]\nname = \"far\"\nssh = \"far\"")
        .script("true");
    // ssh talks to a program that never answers.
    let config = world.write("ssh_config", "Host *\n    ProxyCommand sleep 60\n");
    let world = world.env("FLEET_SSH_CONFIG", &config.display().to_string());
    world
        .fleet(&["hosts", "--wait", "1s"])
        .code(6)
        .prints("1 idle")
        .prints("✗ no answer in 1s");
}

#[test]
fn a_host_that_is_paused_or_lacks_its_engine_is_not_idle() {
    // The host is this machine with another PATH: there is a shell, and no engine.
    let bin = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/sh", bin.path().join("sh")).unwrap();
    let world = World::local(2).script("true");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", "assignments/phase8.json"]).ok();
    world
        .fleet(&["pause", "host", "eval1", "--because", "new disk"])
        .ok();
    let told = world.fleet(&["hosts"]).ok().prints("paused: new disk").stdout;
    let line = told.lines().find(|line| line.starts_with("eval1")).unwrap();
    assert!(!line.contains("idle"), "{told}");
    let world = world
        .toml(
            "[[pipeline]]\nname = \"boxed\"\ncontainers = true\n[[pipeline.phase]]\nname = \"all\"\nrun = [\"true\"]\ndeadline = \"1m\"",
        )
        .env("PATH", bin.path().to_str().unwrap());
    let told = world
        .fleet(&["hosts"])
        .code(6)
        .prints("✗ Docker does not answer")
        .stdout;
    assert!(!told.contains("idle"), "{told}");
}

#[test]
fn the_disk_of_an_engine_is_told_with_its_inodes_and_nothing_of_an_engine_that_is_gone() {
    let lab = Lab::hosts(1);
    lab.run(&["engine-disk", "eval1", "64"]);
    let world = World::lab(&lab).script("true");
    let root = |world: &World| {
        let hosts = world.fleet(&["hosts", "--json"]).ok().json();
        hosts["hosts"][0]["facts"]["data_root"].clone()
    };
    let told = root(&world);
    assert_eq!(told["path"], "/var/lib/docker");
    let number = |told: &serde_json::Value, name: &str, n: usize| told[name][n].as_u64().unwrap();
    assert!(
        (32 << 20..=64 << 20).contains(&number(&told, "bytes", 0)),
        "{told}"
    );
    assert!(
        number(&told, "bytes", 1) > 0 && number(&told, "inodes", 1) > 0,
        "{told}"
    );
    world
        .fleet(&["hosts"])
        .ok()
        .prints("data-root free")
        .prints(" MB of ");

    lab.run(&["engine-fill", "eval1"]);
    assert_eq!(number(&root(&world), "bytes", 1), 0);
    lab.run(&["engine-stop", "eval1"]);
    assert!(root(&world).is_null());
}
