//! `JUnit`'s results as the client's table, and Maven's outcome of one test.

use std::borrow::Cow;

use super::scan::{labelled, lines, lines_back, word};
use super::{Results, Sign, Status};

/// `class,name,status`; the names keep the quotation marks that the client's data have around them. The
/// table may come as a JSON list of its lines.
pub(super) fn junit(log: &str) -> Results {
    let mut results = Results::default();
    let listed: Option<Vec<Cow<str>>> = log
        .trim_start()
        .starts_with('[')
        .then(|| serde_json::from_str(log).ok())
        .flatten();
    match listed {
        Some(listed) => listed.iter().for_each(|line| row(line, &mut results)),
        None => lines(log).for_each(|line| row(line, &mut results)),
    }
    results
}

fn row(line: &str, results: &mut Results) {
    let line = line.trim();
    let unquoted = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut parts = unquoted.unwrap_or(line).split(',');
    let (Some(class), Some(name), Some(word), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    if (class, name, word) == ("Test-class-name", "Test-name", "status") {
        return;
    }
    let status = match word.to_ascii_uppercase().as_str() {
        "PASS" => Status::Passed,
        "FAIL" => Status::Failed,
        "ERROR" => Status::Error,
        // The reference skips what it does not know; so it does with prose that has two commas in it.
        _ if word.contains(char::is_whitespace) => return,
        _ => Status::Skipped,
    };
    results.set(format!("\"{class}.{name}\""), status);
}

/// The last `-Dtest=NAME` before each `BUILD SUCCESS` or `BUILD FAILURE`.
pub(super) fn maven(log: &str) -> Results {
    let mut results = Results::default();
    let mut test = None;
    for line in lines(log).map(str::trim_end) {
        if let Some((_, rest)) = line.rsplit_once("-Dtest=") {
            let name = word(rest).0;
            if !name.is_empty() && rest.starts_with(name) {
                test = Some(name);
            }
        }
        if let (Some(test), Some(status)) = (test, outcome(line)) {
            results.set(test, status);
        }
    }
    results
}

/// The build's outcome, with the last counts over all classes.
pub(super) fn maven_sign(log: &str) -> Sign {
    if !lines(log).any(|line| outcome(line.trim_end()).is_some()) {
        return Sign::Missing;
    }
    let Some(list) = lines_back(log)
        .filter_map(|line| Some(&line[line.find("Tests run:")?..]))
        .find(|list| !list.contains("Time elapsed"))
    else {
        return Sign::ENDED;
    };
    let count = |name| labelled(list).find(|(label, _)| *label == name).map(|(_, n)| n);
    Sign::Ended {
        passed: None,
        failed: count("Failures"),
        errors: count("Errors"),
        total: count("Tests run"),
    }
}

fn outcome(line: &str) -> Option<Status> {
    if line.ends_with("BUILD SUCCESS") {
        Some(Status::Passed)
    } else {
        line.ends_with("BUILD FAILURE").then_some(Status::Failed)
    }
}
