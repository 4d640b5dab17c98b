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
use super::material::Measure;
use super::parse::{self, Failures, Parser, Sign, Status};
use super::reading::{self, Reading};
use super::spelling::plain;
use crate::domain::evidence::Tests;

/// A log as it is believed.
#[derive(Debug, Default)]
pub(super) struct Believed {
    /// The tests that ran, in the log's order.
    pub(super) tests: Vec<(String, Status)>,
    /// Cut-off names of several tests; see [`Reading`].
    pub(super) short: Vec<(String, Status)>,
    /// Why nothing of it counts as passed.
    pub(super) refused: Option<Note>,
    /// Tests whose passing is doubted, and why.
    pub(super) doubts: BTreeMap<String, Doubt>,
    /// Did the framework say that it came to its end?
    pub(super) ended: bool,
    /// Does the framework's own list hold all results, as many as it says that there are?
    pub(super) complete: bool,
    /// How many passed tests the framework counts, although the log names none.
    pub(super) unnamed: Option<u32>,
    /// How many runs of the framework the log shows, where each has told its results in one list at its end.
    pub(super) runs: Option<usize>,
    /// Does the log name or count a failure?
    pub(super) explained: bool,
    /// How many tests the framework counts at its end.
    pub(super) counted: Option<u32>,
}

/// Why a test that reads passed is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It passed in the framework's report and failed elsewhere, or failed in the list that ends the report.
    Forged,
    /// It is claimed outside of the framework's report alone.
    Outside,
    /// It has lines that say that it passed, and others that say that it failed.
    Torn,
    /// A part of it failed.
    Part,
    /// It failed by what pytest reported to our plug-in.
    Reported,
    /// Pytest reported nothing of it to our plug-in, and of others all.
    Unreported,
}

impl Doubt {
    /// In words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Doubt::Forged => "passed in one place of the log and failed in another",
            Doubt::Outside => "reported as passed only where the code under test can print",
            Doubt::Torn => "both passed and failed by the log",
            Doubt::Part => "a part of it failed",
            Doubt::Reported => "passed by the log, and failed by what pytest reports",
            Doubt::Unreported => "passed by the log, and pytest reports no such test",
        }
    }
}

/// Reads a log, and says what of it is believed.
pub(super) fn read(
    parser: Parser,
    log: &str,
    command: Command,
    tests: &Tests,
    measure: &Measure<'_>,
) -> Believed {
    let pytest = parser.is_pytest();
    let reading = if pytest {
        reading::pytest(parser, log, command)
    } else {
        reading::whole(parser, log)
    };
    let failures = parse::failures(parser, log);
    let explained = tells_of_failures(&reading, &failures);
    let silent = pytest && command.silent;
    let claims = reading.tests.iter().any(|(_, status)| *status == Status::Passed);
    let refused = claims.then(|| {
        no_end(&reading, silent)
            .or_else(|| {
                (pytest && command.lists)
                    .then(|| no_list(&reading, command))
                    .flatten()
            })
            .or_else(|| reading.unlike.map(|why| Note::new(Finding::ForgedOutput, why)))
            .or_else(|| numbers(parser, &reading, command).filter(|_| pytest || !tests.cut))
            .or_else(|| lines(&reading, command).filter(|_| !tests.cut))
            .or_else(|| pytest.then(|| exit(&reading, command, tests.exit)).flatten())
            .or_else(|| unexplained(command, tests, measure).filter(|_| !explained))
    });
    Believed {
        doubts: doubts(parser, &reading, &failures, command),
        refused: refused.flatten(),
        ended: reading
            .ends
            .iter()
            .any(|(sign, _)| matches!(sign, Sign::Ended { .. })),
        complete: is_complete(&reading),
        unnamed: unnamed(&reading),
        runs: reading.listed.then_some(reading.ends.len()),
        explained,
        counted: counted(&reading),
        tests: reading.tests,
        short: reading.short,
    }
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
    let comparable = reading.listed || command.once || !parser.is_pytest();
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
    parser.is_pytest() || parser.id().ends_with("log_unittest") || parser.id().contains("cargo")
}

