//! `fleet deploy`: whole versions, put in place at once, and never under a running job.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{GO, Lab, World, files, wait};

/// The files of the tree that matter.
const CRITICAL: [&str; 2] = ["run.sh", "lib/builder.py"];

/// A fleet of local hosts with a place for a harness each, and a tree to bring there.
fn world(hosts: usize) -> World {
    with_script(hosts, "true")
}

/// The same, whose jobs run this script.
fn with_script(hosts: usize, script: &str) -> World {
    let world = World::local(hosts).script(script).harnesses(&CRITICAL);
    world.write("tree/run.sh", "#!/bin/sh\necho one\n");
    world.write("tree/lib/builder.py", "BUILDKIT = 0\n");
    world.write("tree/lib/deep/other.py", "x = 1\n");
    world.write(
        "tree/config.toml",
        "[llm.gpt]\napi_key = \"sk-of-this-machine\"\n",
    );
    world.write("tree/.git/HEAD", "ref\n");
    world.write("tree/evaluation/evaluation_outputs/x/output.jsonl", "{}\n");
    let run = world.path("tree/run.sh");
    fs::set_permissions(run, fs::Permissions::from_mode(0o755)).unwrap();
    world
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

fn line<'r>(report: &'r Value, host: &str) -> &'r Value {
    let hosts = report["hosts"].as_array().unwrap();
    hosts.iter().find(|line| line["host"] == host).unwrap()
}

/// Everything that a deployment may touch.
#[derive(PartialEq)]
struct State {
    files: BTreeMap<PathBuf, Vec<u8>>,
    links: [Option<PathBuf>; 2],
    lock: Option<Vec<u8>>,
}

fn state(world: &World) -> State {
    let links = ["eval1", "eval2"].map(|host| fs::read_link(world.harness(host)).ok());
    let mut found = files::regular(&world.path("hosts"));
    found.extend(files::regular(&world.path("harnesses")));
    // The runner's own lock is touched by every question.
    found.retain(|path, _| !path.ends_with("gate.lock"));
    State {
        files: found,
        links,
        lock: fs::read(world.path("fleet.lock")).ok(),
    }
}

#[test]
fn a_tree_comes_to_every_host_as_a_version_and_twice_is_as_good_as_once() {
    let world = world(2);
    world
        .fleet(&["deploy", "tree"])
        .ok()
        .prints("✓ eval1      switched; 3 files compared")
        .prints("✓ eval2")
        .says("fleet.lock pins version");
    for host in ["eval1", "eval2"] {
        let at = world.harness(host);
        assert!(at.is_symlink());
        assert_eq!(read(at.join("lib/deep/other.py")), "x = 1\n");
        assert_eq!(fs::metadata(at.join("run.sh")).unwrap().mode() & 0o777, 0o755);
        for ours in ["config.toml", ".git", "evaluation"] {
            assert!(!at.join(ours).exists(), "{ours} was sent");
        }
    }
    world
        .fleet(&["verify", "--tree"])
        .ok()
        .prints("✓ eval2      3 files are as pinned");
    let before = state(&world);
    world
        .fleet(&["deploy", "tree"])
        .ok()
        .prints("✓ eval1      has it already")
        .says("nothing to do");
    assert!(state(&world) == before, "the second time changed something");
}

#[test]
fn a_new_version_shares_what_is_equal_and_older_ones_are_kept_as_far_as_is_wanted() {
    let world = world(1);
    let mut targets = Vec::new();
    for n in 1..=4 {
        world.write("tree/lib/builder.py", &format!("BUILDKIT = {n}\n"));
        world.fleet(&["deploy", "tree", "--keep", "1"]).ok();
        targets.push(fs::read_link(world.harness("eval1")).unwrap());
        assert_eq!(
            read(world.harness("eval1").join("lib/builder.py")),
            format!("BUILDKIT = {n}\n")
        );
    }
    let inode = |dir: &Path| fs::metadata(dir.join("run.sh")).unwrap().ino();
    assert_eq!(inode(&targets[3]), inode(&targets[2]), "what is equal is linked");
    let there: Vec<bool> = targets.iter().map(|dir| dir.exists()).collect();
    assert_eq!(there, [false, false, true, true]);
    // A version in which the harness left results is not removed.
    let paid_for = targets[3].join("evaluation/evaluation_outputs/output.jsonl");
    fs::create_dir_all(paid_for.parent().unwrap()).unwrap();
    fs::write(&paid_for, "{}\n").unwrap();
    for n in 5..=7 {
        world.write("tree/lib/builder.py", &format!("BUILDKIT = {n}\n"));
        world.fleet(&["deploy", "tree", "--keep", "0"]).ok();
    }
    assert!(paid_for.exists() && !targets[2].exists());
}

