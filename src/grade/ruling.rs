//! Our own rules, put together: what is believed of the log, which tests it tells of, and the verdict.

use super::case::{Case, Ruling};
use super::grading::{Counts, Grading, Judged, MatchKind, key, tally};
use super::guard::{self, Believed, Doubt};
use super::material::{Material, Measure};
use super::parse::{Parser, Status};
use super::{command, matching, notes, report};
use crate::domain::Instance;
use crate::domain::baseline::Shown;
use crate::domain::evidence::Evidence;
use crate::domain::fault::{Again, Fault, FaultName};
use crate::domain::verdict::{Outcome, Verdict};
use crate::text::{EXCERPT, sanitize_excerpt};

/// So many torn names are kept of a run.
const TORN: usize = 64;

/// Grades by our own rules.
pub(super) fn grade(material: &Material<'_>) -> Grading {
    let Material {
        instance,
        evidence,
        log,
        ..
    } = *material;
    let Some(parser) = Parser::named(&instance.parser) else {
        return unreadable(instance, evidence);
    };
    let measure = material.measure(key(evidence));
    let command = command::read(&instance.test_command);
    let mut believed = match &evidence.tests {
        Some(tests) => guard::read(parser, log.spoken(parser), command, tests, &measure),
        None => Believed::default(),
    };
    let heard = report::compare(parser, material, command, &mut believed);
    let expected = instance.fail_to_pass.iter().chain(&instance.pass_to_pass);
    let found = matching::find(&believed.tests, &believed.short, expected.map(String::as_str));
    let judge = |names: &[String], holds: fn(Status) -> bool| {
        let one = |name: &String| judge(name, found.get(name.as_str()).copied(), &believed, holds);
        names.iter().map(one).collect::<Vec<_>>()
    };
    let fail_to_pass = judge(&instance.fail_to_pass, |status| status == Status::Passed);
    let pass_to_pass = judge(&instance.pass_to_pass, holds_still);
    let case = Case {
        instance,
        evidence,
        log: log.whole(),
        believed: &believed,
        measure: &measure,
        heard: &heard,
        judged: [&fail_to_pass, &pass_to_pass],
    };
    let ruling = case.rule();
    let findings = notes::of(&case, ruling.fault.as_ref());
    Grading {
        verdict: Verdict {
            shown: shown(&believed, evidence, &measure, [&fail_to_pass, &pass_to_pass]),
            ..verdict(ruling, evidence, &fail_to_pass, &pass_to_pass)
        },
        parser: parser.id().to_owned(),
        counts: Counts::of(&believed.tests),
        fail_to_pass,
        pass_to_pass,
        findings,
    }
}

/// A test that must go on passing may also be skipped, or fail as it is expected to.
pub(super) fn holds_still(status: Status) -> bool {
    matches!(
        status,
        Status::Passed | Status::Xfail | Status::Xpass | Status::Skipped
    )
}

fn judge(
    name: &str,
    found: Option<matching::Found>,
    believed: &Believed,
    holds: fn(Status) -> bool,
) -> Judged {
    let (matched, place) = found.unwrap_or((MatchKind::Missing, None));
    let entry = place.and_then(|i| believed.tests.iter().chain(&believed.short).nth(i));
    let doubted = entry.is_some_and(|(name, _)| believed.doubts.contains_key(name));
    Judged {
        name: name.to_owned(),
        status: entry.map(|(_, status)| *status),
        passed: entry.is_some_and(|(_, status)| holds(*status)) && !doubted && believed.refused.is_none(),
        matched,
        by: entry
            .filter(|(found, _)| found != name)
            .map(|(found, _)| found.clone()),
    }
}

fn verdict(ruling: Ruling, evidence: &Evidence, fail_to_pass: &[Judged], pass_to_pass: &[Judged]) -> Verdict {
    Verdict {
        decision: ruling.decision,
        outcome: ruling.outcome,
        why: ruling.why.map(|why| sanitize_excerpt(&why, EXCERPT)),
        fault: ruling.fault,
        fail_to_pass: tally(fail_to_pass),
        pass_to_pass: tally(pass_to_pass),
        key: Some(key(evidence)),
        shown: None,
    }
}

/// What the run of a weight showed.
fn shown(
    believed: &Believed,
    evidence: &Evidence,
    measure: &Measure<'_>,
    judged: [&[Judged]; 2],
) -> Option<Box<Shown>> {
    let torn = judged.iter().flat_map(|list| list.iter()).filter(|test| {
        let name = test.by.as_deref().unwrap_or(&test.name);
        believed.doubts.get(name) == Some(&Doubt::Torn)
    });
    Some(Box::new(Shown {
        weight: measure.weight?,
        exit: evidence.tests.as_ref()?.exit?,
        explained: believed.explained,
        tests: u32::try_from(believed.tests.len()).unwrap_or(u32::MAX),
        counted: believed.counted,
        torn: torn.map(|test| test.name.clone()).take(TORN).collect(),
    }))
}

/// For a log that no parser here can read.
fn unreadable(instance: &Instance, evidence: &Evidence) -> Grading {
    let what = sanitize_excerpt(&format!("no parser is called {}", instance.parser), EXCERPT);
    let fault = Fault::new(FaultName::UnknownParser, Again::Never, what);
    let missing = |names: &[String]| -> Vec<Judged> {
        let nothing = Believed::default();
        names
            .iter()
            .map(|name| judge(name, None, &nothing, holds_still))
            .collect()
    };
    let (fail_to_pass, pass_to_pass) = (missing(&instance.fail_to_pass), missing(&instance.pass_to_pass));
    Grading {
        verdict: verdict(
            Ruling::undecided(Outcome::DatasetInvalid, fault),
            evidence,
            &fail_to_pass,
            &pass_to_pass,
        ),
        parser: sanitize_excerpt(&instance.parser, EXCERPT),
        fail_to_pass,
        pass_to_pass,
        counts: Counts::default(),
        findings: Vec::new(),
    }
}
