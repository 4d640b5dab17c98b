//! Ruby's minitest, told to be verbose.

use super::scan::{counted, is_word, lines, lines_back, number};
use super::{Results, Sign, Status};

/// `A::B#test_x = 0.05 s = .`, `A#test_x [PASS]`, `test_x (A::B) = 0.01 s = .`
pub(super) fn parse(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim) {
        if let Some((name, rest)) = hashed(line) {
            let rest = rest.trim_start();
            if let Some(status) = timed(rest).or_else(|| bracketed(rest)) {
                results.set(name, status);
            }
        } else if let Some((method, class, rest)) = spaced(line)
            && let Some(status) = timed(rest.trim_start())
        {
            results.set(format!("{class}#{method}"), status);
        }
    }
    results
}

/// `A::B#test_x`, and what follows.
fn hashed(line: &str) -> Option<(&str, &str)> {
    let class = line.find(|c| !in_class(c))?;
    let method = line[class..].strip_prefix('#')?;
    let length = method.find(|c| !is_word(c))?;
    (class > 0 && length > 0).then(|| line.split_at(class + 1 + length))
}

/// `test_x (A::B)`, and what follows.
fn spaced(line: &str) -> Option<(&str, &str, &str)> {
    let (method, rest) = line.split_at(line.find(|c| !is_word(c))?);
    let rest = rest.trim_start().strip_prefix('(')?;
    let (class, rest) = rest.split_once(')')?;
    let fits = !method.is_empty() && !class.is_empty() && class.chars().all(in_class);
    fits.then_some((method, class, rest))
}

fn in_class(c: char) -> bool {
    is_word(c) || c == ':'
}

/// `= 0.05 s = .`
fn timed(rest: &str) -> Option<Status> {
    let (_, letter) = rest.strip_prefix('=')?.rsplit_once('=')?;
    match letter.trim() {
        "." => Some(Status::Passed),
        "F" => Some(Status::Failed),
        "E" => Some(Status::Error),
        "S" | "N" => Some(Status::Skipped),
        _ => None,
    }
}

/// `[PASS]`
fn bracketed(rest: &str) -> Option<Status> {
    let (word, _) = rest.strip_prefix('[')?.split_once(']')?;
    match word.to_ascii_uppercase().as_str() {
        "PASS" | "OK" | "PASSED" => Some(Status::Passed),
        "FAIL" | "FAILED" => Some(Status::Failed),
        "ERROR" | "ERR" => Some(Status::Error),
        "SKIP" | "SKIPPED" => Some(Status::Skipped),
        _ => None,
    }
}

/// `  1) Failure:`, and in the next line `A#test_x [test/a.rb:5]:`, or `test_x(A) [test/a.rb:5]:`.
pub(super) fn listed(log: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut headed = false;
    for line in lines(log).map(str::trim) {
        if headed {
            let name = hashed(line).map(|(name, _)| name.to_owned());
            let older = || spaced(line).map(|(method, class, _)| format!("{class}#{method}"));
            names.extend(name.or_else(older));
        }
        headed = number(line).is_some_and(|(_, rest)| matches!(rest, ") Failure:" | ") Error:"));
    }
    names
}

/// `3 runs, 5 assertions, 1 failures, 0 errors, 0 skips`; test-unit says `tests`.
pub(super) fn sign(log: &str) -> Sign {
    lines_back(log)
        .find_map(|line| {
            let count = |names: [&str; 2]| {
                let found = counted(line).find(|(_, word)| names.contains(word));
                found.map(|(n, _)| n)
            };
            count(["assertions", "assertion"])?;
            Some(Sign::Ended {
                passed: None,
                failed: Some(count(["failures", "failure"])?),
                errors: Some(count(["errors", "error"])?),
                total: Some(count(["runs", "tests"])?),
            })
        })
        .unwrap_or(Sign::Missing)
}
