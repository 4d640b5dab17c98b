//! The guard against forged output: no line of a log counts as a pass only because it looks like one.
//!
//! Tests run the model's code, and what that prints lands in the same log. A claim is doubted when the
//! framework never came to its end, when its own numbers or its exit code say another thing than the lines,
//! or when a test passed here and failed there. What is doubted is not passed: that is the model's loss, never
//! a reason to try again. What replaces the whole framework and speaks just as it does can't be told by its
//! output; calibration and a look at the patch can.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::command::Command;
use super::grading::{Finding, Note};
use super::parse::{Parser, Sign, Status};
use super::reading::{self, Reading};
use super::spelling::plain;
use crate::domain::evidence::Tests;

/// A log as it is believed.
#[derive(Debug, Default)]
pub(super) struct Believed {
    /// The tests that ran, in the log's order.
    pub(super) tests: Vec<(String, Status)>,
    /// Why nothing of it counts as passed.
    pub(super) refused: Option<Note>,
    /// Tests whose passing is doubted, and why.
    pub(super) doubts: BTreeMap<String, &'static str>,
    /// Did the framework say that it came to its end?
    pub(super) ended: bool,
    /// Does the framework's own list hold all results, as many as it says that there are?
    pub(super) complete: bool,
}

/// Passed in the framework's report, not passed elsewhere.
const CONTRADICTED: &str = "passed in one place of the log and failed in another";
/// Claimed outside of the framework's report alone.
const OUTSIDE: &str = "reported as passed only where the code under test can print";

/// Reads a log, and says what of it is believed.
pub(super) fn read(parser: Parser, log: &str, command: Command, tests: &Tests) -> Believed {
    let pytest = is_pytest(parser);
    let reading = if pytest {
        reading::pytest(parser, log, command)
    } else {
        reading::whole(parser, log)
    };
    let silent = pytest && command.silent;
    let claims = reading.tests.iter().any(|(_, status)| *status == Status::Passed);
    let refused = claims.then(|| {
        no_end(&reading, silent)
            .or_else(|| {
                (pytest && command.lists)
                    .then(|| no_list(&reading, command))
                    .flatten()
            })
            .or_else(|| numbers(parser, &reading, command).filter(|_| pytest || !tests.cut))
            .or_else(|| pytest.then(|| exit(&reading, command, tests.exit)).flatten())
    });
    let mut doubts = doubts(&reading);
    if is_unittest(parser) {
        doubts.extend(failed_below(&reading, log));
    }
    Believed {
        doubts,
        refused: refused.flatten(),
        ended: reading
            .ends
            .iter()
            .any(|(sign, _)| matches!(sign, Sign::Ended { .. })),
        complete: is_complete(&reading),
        tests: reading.tests,
    }
}

fn is_pytest(parser: Parser) -> bool {
    parser.id().contains("pytest") || parser.id().ends_with("log_tox")
}

fn no_end(reading: &Reading, silent: bool) -> Option<Note> {
    let missing = reading.ends.iter().any(|(sign, _)| *sign == Sign::Missing);
    (missing && !silent).then(|| {
        Note::new(
            Finding::NoSignOfARun,
            "the log claims passed tests, but the test framework never says that it came to its end",
        )
    })
}

/// A command that asks for the list of passed tests gets one from every run that comes to its end.
fn no_list(reading: &Reading, command: Command) -> Option<Note> {
    (command.once && !command.silent && !reading.listed).then(|| {
        Note::new(
            Finding::NoSignOfARun,
            "the log claims passed tests, but pytest's own list of them, which the command asks for, is not there",
        )
    })
}

