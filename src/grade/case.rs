//! One case, and the questions that decide it.
//!
//! Their order is the order of blame: was the evaluation stopped? is the dataset good? did the patch apply?
//! did the environment hold? did the tests end? and only then: did they pass?

use super::environment;
use super::grading::{Finding, Judged, MatchKind, Note};
use super::guard::Believed;
use super::material::Measure;
use super::parse::Status;
use crate::domain::Instance;
use crate::domain::evidence::{Applied, Evidence};
use crate::domain::fault::{Again, Class, Fault, FaultName};
use crate::domain::verdict::{Decision, Outcome};
use crate::text::{EXCERPT, sanitize_excerpt};

/// All that a ruling goes by.
pub(super) struct Case<'a> {
    pub(super) instance: &'a Instance,
    pub(super) evidence: &'a Evidence,
    pub(super) log: &'a str,
    pub(super) believed: &'a Believed,
    pub(super) measure: &'a Measure<'a>,
    /// What stands out in the report of our plug-in.
    pub(super) heard: &'a [Note],
    /// `FAIL_TO_PASS` and `PASS_TO_PASS`.
    pub(super) judged: [&'a [Judged]; 2],
}

/// Decision, outcome and reasons.
pub(super) struct Ruling {
    pub(super) decision: Decision,
    pub(super) outcome: Outcome,
    pub(super) why: Option<String>,
    pub(super) fault: Option<Fault>,
}

impl Ruling {
    fn unresolved(outcome: Outcome, why: &str) -> Ruling {
        Ruling {
            decision: Decision::Unresolved,
            outcome,
            why: Some(why.to_owned()),
            fault: None,
        }
    }

    pub(super) fn undecided(outcome: Outcome, fault: Fault) -> Ruling {
        Ruling {
            decision: Decision::Undecided,
            outcome,
            why: Some(fault.what.clone()),
            fault: Some(fault),
        }
    }
}

