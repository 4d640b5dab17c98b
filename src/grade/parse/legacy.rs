//! Forms of single projects, older than the others: django, sympy, seaborn, matplotlib, autograd, paramiko,
//! python-slugify, tornado, mypy.

use std::borrow::Cow;

use super::pytest::summary;
use super::scan::{counted, lines, lines_back, word};
use super::{Results, Sign, Status};

/// Django's runner: `name ... ok`, where output may stand between the dots and the verdict.
pub(super) fn django(log: &str) -> Results {
    const BARE: &str = "--version is equivalent to version";
    const GLUED: &str = "Applying sites.0002_alter_domain_unique...test_no_migrations";
    let mut results = Results::default();
    // The test whose verdict has not come yet.
    let mut open: Option<&str> = None;
    for line in lines(log).map(str::trim) {
        if line.contains(BARE) {
            results.set(BARE, Status::Passed);
        }
        if let Some((name, status)) = dotted(line) {
            let name = if name.starts_with(GLUED) {
                name.split_once("...").map_or(name, |(_, rest)| rest.trim())
            } else {
                name
            };
            results.set(name, status);
            open = None;
        } else if let Some((name, _)) = line.split_once(" ... ") {
            open = Some(name);
        } else if let Some((status, rest)) = headed(line) {
            results.set(word(rest).0, status);
        } else if let Some(name) = open
            && let Some(status) = alone(line)
        {
            results.set(name, status);
            open = None;
        }
    }
    results
}

/// Tornado's: `name ... ok`, `name ... skipped why`, and `FAIL: name (class)` below.
pub(super) fn tornado(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        let name = line.split(" ... ").next().unwrap_or_default();
        if line.ends_with("... ok") {
            results.set(name, Status::Passed);
        } else if line.contains(" ... skipped ") {
            results.set(name, Status::Skipped);
        } else if let Some((_, rest)) = headed(line) {
            let (method, rest) = word(rest);
            let (class, _) = word(rest);
            results.set(format!("{method} {class}").trim(), Status::Failed);
        }
    }
    results
}

/// python-slugify's: the whole line is `name ... ok|FAIL|ERROR`.
pub(super) fn slugify(log: &str) -> Results {
    let plain = |c: char| c.is_ascii_alphanumeric() || c.is_whitespace() || "_-,.()'".contains(c);
    let mut results = Results::default();
    for line in lines(log).map(|line| line.trim_end_matches('\r')) {
        let Some((name, verdict)) = line.rsplit_once(" ... ") else {
            continue;
        };
        if let Some(status) = alone(verdict)
            && name.chars().all(plain)
        {
            results.set(name, status);
        }
    }
    results
}

/// Sympy's: `test_x ok|F|E`, and `____ file.py:test_x ____` above each failure.
pub(super) fn sympy(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim) {
        if line.starts_with("test_") {
            let status = match line.rsplit_once(' ').map(|(_, last)| last) {
                Some("ok") => Status::Passed,
                Some("F") => Status::Failed,
                Some("E") => Status::Error,
                _ => continue,
            };
            results.set(word(line).0, status);
        } else if let Some(rest) = line.strip_prefix('_') {
            let name = rest.trim_matches('_').trim();
            if rest.ends_with('_') && name.contains(".py:") {
                results.set(name, Status::Failed);
            }
        }
    }
    results
}

/// `tests finished: 5 passed, 1 failed, in 0.1 seconds`.
pub(super) fn sympy_sign(log: &str) -> Sign {
    lines_back(log)
        .find_map(|line| {
            let (_, list) = line.split_once("tests finished:")?;
            let count = |name| counted(list).find(|(_, word)| *word == name).map(|(n, _)| n);
            Some(Sign::Ended {
                passed: Some(count("passed").unwrap_or(0)),
                failed: Some(count("failed").unwrap_or(0)),
                errors: Some(count("exceptions").unwrap_or(0)),
                total: None,
            })
        })
        .unwrap_or(Sign::Missing)
}

/// Seaborn's: `FAILED name`, `PASSED name`, `name PASSED …`.
pub(super) fn seaborn(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        let (first, rest) = word(line);
        let (second, _) = word(rest);
        if line.starts_with("FAILED") {
            results.set(second, Status::Failed);
        } else if second == "PASSED" && line.contains(" PASSED ") {
            results.set(first, Status::Passed);
        } else if line.starts_with("PASSED") {
            results.set(second, Status::Passed);
        }
    }
    results
}

/// Matplotlib's: pytest's, with the mouse's buttons as numbers.
pub(super) fn matplotlib(log: &str) -> Results {
    summary(lines(log), |name| {
        if name.contains("MouseButton.") {
            let name = name.replace("MouseButton.LEFT", "1");
            Cow::Owned(name.replace("MouseButton.RIGHT", "3"))
        } else {
            Cow::Borrowed(name)
        }
    })
}

/// Paramiko's: `STATUS name`.
pub(super) fn paramiko(log: &str) -> Results {
    status_and_name(lines(log))
}

/// Autograd's: `[gw0] STATUS name`.
pub(super) fn autograd(log: &str) -> Results {
    status_and_name(lines(log).filter_map(|line| {
        let (worker, rest) = line.strip_prefix("[gw")?.split_once("] ")?;
        let is_number = !worker.is_empty() && worker.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(rest)
    }))
}

/// Mypy's: a line with a status in it, whose last word is the name.
pub(super) fn mypy(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        let status = if line.contains("PASSED") {
            Status::Passed
        } else if line.contains("FAILED") {
            Status::Failed
        } else {
            continue;
        };
        results.set(line.split_whitespace().next_back().unwrap_or_default(), status);
    }
    results
}

fn status_and_name<'a>(lines: impl Iterator<Item = &'a str>) -> Results {
    let mut results = Results::default();
    for line in lines {
        if let Some((status, rest)) = Status::leading(line)
            && let Some(rest) = rest.strip_prefix(char::is_whitespace)
            && !rest.starts_with(char::is_whitespace)
        {
            results.set(word(rest).0, status);
        }
    }
    results
}

/// `name ... verdict`, where nothing stands between.
fn dotted(line: &str) -> Option<(&str, Status)> {
    if let Some((name, rest)) = line.split_once(" ... skipped") {
        return (rest.is_empty() || rest.starts_with(' ')).then_some((name, Status::Skipped));
    }
    let (name, verdict) = line.rsplit_once(" ...")?;
    Some((name, alone(verdict.trim_start())?))
}

fn alone(word: &str) -> Option<Status> {
    match word {
        "ok" | "OK" => Some(Status::Passed),
        "FAIL" => Some(Status::Failed),
        "ERROR" => Some(Status::Error),
        _ => None,
    }
}

fn headed(line: &str) -> Option<(Status, &str)> {
    let failed = line.strip_prefix("FAIL:").map(|rest| (Status::Failed, rest));
    failed.or_else(|| Some((Status::Error, line.strip_prefix("ERROR:")?)))
}
