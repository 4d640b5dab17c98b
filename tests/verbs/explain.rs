//! `fleet explain`: why a job is where it is, and why a host does what it does.

use crate::support::{GO, World};

const FILE: &str = "assignments/phase8.json";

#[test]
fn jobs_and_hosts_are_explained_while_they_run_and_after() {
    let world = World::local(1).script(&format!("echo at work >> \"$LEDGER\"; {GO}"));
    world.assign("phase8", &[("eval1", "a", "gpt"), ("eval1", "b", "gpt")]);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    world
        .fleet(&["explain", "phase8/a/gpt"])
        .ok()
        .prints("on eval1 for");
    world
        .fleet(&["explain", "phase8/b/gpt"])
        .ok()
        .prints("waiting")
        .prints("eval1, which is a preference")
        .prints("eval1: its slots are taken");
    let json = world.fleet(&["explain", "--json", "eval1"]).ok().json();
    let about: Vec<&str> = json["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["about"].as_str().unwrap())
        .collect();
    assert!(
        about.contains(&"runs") && about.contains(&"next") && about.contains(&"evidence"),
        "{about:?}"
    );
    world.go();
    assert!(dispatch.wait().unwrap().success());
    world.fleet(&["explain", "phase8/b/gpt"]).ok().prints("succeeded");
    world
        .fleet(&["explain", "nobody"])
        .code(2)
        .says("`nobody` is no job")
        .says("or name a host");
}
