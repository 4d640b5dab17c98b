//! `fleet verify`: what differs from `fleet.lock`, host by host and file by file.

use std::fs;

use crate::support::World;

const CRITICAL: [&str; 2] = ["run.sh", "lib/builder.py"];

/// Hosts with harnesses that were copied there by hand.
fn world(hosts: usize) -> World {
    let world = World::local(hosts).script("true").harnesses(&CRITICAL);
    for n in 1..=hosts {
        let file = |path: &str, text: &str| world.write(&format!("harnesses/eval{n}/{path}"), text);
        file("run.sh", "echo one\n");
        file("lib/builder.py", "BUILDKIT = 0\n");
        file("lib/other.py", "x = 1\n");
        file("config.toml", &format!("[llm.gpt]\napi_key = \"sk-{n}\"\n"));
    }
    world
}

#[test]
fn one_byte_on_one_host_is_found() {
    let world = world(3);
    world
        .fleet(&["verify", "--pin", "eval1"])
        .ok()
        .says("fleet.lock pins version")
        .says("of eval1");
    world
        .fleet(&["verify"])
        .ok()
        .prints("✓ eval3      2 files are as pinned")
        .says("every host has version");
    world
        .fleet(&["verify", "--tree"])
        .ok()
        .prints("✓ eval2      3 files are as pinned");
    world.write("harnesses/eval2/lib/builder.py", "BUILDKIT = 1\n");
    world
        .fleet(&["verify"])
        .code(6)
        .prints("✓ eval1")
        .prints("✗ eval2      1 file differs")
        .prints("lib/builder.py")
        .prints("expected 644 ")
        .says("1 host is not what fleet.lock pins")
        .says("fleet deploy");
    let report = world.fleet(&["verify", "--json"]).code(6).json();
    assert_eq!(report["version"], 1);
    let hosts = report["hosts"].as_array().unwrap();
    let ok: Vec<bool> = hosts.iter().map(|host| host["ok"].as_bool().unwrap()).collect();
    assert_eq!(ok, [true, false, true]);
    assert_ne!(hosts[0]["profile"], hosts[1]["profile"]);
    assert_eq!(hosts[1]["drift"][0]["path"], "lib/builder.py");
    // Only a look at the whole tree finds what is not critical.
    world.write("harnesses/eval2/lib/builder.py", "BUILDKIT = 0\n");
    world.write("harnesses/eval3/lib/other.py", "x = 2\n");
    world.fleet(&["verify"]).ok();
    world
        .fleet(&["verify", "--tree", "eval3"])
        .code(6)
        .prints("lib/other.py");
    world.fleet(&["verify", "--tree", "eval1", "eval2"]).ok();
}

#[test]
fn pinning_twice_is_as_good_as_once_and_a_dry_run_writes_nothing() {
    let world = world(1);
    world
        .fleet(&["verify", "--pin", "eval1", "--dry-run"])
        .ok()
        .says("would pin");
    assert!(!world.path("fleet.lock").exists());
    world.fleet(&["verify", "--pin", "harnesses/eval1"]).ok();
    let lock = fs::read(world.path("fleet.lock")).unwrap();
    world
        .fleet(&["verify", "--pin", "eval1"])
        .ok()
        .says("nothing to do");
    assert_eq!(fs::read(world.path("fleet.lock")).unwrap(), lock);
    let text = String::from_utf8(lock).unwrap();
    assert!(!text.contains("sk-") && !text.contains("config.toml"), "{text}");
}

#[test]
fn a_host_without_a_harness_or_without_an_answer_is_told_beside_the_others() {
    let world = world(2)
        .toml("[[host]]\nname = \"far\"\nssh = \"far\"\nharness = \"~/h\"")
        .closed_port();
    world.fleet(&["verify", "--pin", "eval1"]).ok();
    fs::remove_dir_all(world.harness("eval2")).unwrap();
    world
        .fleet(&["verify"])
        .code(6)
        .prints("✓ eval1")
        .prints("✗ eval2      there is no harness")
        .prints("✗ far        ")
        .says("2 hosts are not");
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_way_out() {
    let world = world(1);
    world
        .fleet(&["verify"])
        .code(2)
        .says("no harness is pinned")
        .says("fleet verify --pin");
    world
        .fleet(&["verify", "--pin"])
        .code(2)
        .says("`tree` under [harness]");
    world
        .fleet(&["verify", "--pin", "nowhere"])
        .code(2)
        .says("neither a host nor a directory");
    world
        .fleet(&["verify", "eval9"])
        .code(2)
        .says("no host is called eval9");
    fs::remove_file(world.path("harnesses/eval1/run.sh")).unwrap();
    world
        .fleet(&["verify", "--pin", "eval1"])
        .code(2)
        .says("run.sh is missing");
    for bad in ["", "{", "[]", "{\"version\": 7}", "\u{0}"] {
        world.write("fleet.lock", bad);
        world
            .fleet(&["verify"])
            .code(2)
            .says("fleet.lock")
            .says("version control");
        world.fleet(&["doctor"]).code(6).prints("✗ here       lock");
    }
}