#[test]
fn a_dry_run_says_what_would_be_done_and_changes_nothing() {
    let world = world(2);
    fs::create_dir_all(world.harness("eval2")).unwrap();
    fs::write(world.harness("eval2").join("run.sh"), "mine\n").unwrap();
    world.fleet(&["doctor"]).ok();
    let before = state(&world);
    world
        .fleet(&["deploy", "tree", "--dry-run"])
        .code(5)
        .prints("· eval1      would switch from nothing; 3 files differ")
        .prints("✗ eval2      has a directory, which fleet did not bring")
        .says("would pin");
    world
        .fleet(&["deploy", "tree", "--dry-run", "--replace"])
        .ok()
        .prints("· eval2      would switch from a directory; 3 files differ");
    let report = world
        .fleet(&["deploy", "tree", "--dry-run", "--replace", "--json"])
        .ok()
        .json();
    assert_eq!(
        (&report["version"], &report["dry_run"]),
        (&1.into(), &true.into())
    );
    assert_eq!(line(&report, "eval1")["outcome"], "would-switch");
    assert!(state(&world) == before, "a dry run changed something");
    assert!(!world.path("state/fleet.sqlite").exists());
}

#[test]
fn a_harness_is_never_changed_under_a_running_job() {
    let script = format!(
        "cat \"$FLEET_HARNESS/lib/builder.py\" > one; echo started >> \"$LEDGER\"; {GO}; cat \"$FLEET_HARNESS/lib/builder.py\" > two"
    );
    let world = with_script(2, &script);
    world.fleet(&["deploy", "tree"]).ok();
    world.assign("set", &[("eval1", "a", "gpt")]);
    world
        .fleet(&["dispatch", "--detach", "assignments/set.json"])
        .ok();
    world.until_ledger_has(1);
    world.write("tree/lib/builder.py", "BUILDKIT = 1\n");
    world
        .fleet(&["deploy", "tree"])
        .code(3)
        .prints("· eval1      busy with")
        .prints("run it again when the host is idle")
        .prints("✓ eval2      switched")
        .says("1 of 2 hosts have it");
    assert_eq!(
        read(world.harness("eval1").join("lib/builder.py")),
        "BUILDKIT = 0\n"
    );
    world.go();
    wait::until("the job has ended", || {
        (world.count("succeeded") == 1).then_some(())
    });
    world
        .fleet(&["deploy", "tree"])
        .ok()
        .prints("✓ eval1      switched to a version that it kept");
    assert_eq!(
        read(world.harness("eval1").join("lib/builder.py")),
        "BUILDKIT = 1\n"
    );
    world.fleet(&["collect"]).ok();
    for file in ["one", "two"] {
        let path = world.path(&format!("results/set/a/gpt/run1/out/{file}"));
        assert_eq!(read(path), "BUILDKIT = 0\n", "{file}");
    }
}

#[test]
fn what_somebody_else_put_there_is_moved_aside_only_if_asked_and_its_keys_move_along() {
    let world = world(1);
    let at = world.harness("eval1");
    fs::create_dir_all(&at).unwrap();
    fs::write(at.join("run.sh"), "mine\n").unwrap();
    let config = at.join("config.toml");
    fs::write(&config, "[llm.gpt]\napi_key = \"sk-of-the-host\"\n").unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    world.fleet(&["deploy", "tree"]).code(5).prints("--replace");
    assert!(!at.is_symlink());
    world
        .fleet(&["deploy", "tree", "--replace"])
        .ok()
        .prints("eval1.before-fleet now");
    assert_eq!(read(world.path("harnesses/eval1.before-fleet/run.sh")), "mine\n");
    let keys = |what: &str| {
        assert_eq!(
            read(&config),
            "[llm.gpt]\napi_key = \"sk-of-the-host\"\n",
            "{what}"
        );
        assert_eq!(fs::metadata(&config).unwrap().mode() & 0o777, 0o600, "{what}");
    };
    keys("at first");
    world.write("tree/lib/builder.py", "BUILDKIT = 1\n");
    world.fleet(&["deploy", "tree"]).ok();
    keys("in the next version");
    let lock = read(world.path("fleet.lock"));
    assert!(!lock.contains("config.toml") && !lock.contains("sk-"), "{lock}");
}

