//! What grading says: the verdict, the two lists behind it, and what a reader should know about them.

use serde::Serialize;

use super::parse::Status;
use crate::domain::evidence::Evidence;
use crate::domain::{Sha256, Verdict};
use crate::text::{EXCERPT, sanitize_excerpt};

/// Whose rules are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compat {
    /// Our own.
    Fleet,
    /// Those of the Velora harness, its errors included: for comparison.
    VeloraHead,
}

/// All that grading says of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grading {
    /// In brief.
    pub verdict: Verdict,
    /// The id of the parser that read the log.
    pub parser: String,
    /// Each test of `FAIL_TO_PASS`, in the dataset's order.
    pub fail_to_pass: Vec<Judged>,
    /// Each test of `PASS_TO_PASS`, in the dataset's order.
    pub pass_to_pass: Vec<Judged>,
    /// Over all tests that the log tells of.
    pub counts: Counts,
    /// What a reader should know.
    pub findings: Vec<Note>,
}

/// One expected test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// As the dataset names it.
    pub name: String,
    /// What the log says of it.
    pub status: Option<Status>,
    /// Does it count as passed?
    pub passed: bool,
    /// How it was found.
    pub matched: MatchKind,
    /// Its name in the log, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// How an expected test was found in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchKind {
    /// By its name.
    Exact,
    /// By the same name in another spelling.
    Normalised,
    /// By the one name that contains it, or that it contains.
    Contained,
    /// Several tests could be it: it is none of them.
    Ambiguous,
    /// Not at all.
    Missing,
}

/// Over all tests that the log tells of, as the seed counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Passed, skipped, failed as expected, passed against expectation.
    pub tests_passed: u32,
    /// Failed.
    pub tests_failed: u32,
    /// Ended in an error.
    pub tests_error: u32,
}

/// Something that a reader should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Its kind.
    pub name: Finding,
    /// In one line; safe for a terminal.
    pub what: String,
}

/// The kinds of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The log says of a test what the test framework does not.
    ForgedOutput,
    /// The framework never said that it came to its end.
    NoSignOfARun,
    /// The framework's own numbers are not those of the lines above them.
    CountsDisagree,
    /// The exit code says another thing than the log.
    ExitDisagrees,
    /// A test both failed and passed: one of its lines is made up, two tests have one name, or pytest reports something else than the log.
    Contradicted,
    /// The exit code is not explained by the log, and the dataset's own solution ends with it, too.
    EndsAsGold,
    /// There is no report of pytest's beside the log, or not a whole one.
    ReportMissing,
    /// Pytest's own files were changed, or lie in the repository.
    RunnerChanged,
    /// The run had fewer tests than that of the dataset's own solution.
    FewerTests,
    /// A part of a test failed, of which the framework tells apart from the test.
    SubtestFailed,
    /// The framework counts passed tests, and names none of them.
    PassesUnnamed,
    /// A test was found under another name.
    InexactMatch,
    /// Several tests could be the expected one.
    AmbiguousMatch,
    /// The middle of the log was not kept.
    LogCut,
    /// The tests used up their memory.
    OutOfMemory,
    /// No test ran.
    NoTests,
    /// The environment failed, not the tests.
    EnvironmentFailed,
    /// The model's patch was applied with fuzz.
    FuzzyPatch,
    /// The model's patch changes what steers the test runner.
    RunnerSteered,
}

impl Finding {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Finding::ForgedOutput => "forged-output",
            Finding::NoSignOfARun => "no-sign-of-a-run",
            Finding::CountsDisagree => "counts-disagree",
            Finding::ExitDisagrees => "exit-disagrees",
            Finding::Contradicted => "contradicted",
            Finding::EndsAsGold => "ends-as-gold",
            Finding::ReportMissing => "report-missing",
            Finding::RunnerChanged => "runner-changed",
            Finding::FewerTests => "fewer-tests",
            Finding::SubtestFailed => "subtest-failed",
            Finding::PassesUnnamed => "passes-unnamed",
            Finding::InexactMatch => "inexact-match",
            Finding::AmbiguousMatch => "ambiguous-match",
            Finding::LogCut => "log-cut",
            Finding::OutOfMemory => "tests-out-of-memory",
            Finding::NoTests => "no-tests",
            Finding::EnvironmentFailed => "environment-failed",
            Finding::FuzzyPatch => "fuzzy-patch",
            Finding::RunnerSteered => "runner-steered",
        }
    }
}

impl Counts {
    /// Counts these.
    pub(super) fn of(tests: &[(String, Status)]) -> Counts {
        let count = |wanted: &[Status]| {
            let n = tests.iter().filter(|(_, status)| wanted.contains(status)).count();
            u32::try_from(n).unwrap_or(u32::MAX)
        };
        Counts {
            tests_passed: count(&[Status::Passed, Status::Xfail, Status::Xpass, Status::Skipped]),
            tests_failed: count(&[Status::Failed]),
            tests_error: count(&[Status::Error]),
        }
    }
}

impl Note {
    /// A note of this kind.
    pub(super) fn new(name: Finding, what: &str) -> Note {
        Note {
            name,
            what: sanitize_excerpt(what, EXCERPT),
        }
    }
}

/// What the tests were run on and judged by.
pub(super) fn key(evidence: &Evidence) -> Sha256 {
    let image = evidence.loaded.as_ref().or(evidence.image.as_ref());
    let image = image.map(String::as_str).unwrap_or_default();
    Sha256::of(format!("{}\n{image}\n", evidence.dataset).as_bytes())
}

/// How many of these passed, of how many.
pub(super) fn tally(judged: &[Judged]) -> (u32, u32) {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (
        count(judged.iter().filter(|test| test.passed).count()),
        count(judged.len()),
    )
}
