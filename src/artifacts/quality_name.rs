//! The names of what the checks of quality find. They are written into `verdict.json`, and never change.

use std::fmt;

/// What a check of quality found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QualityName {
    /// The agent left no patch.
    PatchMissing,
    /// The patch is too short to be one.
    PatchTiny,
    /// The patch is shorter than usual.
    PatchSmall,
    /// The patch is longer than usual.
    PatchLarge,
    /// The history has fewer entries than usual.
    HistoryShort,
    /// The history has more entries than usual.
    HistoryLong,
    /// The history has no action of the agent.
    AgentSilent,
    /// The agent tells of an error.
    AgentError,
    /// The trajectory is of another instance.
    OtherInstance,
    /// The evaluation met a fault.
    EvaluationFault,
    /// Not one test was seen to run.
    NoTests,
    /// The test command printed nothing.
    TestOutputEmpty,
    /// The test command was stopped.
    TestTimeout,
    /// The middle of the log was not kept.
    LogCut,
    /// `FAIL_TO_PASS` is empty.
    FailToPassEmpty,
    /// `PASS_TO_PASS` is empty.
    PassToPassEmpty,
    /// The dataset has no solution of its own.
    NotCalibrated,
    /// A file of the results is not there.
    FileMissing,
}

impl QualityName {
    /// As it is written on disk, and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            QualityName::PatchMissing => "patch-missing",
            QualityName::PatchTiny => "patch-tiny",
            QualityName::PatchSmall => "patch-small",
            QualityName::PatchLarge => "patch-large",
            QualityName::HistoryShort => "history-short",
            QualityName::HistoryLong => "history-long",
            QualityName::AgentSilent => "agent-silent",
            QualityName::AgentError => "agent-error",
            QualityName::OtherInstance => "other-instance",
            QualityName::EvaluationFault => "evaluation-fault",
            QualityName::NoTests => "no-tests",
            QualityName::TestOutputEmpty => "test-output-empty",
            QualityName::TestTimeout => "test-timeout",
            QualityName::LogCut => "log-cut",
            QualityName::FailToPassEmpty => "fail-to-pass-empty",
            QualityName::PassToPassEmpty => "pass-to-pass-empty",
            QualityName::NotCalibrated => "not-calibrated",
            QualityName::FileMissing => "file-missing",
        }
    }
}

impl fmt::Display for QualityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