impl Case<'_> {
    /// Decides.
    pub(super) fn rule(&self) -> Ruling {
        let unresolved = Ruling::unresolved;
        if let Some(fault) = &self.evidence.fault {
            return match fault.class {
                Class::Model => unresolved(Outcome::Completed, &fault.what),
                Class::Dataset => Ruling::undecided(Outcome::DatasetInvalid, fault.clone()),
                Class::Host
                | Class::Image
                | Class::Config
                | Class::Provider
                | Class::Harness
                | Class::Unknown => Ruling::undecided(Outcome::InfraFailed, fault.clone()),
            };
        }
        if let Some(fault) = self.dataset() {
            return Ruling::undecided(Outcome::DatasetInvalid, fault);
        }
        match self.evidence.patch.state {
            Applied::Nothing => return unresolved(Outcome::NoPatch, "the model left no patch to evaluate"),
            Applied::Failed => {
                let why = format!("the model's patch does not apply: {}", self.evidence.patch.said);
                return unresolved(Outcome::PatchFailed, why.trim_end_matches([':', ' ']));
            }
            Applied::NotTried => return unfinished("the model's patch was never tried"),
            Applied::Git | Applied::Fuzzy => {}
        }
        if self
            .evidence
            .golden
            .iter()
            .any(|golden| golden.state == Applied::NotTried)
        {
            return unfinished("a test patch of the dataset was never tried");
        }
        let Some(tests) = &self.evidence.tests else {
            return unfinished("the test command was never started");
        };
        if tests.timed_out {
            let why = format!(
                "the tests did not end in time; they were stopped after {}",
                tests.took
            );
            return unresolved(Outcome::TestTimeout, &why);
        }
        let repo = &self.instance.repo_path;
        if !self.evidence.sound
            && let Some(fault) = environment::failure(self.log, self.believed, tests, repo)
        {
            return Ruling::undecided(Outcome::InfraFailed, fault);
        }
        self.rule_on_tests(tests.cut)
    }

    fn dataset(&self) -> Option<Fault> {
        let fault =
            |name: FaultName, what: &str| Fault::new(name, Again::Never, sanitize_excerpt(what, EXCERPT));
        if self.instance.fail_to_pass.is_empty() {
            return Some(fault(
                FaultName::NoFailToPass,
                "FAIL_TO_PASS is empty: nothing tells a solution from none",
            ));
        }
        let golden = &self.evidence.golden;
        let i = golden.iter().position(|golden| golden.state == Applied::Failed)?;
        let what = format!(
            "test patch {} of the dataset does not apply: {}",
            i + 1,
            golden[i].said
        );
        Some(fault(
            FaultName::TestPatchFailed,
            what.trim_end_matches([':', ' ']),
        ))
    }

    fn rule_on_tests(&self, cut: bool) -> Ruling {
        let expected = || self.judged.iter().flat_map(|list| list.iter());
        if expected().all(|test| test.passed) {
            return Ruling {
                decision: Decision::Resolved,
                outcome: Outcome::Completed,
                why: None,
                fault: None,
            };
        }
        if cut && self.may_be_in_the_gap() {
            return Ruling::undecided(Outcome::Completed, cut_fault());
        }
        Ruling::unresolved(Outcome::Completed, &self.why())
    }

    /// Can what is missing stand in the part of the log that was not kept, and does nothing else fail?
    fn may_be_in_the_gap(&self) -> bool {
        let expected = || self.judged.iter().flat_map(|list| list.iter());
        let no_end = match &self.believed.refused {
            Some(note) if note.name == Finding::NoSignOfARun => true,
            Some(_) => return false,
            None => false,
        };
        let lost = |test: &Judged| match test.status {
            Some(Status::Failed | Status::Error) => true,
            Some(_) => !test.passed && !no_end,
            None => test.matched == MatchKind::Ambiguous,
        };
        let missing = expected().any(|test| test.status.is_none());
        !self.believed.complete && (missing || no_end) && !expected().any(lost)
    }

    /// Why the tests do not speak for the model.
    fn why(&self) -> String {
        if let Some(note) = &self.believed.refused {
            return note.what.clone();
        }
        if let Some(passed) = self.believed.unnamed {
            return unnamed(passed);
        }
        if self.believed.tests.is_empty() {
            return match environment::why_none(self.log) {
                Some(line) => format!("no test ran: {line}"),
                None => "no test ran".to_owned(),
            };
        }
        let failed = |i: usize| self.judged[i].iter().filter(|test| !test.passed).count();
        let first = self
            .judged
            .iter()
            .flat_map(|list| list.iter())
            .find(|test| !test.passed);
        format!(
            "{} of {} FAIL_TO_PASS and {} of {} PASS_TO_PASS tests did not pass; first: {}",
            failed(0),
            self.judged[0].len(),
            failed(1),
            self.judged[1].len(),
            first.map(|test| self.tell(test)).unwrap_or_default(),
        )
    }

    /// One test that did not pass, and why.
    pub(super) fn tell(&self, test: &Judged) -> String {
        let doubt = |name: &str| self.believed.doubts.get(name).copied();
        let reason = match (
            doubt(test.by.as_deref().unwrap_or(&test.name)),
            test.matched,
            test.status,
        ) {
            (Some(doubt), ..) => doubt.word().to_owned(),
            (None, MatchKind::Ambiguous, _) => "could be several tests of the log".to_owned(),
            (None, _, Some(status)) => status.word().to_owned(),
            (None, _, None) => "not in the log".to_owned(),
        };
        format!("{} ({reason})", test.name)
    }
}

/// Tests that are counted as not failed, and not named.
pub(super) fn unnamed(passed: u32) -> String {
    format!(
        "the test framework counts {passed} tests that did not fail, but the log names none of them: \
         the test command must ask for their names (phpunit --testdox, jest --verbose, pytest -rA)"
    )
}

fn unfinished(what: &str) -> Ruling {
    let fault = Fault::new(FaultName::EvaluationIncomplete, Again::Anywhere, what);
    Ruling::undecided(Outcome::InfraFailed, fault)
}

fn cut_fault() -> Fault {
    let what = "expected tests are missing, and the middle of the log was not kept";
    Fault::new(FaultName::LogCut, Again::Never, what)
}