/// Where pytest lists every test (`-rA`), its list has exactly as many lines of each kind as its last line counts.
fn lines(reading: &Reading, command: Command) -> Option<Note> {
    let kinds = reading.kinds.filter(|_| command.lists_all)?;
    let Sign::Ended {
        passed: Some(passed),
        failed: Some(failed),
        errors: Some(errors),
        total: Some(total),
    } = reading.ends.first()?.0
    else {
        return None;
    };
    let others = total.saturating_sub(passed.saturating_add(failed).saturating_add(errors));
    let unequal = [
        ("passed", kinds.passed, passed),
        ("failed", kinds.failed, failed),
        ("broken", kinds.errors, errors),
        (
            "skipped or otherwise ended",
            if kinds.parts { others } else { kinds.others },
            others,
        ),
    ];
    let (kind, listed, counted) = unequal
        .into_iter()
        .find(|(_, listed, counted)| listed != counted)?;
    let what = format!("pytest lists {listed} {kind} tests, and its last line counts {counted}");
    Some(Note::new(Finding::CountsDisagree, &what))
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

/// Does the log name or count a failure?
fn tells_of_failures(reading: &Reading, failures: &Failures) -> bool {
    let counted = |(sign, _): &(Sign, usize)| match *sign {
        Sign::Ended { failed, errors, .. } => failed.unwrap_or(0) > 0 || errors.unwrap_or(0) > 0,
        Sign::Missing | Sign::NotTold => false,
    };
    reading.tests.iter().any(|(_, status)| status.is_bad())
        || !reading.torn.is_empty()
        || reading.outside.values().flatten().any(|status| status.is_bad())
        || reading.ends.iter().any(counted)
        || !(failures.tests.is_empty() && failures.parts.is_empty())
}

/// A test command ends with another code than 0 because something failed. Where the log names no failure, it does not
/// tell of the run that was; unless the dataset's own solution ends so, too.
fn unexplained(command: Command, tests: &Tests, measure: &Measure<'_>) -> Option<Note> {
    let code = tests.exit.filter(|code| *code != 0)?;
    (!command.environments && !measure.allows(code)).then(|| {
        let what = format!(
            "tests are listed as passed and none as failed, and yet the test command ended with exit code {code}"
        );
        Note::new(Finding::ExitDisagrees, &what)
    })
}

/// How many tests the framework counts at its end; none where it does not.
fn counted(reading: &Reading) -> Option<u32> {
    let total = |(sign, _): &(Sign, usize)| match *sign {
        Sign::Ended { total, .. } => total,
        Sign::Missing | Sign::NotTold => None,
    };
    let totals: Option<Vec<u32>> = reading.ends.iter().map(total).collect();
    totals
        .filter(|totals| !totals.is_empty())
        .map(|totals| totals.into_iter().fold(0, u32::saturating_add))
}

fn doubts(
    parser: Parser,
    reading: &Reading,
    failures: &Failures,
    command: Command,
) -> BTreeMap<String, Doubt> {
    let inside: HashMap<&str, Status> = reading
        .tests
        .iter()
        .chain(&reading.short)
        .map(|(name, status)| (name.as_str(), *status))
        .collect();
    let mut doubts = BTreeMap::new();
    for (name, told) in &reading.outside {
        match inside.get(name.as_str()) {
            Some(Status::Passed) if told.iter().any(|status| status.is_bad()) => {
                doubts.insert(name.clone(), Doubt::Forged);
            }
            None if told.contains(&Status::Passed) => {
                doubts.insert(name.clone(), Doubt::Outside);
            }
            _ => {}
        }
    }
    // Of several runs of pytest, the last holds.
    let one_run = !parser.is_pytest() || command.once;
    let good = || {
        inside
            .iter()
            .filter(|(_, status)| !status.is_bad())
            .map(|(name, _)| *name)
    };
    let torn = good().filter(|name| one_run && reading.torn.contains(*name));
    let listed = Listed::of(parser, failures);
    let named = good().filter_map(|name| Some((name, listed.doubt(name)?)));
    for (name, doubt) in torn.map(|name| (name, Doubt::Torn)).chain(named) {
        doubts.insert(name.to_owned(), doubt);
    }
    doubts
}

/// The failures that the framework tells a second time.
struct Listed<'a> {
    failures: &'a Failures,
    /// The same in one spelling, for frameworks that have several.
    tests: HashSet<String>,
    parts: HashSet<String>,
    unittest: bool,
}

impl<'a> Listed<'a> {
    fn of(parser: Parser, failures: &'a Failures) -> Listed<'a> {
        let unittest = parser.is_unittest();
        let spelt = |names: &HashSet<String>| {
            names
                .iter()
                .filter(|_| unittest)
                .map(|name| plain(name))
                .collect()
        };
        Listed {
            failures,
            tests: spelt(&failures.tests),
            parts: spelt(&failures.parts),
            unittest,
        }
    }

    fn doubt(&self, name: &str) -> Option<Doubt> {
        let (tests, parts) = (&self.failures.tests, &self.failures.parts);
        if self.unittest && !(tests.is_empty() && parts.is_empty()) {
            let plain = plain(name);
            if self.tests.contains(&plain) {
                return Some(Doubt::Forged);
            }
            if self.parts.contains(&plain) {
                return Some(Doubt::Part);
            }
            return self.failures.described.contains(name).then_some(Doubt::Torn);
        }
        if tests.contains(name) {
            return Some(Doubt::Torn);
        }
        parts.contains(name).then_some(Doubt::Part)
    }
}

/// A framework may count its passed tests and name none. Then nothing can be graded, whichever patch was tested.
fn unnamed(reading: &Reading) -> Option<u32> {
    if reading.tests.iter().any(|(_, status)| !status.is_bad()) {
        return None;
    }
    let passed = |(sign, _): &(Sign, usize)| match *sign {
        Sign::Ended {
            passed: Some(passed), ..
        } => passed,
        Sign::Ended {
            failed,
            errors,
            total,
            ..
        } => {
            let bad = failed.unwrap_or(0).saturating_add(errors.unwrap_or(0));
            total.unwrap_or(0).saturating_sub(bad)
        }
        Sign::Missing | Sign::NotTold => 0,
    };
    let passed = reading.ends.iter().map(passed).fold(0, u32::saturating_add);
    (passed > 0).then_some(passed)
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
