//! `fleet dispatch`: each job runs, once, whatever happens to the process that dispatched it.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{GO, Ran, World, wait};

const FILE: &str = "assignments/phase8.json";
const NOTE: &str = r#"echo "$FLEET_INSTANCE" >> "$LEDGER""#;

/// A script that notes its start and its end, and waits in between.
fn slow() -> String {
    format!("{NOTE}; {GO}; echo \"$FLEET_INSTANCE ended\" >> \"$LEDGER\"")
}

#[test]
fn everything_that_is_asked_for_runs_once_and_the_exit_code_is_zero() {
    let world = World::local(2).script(NOTE);
    world.jobs("phase8", 2, 2);
    world.fleet(&["dispatch", FILE]).ok().says("phase8: 6 jobs added");
    let all = ["eval1-0", "eval1-1", "eval2-0", "eval2-1", "pool-0", "pool-1"];
    assert_eq!(world.ledger(), all);
    assert_eq!(world.count("succeeded"), 6);
}

#[test]
fn how_a_coordinator_is_born_does_not_matter() {
    let world = World::local(1).script("echo done > \"$FLEET_OUT/done\"");
    world.jobs("phase8", 1, 0);
    // The parent ignores and blocks signals, lets it open few files, gives it no stdin, and takes all rights from what
    // it creates.
    let parent = "umask 0777; ulimit -S -n 40
        exec env --ignore-signal=CHLD --block-signal=CHLD --block-signal=TERM \"$0\" \"$@\" <&-";
    for args in [&["dispatch", FILE][..], &["collect"]] {
        let command = world.command(args);
        let mut born = std::process::Command::new("sh");
        born.args(["-c", parent])
            .arg(command.get_program())
            .args(command.get_args());
        born.current_dir(&world).envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        Ran::from(born.output().unwrap()).ok();
    }
    let results = world.path("results/phase8/eval1-0/gpt/run1/out/done");
    assert_eq!(std::fs::read_to_string(results).unwrap(), "done\n");
}

