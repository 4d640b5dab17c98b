//! Profiles: each result says which harness it was made under, and results of several are not counted together.

use std::fs;

use serde_json::Value;

use crate::support::{Lab, World};

fn json(world: &World, path: &str) -> Value {
    let text = fs::read_to_string(world.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_result_carries_the_harness_that_it_was_made_under_whatever_the_job_writes() {
    let world = World::local(2).harnesses(&["run.sh", "lib.py"]).phases(
        "60s",
        &[(
            "only",
            r#"sh "$FLEET_HARNESS/run.sh"; echo forged > "$FLEET_OUT/profile.json""#,
        )],
    );
    for host in ["eval1", "eval2"] {
        world.write(&format!("harnesses/{host}/run.sh"), "echo ran\n");
        world.write(&format!("harnesses/{host}/lib.py"), host);
    }
    world.jobs("set", 1, 0);
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    world.fleet(&["collect"]).ok();
    let result = |host: &str| json(&world, &format!("results/set/{host}-0/gpt/run1/result.json"));
    let (one, two) = (result("eval1"), result("eval2"));
    assert!(one["profile"].is_string(), "{one:#}");
    assert_ne!(one["profile"], two["profile"]);
    let profile = json(&world, "results/set/eval1-0/gpt/run1/out/profile.json");
    assert_eq!(profile["id"], one["profile"]);
    assert_eq!(profile["files"].as_object().unwrap().len(), 2);
    let rows = fs::read_to_string(world.path("results/results.jsonl")).unwrap();
    let table = fs::read_to_string(world.path("results/results.csv")).unwrap();
    for result in [one, two] {
        let id = result["profile"].as_str().unwrap();
        assert!(rows.contains(id) && table.contains(id), "{id}");
    }
    // The same as `verify` calls it.
    world.fleet(&["verify", "--pin", "eval1"]).ok();
    let report = world.fleet(&["verify", "--json"]).code(6).json();
    assert_eq!(report["hosts"][0]["profile"], profile["id"]);
}

#[test]
fn a_job_that_uses_no_harness_has_no_profile() {
    let world = World::local(1).harnesses(&["run.sh"]).script("true");
    world.jobs("set", 1, 0);
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    world.fleet(&["collect"]).ok();
    assert!(
        !world
            .path("results/set/eval1-0/gpt/run1/out/profile.json")
            .exists()
    );
    assert_eq!(
        json(&world, "results/set/eval1-0/gpt/run1/result.json")["profile"],
        Value::Null
    );
}

#[test]
fn a_rate_over_two_harnesses_is_withheld_unless_it_is_asked_for() {
    let lab = Lab::engines(2);
    let agent = "[[agent]]\nname = \"harnessed\"\nkind = \"command\"\nrun = [\"sh\", \"{harness}/agent.sh\"]\n[[model]]\nname = \"tried\"\nagent = \"harnessed\"\n[defaults]\nharness = \"/home/ubuntu/harness\"\n[harness]\ncritical = [\"agent.sh\"]";
    let world = World::native(&lab).toml(agent);
    for (host, line) in [("eval1", "# one"), ("eval2", "# two")] {
        lab.sh(
            host,
            &format!("mkdir harness && printf '%s\\n' '{line}' ': > patch.diff' > harness/agent.sh"),
        );
    }
    world.instances(
        "set",
        &[
            ("eval1", "2000000000007920", "tried", 1),
            ("eval2", "2000000000007921", "tried", 1),
        ],
    );
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    world
        .fleet(&["collect"])
        .code(5)
        .prints("mixed")
        .says("made under different harnesses; their rates are withheld")
        .says("set/tried: 1 job under profile")
        .says("on eval2")
        .says("fleet collect --mixed");
    let summary = json(&world, "results/summary.json");
    assert_eq!(summary["rates"][0]["rate"], Value::Null);
    assert_eq!(summary["rates"][0]["profiles"].as_array().unwrap().len(), 2);
    world.fleet(&["collect", "--mixed"]).ok().prints("0.0 %");
    assert_eq!(json(&world, "results/summary.json")["rates"][0]["rate"], 0.0);
}
