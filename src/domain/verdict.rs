//! A verdict: what the evidence says of one attempt, in brief. The lists behind it are in the result's files.

use serde::{Deserialize, Serialize};

use super::baseline::Shown;
use super::digest::Sha256;
use super::fault::Fault;

/// What counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The model solved the task.
    Resolved,
    /// It did not. This, too, is a successful evaluation.
    Unresolved,
    /// The evidence does not say.
    Undecided,
}

/// How far the evaluation came: apart from whether the task is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The tests ran.
    Completed,
    /// The model left nothing to evaluate.
    NoPatch,
    /// The model's patch does not apply.
    PatchFailed,
    /// The tests did not end in time.
    TestTimeout,
    /// The environment failed; see the fault.
    InfraFailed,
    /// The dataset's own patches or tests are no good.
    DatasetInvalid,
}

/// What the evidence says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What counts.
    pub decision: Decision,
    /// How far it came.
    pub outcome: Outcome,
    /// Why it is not resolved, in one line; made harmless for a terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whose doing, where it was not the model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// `FAIL_TO_PASS`: how many passed, of how many.
    pub fail_to_pass: (u32, u32),
    /// `PASS_TO_PASS`: how many passed, of how many.
    pub pass_to_pass: (u32, u32),
    /// What the tests were run on and judged by: results with the same key can be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Sha256>,
    /// Of a run that calibrates, what later runs are held against. None of any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Box<Shown>>,
}

impl Decision {
    /// One word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Decision::Resolved => "resolved",
            Decision::Unresolved => "unresolved",
            Decision::Undecided => "undecided",
        }
    }
}

impl Outcome {
    /// One word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Completed => "completed",
            Outcome::NoPatch => "no-patch",
            Outcome::PatchFailed => "patch-failed",
            Outcome::TestTimeout => "test-timeout",
            Outcome::InfraFailed => "infra-failed",
            Outcome::DatasetInvalid => "dataset-invalid",
        }
    }
}
