//! C++ test programs of every kind: the first form in which anything is found is the log's.

use super::results::{MOST_NUMBERED, numbered};
use super::scan::{counted, lines, lines_with, number};
use super::{Results, Status, ctest, gtest, tap, xml};

/// `JUnit`'s XML, Google Test, Autotools and Catch2, TAP, Boost, `CTest`, doctest: in this order.
const FORMS: [fn(&str) -> Results; 7] = [
    xml::parse,
    gtest::parse,
    tap::autotools,
    tap::parse,
    boost,
    ctest::parse,
    doctest,
];

/// What the first of the forms reads that reads anything.
pub(super) fn parse(log: &str) -> Results {
    FORMS
        .iter()
        .map(|form| form(log))
        .find(|results| !results.is_empty())
        .unwrap_or_default()
}

/// The tests that failed by any of the forms, and by the lists that end them: the code under test may have
/// printed a line of a form that comes before the true one.
pub(super) fn failed(log: &str) -> Vec<String> {
    let bad = |results: Results| results.tests.into_iter().filter(|(_, status)| status.is_bad());
    let read = FORMS.iter().flat_map(|form| bad(form(log)));
    let listed = gtest::listed(log).chain(ctest::listed(log)).map(str::to_owned);
    read.map(|(name, _)| name).chain(listed).collect()
}

/// `Running 3 test cases...` and `error: in "Suite/test": …`; those that passed are only counted.
fn boost(log: &str) -> Results {
    let mut results = Results::default();
    if !lines_with(log, "Running ").any(|line| running(line).is_some()) {
        return results;
    }
    let mut total = None;
    let mut default = "BoostTests";
    let mut suites: Vec<&str> = Vec::new();
    for line in lines(log) {
        total = running(line).or(total);
        if total.is_some()
            && let Some(name) = quoted(line, "in \"")
        {
            let (suite, test) = name.split_once('/').unwrap_or((default, name));
            results.set(format!("{suite}.{test}"), Status::Failed);
            suites.push(suite);
        }
        default = quoted(line, "test suite \"").unwrap_or(default);
    }
    let failed = u32::try_from(results.len()).unwrap_or(u32::MAX);
    let suite = match suites.split_first() {
        Some((first, others)) if others.iter().all(|other| other == first) => first,
        _ => default,
    };
    let passed = total.unwrap_or(0).saturating_sub(failed);
    numbered(&mut results, &format!("{suite}."), 0, [passed, 0, 0]);
    results
}

/// `Running 3 test cases...`
pub(super) fn running(line: &str) -> Option<u32> {
    let (total, rest) = number(&line[line.find("Running ")? + "Running ".len()..])?;
    rest.starts_with(" test case").then_some(total)
}

fn quoted<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    let rest = &line[line.find(before)? + before.len()..];
    let (name, _) = rest.split_once('"')?;
    (!name.is_empty()).then_some(name)
}

/// `test cases:  3 | 2 passed | 1 failed`, the last one; what others say otherwise is noted.
fn doctest(log: &str) -> Results {
    let mut results = Results::default();
    let mut all: Vec<(u32, u32)> = lines_with(log, "test cases:").filter_map(cases).collect();
    let Some((passed, failed)) = all.pop() else {
        return results;
    };
    numbered(&mut results, "", 0, [passed, failed, 0]);
    // In order, so that each number is looked at once, however many lines there are.
    all.sort_unstable();
    let most = passed.saturating_add(failed).min(MOST_NUMBERED);
    let mut next = 0;
    for (passed, failed) in all {
        let end = passed.saturating_add(failed).min(most);
        for number in passed.max(next)..end {
            results.tear(&format!("test_{number}"));
        }
        next = next.max(end);
    }
    results
}

/// What `test cases:  3 | 2 passed | 1 failed` counts. Golden data has it without the label, too.
pub(super) fn cases(line: &str) -> Option<(u32, u32)> {
    let list = line.split_once("test cases:").map(|(_, list)| list)?;
    let count = |name| counted(list).find(|(_, word)| *word == name).map(|(n, _)| n);
    let (passed, failed) = (count("passed"), count("failed"));
    // Catch2 leaves out what there is none of.
    passed.or(failed)?;
    Some((passed.unwrap_or(0), failed.unwrap_or(0)))
}
