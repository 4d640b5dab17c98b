//! Jobs that are containers, on a host with a Docker engine of its own: nothing of them outlives its phase.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use crate::support::wait::until;
use crate::support::{Lab, World};

/// A host with an engine and a small image, and a pipeline of one phase that runs this script.
fn with_engine(deadline: &str, script: &str) -> (Lab, World) {
    let lab = Lab::hosts(1);
    lab.all("up", &["--engines"]);
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

/// What the runner on a host answers to one request.
fn answer(lab: &Lab, ask: &str) -> serde_json::Value {
    answer_of(lab, ".fleet", ask)
}

/// The same of another root.
fn answer_of(lab: &Lab, root: &str, ask: &str) -> serde_json::Value {
    let serve = format!("exec {root}/bin/fleet-* runner serve --root {root}");
    let mut runner = lab
        .command(&["as", lab.names()[0], "sh", "-c", &serve])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = runner.stdin.take().unwrap();
    writeln!(input, r#"{{"id":7,"ask":{ask}}}"#).unwrap();
    let lines = BufReader::new(runner.stdout.take().unwrap()).lines();
    let mut said = lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).ok());
    let answer = said.find_map(|line| {
        let answer = &line["answer"];
        (answer["to"] == 7).then(|| answer["with"].clone())
    });
    drop(input);
    runner.wait().unwrap();
    answer.unwrap()
}

#[test]
fn cleaning_removes_what_the_dead_have_left_and_nothing_of_anybody_else() {
    let (lab, world) = with_engine(
        "600s",
        r#"docker run -d --network none --label "fleet.attempt=$FLEET_ATTEMPT" --name "of-$FLEET_ATTEMPT" fleet-lab/job:1 sleep 1000
echo "$FLEET_ATTEMPT" > ~/attempt.new
mv ~/attempt.new ~/attempt
until [ -e ~/go ]; do sleep 0.05; done"#,
    );
    // The lab keeps images from test to test.
    let no_parts = "docker image ls -aq --filter label=fleet.part | xargs -r docker image rm -f";
    lab.sh("eval1", &format!("touch go; {no_parts}"));
    world.jobs("over", 1, 0);
    world.fleet(&["dispatch", "assignments/over.json"]).ok();
    let dead = lab.sh("eval1", "cat attempt; rm attempt go").trim().to_owned();
    world.jobs("alive", 1, 0);
    let mut dispatch = world.start(&["dispatch", "assignments/alive.json"]);
    let alive = until("the second job runs", || {
        let said = lab.sh("eval1", "cat attempt 2>/dev/null || true");
        (!said.is_empty()).then(|| said.trim().to_owned())
    });

    // Of a process that is gone, of one that lives, and of one that cannot be known.
    let signature = "$(awk '{print $22}' /proc/$p/stat).$(cat /proc/sys/kernel/random/boot_id)-$(awk '{print $22}' /proc/1/stat)";
    let run = "docker run -d --network none";
    lab.sh(
        "eval1",
        &format!(
            r#"set -e
{run} --name dead --label fleet.attempt={dead} fleet-lab/job:1 sleep 1000
docker network create --label fleet.attempt={dead} dead-net
docker volume create --label fleet.attempt={dead} dead-volume
{run} --name unknown --label fleet.attempt=npb2wdccpkcv.9 fleet-lab/job:1 sleep 1000
{run} --name foreign fleet-lab/job:1 true
p=$$; {run} --name left --label "fleet.prefetch=$((p + 100000)).{signature}" fleet-lab/job:1 sleep 1000
p=1; {run} --name making --label "fleet.prefetch=$p.{signature}" fleet-lab/job:1 sleep 1000
{run} --name nobodys --label fleet.prefetch=1 fleet-lab/job:1 sleep 1000
mkdir -p .fleet/images
touch .fleet/images/broken-off.lock .fleet/images/loading.lock
cd /tmp; mkdir -p t; echo x > t/x
part() {{ tar -c t | docker import --change "LABEL fleet.part=$(printf %s "$HOME/.fleet/images/$1" | sha256sum | cut -d ' ' -f 1)" --change "LABEL n=$1" - ; }}
part broken-off; part loading; part another-root"#
        ),
    );
    let mut loading = lab
        .command(&[
            "as",
            "eval1",
            "flock",
            ".fleet/images/loading.lock",
            "sh",
            "-c",
            "touch locked; exec sleep 1000",
        ])
        .spawn()
        .unwrap();
    until("the lock is held", || {
        lab.sh("eval1", "ls").contains("locked").then_some(())
    });

    let cleaned = &answer(&lab, "\"clean\"")["cleaned"];
    assert_eq!(cleaned["containers"], 2, "{cleaned}");
    assert_eq!(
        [&cleaned["networks"], &cleaned["volumes"], &cleaned["parts"]],
        [1, 1, 1],
        "{cleaned}"
    );
    let mut left: Vec<String> = containers(&lab).lines().map(str::to_owned).collect();
    left.sort();
    let of_alive = format!("of-{alive}");
    assert_eq!(
        left,
        ["foreign", "making", "nobodys", of_alive.as_str(), "unknown"]
    );
    let parts = lab.sh("eval1", "docker image ls -aq --filter label=fleet.part");
    assert_eq!(parts.lines().count(), 2, "{parts}");
    assert_eq!(
        answer(&lab, "\"clean\""),
        serde_json::json!({ "cleaned": { "containers": 0, "networks": 0, "volumes": 0, "parts": 0, "bytes": 0 } })
    );
    loading.kill().unwrap();
    loading.wait().unwrap();
    lab.sh("eval1", &format!("touch go; {no_parts}"));
    assert!(dispatch.wait().unwrap().success());
}

