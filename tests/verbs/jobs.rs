//! What a job may do, and what is left of it: nothing alive, and everything that it wrote.

use crate::support::World;

const FILE: &str = "assignments/phase8.json";

/// A phase of this pipeline, with this script and these limits.
fn limited(script: &str, limits: &str) -> World {
    World::local(1).toml(&format!(
        "[[pipeline]]\nname = \"job\"\n[[pipeline.phase]]\nname = \"only\"\nrun = [\"sh\", \"-c\", '''{script}''']\n{limits}"
    ))
}

/// Dispatches one job that fails; how, and that nothing of it lives.
#[track_caller]
fn fails(world: &World) -> serde_json::Value {
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    world.fleet(&["dispatch", FILE]).code(4);
    assert!(world.job_processes().is_empty(), "{:?}", world.job_processes());
    world.status()["failed"][0].clone()
}

#[test]
fn a_job_that_forks_daemons_and_ignores_the_signal_is_gone_at_its_deadline() {
    let world = limited(
        r#"
trap "" TERM HUP INT
setsid sh -c 'trap "" TERM; while :; do sleep 1000; done' &
(setsid sh -c '(trap "" TERM; while :; do sleep 1000; done) &' &)
nohup sleep 1000 > /dev/null 2>&1 &
echo forked >> "$LEDGER"
while :; do sleep 1000; done
"#,
        "deadline = \"1s\"",
    );
    assert_eq!(fails(&world)["how"], "deadline passed");
    assert_eq!(world.ledger(), ["forked"]);
}

#[test]
fn daemons_that_a_successful_job_leaves_behind_do_not_outlive_it() {
    let world = World::local(1).script(
        "setsid sh -c 'trap \"\" TERM; while :; do sleep 1000; done' < /dev/null > /dev/null 2>&1 & echo x >> \"$LEDGER\"",
    );
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    world.fleet(&["dispatch", FILE]).ok();
    assert!(world.job_processes().is_empty(), "{:?}", world.job_processes());
}

#[test]
fn a_job_that_hangs_without_output_is_stopped_as_stalled() {
    let world = limited("echo begun; sleep 1000", "deadline = \"60s\"\nstall = \"1s\"");
    assert_eq!(fails(&world)["how"], "stalled");
}

#[test]
fn a_job_that_prints_or_computes_is_not_stalled() {
    let world = limited(
        "for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done; timeout 2 sh -c 'while :; do :; done'; true",
        "deadline = \"60s\"\nstall = \"1s\"",
    );
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    world.fleet(&["dispatch", FILE]).ok();
}

#[test]
fn a_job_that_floods_its_output_ends_at_its_deadline_and_keeps_head_and_tail() {
    let world = limited("echo HEAD; yes", "deadline = \"1s\"").fleet_key("output_cap = \"8KiB\"");
    assert_eq!(fails(&world)["how"], "deadline passed");
    let log = world.fleet(&["logs", "a"]).ok().stdout;
    assert!(log.starts_with("HEAD\ny\n"));
    assert!(log.contains("bytes left out"));
    assert!(log.len() < 9000, "{} bytes were kept", log.len());
}

#[test]
fn the_cap_keeps_the_first_and_the_last_of_the_output() {
    let world = World::local(1)
        .script("echo FIRST; head -c 100000 /dev/zero | tr '\\0' x; echo LAST")
        .fleet_key("output_cap = \"4KiB\"");
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    world.fleet(&["dispatch", FILE]).ok();
    world.fleet(&["collect"]).ok();
    let log = std::fs::read_to_string(world.path("results/phase8/a/gpt/run1/log/only.log")).unwrap();
    assert!(
        log.starts_with("FIRST\nxxx") && log.ends_with("xxxLAST\n"),
        "{log}"
    );
    assert!(log.contains(&format!("{} bytes left out", 100_000 + 6 + 5 - 4096)));
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let world = World::local(1).toml(
        "[[pipeline]]\nname = \"job\"\n[[pipeline.phase]]\nname = \"only\"\nrun = [\"no-such-program\", \"{instance}\"]\ndeadline = \"9s\"",
    );
    let how = fails(&world)["how"].as_str().unwrap().to_owned();
    assert!(
        how.starts_with("not started: cannot start no-such-program"),
        "{how}"
    );
}

