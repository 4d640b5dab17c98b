//! SWE-Lancer: one exit code of pytest for all tests.

use memchr::{memchr2_iter, memmem};

use super::scan::{after_blank, is_word, number, strip_prefix_any_case};
use super::{Flavour, Results, Sign, Status, session};

/// Every test that the log names has the status of the exit code: 0 passed, 1 failed, more an error.
pub(super) fn parse(log: &str, flavour: Flavour) -> Results {
    let mut results = Results::default();
    let code = match flavour {
        // The harness writes the code after all else, so that the tests cannot have the last word.
        Flavour::Fleet => exit_codes(log).last().or_else(|| summary_code(log)),
        Flavour::VeloraHead => exit_codes(log).next().or_else(|| loose_code(log)),
    };
    let status = match code {
        Some(0) => Status::Passed,
        Some(1) => Status::Failed,
        Some(_) => Status::Error,
        None if flavour == Flavour::Fleet => return results,
        None if log.to_lowercase().contains("passed") => Status::Passed,
        None => Status::Failed,
    };
    for name in names(log) {
        results.set(name, status);
    }
    results
}

/// Pytest's own last line, or else the exit code.
pub(super) fn sign(log: &str) -> Sign {
    match session::sign(log) {
        Sign::Missing if exit_codes(log).next().is_some() => Sign::ENDED,
        told => told,
    }
}

/// All of `pytest_exit_code: N`; where there is none, of `exit code: N`.
fn exit_codes(log: &str) -> Box<dyn Iterator<Item = u32> + '_> {
    let exact = || found(log, "pytest_exit_code").filter_map(|rest| code(rest, ": ="));
    if exact().next().is_some() {
        return Box::new(exact());
    }
    Box::new(found(log, "exit").filter_map(|rest| {
        let rest = strip_prefix_any_case(after_blank(rest)?, "code")?;
        code(rest, ":")
    }))
}

/// What follows the word, wherever it stands in letters of any size.
fn found<'a>(log: &'a str, words: &'static str) -> impl Iterator<Item = &'a str> {
    let first = words.as_bytes()[0];
    memchr2_iter(first, first.to_ascii_uppercase(), log.as_bytes())
        .filter_map(move |at| strip_prefix_any_case(log.get(at..)?, words))
}

fn code(rest: &str, between: &str) -> Option<u32> {
    let digits = rest.trim_start_matches(|c: char| c.is_whitespace() || between.contains(c));
    (digits.len() < rest.len())
        .then(|| number(digits))
        .flatten()
        .map(|(n, _)| n)
}

fn summary_code(log: &str) -> Option<u32> {
    match session::sign(log) {
        Sign::Ended {
            passed: Some(1..),
            failed: Some(0),
            errors: Some(0),
            ..
        } => Some(0),
        Sign::Ended { .. } => Some(1),
        Sign::Missing | Sign::NotTold => None,
    }
}

/// The public harness's: the words anywhere.
fn loose_code(log: &str) -> Option<u32> {
    let told = |word: &str| {
        memmem::find_iter(log.as_bytes(), word).any(|at| {
            let before = log[..at].trim_end();
            before.len() < at && before.ends_with(|c: char| c.is_ascii_digit())
        })
    };
    if told("passed") && !told("failed") {
        return Some(0);
    }
    (told("failed") || told("error")).then_some(1)
}

/// The names of tests: with their files, else without, else the first one's.
fn names(log: &str) -> Vec<&str> {
    let in_file = |start: &'static str, whole: bool| {
        memmem::find_iter(log.as_bytes(), start)
            .filter_map(|at| {
                let rest = &log[at + start.len()..];
                let (folder, rest) = split_word(rest)?;
                let (method, _) = split_word(rest.strip_prefix("/test.py::")?)?;
                let end = start.len() + folder.len() + "/test.py::".len() + method.len();
                if whole {
                    Some(&log[at..at + end])
                } else {
                    (method.starts_with("test_") && method.len() > 5).then_some(method)
                }
            })
            .collect::<Vec<_>>()
    };
    let mut names = in_file("issues/", true);
    if names.is_empty() {
        names = in_file("tests/", false);
    }
    if names.is_empty() {
        let start = "test_expensify_";
        names = memmem::find_iter(log.as_bytes(), start)
            .filter_map(|at| {
                let rest = &log[at + start.len()..];
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                (digits > 0).then(|| &log[at..at + start.len() + digits])
            })
            .collect();
    }
    if names.is_empty() {
        names.push("test_expensify_0000");
    }
    names
}

fn split_word(text: &str) -> Option<(&str, &str)> {
    let length = text.find(|c| !is_word(c)).unwrap_or(text.len());
    (length > 0).then(|| text.split_at(length))
}
