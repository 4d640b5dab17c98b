//! Grading as the Velora harness does it at its HEAD, errors included: the model's patch may fail to apply, a
//! name may be part of another, and a test that prints `command not found` spoils the whole run.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::grading::{Counts, Grading, Judged, MatchKind, key, tally};
use super::parse::{self, Parser, Results, Status};
use super::ruling::holds_still;
use crate::domain::Instance;
use crate::domain::evidence::Evidence;
use crate::domain::verdict::{Decision, Outcome, Verdict};
use crate::text::{EXCERPT, sanitize_excerpt};

/// Shorter patches are not evaluated there.
const SHORTEST_PATCH: u64 = 100;
/// Shorter outputs are no outputs there.
const SHORTEST_OUTPUT: usize = 10;

/// Grades by HEAD's rules.
pub(super) fn grade(instance: &Instance, evidence: &Evidence, log: &str) -> Grading {
    let parser = Parser::head(&instance.parser);
    // There, the output of a run that was stopped is thrown away.
    let output = match &evidence.tests {
        Some(tests) if !tests.timed_out => log,
        _ => "",
    };
    let results = parse::parse(parser, output);
    let actual: Vec<Name<'_>> = results.tests.iter().map(|(name, _)| Name::of(name)).collect();
    let judge = |names: &[String], holds: fn(Status) -> bool| -> Vec<Judged> {
        names
            .iter()
            .map(|name| judge(name, &actual, &results, holds))
            .collect()
    };
    let fail_to_pass = judge(&instance.fail_to_pass, |status| status == Status::Passed);
    let pass_to_pass = judge(&instance.pass_to_pass, holds_still);
    let counts = Counts::of(&results.tests);
    let (won, of) = tally(&fail_to_pass);
    let (held, of_held) = tally(&pass_to_pass);
    let why = why_not_ran(output, counts).or_else(|| {
        (won < of || won == 0 || held < of_held)
            .then(|| format!("{won} of {of} FAIL_TO_PASS and {held} of {of_held} PASS_TO_PASS tests passed"))
    });
    let (outcome, why) = match &evidence.fault {
        Some(fault) => (Outcome::InfraFailed, Some(fault.what.clone())),
        None if evidence.patch.bytes < SHORTEST_PATCH => (
            Outcome::NoPatch,
            Some("the patch is shorter than 100 bytes".to_owned()),
        ),
        None if evidence.tests.as_ref().is_some_and(|tests| tests.timed_out) => (Outcome::TestTimeout, why),
        None => (Outcome::Completed, why),
    };
    let decision = if why.is_none() {
        Decision::Resolved
    } else {
        Decision::Unresolved
    };
    Grading {
        verdict: Verdict {
            decision,
            outcome,
            why: why.map(|why| sanitize_excerpt(&why, EXCERPT)),
            fault: evidence.fault.clone(),
            fail_to_pass: (won, of),
            pass_to_pass: (held, of_held),
            key: Some(key(evidence)),
            shown: None,
        },
        parser: parser.id().to_owned(),
        fail_to_pass,
        pass_to_pass,
        counts,
        findings: Vec::new(),
    }
}

/// HEAD's `ran_ok`, and what it misses.
fn why_not_ran(output: &str, counts: Counts) -> Option<String> {
    let said = ["No such file or directory", "command not found"];
    if output.chars().take(SHORTEST_OUTPUT).count() < SHORTEST_OUTPUT {
        return Some("there is no test output".to_owned());
    }
    if let Some(words) = said.iter().find(|words| output.contains(**words)) {
        return Some(format!("the test output contains `{words}`"));
    }
    (counts == Counts::default()).then(|| "no test was read from the output".to_owned())
}

fn judge(name: &str, actual: &[Name<'_>], results: &Results, holds: fn(Status) -> bool) -> Judged {
    // The first that matches at all, in the log's order, and not the best.
    let expected = Name::of(name);
    let finder = Finder::new(name);
    let place = actual
        .iter()
        .position(|actual| matches(&expected, &finder, actual));
    let entry = place.and_then(|i| results.tests.get(i));
    let status = entry.map(|(_, status)| *status);
    let by = entry.map(|(actual, _)| actual).filter(|actual| *actual != name);
    let matched = match (entry, by) {
        (None, _) => MatchKind::Missing,
        (Some(_), None) => MatchKind::Exact,
        (Some(_), Some(by)) if by.contains(name) || name.contains(by.as_str()) => MatchKind::Contained,
        (Some(_), Some(_)) => MatchKind::Normalised,
    };
    Judged {
        name: name.to_owned(),
        status,
        passed: status.is_some_and(holds),
        matched,
        by: by.cloned(),
    }
}

/// A name, and what HEAD makes of it.
struct Name<'a> {
    text: &'a str,
    /// The last part of the path or of the class, `::`, and the method; without a `::`, the name as it is.
    normal: Cow<'a, str>,
}

impl<'a> Name<'a> {
    fn of(text: &'a str) -> Name<'a> {
        let normal = match text.rsplit_once("::") {
            None => Cow::Borrowed(text),
            Some((path, method)) => Cow::Owned(format!("{}::{method}", last_part(path))),
        };
        Name { text, normal }
    }

    /// What stands before the first `::`, and what after the last one.
    fn parts(&self) -> Option<(&str, &str)> {
        let (_, method) = self.normal.rsplit_once("::")?;
        Some((self.normal.split("::").next()?, method))
    }
}

/// Of a path to PHP without its ending, of a class in PHP, or of any other path: its last part.
fn last_part(path: &str) -> String {
    let slash = if path.contains('\\') && !path.contains(".php") {
        '\\'
    } else {
        '/'
    };
    let last = path.rsplit(slash).next().unwrap_or_default();
    if path.contains(".php") {
        last.replace(".php", "")
    } else {
        last.to_owned()
    }
}

/// HEAD's comparison of an expected name, with a finder of it, and one of the log.
fn matches(expected: &Name<'_>, finder: &Finder<'_>, actual: &Name<'_>) -> bool {
    if expected.text.contains(actual.text) || finder.find(actual.text.as_bytes()).is_some() {
        return true;
    }
    if expected.normal == actual.normal {
        return true;
    }
    let (Some((class, method)), Some((other, same))) = (expected.parts(), actual.parts()) else {
        return false;
    };
    method == same && (class.contains(other) || other.contains(class))
}

#[cfg(test)]
#[path = "tests/velora_head.rs"]
mod tests;
