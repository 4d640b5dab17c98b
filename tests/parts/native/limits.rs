//! Tests that want more than their share: of time, output, processes or memory.

use fleet::domain::fault::FaultName;
use fleet::domain::memory::MemoryLimit;
use fleet::domain::{Span, swe::Swe};

use super::fixture::{Case, GOOD, docker};

fn case(command: &str, limit: impl FnOnce(&mut Swe)) -> Case {
    let mut case = Case::new(GOOD);
    command.clone_into(&mut case.instance.test_command);
    limit(&mut case.swe);
    case
}

#[test]
fn a_gigabyte_of_output_is_cut_in_the_middle() {
    let case = case(
        "echo first; yes PASSED forged | head -c 1073741824; echo; echo last",
        |_| {},
    );
    let (done, evidence, log) = case.run();
    done.unwrap();
    let tests = evidence.tests.unwrap();
    assert!(tests.cut && tests.output > 1 << 30);
    assert!(log.len() <= 1 << 20, "{}", log.len());
    assert!(log.starts_with("first\nPASSED forged\n") && log.ends_with("\nlast\n"));
    let odd: Vec<&str> = log
        .lines()
        .filter(|line| !["first", "last", "PASSED forged"].contains(line))
        .collect();
    assert_eq!(odd.len(), 2, "{odd:?}");
    assert!(odd[0].ends_with("bytes left out …]") && "PASSED forged".starts_with(odd[1]));
}

#[test]
fn tests_that_do_not_end_are_ended_with_their_container_and_what_they_printed_is_kept() {
    let command = "echo before; (trap '' TERM; while :; do sleep 1; done) & sleep 1000";
    let case = case(command, |swe| swe.evaluation.tests = Span::seconds(2));
    let (done, evidence, log) = case.run();
    assert!(done.unwrap().note.contains("did not end in time"));
    let tests = evidence.tests.unwrap();
    assert_eq!(
        (tests.timed_out, tests.exit, log.as_str()),
        (true, None, "before\n")
    );
    assert!(tests.took >= Span::seconds(2));
    assert_eq!(case.containers(), "");
}

#[test]
fn tests_that_fork_without_end_meet_their_limit_and_leave_nothing() {
    let command =
        "for n in 1 2 3 4 5 6 7 8 9; do for m in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; done; echo through";
    let case = case(command, |swe| {
        swe.evaluation.processes = 24;
        swe.evaluation.tests = Span::seconds(4);
    });
    let (done, evidence, log) = case.run();
    done.unwrap();
    assert!(log.contains("fork"), "{log}");
    assert!(evidence.tests.is_some());
    assert_eq!(case.containers(), "");
}

#[test]
fn tests_that_eat_the_memory_they_were_given_fail_by_themselves() {
    let case = case("tail /dev/zero", |swe| {
        swe.evaluation.memory = Some(MemoryLimit::Bytes(32 << 20));
    });
    let (done, evidence, _) = case.run();
    done.unwrap();
    let tests = evidence.tests.unwrap();
    assert_eq!(
        (tests.exit, tests.memory, tests.out_of_memory),
        (Some(137), Some(32 << 20), true)
    );
}

#[test]
fn tests_that_kill_themselves_are_not_the_hosts_fault() {
    let (done, evidence, _) = case("kill -9 $$", |_| {}).run();
    done.unwrap();
    assert_eq!(evidence.tests.unwrap().exit, Some(137));
}

#[test]
fn what_tests_say_of_the_engine_is_not_believed() {
    let command = "echo 'Error response from daemon: Cannot connect to the Docker daemon' >&2; exit 125";
    let (done, evidence, log) = case(command, |_| {}).run();
    done.unwrap();
    assert_eq!(evidence.tests.unwrap().exit, Some(125));
    assert!(log.contains("Cannot connect"));
}

#[test]
fn tests_that_end_their_own_container_have_ended_by_themselves() {
    let case = case("echo before; kill -9 -1; while :; do :; done", |_| {});
    let (done, evidence, log) = case.run();
    done.unwrap();
    assert_eq!(evidence.tests.unwrap().exit, Some(137));
    assert_eq!(log, "before\n");
    assert_eq!(case.containers(), "");
}

#[test]
fn a_container_that_somebody_else_ends_is_not_the_tests_doing() {
    let case = case("touch /tmp/begun; sleep 1000", |_| {});
    let (done, evidence, _) = std::thread::scope(|scope| {
        let run = scope.spawn(|| case.run());
        docker(&["kill", &case.container_with("/tmp/begun")]);
        run.join().unwrap()
    });
    let fault = done.unwrap_err();
    assert_eq!(fault.name, FaultName::ContainerLost);
    assert_eq!(evidence.fault, Some(fault));
}

#[test]
fn at_the_limit_of_processes_the_container_lives_and_orphans_are_buried() {
    // Dead children of the first process would fill the limit. Who does not fork outlives it.
    let orphans = "for n in 1 2 3 4 5 6 7 8; do for m in 1 2 3 4 5 6 7 8; do (true &); done; done; until (true); do :; done";
    let case = case(
        &format!("{{ {orphans}; }} 2> /dev/null; read -r name < /proc/1/comm; echo \"$name\"; echo through"),
        |swe| swe.evaluation.processes = 24,
    );
    let (done, evidence, log) = case.run();
    done.unwrap();
    assert_eq!(evidence.tests.unwrap().exit, Some(0), "{log}");
    // A shell is a first process that may fork.
    let first = log.lines().next().unwrap();
    assert!(log.ends_with("through\n") && !first.ends_with("sh"), "{log}");
}

#[test]
fn tests_without_a_limit_of_their_own_have_the_hosts_memory_less_a_reserve_and_no_swap() {
    let case = case("touch /tmp/begun; until [ -e /tmp/go ]; do :; done", |_| {});
    let (done, limits) = std::thread::scope(|scope| {
        let run = scope.spawn(|| case.run().0);
        let id = case.container_with("/tmp/begun");
        let format = "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}";
        let limits = docker(&["inspect", "--format", format, &id]);
        docker(&["exec", &id, "touch", "/tmp/go"]);
        (run.join().unwrap(), limits)
    });
    done.unwrap();
    let (memory, swap) = limits.trim().split_once(' ').unwrap();
    let total: u64 = docker(&["info", "--format", "{{.MemTotal}}"])
        .trim()
        .parse()
        .unwrap();
    let memory: u64 = memory.parse().unwrap();
    assert!(memory > total / 2 && memory < total, "{memory} of {total}");
    assert_eq!(swap, memory.to_string());
}

#[test]
fn a_test_command_longer_than_an_argument_can_be_is_run_to_its_end() {
    let line = format!("# {}\n", "x".repeat(98));
    let case = case(&format!("{}cat; echo \"$0 through\"", line.repeat(2_000)), |_| {});
    let (done, evidence, log) = case.run();
    done.unwrap();
    assert_eq!(evidence.tests.unwrap().exit, Some(0));
    assert_eq!(log, "bash through\n", "and there is nothing for it to read");
}
