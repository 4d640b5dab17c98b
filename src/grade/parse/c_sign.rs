//! The last words of test programs in C and C++.

use super::check::checks;
use super::cpp::{cases, running};
use super::scan::hashed;
use super::scan::{has, lines, lines_with, number};
use super::{Sign, ctest, gtest};

/// What the programs of the kind that speaks last say together.
pub(super) fn sign(log: &str) -> Sign {
    let forms: [fn(&str) -> Option<Sign>; 7] = [
        google,
        |line| {
            ctest::summary(line)
                .map(|(failed, total)| counts(Some(total - failed), Some(failed), None, Some(total)))
        },
        |line| {
            checks(line).map(|(total, failed, errors)| counts(None, Some(failed), Some(errors), Some(total)))
        },
        automake,
        catch,
        plan,
        framed,
    ];
    let mut sums = [Sign::Missing; 7];
    let mut last = None;
    for line in lines(log).map(str::trim_ascii).filter(|line| may_end(line)) {
        for (kind, form) in forms.iter().enumerate() {
            if let Some(found) = form(line) {
                sums[kind] = sums[kind].and(found);
                last = Some(kind);
                break;
            }
        }
    }
    match last {
        Some(kind) => sums[kind],
        None if begun(log) => Sign::Missing,
        None => Sign::NotTold,
    }
}

fn counts(passed: Option<u32>, failed: Option<u32>, errors: Option<u32>, total: Option<u32>) -> Sign {
    Sign::Ended {
        passed,
        failed,
        errors,
        total,
    }
}

/// Whether a line can be one of those looked for, by its first byte.
fn may_end(line: &str) -> bool {
    matches!(
        line.as_bytes().first(),
        Some(b'[' | b'0'..=b'9' | b'#' | b'*' | b'<' | b't' | b'A')
    )
}

fn google(line: &str) -> Option<Sign> {
    if let Some(passed) = gtest::counted(line, "PASSED") {
        return Some(counts(Some(passed), None, None, None));
    }
    if let Some(failed) = gtest::counted(line, "FAILED").filter(|_| line.ends_with("listed below:")) {
        return Some(counts(None, Some(failed), None, None));
    }
    let (total, rest) = number(line.strip_prefix("[==========] ")?)?;
    (rest.starts_with(" test") && rest.contains(" ran.")).then(|| counts(None, None, None, Some(total)))
}

fn automake(line: &str) -> Option<Sign> {
    let count = |name| hashed(line, name);
    if let Some(total) = count("TOTAL:") {
        return Some(counts(None, None, None, Some(total)));
    }
    if let Some(passed) = count("PASS:") {
        return Some(counts(Some(passed), None, None, None));
    }
    if let Some(failed) = count("FAIL:") {
        return Some(counts(None, Some(failed), None, None));
    }
    count("ERROR:").map(|errors| counts(None, None, Some(errors), None))
}

/// Catch2's and doctest's.
fn catch(line: &str) -> Option<Sign> {
    if line.starts_with("All tests passed (") {
        return Some(counts(None, Some(0), None, None));
    }
    if !line.starts_with("test cases:") && !line.starts_with("[doctest] test cases:") {
        return None;
    }
    let total = number(line.split_once(':')?.1.trim_start())?.0;
    let (passed, failed) = cases(line).map_or((None, None), |(passed, failed)| (Some(passed), Some(failed)));
    Some(counts(passed, failed, None, Some(total)))
}

/// TAP's `1..5`.
fn plan(line: &str) -> Option<Sign> {
    let (total, rest) = number(line.strip_prefix("1..")?)?;
    rest.is_empty().then(|| counts(None, None, None, Some(total)))
}

/// Boost's last line, and the end of `JUnit`'s XML.
fn framed(line: &str) -> Option<Sign> {
    let boost = line.starts_with("*** No errors detected")
        || line.starts_with("*** ")
            && (line.contains(" failure is detected") || line.contains(" failures are detected"));
    let xml = line.ends_with("</testsuites>") || line.ends_with("</testsuite>");
    (boost || xml).then_some(Sign::ENDED)
}

/// Whether a framework began that would have told its end.
fn begun(log: &str) -> bool {
    let words = [
        "[==========] Running",
        "[ RUN      ]",
        "<testsuite",
        "\nTest project ",
    ];
    words.iter().any(|words| has(log, words))
        || log.starts_with("Test project ")
        || lines_with(log, "Running ").any(|line| running(line).is_some())
}
