//! One job as the reports tell it.

use serde::{Deserialize, Serialize};

use super::Account;
use crate::domain::fault::Class;
use crate::domain::verdict::{Decision, Outcome};
use crate::domain::{HostName, InstanceId, JobId, ModelName, PhaseName, SetName, Sha256, Span, TaskName};

/// One job: what it was, what became of it, and where its files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its set.
    pub set: SetName,
    /// Its task.
    pub instance: InstanceId,
    /// Who solved it.
    pub model: ModelName,
    /// Which independent try of the question.
    pub run: u32,
    /// What people call it.
    pub task: Option<TaskName>,
    /// Its id.
    pub job: JobId,
    /// Where it stands.
    pub account: Account,
    /// What is said of its result.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// What its result took.
    #[serde(flatten)]
    pub effort: Effort,
    /// The attempt that the rest speaks of.
    pub attempt: Option<u32>,
    /// Where that attempt ran.
    pub host: Option<HostName>,
    /// The phase that failed.
    pub phase: Option<PhaseName>,
    /// How it failed, or why it was given up.
    pub how: Option<String>,
    /// The line of output that best says why. Untrusted.
    pub excerpt: Option<String>,
    /// How long each phase took, in order.
    pub phases: Vec<PhaseTime>,
    /// How many artifacts are at home.
    pub files: u64,
    /// How many bytes are in them.
    pub bytes: u64,
    /// Where they are, relative to the results directory; none if they are not at home.
    pub path: Option<String>,
    /// Checked against the seal of the attempt?
    pub verified: bool,
    /// The harness that it was made under, if one was used: the id of its profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Sha256>,
}

/// What is said of a result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Judgement {
    /// What the evidence says.
    pub verdict: Option<Decision>,
    /// How far the evaluation came.
    pub outcome: Option<Outcome>,
    /// Why it is not resolved.
    pub why: Option<String>,
    /// Whose doing a failure was.
    pub class: Option<Class>,
    /// The name of that failure.
    pub fault: Option<String>,
    /// The image that the tests ran in, by the engine's id for it.
    pub image: Option<String>,
    /// The names of what the checks of quality found.
    #[serde(default)]
    pub findings: Vec<String>,
}

/// What a result took, and how large it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Effort {
    /// In millionths of a dollar.
    pub cost_microusd: Option<u64>,
    /// Tokens that the model read.
    pub prompt_tokens: Option<u64>,
    /// Tokens that it wrote.
    pub completion_tokens: Option<u64>,
    /// Its actions.
    pub iterations: Option<u64>,
    /// Bytes of its patch.
    pub patch_bytes: Option<u64>,
}

/// How long a phase took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseTime {
    /// Which.
    pub phase: PhaseName,
    /// In milliseconds.
    #[serde(rename = "ms")]
    pub took: Span,
}

impl Row {
    /// How long its phases took together.
    pub fn took(&self) -> Span {
        Span(self.phases.iter().map(|time| time.took.0).sum())
    }
}
