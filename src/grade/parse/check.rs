//! The Check framework for C, and what is built around it.

use super::results::numbered;
use super::scan::{after_blank, hashed, labelled, lines, lines_with, strip_prefix_any_case};
use super::{Results, Status, ctest};

/// The first of five forms that fits a line; where none fits any, tests made up from the counts.
pub(super) fn parse(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim) {
        let found = ctest::test(line)
            .or_else(|| detail(line))
            .or_else(|| standard(line))
            .or_else(|| loose(line))
            .or_else(|| sentence(line));
        if let Some((name, status)) = found {
            results.set(name, status);
        }
    }
    if results.is_empty()
        && let Some(counts) = counted(log)
    {
        numbered(&mut results, "", 1, counts);
    }
    results
}

/// `check_money.c:25:F:Core:test_money: …`
fn detail(line: &str) -> Option<(&str, Status)> {
    line.match_indices(':').find_map(|(at, _)| {
        let status = match line.as_bytes().get(at + 1..at + 3)? {
            b"P:" => Status::Passed,
            b"F:" => Status::Failed,
            b"E:" => Status::Error,
            _ => return None,
        };
        (at > 0).then(|| (&line[..at], status))
    })
}

/// `PASS: name`
fn standard(line: &str) -> Option<(&str, Status)> {
    let words = [
        ("PASS:", Status::Passed),
        ("FAIL:", Status::Failed),
        ("ERROR:", Status::Error),
    ];
    words
        .iter()
        .find_map(|(word, status)| Some((after_blank(line.strip_prefix(word)?)?, *status)))
}

/// `passed …: name`. The word must be whole: `Failures: 2` is no test named `2`.
fn loose(line: &str) -> Option<(&str, Status)> {
    let words = [
        ("passed", Status::Passed),
        ("failed", Status::Failed),
        ("pass", Status::Passed),
        ("fail", Status::Failed),
    ];
    let (rest, status) = words
        .iter()
        .find_map(|(word, status)| Some((strip_prefix_any_case(line, word)?, *status)))?;
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let name = rest.split_once(':')?.1.trim_start();
    (!name.is_empty()).then_some((name, status))
}

/// `Test name passed`
fn sentence(line: &str) -> Option<(&str, Status)> {
    let rest = after_blank(strip_prefix_any_case(line, "test")?)?;
    let (name, verdict) = rest.rsplit_once(char::is_whitespace)?;
    let status = if verdict.eq_ignore_ascii_case("passed") {
        Status::Passed
    } else {
        verdict.eq_ignore_ascii_case("failed").then_some(Status::Failed)?
    };
    Some((name.trim_end(), status))
}

fn counted(log: &str) -> Option<[u32; 3]> {
    if let Some((total, failed, errors)) = lines_with(log, "Checks:").find_map(checks) {
        let passed = total.saturating_sub(failed.saturating_add(errors));
        return Some([passed, failed, errors]);
    }
    if let Some((failed, total)) = lines(log).find_map(ctest::summary) {
        return Some([total - failed, failed, 0]);
    }
    let count = |name| lines(log).find_map(|line| hashed(line, name));
    count("TOTAL:")?;
    let passed = count("PASS:")?;
    Some([passed, count("FAIL:").unwrap_or(0), count("ERROR:").unwrap_or(0)])
}

/// `80%: Checks: 5, Failures: 1, Errors: 0`
pub(super) fn checks(line: &str) -> Option<(u32, u32, u32)> {
    let list = &line[line.find("Checks:")?..];
    let count = |name| labelled(list).find(|(label, _)| *label == name).map(|(_, n)| n);
    Some((count("Checks")?, count("Failures")?, count("Errors")?))
}