#[test]
fn the_same_file_again_adds_nothing_and_runs_nothing() {
    let world = World::local(1).script(NOTE);
    world.jobs("phase8", 2, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world
        .fleet(&["dispatch", FILE])
        .ok()
        .says("nothing new; 2 jobs known already");
    assert_eq!(world.ledger(), ["eval1-0", "eval1-1"]);
}

#[test]
fn a_changed_file_adds_only_what_is_new_and_says_so() {
    let world = World::local(1).script(NOTE);
    world.jobs("phase8", 2, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world.jobs("phase8", 3, 0);
    world
        .fleet(&["dispatch", FILE])
        .ok()
        .says("phase8: 1 job added, 2 known already");
    assert_eq!(world.ledger(), ["eval1-0", "eval1-1", "eval1-2"]);
}

#[test]
fn a_job_that_is_gone_from_the_file_is_kept() {
    let world = World::local(1).script(NOTE);
    world.jobs("phase8", 2, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world.jobs("phase8", 1, 0);
    world
        .fleet(&["dispatch", FILE])
        .ok()
        .says("nothing new; 1 job known already");
    assert_eq!(world.count("jobs"), 2);
}

#[test]
fn a_known_job_that_is_asked_for_otherwise_stays_as_it_was_and_that_is_said() {
    let world = World::local(2).script(&format!("{NOTE}; echo \"$FLEET_HOST\" >> \"$LEDGER\""));
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    world.fleet(&["dispatch", FILE]).ok();
    world.assign("phase8", &[("eval2", "a", "gpt")]);
    world
        .fleet(&["dispatch", FILE])
        .ok()
        .says("the file has changed for 1 known job")
        .says("give the file another name");
    assert_eq!(world.ledger(), ["a", "eval1"]);
}

#[test]
fn a_failing_job_makes_exit_code_four_and_its_reason_is_in_status() {
    let world = World::local(1).script(
        "[ $FLEET_INSTANCE = good ] && exit 0; echo begun; echo 'ImportError: no module sepal' >&2; echo bye; exit 3",
    );
    world.assign("phase8", &[("eval1", "good", "gpt"), ("eval1", "bad", "gpt")]);
    world
        .fleet(&["dispatch", FILE])
        .code(4)
        .says("ImportError: no module sepal");
    let status = world.status();
    assert_eq!(status["total"]["succeeded"], 1);
    let failed = &status["failed"][0];
    assert_eq!(failed["instance"], "bad");
    assert_eq!(failed["phase"], "only");
    assert_eq!(failed["how"], "exit code 3");
    assert_eq!(failed["excerpt"], "ImportError: no module sepal");
    world
        .fleet(&["status"])
        .ok()
        .prints("ImportError: no module sepal");
    // What failed by itself is never run again.
    world.fleet(&["dispatch", FILE]).code(4);
    assert_eq!(world.capsules("eval1").len(), 2);
}

#[test]
fn idle_hosts_take_the_jobs_of_the_pool_while_a_busy_one_does_not() {
    let world = World::local(2).script(&format!(
        "echo \"$FLEET_INSTANCE $FLEET_HOST\" >> \"$LEDGER\"; case $FLEET_INSTANCE in pool*) ;; *) {GO};; esac"
    ));
    let mut jobs = vec![("eval1", "own", "gpt")];
    jobs.extend([
        ("*", "pool-0", "gpt"),
        ("*", "pool-1", "gpt"),
        ("*", "pool-2", "gpt"),
    ]);
    world.assign("phase8", &jobs);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(4);
    world.go();
    assert!(dispatch.wait().unwrap().success());
    let expected = ["own eval1", "pool-0 eval2", "pool-1 eval2", "pool-2 eval2"];
    assert_eq!(world.ledger(), expected);
}

#[test]
fn check_stores_nothing_and_runs_nothing() {
    let world = World::local(1).script(NOTE);
    world.jobs("phase8", 2, 0);
    world
        .fleet(&["dispatch", "--check", FILE])
        .ok()
        .says("2 jobs could be dispatched");
    assert!(!world.path("state").exists());
    assert!(world.ledger().is_empty());
}

#[test]
fn quiet_it_says_only_what_is_asked_for() {
    let world = World::local(1).script(NOTE);
    world.jobs("phase8", 1, 0);
    let ran = world.fleet(&["--quiet", "dispatch", FILE]).ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn several_files_are_dispatched_together() {
    let world = World::local(2).script(NOTE);
    world.assign("one", &[("eval1", "a", "gpt")]);
    world.assign("two", &[("eval2", "b", "gpt")]);
    world
        .fleet(&["dispatch", "assignments/one.json", "assignments/two.json"])
        .ok()
        .says("one: 1 job added")
        .says("two: 1 job added");
    assert_eq!(world.ledger(), ["a", "b"]);
}

#[test]
fn detached_it_returns_at_once_and_the_background_does_the_work() {
    let world = World::local(1).script(&slow());
    world.jobs("phase8", 2, 0);
    world
        .fleet(&["dispatch", "--detach", FILE])
        .ok()
        .says("coordinating in the background");
    world.until_ledger_has(1);
    wait::until("status shows the job at work", || {
        (world.count("running") == 1).then_some(())
    });
    world
        .fleet(&["status"])
        .ok()
        .prints("coordinator: process")
        .prints("eval1-0");
    world
        .fleet(&["dispatch", FILE])
        .code(5)
        .says("another coordinator is at work")
        .says("it runs this set already");
    world.jobs("phase9", 1, 0);
    world
        .fleet(&["dispatch", "assignments/phase9.json"])
        .code(5)
        .says("to add this set: end that coordinator")
        .says(&format!("`fleet dispatch {FILE} assignments/phase9.json`"));
    world.go();
    wait::until("the background is through", || {
        world
            .fleet(&["status"])
            .stdout
            .contains("coordinator: none")
            .then_some(())
    });
    assert_eq!(world.count("succeeded"), 2);
    assert_eq!(world.ledger().len(), 4);
    let log = std::fs::read_to_string(world.path("state/coordinator.log")).unwrap();
    assert!(log.contains("eval1-1 gpt run1 succeeded"), "{log}");
}

#[test]
fn what_is_wrong_in_the_background_reaches_the_user() {
    let world = World::local(1).script(NOTE);
    world.assign("phase8", &[("eval1", "a", "gtp")]);
    world
        .fleet(&["dispatch", "--detach", FILE])
        .code(2)
        .says("phase8.json:1:")
        .says("did you mean `gpt`?");
}

#[test]
fn ctrl_c_leaves_the_jobs_running_and_the_same_command_finishes_them() {
    let world = World::local(2).script(&slow());
    world.jobs("phase8", 2, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(2);
    kill(Pid::from_raw(dispatch.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(dispatch.wait().unwrap().code(), Some(130));
    let talk = world.talk();
    assert!(
        talk.contains("2 jobs continue on the hosts, 2 waiting here"),
        "{talk}"
    );
    assert!(talk.contains("come back with `fleet dispatch assignments/phase8.json`"));
    assert!(!world.job_processes().is_empty(), "the jobs go on");
    world.go();
    world.fleet(&["dispatch", FILE]).ok();
    let mut once: Vec<String> = ["eval1-0", "eval1-1", "eval2-0", "eval2-1"]
        .iter()
        .flat_map(|job| [(*job).to_owned(), format!("{job} ended")])
        .collect();
    once.sort();
    assert_eq!(world.ledger(), once);
}

#[test]
fn a_missing_variable_is_told_before_anything_is_stored() {
    let mut world = World::local(1)
        .toml("[[model]]\nname = \"keyed\"\nenv = [\"KEY_OF_A_TEST\"]")
        .script(NOTE);
    world.assign("phase8", &[("eval1", "a", "keyed"), ("eval1", "b", "gpt")]);
    world
        .fleet(&["dispatch", FILE])
        .code(2)
        .says("KEY_OF_A_TEST is not set (model keyed, pipeline job)")
        .says("nothing has started");
    assert_eq!(world.count("jobs"), 0);
    assert!(world.ledger().is_empty());
    world = world.env("KEY_OF_A_TEST", "value");
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(world.ledger(), ["a", "b"]);
}

#[test]
fn a_set_that_waits_from_before_is_left_alone_by_another_dispatch() {
    let world = World::local(1).script(&format!("{NOTE}; [ $FLEET_SET = late ] || {{ {GO}; }}"));
    world.jobs("early", 2, 0);
    world.assign("late", &[("eval1", "only", "gpt")]);
    let mut early = world.start(&["dispatch", "assignments/early.json"]);
    world.until_ledger_has(1);
    kill(Pid::from_raw(early.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(early.wait().unwrap().code(), Some(130));
    world.go();
    world.fleet(&["dispatch", "assignments/late.json"]).ok();
    assert_eq!(world.ledger(), ["eval1-0", "only"]);
    assert_eq!(world.count("waiting"), 1);
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() {
    let world = World::local(1).script(&slow());
    world.jobs("phase8", 1, 0);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    let pid = Pid::from_raw(dispatch.id().cast_signed());
    kill(pid, Signal::SIGINT).unwrap();
    // It may be gone by then; that is at once, too.
    let _ = kill(pid, Signal::SIGINT);
    assert_eq!(dispatch.wait().unwrap().code(), Some(130));
    world.go();
    world.fleet(&["dispatch", FILE]).ok();
}
