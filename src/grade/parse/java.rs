//! `JUnit`'s results as the client's table, Maven's outcome of one test, and the lines of Gradle and Ant.

use std::borrow::Cow;

use super::scan::{after_blank, labelled, lines, lines_back, word};
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

/// `com.example.Test > name PASSED`, where the verdict may stand alone, some lines below.
pub(super) fn gradle(log: &str) -> Results {
    let mut results = Results::default();
    let mut open: Option<&str> = None;
    for line in lines(log).map(str::trim) {
        let ended = [
            ("PASSED", Status::Passed),
            ("FAILED", Status::Failed),
            ("SKIPPED", Status::Skipped),
        ]
        .into_iter()
        .find_map(|(word, status)| Some((line.strip_suffix(word)?, status)));
        match ended {
            Some(("", status)) => {
                if let Some(name) = open.take() {
                    results.set(name, status);
                }
            }
            // What Gradle itself does begins with `>`.
            Some((name, status)) if name.ends_with(char::is_whitespace) && !name.starts_with('>') => {
                let name = name.trim_end();
                if name != "BUILD" {
                    results.set(name, status);
                }
                open = None;
            }
            _ if is_gradle_name(line) => open = Some(line),
            _ => {}
        }
    }
    results
}

/// `com.example.Test > name`, and nothing else.
fn is_gradle_name(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let fits = (words.next(), words.next(), words.next(), words.next());
    matches!(fits, (Some(class), Some(">"), Some(_), None) if !class.starts_with('>'))
}

/// `[junit] [PASS] name`
pub(super) fn ant(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim) {
        let Some(rest) = line.strip_prefix("[junit]").and_then(after_blank) else {
            continue;
        };
        let found = [
            ("[PASS]", Status::Passed),
            ("[FAIL]", Status::Failed),
            ("[ERR]", Status::Failed),
        ]
        .into_iter()
        .find_map(|(word, status)| Some((after_blank(rest.strip_prefix(word)?)?, status)));
        if let Some((name, status)) = found {
            results.set(name, status);
        }
    }
    results
}

/// `BUILD SUCCESSFUL in 3s` and `BUILD FAILED`: Gradle's and Ant's.
pub(super) fn build_sign(log: &str) -> Sign {
    let ends = lines_back(log)
        .map(str::trim)
        .any(|line| line.starts_with("BUILD SUCCESSFUL") || line.starts_with("BUILD FAILED"));
    if ends { Sign::ENDED } else { Sign::Missing }
}
