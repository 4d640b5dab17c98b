//! `PHPUnit`: its testdox form, its lists of failures, and lines that name a method.

use std::borrow::Cow;

use super::scan::{has, is_word, labelled, lines, lines_back, number};
use super::{Flavour, Results, Sign, Status};

/// Which list the log is in.
#[derive(Clone, Copy)]
enum List {
    Failures,
    Errors,
    /// Of skipped, risky or incomplete tests, or of warnings: it says of none that it failed.
    Others,
}

/// Header `Words (Ns\Cls)`, then `✔ text` or `✘ text`; `n) Ns\Cls::testX` below has the last word.
pub(super) fn parse(log: &str, flavour: Flavour) -> Results {
    let mut results = Results::default();
    let (mut class, mut list) = (None, None);
    let mut listed = [Vec::new(), Vec::new(), Vec::new()];
    let names_methods = has(log, "::test");
    for line in lines(log).map(str::trim) {
        if let Some(named) = header(line) {
            class = Some(named);
            continue;
        }
        if let Some(begun) = list_header(line) {
            (class, list) = (None, Some(begun));
            continue;
        }
        if let (Some(list), Some(name)) = (list, entry(line)) {
            listed[list as usize].push(name);
        }
        if let Some((status, text)) = marked(line, flavour) {
            testdox(class, &text, status, &mut results);
        }
        if names_methods && let Some((name, status)) = method(line, flavour) {
            results.set(name, status);
        }
    }
    for (names, status) in listed.into_iter().zip([Status::Failed, Status::Error]) {
        for name in names {
            results.set(name, status);
        }
    }
    results
}

fn header(line: &str) -> Option<&str> {
    let (words, rest) = line.split_once('(')?;
    let class = rest.strip_suffix(')')?;
    (!words.trim().is_empty() && class.contains('\\') && !class.contains(')')).then_some(class)
}

fn list_header(line: &str) -> Option<List> {
    if !line.starts_with("There was") && !line.starts_with("There were") {
        return None;
    }
    let lower = line.to_ascii_lowercase();
    if lower.contains("failure") {
        Some(List::Failures)
    } else if lower.contains("error") {
        Some(List::Errors)
    } else {
        Some(List::Others)
    }
}

/// `1) Ns\Cls::testX with data set #0`.
fn entry(line: &str) -> Option<&str> {
    let (_, rest) = number(line)?;
    let name = rest.strip_prefix(')')?.trim();
    Some(name.split(" with data set").next().unwrap_or(name))
}

/// A line with one of the marks; ours must begin with it, since a test may print one anywhere.
fn marked(line: &str, flavour: Flavour) -> Option<(Status, Cow<'_, str>)> {
    let status_of = |c| match c {
        '✔' | '✓' => Some(Status::Passed),
        '✘' | '✗' => Some(Status::Failed),
        _ => None,
    };
    if flavour == Flavour::VeloraHead {
        let passes = line.contains(['✔', '✓']);
        let marks: [char; 2] = if passes { ['✔', '✓'] } else { ['✘', '✗'] };
        let mut parts = line.split(marks);
        let before = parts.next()?;
        let rest: String = parts.map(str::trim_start).collect();
        let status = if passes { Status::Passed } else { Status::Failed };
        return line
            .contains(marks)
            .then(|| (status, Cow::Owned(format!("{before}{rest}").trim().to_owned())));
    }
    let mut rest = line.chars();
    let status = status_of(rest.next()?)?;
    Some((status, Cow::Borrowed(untimed(rest.as_str().trim()))))
}

/// The text without ` [3.21 ms]`.
fn untimed(text: &str) -> &str {
    let time = || {
        let (rest, time) = text.strip_suffix("ms]")?.rsplit_once('[')?;
        let fits = rest.ends_with(' ') && time.starts_with(|c: char| c.is_ascii_digit());
        fits.then_some(rest.trim_end())
    };
    time().unwrap_or(text)
}

