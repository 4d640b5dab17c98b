//! Baselines: what the runs of `gold` and `noop` showed, beside their verdicts. Other runs of the same instance in the same
//! image are held against it.
//!
//! They travel in the verdicts of these runs to the coordinator, and from there with the setup of each later attempt. So they lie
//! beside its evidence, and grading stays a function of bytes.

use serde::{Deserialize, Serialize};

use super::digest::Sha256;

/// The two ends of the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The dataset's own solution.
    Gold,
    /// No solution.
    Noop,
}

impl Weight {
    /// Both of them.
    pub const ALL: [Weight; 2] = [Weight::Gold, Weight::Noop];

    /// The name of the agent that it is.
    pub const fn as_str(self) -> &'static str {
        match self {
            Weight::Gold => "gold",
            Weight::Noop => "noop",
        }
    }

    /// The weight that this agent is, if it is one.
    pub fn of(agent: &str) -> Option<Weight> {
        Weight::ALL.into_iter().find(|weight| weight.as_str() == agent)
    }
}

/// What a run of a weight showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Whose run.
    pub weight: Weight,
    /// The exit code of the test command.
    pub exit: i32,
    /// Does the log name or count a failure, which explains an exit code other than 0?
    pub explained: bool,
    /// So many tests the log names.
    pub tests: u32,
    /// So many the framework counts at its end, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u32>,
    /// Expected tests that both passed and failed by the log: two tests have this name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub torn: Vec<String>,
}

/// What the weights showed with one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Instance and image, by content, as in the verdicts: it holds for runs with the same key alone.
    pub key: Sha256,
    /// The run of the dataset's own solution, if that resolves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold: Option<Shown>,
    /// The run without a solution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noop: Option<Shown>,
}
