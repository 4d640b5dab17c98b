//! The guard's own rules; see `forged` for whole runs.

use super::*;
use crate::domain::time::Span;
use crate::grade::command;

fn read_as(command: &str, exit: i32, log: &str) -> Believed {
    let tests = Tests {
        exit: Some(exit),
        timed_out: false,
        took: Span::seconds(1),
        output: 0,
        cut: false,
        stdout: None,
        network: None,
        memory: None,
        out_of_memory: false,
    };
    let parser = Parser::named("python/parse_log_pytest_v3").unwrap();
    read(parser, log, command::read(command), &tests, &Measure::default())
}

#[test]
fn without_a_claim_there_is_nothing_to_refuse() {
    let believed = read_as("pytest -rA", 4, "FAILED t.py::a - x\n");
    assert_eq!(believed.refused, None);
    assert!(!believed.ended && !believed.complete);
}

#[test]
fn a_whole_list_is_known_as_such() {
    let log = "= short test summary info =\nPASSED t.py::a\n= 1 passed in 1s =\n"
        .replace("= ", "=== ")
        .replace(" =", " ===");
    assert!(read_as("pytest -rA", 0, &log).complete);
    assert!(!read_as("pytest -rA", 0, &log.replace("1 passed", "2 passed")).complete);
}
