//! Meson, and whatever `make test` may print.

use super::scan::{after_blank, lines, number, strip_prefix_any_case};
use super::{Results, Sign, Status, c_sign, go};

/// `1/5 name  OK  0.12s`.
pub(super) fn meson(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim_start) {
        if let Some((name, status)) = meson_test(line) {
            results.set(name, status);
        }
    }
    results
}

fn meson_test(line: &str) -> Option<(&str, Status)> {
    let (_, rest) = number(line)?;
    let (_, rest) = number(rest.strip_prefix('/')?)?;
    let text = after_blank(rest)?;
    let mut found = None;
    let mut at = 0;
    for word in text.split_whitespace() {
        // Words are looked for in order, so that each begins behind the one before.
        let start = at + text[at..].find(word)?;
        at = start + word.len();
        let status = match word {
            "OK" => Status::Passed,
            "FAIL" | "ERROR" | "TIMEOUT" | "INTERRUPT" => Status::Failed,
            "SKIP" => Status::Skipped,
            "EXPECTEDFAIL" => Status::Xfail,
            "UNEXPECTEDPASS" => Status::Xpass,
            _ => continue,
        };
        // A name may hold such words, too. The time that the test took follows the one that is meant.
        let timed = is_time(&text[at..]);
        if start > 0 && (timed || found.is_none_or(|(_, _, timed): (_, _, bool)| !timed)) {
            found = Some((text[..start].trim_end(), status, timed));
        }
    }
    found.map(|(name, status, _)| (name, status))
}

/// `  0.12s`, or `  0.12 s`.
fn is_time(text: &str) -> bool {
    let seconds = || {
        let (_, rest) = number(text.trim_start())?;
        let (_, rest) = number(rest.strip_prefix('.')?)?;
        rest.trim_start().strip_prefix('s')
    };
    seconds().is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Go's lines, then meson's, then `PASS: name`.
pub(super) fn make(log: &str) -> Results {
    let mut results = go::text(log);
    results.extend(meson(log));
    for line in lines(log).map(str::trim) {
        let Some((verdict, name)) = line.split_once(':') else {
            continue;
        };
        let status = match verdict {
            "PASS" => Status::Passed,
            "FAIL" | "ERROR" => Status::Failed,
            "SKIP" => Status::Skipped,
            _ => continue,
        };
        results.set(name.trim(), status);
    }
    results
}

/// `Ok:  3` and `Fail:  1` after the tests.
pub(super) fn meson_sign(log: &str) -> Sign {
    let (mut passed, mut failed) = (None, None);
    for line in lines(log).map(str::trim) {
        let count = |name| {
            number(strip_prefix_any_case(line, name)?.trim_start()).filter(|(_, rest)| rest.is_empty())
        };
        passed = count("Ok:").map(|(n, _)| n).or(passed);
        failed = count("Fail:").map(|(n, _)| n).or(failed);
    }
    if passed.is_none() {
        return Sign::Missing;
    }
    Sign::Ended {
        passed,
        failed,
        errors: None,
        total: None,
    }
}

/// The first of them that has come to its end.
pub(super) fn make_sign(log: &str) -> Sign {
    [c_sign::sign, go::text_sign, meson_sign]
        .iter()
        .map(|sign| sign(log))
        .find(|sign| matches!(sign, Sign::Ended { .. }))
        .unwrap_or(Sign::NotTold)
}
