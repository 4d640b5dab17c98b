//! The Test Anything Protocol, and Automake's own `PASS: name`.

use super::results::numbered;
use super::scan::hashed;
use super::scan::{after_blank, has, lines, lines_back, number, word};
use super::{Results, Sign, Status};

/// `ok 1 - name` and `not ok 2 - name`; the name ends at a colon.
pub(super) fn parse(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        let (rest, passed) = match line.strip_prefix("not").and_then(after_blank) {
            Some(rest) => (rest, false),
            None => (line, true),
        };
        let Some((count, rest)) = rest.strip_prefix("ok").and_then(after_blank).and_then(number) else {
            continue;
        };
        let text = rest.trim();
        let status = match directive(text) {
            Some("SKIP") => Status::Skipped,
            Some("TODO") if !passed => Status::Xfail,
            _ if passed => Status::Passed,
            _ => Status::Failed,
        };
        let name = text.split(':').next().unwrap_or(text).trim();
        let name = name.strip_prefix("- ").map_or(name, str::trim);
        if text.is_empty() {
            results.set(format!("test_{count}"), status);
        } else {
            results.set(name, status);
        }
    }
    results
}

/// The same as SWE-bench names them: all that follows the number.
pub(super) fn numbered_lines(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim) {
        let (rest, passed) = match line.strip_prefix("not ok ") {
            Some(rest) => (rest, false),
            None => (line.strip_prefix("ok ").unwrap_or_default(), true),
        };
        let Some(name) = number(rest).and_then(|(_, rest)| rest.strip_prefix(' ')) else {
            continue;
        };
        let status = match directive(name) {
            Some("SKIP") => Status::Skipped,
            Some("TODO") if !passed => Status::Xfail,
            _ if passed => Status::Passed,
            _ => Status::Failed,
        };
        results.set(name, status);
    }
    results
}

/// The plan `1..3`, with `# pass 2` and `# fail 1` where they stand.
pub(super) fn sign(log: &str) -> Sign {
    let planned = |line: &str| {
        let plan = line.trim_end().strip_prefix("1..").and_then(number);
        plan.is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with(" #"))
    };
    if !lines(log).any(planned) {
        return Sign::Missing;
    }
    let count = |name: &str| lines_back(log).find_map(|line| hashed(line, name));
    Sign::Ended {
        passed: count("pass "),
        failed: count("fail "),
        errors: None,
        total: None,
    }
}

/// The word after ` # `.
fn directive(text: &str) -> Option<&str> {
    let said = word(text.rsplit_once("# ")?.1).0;
    ["SKIP", "TODO"]
        .into_iter()
        .find(|known| said.eq_ignore_ascii_case(known))
}

/// `PASS: name`, with the suite's name before it where `Testsuite summary for S` gives one. Without lines on
/// single tests, those that the summary counts.
pub(super) fn autotools(log: &str) -> Results {
    let mut results = Results::default();
    let suite = has(log, SUMMARY).then(|| lines(log).find_map(suite)).flatten();
    let prefix = suite.map_or(String::new(), |suite| format!("{suite}."));
    for line in lines(log) {
        if let Some((name, status)) = test(line, suite.is_some()) {
            results.set(format!("{prefix}{name}"), status);
        }
    }
    if results.is_empty() {
        let sum = |name| {
            lines(log)
                .filter(|line| line.starts_with('#'))
                .filter_map(|line| hashed(line, name))
                .fold(0, u32::saturating_add)
        };
        let bad = ["FAIL:", "ERROR:", "XPASS:"]
            .map(sum)
            .into_iter()
            .fold(0, u32::saturating_add);
        let passed = match sum("PASS:") {
            0 => sum("TOTAL:").saturating_sub(bad),
            some => some,
        };
        numbered(&mut results, &prefix, 0, [passed, bad, 0]);
    }
    results
}

const SUMMARY: &str = "Testsuite summary for";

fn suite(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(SUMMARY)?;
    let name = word(after_blank(rest)?).0;
    (!name.is_empty()).then_some(name)
}

fn test(line: &str, automake: bool) -> Option<(&str, Status)> {
    let (verdict, name) = line.split_once(':')?;
    let status = match verdict {
        "PASS" => Status::Passed,
        "FAIL" => Status::Failed,
        // Other programs write these words, too; they count only where Automake is known to speak.
        "ERROR" if automake => Status::Error,
        "SKIP" if automake => Status::Skipped,
        "XFAIL" if automake => Status::Xfail,
        "XPASS" if automake => Status::Xpass,
        _ => return None,
    };
    let name = name.trim();
    (!name.is_empty()).then_some((name, status))
}
