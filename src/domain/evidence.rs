//! Evidence: what an evaluation saw, as facts. With the log beside it, all that grading ever looks at.

use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::fault::Fault;
use super::time::Span;

/// The version of `evaluation.json` that this build writes.
pub const VERSION: u32 = 3;
/// Its place in a capsule and in a collected result.
pub const FILE: &str = "out/evaluation.json";
/// The place of the complete log of the test command, compressed.
pub const LOG: &str = "out/test_output.log.gz";
/// What a plug-in of ours was told by the test framework, line by line, compressed; see [`Told`].
pub const REPORT: &str = "out/test_report.jsonl.gz";
/// The instance as it travelled with the job.
pub const INSTANCE: &str = "out/instance.jsonl";
/// What the native phases went by: image, agent, limits.
pub const SETUP: &str = "out/setup.json";
/// The harness as it was when the attempt began; see [`tree::Profile`](super::tree::Profile).
pub const PROFILE: &str = "out/profile.json";
/// The image that the host made ready.
pub const IMAGE: &str = "out/image.json";
/// The place of the trajectory.
pub const TRAJECTORY: &str = "out/output.jsonl";

/// `evaluation.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// The image that the tests ran in, by the engine's id for it.
    #[serde(default)]
    pub image: Option<String>,
    /// The same as it was loaded, before it was mended: equal on all hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<String>,
    /// Where the repository lies in the image, if not where the dataset says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_path: Option<String>,
    /// Of the normalised dataset line.
    pub dataset: Sha256,
    /// The model's patch.
    pub patch: Patch,
    /// The golden test patches, in order.
    #[serde(default)]
    pub golden: Vec<Golden>,
    /// The test command; none if it never started.
    #[serde(default)]
    pub tests: Option<Tests>,
    /// What the model's patch changes of the files that steer the test runner, and what of it was put back as it was before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub put_back: Vec<PutBack>,
    /// What became of our plug-in of the test framework; none where there is none for the framework.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Told>,
    /// With the model's patch the tests could not be started, and without it they could: the environment is
    /// sound, whatever the log says of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sound: bool,
    /// What stopped the evaluation before its end, and whose doing that was.
    #[serde(default)]
    pub fault: Option<Fault>,
}

/// What became of the model's patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Bytes as the model left it.
    pub bytes: u64,
    /// Bytes after the filter.
    pub applied_bytes: u64,
    /// How it went.
    pub state: Applied,
    /// What the tools said, in brief.
    #[serde(default)]
    pub said: String,
}

/// How a patch went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applied {
    /// There is none.
    Nothing,
    /// Whole, by `git apply`.
    Git,
    /// Whole, by `patch` with fuzz.
    Fuzzy,
    /// Not, and nothing of it was left behind.
    Failed,
    /// Not tried.
    NotTried,
}

/// What became of one golden patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Golden {
    /// The paths that it names, restored to the base commit before.
    pub paths: Vec<String>,
    /// How it went.
    pub state: Applied,
    /// What the tools said, in brief.
    #[serde(default)]
    pub said: String,
}

/// What became of the report that a plug-in of ours makes within the test framework. Its lines are in [`REPORT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// How it went.
    pub state: Telling,
    /// So many lines that are not the plug-in's were written to its pipe.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub strange: u64,
}

/// How it went with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Telling {
    /// The container has not what it takes.
    Unplaced,
    /// Something of it may be missing.
    Broken,
    /// All that was told was heard, to the end of the tests.
    Heard,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A file that steers the test runner, put back before the tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBack {
    /// Its path in the repository.
    pub path: String,
    /// How much of it.
    pub what: Part,
}

/// How much of a file was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// All of it.
    Whole,
    /// The sections that steer the test runner; the rest is the model's.
    Sections,
    /// It was not there before, and is gone.
    Removed,
    /// Nothing: the dataset's own solution changes it there, too.
    Left,
}

/// How the test command went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tests {
    /// Its exit code, as the process outside of the tests' reach saw it; none if it was stopped.
    pub exit: Option<i32>,
    /// Its time was up.
    pub timed_out: bool,
    /// How long it took.
    pub took: Span,
    /// How much it printed, kept or not.
    pub output: u64,
    /// Is something missing in the middle of the log?
    pub cut: bool,
    /// So many bytes of the log are stdout; stderr follows. None where they were not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<u64>,
    /// Docker's network that they had. None where it was not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Most bytes of memory that they had; none without a limit, or where it was not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// All of that was used up, and the kernel has killed something of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out_of_memory: bool,
}
