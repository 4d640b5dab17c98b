//! Vitest, and Karma's reporter for mocha.

use super::scan::{counted, lines, lines_with, number};
use super::{Results, Sign, Status};

/// Deeper suites than this, and longer names, stand only in logs that are made up.
const DEEPEST: usize = 64;
const LONGEST: usize = 4096;

/// `✓ file > suite > name 16ms`, as `--reporter=verbose` prints it.
pub(super) fn vitest(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim) {
        let mut rest = line.chars();
        let status = match rest.next() {
            Some('✓') => Status::Passed,
            Some('×') => Status::Failed,
            Some('↓') => Status::Skipped,
            _ => continue,
        };
        if let Some(name) = rest.as_str().strip_prefix(char::is_whitespace) {
            results.set(untimed(name.trim_start()), status);
        }
    }
    results
}

/// The name without ` 16ms`, ` 16 ms`, ` 16` or ` [skipped]`, as the reference has it.
fn untimed(name: &str) -> &str {
    let digits = name.strip_suffix("[skipped]").or_else(|| {
        let rest = name.strip_suffix('s').unwrap_or(name);
        let rest = rest.strip_suffix('m').unwrap_or(rest).trim_end();
        let shorter = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        (shorter.len() < rest.len()).then_some(shorter)
    });
    let shorter = digits.and_then(|rest| rest.strip_suffix(char::is_whitespace));
    shorter
        .map(str::trim_end)
        .filter(|name| !name.is_empty())
        .unwrap_or(name)
}

/// ` FAIL  file > suite > name`, above what went wrong.
pub(super) fn vitest_listed(log: &str) -> impl Iterator<Item = &str> {
    lines_with(log, "FAIL ").filter_map(|line| {
        let name = line.trim().strip_prefix("FAIL ")?.trim_start();
        name.contains(" > ").then_some(name)
    })
}

/// `Tests  1 failed | 2 passed | 1 skipped (4)`, of all runs together.
pub(super) fn vitest_sign(log: &str) -> Sign {
    let mut all = Sign::Missing;
    for line in lines_with(log, "Tests ") {
        let Some(list) = line.trim().strip_prefix("Tests ") else {
            continue;
        };
        let Some((list, total)) = list
            .trim_end()
            .strip_suffix(')')
            .and_then(|list| list.rsplit_once('('))
        else {
            continue;
        };
        let Some((total, _)) = number(total) else { continue };
        let count = |name| counted(list).find(|(_, word)| *word == name).map(|(n, _)| n);
        all = all.and(Sign::Ended {
            passed: Some(count("passed").unwrap_or(0)),
            failed: Some(count("failed").unwrap_or(0)),
            errors: None,
            total: Some(total),
        });
    }
    all
}

/// Suites by their indentation, then `✔ name` and `✖ name`, from the browser's start to `SUMMARY:`.
///
/// The names are the reference's, in which a suite is left only where the indentation shrinks.
pub(super) fn karma(log: &str) -> Results {
    let mut results = Results::default();
    let mut suites: Vec<&str> = Vec::new();
    let (mut depth, mut started) = (None, false);
    for line in lines(log) {
        if line.starts_with(SUMMARY) {
            break;
        }
        if line.contains("Starting browser") {
            started = true;
            continue;
        }
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if !started || indent == 0 && !text.starts_with(['✔', '✖']) {
            continue;
        }
        let passed = text.strip_prefix('✔').map(|rest| (rest, Status::Passed));
        let marked = passed.or_else(|| Some((text.strip_prefix('✖')?, Status::Failed)));
        if let Some((rest, status)) = marked {
            let Some(name) = rest.strip_prefix(char::is_whitespace) else {
                continue;
            };
            let length: usize = suites.iter().map(|suite| suite.len() + 3).sum();
            if length + name.len() <= LONGEST {
                suites.push(name);
                results.set(suites.join(" > "), status);
                suites.pop();
            }
        } else if indent > 1 && depth.is_none_or(|depth| indent > depth) {
            depth = Some(indent);
            if suites.len() == DEEPEST {
                break;
            }
            suites.push(text.trim_end());
        } else if indent > 1 && depth.is_some_and(|depth| indent < depth) {
            depth = Some(indent);
            suites.pop();
        }
    }
    results
}

const SUMMARY: &str = "SUMMARY:";

/// `✔ 10 tests completed` and `✖ 1 test failed` below `SUMMARY:`.
pub(super) fn karma_sign(log: &str) -> Sign {
    let mut all = lines(log).skip_while(|line| !line.starts_with(SUMMARY));
    if all.next().is_none() {
        return Sign::Missing;
    }
    let (mut passed, mut failed) = (None, None);
    for line in all.map(str::trim) {
        let count = |mark: char, word: &str| {
            let (n, rest) = number(line.strip_prefix(mark)?.trim_start())?;
            (rest.starts_with(" test") && rest.ends_with(word)).then_some(n)
        };
        passed = passed.or(count('✔', "completed"));
        failed = failed.or(count('✖', "failed"));
    }
    Sign::Ended {
        passed,
        failed,
        errors: None,
        total: None,
    }
}
