//! Jobs that the `fleet.toml` of today cannot start: all are told before anything starts, and later ones have a fault;
//! none waits for ever in silence.

use std::process::Child;

use crate::support::{GO, World, wait};

const FILE: &str = "assignments/phase8.json";

fn kill(mut coordinator: Child) {
    coordinator.kill().unwrap();
    coordinator.wait().unwrap();
}

/// Two jobs on one host with one slot: the first runs, the second waits, and no coordinator is at work.
fn one_runs_and_one_waits(world: &World) {
    let coordinator = world.start(&["dispatch", FILE]);
    wait::until("it is known that one runs", || {
        let status = world.fleet(&["status", "--json"]);
        // There is no database in the first moment.
        let begun = status.status.success() && status.json()["running"][0]["phase"] == "only";
        begun.then_some(())
    });
    kill(coordinator);
}

fn script() -> String {
    format!("echo \"$FLEET_INSTANCE $FLEET_HOST\" >> \"$LEDGER\"; {GO}")
}

#[test]
fn open_jobs_whose_pipeline_or_data_is_gone_are_told_before_anything_starts() {
    let world = World::local(1).script(&script());
    world.jobs("phase8", 2, 0);
    one_runs_and_one_waits(&world);
    let other = "[[pipeline]]\nname = \"other\"\n[[pipeline.phase]]\nname = \"p\"\nrun = [\"true\"]\ndeadline = \"9s\"\n[[pipeline]]\nname = \"gone\"";
    let world = world
        .replace("[[pipeline]]\nname = \"job\"", other)
        .pipeline("other");
    world.go();
    world
        .fleet(&["dispatch", FILE])
        .code(2)
        .says("pipeline `job` is not in fleet.toml any more")
        .says("1 job: phase8/eval1-1/gpt/run1")
        .says("fleet cancel");
    assert_eq!(world.ledger(), ["eval1-0 eval1"]);

    // Put back, it goes on where it was.
    let world = world.replace("name = \"gone\"", "name = \"job\"");
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(world.ledger(), ["eval1-0 eval1", "eval1-1 eval1"]);
}

#[test]
fn a_job_that_was_found_on_a_host_and_whose_data_nobody_has_is_told() {
    let world = World::local(1)
        .fleet_key("lost_retries = 3")
        .script(&format!("{}; [ -e \"$LEDGER.well\" ]", script()));
    world.jobs("phase8", 1, 0);
    let coordinator = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    kill(coordinator);
    std::fs::remove_dir_all(world.path("state")).unwrap();
    world.fleet(&["adopt"]).ok().says("1 still running");
    world.go();
    world.fleet(&["dispatch", FILE]).code(4);
    world.write("ledger.well", "");
    std::fs::remove_dir_all(world.path("state")).unwrap();
    world.fleet(&["adopt"]).ok();
    world.fleet(&["retry", "phase8/eval1-0"]).ok();
    world.write("assignments/data.jsonl", "{\"instance_id\":\"y\"}\n");
    world
        .fleet(&["dispatch", FILE])
        .code(2)
        .says("the dataset of the job is not here");
    world.write("assignments/data.jsonl", "{\"instance_id\":\"x\"}\n");
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(world.ledger().len(), 2);
}

#[test]
fn a_host_that_cannot_start_a_job_leaves_it_to_one_that_can() {
    let world = World::local(2)
        .harnesses(&["main.py"])
        .fleet_key("pinned = true")
        .fleet_key("retry_pause = \"10ms\"")
        .toml(&format!(
            "[[pipeline]]\nname = \"job\"\n[[pipeline.phase]]\nname = \"only\"\nrun = [\"sh\", \"-c\", '''{}''', \"{{harness}}\"]\ndeadline = \"60s\"",
            script()
        ));
    for host in ["eval1", "eval2"] {
        world.write(&format!("harnesses/{host}/main.py"), "");
    }
    world.assign("phase8", &[("eval1", "a", "gpt"), ("eval1", "b", "gpt")]);
    one_runs_and_one_waits(&world);
    // The host has no harness any more, and the file leaves it alone; known jobs stay as they were dispatched.
    let line = format!("harness = \"{}\"\n", world.harness("eval1").display());
    let world = world.replace(&line, "");
    world.assign("phase8", &[("eval2", "a", "gpt"), ("eval2", "b", "gpt")]);
    world.go();
    world
        .fleet(&["dispatch", FILE])
        .ok()
        .says("no-harness (config): pipeline `job` needs a harness, and host `eval1` has none");
    assert_eq!(world.ledger(), ["a eval1", "b eval2"]);
}