/// More passed tests than the framework counts.
fn numbers(parser: Parser, reading: &Reading, command: Command) -> Option<Note> {
    // Several runs end with several counts. Where they can't be told apart, there is nothing to compare.
    let comparable = reading.listed || command.once || !is_pytest(parser);
    reading
        .ends
        .iter()
        .filter(|_| comparable)
        .find_map(|(sign, read)| {
            let Sign::Ended { passed, total, .. } = *sign else {
                return None;
            };
            let most = passed.or(total)?;
            let read = u32::try_from(*read).unwrap_or(u32::MAX);
            (read > most && counts_one_by_one(parser)).then(|| {
                let what =
                    format!("{read} tests are listed as passed, but the test framework counts only {most}");
                Note::new(Finding::CountsDisagree, &what)
            })
        })
}

/// Does this grammar give one name for each test that the framework counts?
fn counts_one_by_one(parser: Parser) -> bool {
    is_pytest(parser) || is_unittest(parser) || parser.id().contains("cargo")
}

fn is_unittest(parser: Parser) -> bool {
    parser.id().ends_with("log_unittest")
}

/// Pytest's exit code: 0 for no failures, 1 for some, 2 broken off, 3 a defect, 4 and 5 nothing ran.
fn exit(reading: &Reading, command: Command, exit: Option<i32>) -> Option<Note> {
    let code = exit.filter(|_| command.exit)?;
    let counted = |sign: &Sign| match *sign {
        Sign::Ended { failed, errors, .. } => failed.unwrap_or(0) + errors.unwrap_or(0),
        Sign::Missing | Sign::NotTold => 0,
    };
    let failures: u32 = reading.ends.iter().map(|(sign, _)| counted(sign)).sum();
    let listed = reading
        .tests
        .iter()
        .any(|(_, status)| matches!(status, Status::Failed | Status::Error));
    let what = match code {
        0 if failures > 0 && listed => {
            format!("pytest counts {failures} failures, and yet its exit code is 0")
        }
        2 => "tests are listed as passed, but pytest was broken off (exit code 2)".to_owned(),
        3 => "tests are listed as passed, but pytest itself failed (exit code 3)".to_owned(),
        4 | 5 => format!("tests are listed as passed, but pytest says that it ran none (exit code {code})"),
        _ => return None,
    };
    Some(Note::new(Finding::ExitDisagrees, &what))
}

fn doubts(reading: &Reading) -> BTreeMap<String, &'static str> {
    let inside: HashMap<&str, Status> = reading
        .tests
        .iter()
        .map(|(name, status)| (name.as_str(), *status))
        .collect();
    let doubted = reading.outside.iter().filter_map(|(name, told)| {
        let failed = told
            .iter()
            .any(|status| matches!(status, Status::Failed | Status::Error));
        match inside.get(name.as_str()) {
            Some(Status::Passed) if failed => Some((name.clone(), CONTRADICTED)),
            None if told.contains(&Status::Passed) => Some((name.clone(), OUTSIDE)),
            _ => None,
        }
    });
    doubted.collect()
}

/// Unittest repeats each failure below its results: `FAIL: test_a (mod.C)`. What failed there has not passed,
/// whatever a line above says.
fn failed_below(reading: &Reading, log: &str) -> Vec<(String, &'static str)> {
    let failed: HashSet<String> = log
        .lines()
        .filter_map(|line| {
            line.strip_prefix("FAIL: ")
                .or_else(|| line.strip_prefix("ERROR: "))
        })
        .filter_map(|test| Some(plain(&test[..=test.find(')')?])))
        .collect();
    let tests = reading
        .tests
        .iter()
        .filter(|(_, status)| *status == Status::Passed);
    tests
        .filter(|(name, _)| !failed.is_empty() && failed.contains(&plain(name)))
        .map(|(name, _)| (name.clone(), CONTRADICTED))
        .collect()
}

fn is_complete(reading: &Reading) -> bool {
    reading.listed
        && reading.ends.iter().all(|(sign, read)| match *sign {
            Sign::Ended { passed: Some(n), .. } => u32::try_from(*read).is_ok_and(|read| read >= n),
            Sign::Ended { .. } | Sign::Missing | Sign::NotTold => false,
        })
}

#[cfg(test)]
#[path = "tests/guard.rs"]
mod tests;
