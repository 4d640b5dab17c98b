//! Jobs that are containers, on a host with a Docker engine of its own: nothing of them outlives its phase.

use crate::support::{Lab, World};

/// A host with an engine and a small image, and a pipeline of one phase that runs this script.
fn with_engine(deadline: &str, script: &str) -> (Lab, World) {
    let lab = Lab::hosts(1);
    lab.run(&["up", "--hosts", "1", "--engines"]);
    lab.run(&["image", "eval1"]);
    let world = World::lab(&lab).toml(&format!(
        "[[pipeline]]\nname = \"job\"\ncontainers = true\n[[pipeline.phase]]\nname = \"only\"\ndeadline = \"{deadline}\"\nrun = [\"sh\", \"-euc\", '''{script}''']"
    ));
    (lab, world)
}

fn containers(lab: &Lab) -> String {
    lab.sh("eval1", "docker ps -a --format '{{.Names}}'")
}

#[test]
fn a_container_with_the_label_is_removed_and_others_are_left_alone() {
    let (lab, world) = with_engine(
        "60s",
        r#"run="docker run --network none"
$run --rm --label "fleet.attempt=$FLEET_ATTEMPT" fleet-lab/job:1 echo from inside > "$FLEET_OUT/said"
$run -d --label "fleet.attempt=$FLEET_ATTEMPT" --name ours fleet-lab/job:1 sleep 1000
$run -d --name foreign fleet-lab/job:1 sleep 1000"#,
    );
    world.jobs("set", 1, 0);
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    assert_eq!(containers(&lab), "foreign\n");
    world.fleet(&["collect"]).ok();
    let said = std::fs::read_to_string(world.path("results/set/eval1-0/gpt/run1/out/said")).unwrap();
    assert_eq!(said, "from inside\n");
}

#[test]
fn a_container_that_outlives_its_client_is_gone_at_the_deadline() {
    let (lab, world) = with_engine(
        "4s",
        r#"exec docker run --network none --label "fleet.attempt=$FLEET_ATTEMPT" --name ours fleet-lab/job:1 sleep 1000"#,
    );
    world.jobs("set", 1, 0);
    world.fleet(&["dispatch", "assignments/set.json"]).code(4);
    assert_eq!(containers(&lab), "");
    assert!(world.fleet(&["status"]).ok().stdout.contains("deadline passed"));
}