/// A second user of the same host: a root of its own, and the same assignment.
fn neighbour(lab: &Lab, script: &str) -> World {
    World::lab(lab)
        .replace("name = \"eval1\"\n", "name = \"eval1\"\nroot = \"~/.second\"\n")
        .toml(&format!(
            "[[pipeline]]\nname = \"job\"\ncontainers = true\n[[pipeline.phase]]\nname = \"only\"\ndeadline = \"600s\"\nrun = [\"sh\", \"-euc\", '''{script}''']"
        ))
}

#[test]
fn two_roots_with_one_engine_and_the_same_job_leave_each_others_containers_alone() {
    let labels = r#"--label "fleet.attempt=$FLEET_ATTEMPT" --label "fleet.root=$FLEET_ROOT""#;
    let run = "docker run -d --network none";
    let (lab, world) = with_engine(
        "600s",
        &format!(
            r#"{run} {labels} --name first fleet-lab/job:1 sleep 1000
touch ~/begun; until [ -e ~/go ]; do sleep 0.05; done
{run} --label "fleet.attempt=$FLEET_ATTEMPT" --name without-root fleet-lab/job:1 sleep 1000"#
        ),
    );
    world.jobs("set", 1, 0);
    let mut dispatch = world.start(&["dispatch", "assignments/set.json"]);
    until("the first job runs", || {
        lab.sh("eval1", "ls").contains("begun").then_some(())
    });
    let second = neighbour(
        &lab,
        &format!("{run} {labels} --name second fleet-lab/job:1 sleep 1000"),
    );
    second.jobs("set", 1, 0);
    second.fleet(&["dispatch", "assignments/set.json"]).ok();
    let ids = |root: &str| lab.sh("eval1", &format!("cd {root}/jobs; ls -d */1"));
    assert_eq!(ids(".fleet"), ids(".second"), "it is the same attempt");
    assert_eq!(containers(&lab), "first\n");
    let cleaned = &answer_of(&lab, ".second", "\"clean\"")["cleaned"];
    assert_eq!(cleaned["containers"], 0, "{cleaned}");
    assert_eq!(containers(&lab), "first\n");
    // What bears no root is of the one whose capsule it is.
    lab.sh("eval1", "rm -r .second; touch go");
    assert!(dispatch.wait().unwrap().success());
    assert_eq!(containers(&lab), "");
}
