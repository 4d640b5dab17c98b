//! Python's unittest, told to be verbose.

use std::ops::Range;

use super::scan::{labelled, lines, number, spans_with};
use super::{Results, Sign, Status};

/// The client's names: `test_a (mod.C) ... ok` is `mod.C.test_a`, and so, since Python 3.11 writes the whole
/// name in the brackets, `test_a (mod.C.test_a)` is `mod.C.test_a.test_a`. The verdict may stand lines below:
/// after a docstring, or after what the test itself has printed.
pub(super) fn verbose(log: &str) -> Results {
    let mut results = Results::default();
    let mut open: Option<Test> = None;
    for line in lines(log).map(str::trim) {
        let begins = line.starts_with("test_");
        if begins || is_rule(line) {
            close(open.take(), &mut results);
        }
        if begins {
            open = Some(Test::of(line));
        } else if let Some(test) = &mut open {
            test.read(line);
        } else if let Some((name, status)) = header(line) {
            results.set(&name, status);
        }
    }
    close(open, &mut results);
    results
}

/// The public harness's names: whatever stands before ` ... `, on one line.
pub(super) fn one_line(log: &str) -> Results {
    let mut results = Results::default();
    let words = [
        ("ok", Status::Passed),
        ("fail", Status::Failed),
        ("error", Status::Error),
        ("skip", Status::Skipped),
    ];
    for line in lines(log).map(str::trim) {
        let Some((name, _)) = line.split_once(" ... ") else {
            continue;
        };
        let lower = line.to_lowercase();
        let status = words
            .iter()
            .find(|(word, _)| lower.split(" ... ").skip(1).any(|rest| rest.starts_with(word)));
        if let Some((_, status)) = status {
            results.set(name.trim(), *status);
        }
    }
    results
}

/// `Ran 3 tests in 0.001s`, then `OK` or `FAILED (failures=1, errors=1)`; all such runs together.
pub(super) fn sign(log: &str) -> Sign {
    let mut all = Sign::Missing;
    for (start, line) in spans_with(log, "Ran ") {
        let Some(total) = ran_tests(line.trim()) else {
            continue;
        };
        // A blank line stands between. Without an outcome it was cut off, or lost in other output.
        let outcome = lines(&log[start + line.len()..])
            .take(10)
            .find_map(|line| outcome(line.trim(), total));
        all = all.and(outcome.unwrap_or(counts(None, None, None, total)));
    }
    all
}

/// Everything up to the last `Ran 3 tests in 0.001s`, since what follows is not the framework's.
pub(super) fn report_range(log: &str) -> Range<usize> {
    let last = spans_with(log, "Ran ")
        .filter(|(_, line)| ran_tests(line.trim()).is_some())
        .last();
    0..last.map_or(log.len(), |(start, line)| start + line.len())
}

fn ran_tests(line: &str) -> Option<u32> {
    let (total, rest) = number(line.strip_prefix("Ran ")?)?;
    (rest.starts_with(" test in ") || rest.starts_with(" tests in ")).then_some(total)
}

fn outcome(line: &str, total: u32) -> Option<Sign> {
    if line == "NO TESTS RAN" || line == "OK" || line.starts_with("OK (") {
        return Some(counts(None, Some(0), Some(0), total));
    }
    let list = line
        .strip_prefix("FAILED (")?
        .strip_suffix(')')?
        .replace('=', ":");
    let count = |name| {
        labelled(&list)
            .find(|(label, _)| *label == name)
            .map_or(0, |(_, n)| n)
    };
    let failed = count("failures").saturating_add(count("unexpected successes"));
    Some(counts(None, Some(failed), Some(count("errors")), total))
}

fn counts(passed: Option<u32>, failed: Option<u32>, errors: Option<u32>, total: u32) -> Sign {
    Sign::Ended {
        passed,
        failed,
        errors,
        total: Some(total),
    }
}

/// A test that has begun, and what was seen of its verdict.
struct Test<'a> {
    method: &'a str,
    class: &'a str,
    /// The ` ... ` after which the verdict stands has been seen.
    awaited: bool,
    /// The verdict stood right there.
    decided: Option<Status>,
    /// The last line that is a verdict, or ends in a bad one.
    likely: Option<Status>,
    /// A line ended in a good one, perhaps by chance.
    chance: Option<Status>,
}

impl<'a> Test<'a> {
    fn of(line: &'a str) -> Test<'a> {
        let method = line.split_whitespace().next().unwrap_or_default();
        let class = line
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'))
            .map_or("", |(class, _)| class);
        let mut test = Test {
            method,
            class,
            awaited: false,
            decided: None,
            likely: None,
            chance: None,
        };
        test.read(line);
        test
    }

    fn read(&mut self, line: &str) {
        if self.decided.is_some() {
            return;
        }
        let mut text = line;
        if !self.awaited {
            if let Some((_, rest)) = line.split_once(" ... ") {
                self.awaited = true;
                self.decided = verdict(rest.trim());
                text = rest;
            } else if line.ends_with(" ...") {
                self.awaited = true;
                return;
            }
        }
        // The code under test may print words that look like a verdict. What the framework writes comes
        // last; and where that, too, can be doubted, a bad word counts for more than a good one.
        if let Some(status) = verdict(text) {
            self.likely = Some(status);
        } else if text.ends_with("FAIL") || text.contains("FAIL:") {
            self.likely = Some(Status::Failed);
        } else if text.ends_with("ERROR") || text.contains("ERROR:") {
            self.likely = Some(Status::Error);
        } else if text.ends_with("ok") {
            self.chance = Some(Status::Passed);
        } else if text.contains("skipped '") || text.contains("skipped \"") {
            self.chance = Some(Status::Skipped);
        }
    }
}

fn close(test: Option<Test>, results: &mut Results) {
    let Some(test) = test else { return };
    let Some(status) = test.decided.or(test.likely).or(test.chance) else {
        return;
    };
    // The reference knows errors by the bare name.
    if test.class.is_empty() || status == Status::Error {
        results.set(test.method, status);
    } else {
        results.set(format!("{}.{}", test.class, test.method), status);
    }
}

fn verdict(text: &str) -> Option<Status> {
    match text {
        "ok" => Some(Status::Passed),
        "FAIL" => Some(Status::Failed),
        "ERROR" => Some(Status::Error),
        "skipped" => Some(Status::Skipped),
        "expected failure" => Some(Status::Xfail),
        "unexpected success" => Some(Status::Xpass),
        _ => text.starts_with("skipped ").then_some(Status::Skipped),
    }
}

/// `ERROR: test_a (mod.C)` and `FAILED: test_a (mod.C)`.
fn header(line: &str) -> Option<(String, Status)> {
    let (rest, status) = match line.strip_prefix("ERROR:") {
        Some(rest) => (rest, Status::Error),
        None => (line.strip_prefix("FAILED:")?, Status::Failed),
    };
    let name = rest.split_whitespace().next()?;
    Some(match name.split_once('(') {
        None => (name.to_owned(), status),
        Some((method, _)) if status == Status::Error => (method.to_owned(), status),
        Some((method, class)) => {
            let class = class.split(')').next().unwrap_or_default();
            (format!("{class}.{method}"), status)
        }
    })
}

/// One of the lines that part the sections: seventy of one sign.
fn is_rule(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.len() >= 70 && matches!(bytes[0], b'=' | b'-') && bytes[..70].iter().all(|byte| *byte == bytes[0])
}