#[test]
fn a_set_up_that_fails_leaves_the_old_version_and_what_one_makes_is_no_drift() {
    let world = world(1);
    world.fleet(&["deploy", "tree"]).ok();
    let old = fs::read_link(world.harness("eval1")).unwrap();
    world.write("tree/lib/builder.py", "BUILDKIT = 1\n");
    let setup = |world: World, script: &str| {
        let keys = format!("[harness]\nsetup = [\"sh\", \"-c\", '{script}']");
        world.replace("[harness]", &keys)
    };
    let world = setup(world, "echo no such package >&2; exit 1");
    world
        .fleet(&["deploy", "tree"])
        .code(6)
        .prints("the set-up failed")
        .prints("no such package");
    assert_eq!(fs::read_link(world.harness("eval1")).unwrap(), old);
    let world = world.replace("echo no such package >&2; exit 1", "echo changed >> run.sh");
    world
        .fleet(&["deploy", "tree"])
        .code(6)
        .prints("it changed `run.sh`");
    assert_eq!(fs::read_link(world.harness("eval1")).unwrap(), old);
    let world = world.replace("echo changed >> run.sh", "echo made > made.txt");
    world.fleet(&["deploy", "tree"]).ok();
    assert_eq!(read(world.harness("eval1").join("made.txt")), "made\n");
    world.fleet(&["verify", "--tree"]).ok();
    world.fleet(&["deploy", "tree"]).ok().says("nothing to do");
    world.write("harnesses/eval1/more.py", "x = 2\n");
    world
        .fleet(&["verify", "--tree"])
        .code(6)
        .prints("more.py")
        .prints("expected nothing");
}

#[test]
fn a_version_that_was_tampered_with_is_replaced_by_a_whole_one() {
    let world = world(1);
    world.fleet(&["deploy", "tree"]).ok();
    let file = world.harness("eval1").join("lib/deep/other.py");
    fs::write(&file, "x = 2\n").unwrap();
    world.fleet(&["verify"]).ok();
    world
        .fleet(&["verify", "--tree"])
        .code(6)
        .prints("lib/deep/other.py");
    world
        .fleet(&["deploy", "tree"])
        .ok()
        .prints("✓ eval1      switched; 3 files compared");
    assert_eq!(read(&file), "x = 1\n");
    world.fleet(&["verify", "--tree"]).ok();
    world.fleet(&["deploy", "tree"]).ok().says("nothing to do");
}

#[test]
fn hosts_go_back_to_a_version_that_they_kept() {
    let world = world(2);
    world.fleet(&["deploy", "tree"]).ok();
    let first = read(world.path("fleet.lock"));
    let version = serde_json::from_str::<Value>(&first).unwrap()["tree"]
        .as_str()
        .unwrap()[..8]
        .to_owned();
    world.write("tree/lib/builder.py", "BUILDKIT = 1\n");
    world.fleet(&["deploy", "tree"]).ok();
    world.fleet(&["deploy", "--versions"]).ok().prints(&version);
    let before = state(&world);
    world
        .fleet(&["deploy", "--rollback", &version, "--dry-run"])
        .ok()
        .prints("would switch from version");
    assert!(state(&world) == before);
    world
        .fleet(&["deploy", "--rollback", &version])
        .ok()
        .says("fleet.lock pins version");
    assert_eq!(
        read(world.harness("eval2").join("lib/builder.py")),
        "BUILDKIT = 0\n"
    );
    assert_eq!(read(world.path("fleet.lock")), first);
    world.fleet(&["verify"]).ok();
    world
        .fleet(&["deploy", "--rollback", &version])
        .ok()
        .says("nothing to do");
    world
        .fleet(&["deploy", "--rollback", "ffffffff"])
        .code(2)
        .says("means 0 of the versions")
        .says("--versions");
}

#[test]
fn a_deployment_that_makes_no_sense_does_nothing() {
    let world = world(1);
    world.fleet(&["deploy"]).code(2).says("`tree` under [harness]");
    world
        .fleet(&["deploy", "nowhere"])
        .code(2)
        .says("nowhere is no directory");
    world
        .fleet(&["deploy", "tree", "--host", "eval7"])
        .code(2)
        .says("no host is called eval7");
    fs::remove_file(world.path("tree/lib/builder.py")).unwrap();
    world
        .fleet(&["deploy", "tree"])
        .code(2)
        .says("lib/builder.py is missing");
    assert!(!world.path("fleet.lock").exists() && !world.harness("eval1").exists());
}

#[test]
fn a_tree_goes_over_ssh_and_a_host_that_is_away_gets_it_later() {
    let lab = Lab::hosts(2);
    let world = World::lab(&lab)
        .script("true")
        .toml("[defaults]\nharness = \"~/SWETEs7/OpenHands\"\n[harness]\ncritical = [\"run.sh\"]");
    world.write("tree/run.sh", "echo one\n");
    world.write("tree/with space/a 'b' ü.py", "x = 1\n");
    std::os::unix::fs::symlink("run.sh", world.path("tree/link")).unwrap();
    lab.run(&["lock-out", "eval2"]);
    world
        .fleet(&["deploy", "tree"])
        .code(6)
        .prints("✓ eval1      switched; 3 files compared")
        .prints("✗ eval2");
    assert_eq!(lab.sh("eval1", "cat ~/SWETEs7/OpenHands/link"), "echo one\n");
    lab.run(&["let-in", "eval2"]);
    world
        .fleet(&["deploy", "tree"])
        .ok()
        .prints("✓ eval1      has it already")
        .prints("✓ eval2      switched");
    world.fleet(&["verify", "--tree"]).ok();
}
