//! `fleet logs`: what a job prints, live from its host, or as it was brought home.

use std::fs;

use crate::support::{GO, World, wait};

const FILE: &str = "assignments/phase8.json";

#[test]
fn followed_live_it_shows_each_line_once_and_ends_with_the_job() {
    let world = World::local(1).phases(
        "60s",
        &[
            (
                "one",
                &format!("echo first; echo at work >> \"$LEDGER\"; {GO}; echo second"),
            ),
            ("two", "echo third"),
        ],
    );
    world.jobs("phase8", 1, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    let path = world.path("shown");
    let mut logs = world
        .command(&["logs", "-f", "eval1-0"])
        .stdout(fs::File::create(&path).unwrap())
        .spawn()
        .unwrap();
    let shown = || fs::read_to_string(&path).unwrap();
    wait::until("the first line is shown", || {
        shown().contains("first").then_some(())
    });
    assert!(logs.try_wait().unwrap().is_none(), "it goes on with the job");
    world.go();
    assert!(logs.wait().unwrap().success());
    assert_eq!(shown(), "── one\nfirst\nsecond\n── two\nthird\n");
    assert!(dispatch.wait().unwrap().success());
}

#[test]
fn without_follow_it_shows_what_there_is_and_ends() {
    let world = World::local(1).script(&format!("echo first; echo at work >> \"$LEDGER\"; {GO}"));
    world.jobs("phase8", 1, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    wait::until("it is shown", || {
        (world.fleet(&["logs", "eval1-0"]).ok().stdout == "first\n").then_some(())
    });
    world.go();
    assert!(dispatch.wait().unwrap().success());
}

#[test]
fn once_collected_no_host_is_needed_and_a_phase_can_be_chosen() {
    let world = World::local(1).phases(
        "60s",
        &[("one", "echo first"), ("two", "printf 'second\\033[31m'; exit 1")],
    );
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).code(4);
    for _ in ["on the host", "at home"] {
        let all = world.fleet(&["logs", "phase8/eval1-0/gpt/run1"]).ok();
        assert_eq!(all.stdout, "── one\nfirst\n── two\nsecond\u{1b}[31m");
        let one = world.fleet(&["logs", "--phase", "one", "eval1-0"]).ok();
        assert_eq!(one.stdout, "first\n");
        world
            .fleet(&["logs", "--phase", "nope", "eval1-0"])
            .code(2)
            .says("this job has no phase `nope`")
            .says("its phases are one, two");
        if world.path("hosts").exists() {
            world.fleet(&["collect"]).ok();
            fs::remove_dir_all(world.path("hosts")).unwrap();
        }
    }
}

/// A program stands in for the evaluation: it leaves the same files.
const PROGRAMS: &str = r#"[[pipeline]]
name = "job"
[[pipeline.phase]]
name = "image"
run = ["true"]
deadline = "60s"
[[pipeline.phase]]
name = "trajectory"
run = ["true"]
deadline = "60s"
[[pipeline.phase]]
name = "evaluation"
run = ["sh", "-c", 'echo "the tests ended"; printf "PASSED t.py::moon\nFAILED t.py::tides\n" | gzip > "$FLEET_OUT/test_output.log.gz"']
deadline = "60s"
"#;
const NATIVE: &str = r#"[[pipeline]]
name = "job"
containers = true
[[pipeline.phase]]
name = "image"
does = "image"
deadline = "60s"
[[pipeline.phase]]
name = "trajectory"
does = "trajectory"
agent = "noop"
deadline = "60s"
[[pipeline.phase]]
name = "evaluation"
does = "evaluation"
deadline = "60s"
"#;

#[test]
fn an_evaluation_is_followed_by_the_output_of_its_tests() {
    let world = World::local(1).toml(PROGRAMS);
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    let world = world.replace(PROGRAMS, NATIVE);
    for at_home in [false, true] {
        let shown = world.fleet(&["logs", "--phase", "evaluation", "eval1-0"]).ok();
        assert_eq!(
            shown.stdout,
            "the tests ended\n── output of the tests\nPASSED t.py::moon\nFAILED t.py::tides\n"
        );
        let all = world.fleet(&["logs", "eval1-0"]).ok();
        assert_eq!(
            all.stdout,
            format!("── image\n── trajectory\n── evaluation\n{}", shown.stdout)
        );
        let other = world.fleet(&["logs", "--phase", "image", "eval1-0"]).ok();
        assert_eq!(other.stdout, "");
        if !at_home {
            world.fleet(&["collect"]);
        }
    }
}

#[test]
fn a_job_is_named_by_id_or_path_and_an_unclear_name_lists_what_it_may_mean() {
    let world = World::local(1).script("echo \"I am $FLEET_INSTANCE of $FLEET_MODEL\"");
    world.assign(
        "phase8",
        &[
            ("eval1", "a", "gpt"),
            ("eval1", "a", "kimi"),
            ("eval1", "b", "gpt"),
        ],
    );
    world.fleet(&["dispatch", FILE]).ok();
    for name in ["a/kimi", "phase8/a/kimi", "phase8/a/kimi/run1"] {
        world.fleet(&["logs", name]).ok().prints("I am a of kimi");
    }
    let table = world.fleet(&["status", "--all"]).ok().stdout;
    let line = table.lines().find(|line| line.contains("phase8/b/gpt")).unwrap();
    let id = line.split_whitespace().next().unwrap();
    world.fleet(&["logs", id]).ok().prints("I am b of gpt");
    world
        .fleet(&["logs", "a"])
        .code(2)
        .says("`a` means 2 jobs")
        .says("phase8/a/gpt/run1")
        .says("phase8/a/kimi/run1");
    world
        .fleet(&["logs", "nobody"])
        .code(2)
        .says("`nobody` is no job");
    world
        .fleet(&["logs", "--attempt", "7", "b"])
        .code(2)
        .says("no attempt 7");
}

#[test]
fn a_job_that_has_not_started_has_nothing_to_show_and_that_is_said() {
    let world = World::local(1).script(&format!("echo at work >> \"$LEDGER\"; {GO}"));
    world.jobs("phase8", 2, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    world
        .fleet(&["logs", "eval1-1"])
        .code(2)
        .says("has not started yet");
    world.go();
    assert!(dispatch.wait().unwrap().success());
}