#[test]
fn a_directory_that_does_not_exist_is_named() {
    let world = limited("true", "deadline = \"9s\"\ncwd = \"/no/such/directory\"");
    let how = fails(&world)["how"].as_str().unwrap().to_owned();
    assert!(
        how.starts_with("not started: cannot enter /no/such/directory"),
        "{how}"
    );
}

#[test]
fn a_job_that_kills_itself_is_said_to_have_died_of_the_signal() {
    let world = limited("kill -9 $$", "deadline = \"9s\"");
    assert_eq!(fails(&world)["how"], "signal 9");
}

#[test]
fn phases_run_in_order_and_stop_at_the_first_failure() {
    let note = "echo \"$(wc -l < \"$LEDGER\" 2>/dev/null || echo 0) $FLEET_PHASE\" >> \"$LEDGER\"";
    let world = World::local(1).phases(
        "60s",
        &[
            ("image", &format!("touch \"$LEDGER\"; {note}")),
            ("trajectory", note),
            ("evaluation", &format!("{note}; exit 7")),
            ("report", note),
        ],
    );
    let failed = fails(&world);
    assert_eq!(world.ledger(), ["0 image", "1 trajectory", "2 evaluation"]);
    assert_eq!(failed["phase"], "evaluation");
    assert_eq!(failed["how"], "exit code 7");
}

#[test]
fn what_one_phase_leaves_the_next_one_finds() {
    let world = World::local(1).phases(
        "60s",
        &[
            ("one", "echo 42 > answer"),
            ("two", "[ \"$(cat \"$FLEET_OUT/answer\")\" = 42 ]"),
        ],
    );
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    world.fleet(&["dispatch", FILE]).ok();
}

#[test]
fn runs_of_one_instance_have_empty_directories_of_their_own() {
    let world = World::local(1).script(
        "[ -z \"$(ls -A \"$FLEET_OUT\")\" ] || exit 9; echo \"$FLEET_RUN\" > \"$FLEET_OUT/run\"; echo \"$FLEET_OUT\" >> \"$LEDGER\"",
    );
    world.write("assignments/data.jsonl", "{}\n");
    world.assignment(
        "phase8",
        r#"{"eval1": [{"instance_id": "a", "model": "gpt", "dataset_file": "data.jsonl", "runs": 3}]}"#,
    );
    world.fleet(&["dispatch", FILE]).ok();
    let mut directories = world.ledger();
    directories.dedup();
    assert_eq!(directories.len(), 3);
    world.fleet(&["collect"]).ok();
    for run in 1..=3 {
        let file = world.path(&format!("results/phase8/a/gpt/run{run}/out/run"));
        assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{run}\n"));
    }
}

#[test]
fn the_job_finds_its_question_in_its_environment() {
    let world = World::local(1).script(
        "printf '%s|%s|%s|%s|%s|%s|%s' \"$FLEET_SET\" \"$FLEET_INSTANCE\" \"$FLEET_MODEL\" \"$FLEET_RUN\" \"$FLEET_TASK\" \"$FLEET_HOST\" \"$(cat \"$FLEET_DATASET\")\" >> \"$LEDGER\"",
    );
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(
        world.ledger(),
        ["phase8|eval1-0|gpt|1|task|eval1|{\"instance_id\":\"x\"}"]
    );
}

#[test]
fn a_value_stays_one_argument_and_never_becomes_code() {
    // Names cannot hold shell characters; a data file's name can, and so can the harness's arguments.
    let world = World::local(1).toml(
        "[[pipeline]]\nname = \"job\"\n[[pipeline.phase]]\nname = \"only\"\nrun = [\"sh\", \"-c\", 'printf \"%s\\n\" \"$@\" >> \"$LEDGER\"', \"sh\", \"{instance}; touch pwned\", \"$(touch pwned) {model}\"]\ndeadline = \"9s\"",
    );
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(world.ledger(), ["$(touch pwned) gpt", "a; touch pwned"]);
}
