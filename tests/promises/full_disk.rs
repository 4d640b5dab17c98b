//! Full disks at home: under the results, under the database before anything is stored, under the database in the
//! middle of a run. Each is told with its cause, and once there is room the same command finishes.

use crate::support::{Ran, World};

const FILE: &str = "assignments/phase8.json";

/// Runs a script in a mount namespace of its own, which takes its mounts with it when it ends.
fn apart(world: &World, script: &str) -> Ran {
    let fleet = world.command(&[]);
    let mut command = std::process::Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "sh", "-euc", script])
        .current_dir(world)
        .env("FLEET", env!("CARGO_BIN_EXE_fleet"));
    for (name, value) in fleet.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.output().expect("unshare (util-linux) starts").into()
}

#[test]
fn a_full_disk_at_home_is_told_and_once_it_has_room_all_comes_home() {
    let world = World::local(1).script("head -c 3000000 /dev/urandom > \"$FLEET_OUT/big\"");
    world.jobs("phase8", 2, 0);
    world.fleet(&["dispatch", FILE]).ok();
    let ran = apart(
        &world,
        r#"
        mkdir results
        mount -t tmpfs -o size=4m none results
        code=0; "$FLEET" collect || code=$?
        echo "first: $code"
        test "$(find results/phase8 -name result.json | wc -l)" -lt 2
        mount -o remount,size=64m results
        "$FLEET" collect
        cat results/phase8/*/gpt/run1/out/big | sha256sum > here
        for n in 0 1; do grep -l "eval1-$n" hosts/eval1/jobs/*/1/spec.json; done | while read -r spec; do cat "${spec%/*}/out/big"; done | sha256sum > there
        cmp here there
        find results/phase8 -name result.json | wc -l
        "#,
    );
    let ran = ran.ok();
    assert!(
        ran.stdout.contains("first: 3") || ran.stdout.contains("first: 6"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert!(
        ran.stderr.contains("is full") || ran.stderr.contains("No space left"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout.trim_end().lines().last(), Some("2"));
}

#[test]
fn a_database_that_finds_no_room_for_a_set_refuses_it_and_takes_it_later() {
    let world = World::local(1).script("echo \"$FLEET_INSTANCE\" >> \"$LEDGER\"");
    world.jobs("phase8", 5, 0);
    world.write(
        "assignments/data.jsonl",
        &"{\"instance_id\": \"x\"}\n".repeat(40_000),
    );
    let ran = apart(
        &world,
        r#"
        mkdir state
        mount -t tmpfs -o size=400k none state
        code=0; "$FLEET" dispatch assignments/phase8.json || code=$?
        echo "first: $code, ran: $(cat ledger 2>/dev/null | wc -l)"
        mount -o remount,size=64m state
        "$FLEET" dispatch assignments/phase8.json
        "#,
    )
    .ok();
    assert_eq!(ran.stdout, "first: 6, ran: 0\n", "{}", ran.stderr);
    assert!(ran.stderr.contains("full"), "{}", ran.stderr);
    assert_eq!(world.ledger().len(), 5);
}

#[test]
fn a_disk_that_fills_up_under_the_database_stops_the_coordinator_and_loses_no_job() {
    // The second job itself takes all room, and ends only then: its end cannot be stored.
    let world = World::local(1).script(
        "echo \"$FLEET_INSTANCE\" >> \"$LEDGER\"; [ $FLEET_INSTANCE != eval1-1 ] || cat /dev/zero > \"${LEDGER%/*}/state/ballast\" || true",
    );
    world.jobs("phase8", 4, 0);
    let ran = apart(
        &world,
        r#"
        mkdir state
        mount -t tmpfs -o size=8m none state
        code=0; "$FLEET" dispatch assignments/phase8.json || code=$?
        echo "first: $code"
        rm state/ballast
        "$FLEET" dispatch assignments/phase8.json
        "$FLEET" doctor --json
        "#,
    )
    .ok();
    let (first, doctor) = ran.stdout.split_once('\n').unwrap();
    assert_eq!(first, "first: 6", "{}", ran.stderr);
    assert!(ran.stderr.contains("full"), "{}", ran.stderr);
    assert!(doctor.contains("whole; 4 jobs"), "{doctor}");
    assert_eq!(world.ledger(), ["eval1-0", "eval1-1", "eval1-2", "eval1-3"]);
}
