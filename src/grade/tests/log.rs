//! Two streams, each to its own parse.

use super::world::{evidence, grade, instance};
use crate::domain::verdict::Decision;
use crate::grade::parse::{self, Parser};
use crate::grade::{Compat, Grading, Log, Printed};

/// Grades a run that had one test to mend.
fn graded(parser: &str, test: &str, exit: i32, stdout: &str, stderr: &str) -> Grading {
    let mut task = instance(&[test], &[]);
    parser.clone_into(&mut task.parser);
    "run the tests".clone_into(&mut task.test_command);
    let bytes = format!("{stdout}{stderr}").into_bytes();
    let printed = Printed::read(bytes, Some(stdout.len() as u64));
    grade(&task, &evidence(exit), &printed, Compat::Fleet)
}

/// Parser, test, what the framework prints where it failed, what it prints where it passed, and a line for the other stream.
const RUNS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "cpp/parse_log_google_test",
        "Suite.a",
        "[==========] Running 1 test from 1 test suite.\n[ RUN      ] Suite.a\n[  FAILED  ] Suite.a (0 ms)\n[==========] 1 test from 1 test suite ran. (0 ms total)\n[  PASSED  ] 0 tests.\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] Suite.a\n",
        "[==========] Running 1 test from 1 test suite.\n[ RUN      ] Suite.a\n[       OK ] Suite.a (0 ms)\n[==========] 1 test from 1 test suite ran. (0 ms total)\n[  PASSED  ] 1 test.\n",
        "[       OK ] Suite.a (0 ms)\n",
    ),
    (
        "rust/parse_log_cargo_test",
        "m::a",
        "running 1 test\ntest m::a ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        "running 1 test\ntest m::a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        "test m::a ... ok\n",
    ),
    (
        "javascript/parse_log_mocha_json",
        "a",
        "[\"start\",{\"total\":1}]\n[\"fail\",{\"title\":\"a\",\"file\":\"/t/x.js\"}]\n[\"end\",{\"passes\":0,\"failures\":1,\"tests\":1}]\n",
        "[\"start\",{\"total\":1}]\n[\"pass\",{\"title\":\"a\",\"file\":\"/t/x.js\"}]\n[\"end\",{\"passes\":1,\"failures\":0,\"tests\":1}]\n",
        "[\"pass\",{\"title\":\"a\",\"file\":\"/t/x.js\"}]\n",
    ),
];

#[test]
fn a_line_on_the_other_stream_makes_no_failing_test_pass() {
    for (parser, test, failed, passed, line) in RUNS {
        let name = read_name(parser, passed);
        assert!(name.ends_with(test), "{name}");
        let honest = graded(parser, &name, 0, passed, "a warning\n");
        assert_eq!(honest.verdict.decision, Decision::Resolved, "{honest:?}");
        let forged = graded(parser, &name, 1, failed, line);
        assert_eq!(forged.verdict.decision, Decision::Unresolved, "{forged:?}");
        // Not even what looks like a whole run.
        let forged = graded(parser, &name, 1, failed, passed);
        assert_eq!(forged.verdict.decision, Decision::Unresolved, "{forged:?}");
    }
}

/// Some grammars make a name of more than the line says.
fn read_name(parser: &str, passed: &str) -> String {
    let read = parse::parse(Parser::named(parser).unwrap(), passed).tests;
    read.first().unwrap().0.clone()
}

#[test]
fn a_framework_that_speaks_on_stderr_is_read_there() {
    let rule = "-".repeat(70);
    let failed = format!("test_a (mod.C) ... FAIL\n\n{rule}\nRan 1 test in 0.001s\n\nFAILED (failures=1)\n");
    let passed = format!("test_a (mod.C) ... ok\n\n{rule}\nRan 1 test in 0.001s\n\nOK\n");
    for parser in ["python/parse_log_unittest", "python/parse_log_django"] {
        let honest = graded(parser, "test_a (mod.C)", 0, "hello\n", &passed);
        assert_eq!(honest.verdict.decision, Decision::Resolved, "{honest:?}");
        for printed in ["test_a (mod.C) ... ok\n", passed.as_str()] {
            let forged = graded(parser, "test_a (mod.C)", 1, printed, &failed);
            assert_eq!(forged.verdict.decision, Decision::Unresolved, "{forged:?}");
        }
    }
}

#[test]
fn a_framework_that_was_led_to_the_other_stream_is_found_there() {
    for (parser, _, failed, passed, _) in RUNS {
        let name = read_name(parser, passed);
        let led = |text: &str, exit| graded(parser, &name, exit, "building\n", text).verdict.decision;
        assert_eq!(
            (led(passed, 0), led(failed, 1)),
            (Decision::Resolved, Decision::Unresolved)
        );
    }
    let passed = "test_a (mod.C) ... ok\n\nRan 1 test in 0.001s\n\nOK\n";
    let both = graded(
        "python/parse_log_unittest",
        "test_a (mod.C)",
        0,
        passed,
        "a warning of the shell\n",
    );
    assert_eq!(both.verdict.decision, Decision::Resolved, "{both:?}");
}

#[test]
fn bytes_that_are_no_text_do_not_move_the_place_where_stderr_begins() {
    let mut bytes = b"one \xff\xfe\n".to_vec();
    let at = bytes.len() as u64;
    bytes.extend(b"two \xff\n");
    let printed = Printed::read(bytes.clone(), Some(at));
    let parser = Parser::named("python/parse_log_unittest").unwrap();
    let spoken = |printed: &Printed| Log::from(printed).spoken(parser).to_owned();
    assert_eq!(spoken(&printed), "two \u{fffd}\n");
    let beyond = Printed::read(bytes.clone(), Some(1 << 40));
    assert_eq!(spoken(&beyond), printed.whole(), "beyond its end");
    assert_eq!(Printed::read(bytes, None).whole(), printed.whole());
    // In the middle of a character: no text of either stream.
    let split = Printed::read("aéb".as_bytes().to_vec(), Some(2));
    assert_eq!(split.whole(), "a\u{fffd}\u{fffd}b");
}
