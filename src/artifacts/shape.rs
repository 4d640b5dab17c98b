//! The JSON shapes that people's scripts read. Field names and their order are fixed by those scripts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Trajectory;
use crate::domain::Instance;
use crate::domain::evidence::{Applied, Evidence};
use crate::domain::verdict::Decision;
use crate::grade::{Grading, Judged};

/// What the files are made of.
pub(super) struct Facts<'a> {
    pub(super) instance: &'a Instance,
    pub(super) trajectory: &'a Trajectory<'a>,
    pub(super) evidence: &'a Evidence,
    pub(super) grading: &'a Grading,
}

/// `pilot2_eval_details`.
#[derive(Serialize)]
pub(super) struct Details<'a> {
    instance_id: &'a str,
    resolved: bool,
    failed_apply_patch: bool,
    failed_apply_test_patch: bool,
    error_eval: bool,
    test_timeout: bool,
    tests_passed: u32,
    tests_failed: u32,
    tests_error: u32,
    fail_to_pass_success: Vec<&'a str>,
    fail_to_pass_failed: Vec<&'a str>,
    pass_to_pass_success: Vec<&'a str>,
    pass_to_pass_failed: Vec<&'a str>,
    test_output: &'a str,
    error_message: String,
}

/// A `report.json`: one instance, by its id.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Report<'a>(BTreeMap<&'a str, Reported<'a>>);

#[derive(Serialize)]
struct Reported<'a> {
    #[serde(rename = "patch_is_None")]
    patch_is_none: bool,
    patch_exists: bool,
    patch_successfully_applied: bool,
    resolved: bool,
    tests_status: TestsStatus<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct TestsStatus<'a> {
    fail_to_pass: Lists<'a>,
    pass_to_pass: Lists<'a>,
    // These two are always empty, but the readers of the report expect them.
    fail_to_fail: Lists<'a>,
    pass_to_fail: Lists<'a>,
}

#[derive(Serialize, Default)]
struct Lists<'a> {
    success: Vec<&'a str>,
    failure: Vec<&'a str>,
}

/// `eval_summary.json`: each instance counted once, as resolved, as unresolved or as an error.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    total_instances: u32,
    resolved_instances: u32,
    unresolved_instances: u32,
    error_instances: u32,
    results: BTreeMap<&'a str, Counted>,
}

#[derive(Serialize)]
struct Counted {
    resolved: bool,
    tests_passed: u32,
    tests_failed: u32,
    f2p_success: usize,
    f2p_total: usize,
    p2p_success: usize,
    p2p_total: usize,
}

/// The names of those that passed, or of those that did not.
pub(super) fn names(judged: &[Judged], passed: bool) -> Vec<&str> {
    judged
        .iter()
        .filter(|test| test.passed == passed)
        .map(|test| test.name.as_str())
        .collect()
}

impl<'a> Details<'a> {
    pub(super) fn of(facts: &Facts<'a>, test_output: &'a str) -> Details<'a> {
        let grading = facts.grading;
        Details {
            instance_id: facts.instance.id.as_str(),
            resolved: facts.resolved(),
            failed_apply_patch: facts.evidence.patch.state == Applied::Failed,
            failed_apply_test_patch: facts.failed_golden() > 0,
            error_eval: facts.is_error(),
            test_timeout: facts.timed_out(),
            tests_passed: grading.counts.tests_passed,
            tests_failed: grading.counts.tests_failed,
            tests_error: grading.counts.tests_error,
            fail_to_pass_success: names(&grading.fail_to_pass, true),
            fail_to_pass_failed: names(&grading.fail_to_pass, false),
            pass_to_pass_success: names(&grading.pass_to_pass, true),
            pass_to_pass_failed: names(&grading.pass_to_pass, false),
            test_output,
            error_message: facts.fault().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

impl<'a> Report<'a> {
    pub(super) fn of(facts: &Facts<'a>) -> Report<'a> {
        let lists = |judged| Lists {
            success: names(judged, true),
            failure: names(judged, false),
        };
        let exists = !facts.trajectory.patch.is_empty();
        let reported = Reported {
            patch_is_none: !exists,
            patch_exists: exists,
            patch_successfully_applied: matches!(facts.evidence.patch.state, Applied::Git | Applied::Fuzzy),
            resolved: facts.resolved(),
            tests_status: TestsStatus {
                fail_to_pass: lists(&facts.grading.fail_to_pass),
                pass_to_pass: lists(&facts.grading.pass_to_pass),
                fail_to_fail: Lists::default(),
                pass_to_fail: Lists::default(),
            },
        };
        Report(BTreeMap::from([(facts.instance.id.as_str(), reported)]))
    }
}

impl<'a> Summary<'a> {
    pub(super) fn of(facts: &Facts<'a>) -> Summary<'a> {
        let grading = facts.grading;
        let is = |decision| u32::from(grading.verdict.decision == decision);
        let passed = |judged| names(judged, true).len();
        let counted = Counted {
            resolved: facts.resolved(),
            tests_passed: grading.counts.tests_passed,
            tests_failed: grading.counts.tests_failed,
            f2p_success: passed(&grading.fail_to_pass),
            f2p_total: grading.fail_to_pass.len(),
            p2p_success: passed(&grading.pass_to_pass),
            p2p_total: grading.pass_to_pass.len(),
        };
        Summary {
            total_instances: 1,
            resolved_instances: is(Decision::Resolved),
            unresolved_instances: is(Decision::Unresolved),
            error_instances: is(Decision::Undecided),
            results: BTreeMap::from([(facts.instance.id.as_str(), counted)]),
        }
    }
}

impl<'a> Facts<'a> {
    pub(super) fn resolved(&self) -> bool {
        self.grading.verdict.decision == Decision::Resolved
    }

    /// Did the evaluation itself fail, whatever the model did?
    pub(super) fn is_error(&self) -> bool {
        self.grading.verdict.decision == Decision::Undecided
    }

    pub(super) fn timed_out(&self) -> bool {
        self.evidence.tests.as_ref().is_some_and(|tests| tests.timed_out)
    }

    /// How many golden patches did not apply.
    pub(super) fn failed_golden(&self) -> usize {
        let failed = |state| state == Applied::Failed;
        self.evidence
            .golden
            .iter()
            .filter(|golden| failed(golden.state))
            .count()
    }

    pub(super) fn fault(&self) -> Option<&'a crate::domain::Fault> {
        self.grading
            .verdict
            .fault
            .as_ref()
            .or(self.evidence.fault.as_ref())
    }
}
