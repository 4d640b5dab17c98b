//! Cargo's tests.

use super::scan::{counted, lines, lines_with};
use super::{Results, Sign, Status};

/// `test name ... ok|FAILED`. What is ignored is left out, as in the reference.
pub(super) fn cargo_test(log: &str) -> Results {
    read(log, false)
}

/// The same, but what is ignored is skipped.
pub(super) fn cargo(log: &str) -> Results {
    read(log, true)
}

fn read(log: &str, ignored_too: bool) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        let Some((name, rest)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "))
        else {
            continue;
        };
        // A name with a blank in it belongs to something else: `- should panic`, `- compile`.
        if name.contains(char::is_whitespace) {
            continue;
        }
        let verdict = rest.split([' ', ',', '\r']).next().unwrap_or_default();
        match verdict {
            "ok" => results.set(name, Status::Passed),
            "FAILED" => results.set(name, Status::Failed),
            "ignored" if ignored_too => results.set(name, Status::Skipped),
            _ => {}
        }
    }
    results
}

/// The names of the lists below `failures:`, which end each program that had any.
pub(super) fn listed(log: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in lines(log).map(str::trim_end) {
        if line == "failures:" {
            inside = true;
        } else if inside {
            let name = line.strip_prefix("    ").filter(|name| !name.contains(' '));
            names.extend(name);
            inside = name.is_some();
        }
    }
    names
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; …`, of all programs together.
pub(super) fn sign(log: &str) -> Sign {
    let mut all = Sign::Missing;
    for line in lines_with(log, "test result: ") {
        let Some((_, list)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            continue;
        };
        let count = |name| counted(list).find(|(_, word)| *word == name).map(|(n, _)| n);
        let (Some(passed), Some(failed)) = (count("passed"), count("failed")) else {
            continue;
        };
        let ignored = count("ignored").unwrap_or(0);
        all = all.and(Sign::Ended {
            passed: Some(passed),
            failed: Some(failed),
            errors: None,
            total: Some(passed.saturating_add(failed).saturating_add(ignored)),
        });
    }
    all
}
