//! What a host must know to do the native phases: image, trajectory, evaluation, report.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::baseline::{Baseline, Weight};
use super::memory::MemoryLimit;
use super::time::Span;

/// The variable in which an image's signed address travels to the step that loads it.
pub const IMAGE_URL: &str = "FLEET_IMAGE_URL";

/// A phase that `fleet` does itself, in place of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// The instance's image is made ready: loaded, tagged, verified, repaired.
    Image,
    /// The agent works; leaves `out/output.jsonl`.
    Trajectory,
    /// The tests are run on what the agent left; leaves `out/evaluation.json` and the log.
    Evaluation,
    /// The evidence is graded, and the files that people know are written.
    Report,
}

impl Task {
    /// All of them, in the order in which a job does them.
    pub const ALL: [Task; 4] = [Task::Image, Task::Trajectory, Task::Evaluation, Task::Report];

    /// As `does` of a phase has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Task::Image => "image",
            Task::Trajectory => "trajectory",
            Task::Evaluation => "evaluation",
            Task::Report => "report",
        }
    }

    /// The task that is called so.
    pub fn find(text: &str) -> Option<Task> {
        Task::ALL.into_iter().find(|task| task.as_str() == text)
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the native phases of one attempt go by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swe {
    /// The image.
    pub image: Image,
    /// Who solves the task.
    pub agent: Agent,
    /// How the tests are run.
    pub evaluation: Evaluation,
    /// What `gold` and `noop` showed of the instance when the attempt was begun; one for each image that was tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<Baseline>,
}

/// The image of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Where it comes from.
    pub source: Source,
    /// The names that it gets on the host. The first is the one that the phases use.
    pub tags: Vec<String>,
    /// The commit that must be in it, and where.
    pub base_commit: String,
    /// Where the repository lies in it.
    pub repo_path: String,
    /// What it must run on: `linux/amd64`.
    pub platform: String,
    /// What is mended in it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A `docker save` archive in an object store. Its signed URL travels as a secret, never here.
    Object {
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
    },
    /// A reference that the engine has, or can pull.
    Engine(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Source::Engine(reference) => f.write_str(reference),
        }
    }
}

/// A recipe: what is looked for in an image, and what is done where it is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// Its name, for messages.
    pub name: String,
    /// A script that succeeds where nothing is to be mended. Run by sh in the image, without network.
    pub probe: String,
    /// A script that mends it. Run by sh, as root, in a container that then becomes the image.
    pub script: String,
    /// Docker's network for the script.
    pub network: String,
}

/// Who solves the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agent {
    /// The dataset's own solution.
    Gold,
    /// No agent: an empty patch.
    Noop,
    /// A trajectory that exists already: `in/trajectory.jsonl`.
    Given,
    /// A program on the host that leaves `patch.diff` or `output.jsonl` in its directory.
    Command {
        /// Program and arguments, filled in.
        argv: Vec<String>,
        /// Its variables.
        env: BTreeMap<String, String>,
        /// Where it runs; without it, its own output directory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cwd: Option<String>,
    },
    /// The `OpenHands` harness on the host.
    OpenHands {
        /// The harness's root; `~/` is the home on the host.
        harness: String,
        /// The section of its `config.toml`: `llm.gpt`.
        llm: String,
        /// Its agent class.
        class: String,
        /// Most iterations.
        iterations: u32,
        /// Further variables.
        env: BTreeMap<String, String>,
    },
}

impl Agent {
    /// Is it a program, which may do anything?
    pub fn is_program(&self) -> bool {
        match self {
            Agent::Gold | Agent::Noop | Agent::Given => false,
            Agent::Command { .. } | Agent::OpenHands { .. } => true,
        }
    }

    /// The name under which its verdicts speak for instances instead of a model, if they do.
    pub fn calibrates(&self) -> Option<&'static str> {
        match self {
            Agent::Gold => Some(Weight::Gold.as_str()),
            Agent::Noop => Some(Weight::Noop.as_str()),
            Agent::Given | Agent::Command { .. } | Agent::OpenHands { .. } => None,
        }
    }
}

/// How the tests are run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Longest time for the test command.
    pub tests: Span,
    /// Docker's network for it.
    pub network: String,
    /// Most bytes of memory, where `fleet.toml` says so; else each evaluation's share of what the host has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryLimit>,
    /// How many evaluations the host may run at a time, where it is more than one: they share its memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<u32>,
    /// Most processes and threads.
    pub processes: u32,
    /// Most bytes kept of what the tests print: the first half and the last half.
    pub log_cap: u64,
}