/// The method's name made of the words, under every name that the class may have.
fn testdox(class: Option<&str>, text: &str, status: Status, results: &mut Results) {
    let Some(class) = class else {
        return results.set(text, status);
    };
    // There may be a million of them, so that each name is made in one piece of memory.
    let mut name = String::with_capacity(class.len() + "::test".len() + text.len());
    name.push_str(class);
    name.push_str("::test");
    join(text, &mut name);
    if class.ends_with("Test") {
        return results.set(name, status);
    }
    let method = &name[class.len()..];
    results.set(name.as_str(), status);
    if let Some(space) = class.strip_suffix("\\UnnamedTests") {
        for other in ["Test", "Tests", "TestCase"] {
            results.set(format!("{space}\\{other}{method}"), status);
        }
    }
    results.set(format!("{class}Test{method}"), status);
}

/// Adds the words without the blanks between them, each with a large first letter and small others.
fn join(words: &str, name: &mut String) {
    let mut begins = true;
    for c in words.chars() {
        match (c.is_whitespace(), begins) {
            (true, _) => begins = true,
            (false, true) => {
                name.extend(c.to_uppercase());
                begins = false;
            }
            (false, false) if c.is_ascii() => name.push(c.to_ascii_lowercase()),
            (false, false) => name.extend(c.to_lowercase()),
        }
    }
}

/// `Ns\Cls::testX` on a line that also says what became of it.
fn method(line: &str, flavour: Flavour) -> Option<(&str, Status)> {
    if !line.contains("::test") {
        return None;
    }
    let (name, before, after) = qualified(line)?;
    let words = [
        ("ok", Status::Passed),
        ("pass", Status::Passed),
        ("fail", Status::Failed),
        ("error", Status::Error),
        ("skip", Status::Skipped),
    ];
    if flavour == Flavour::VeloraHead {
        let lower = line.to_lowercase();
        return words
            .iter()
            .find(|(word, _)| lower.contains(word))
            .map(|(_, status)| (name, *status));
    }
    // Not in the name itself: `TokenTest` says nothing of "ok".
    before
        .split(|c| !is_word(c))
        .chain(after.split(|c| !is_word(c)))
        .find_map(|said| {
            let said = said.to_ascii_lowercase();
            let found = words.iter().find(|(word, _)| said.starts_with(word));
            found.map(|(_, status)| (name, *status))
        })
}

/// The first `Ns\Cls::name` of a line, and what stands before and after it.
fn qualified(line: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(at) = line[from..].find("::").map(|found| from + found) {
        let in_class = |c| is_word(c) || c == '\\';
        // No further back than the search began, so that a line of colons is read once.
        let class = line[from..at].trim_end_matches(in_class).len() + from;
        let rest = &line[at + 2..];
        let end = at + 2 + rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if class < at && end > at + 2 {
            return Some((&line[class..end], &line[..class], &line[end..]));
        }
        from = at + 2;
    }
    None
}

/// `OK (3 tests, 5 assertions)` or `Tests: 3, Assertions: 5, Failures: 1.`
pub(super) fn sign(log: &str) -> Sign {
    lines_back(log)
        .map(str::trim)
        .find_map(|line| {
            if let Some(list) = line.strip_prefix("OK (") {
                let (total, rest) = number(list)?;
                return rest.starts_with(" test").then_some(counts(0, 0, total));
            }
            if !line.starts_with("Tests: ") || !line.contains("Assertions: ") {
                return None;
            }
            let count = |name| {
                labelled(line)
                    .find(|(label, _)| *label == name)
                    .map_or(0, |(_, n)| n)
            };
            Some(counts(count("Failures"), count("Errors"), count("Tests")))
        })
        .unwrap_or(Sign::Missing)
}

fn counts(failed: u32, errors: u32, total: u32) -> Sign {
    Sign::Ended {
        passed: None,
        failed: Some(failed),
        errors: Some(errors),
        total: Some(total),
    }
}
