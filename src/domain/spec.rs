//! A capsule's `spec.json`: all that a host must know to run one attempt, and all that a coordinator
//! that lost its database must know to recognise it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{AttemptId, Epoch};
use super::job::Job;
use super::name::{HostName, PhaseName};
use super::swe::{Swe, Task};
use super::time::Span;

/// The version of `spec.json` that this build writes.
pub const VERSION: u32 = 1;

/// One attempt, complete. Holds no secret: those travel on the link only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// The job as it was dispatched.
    pub job: Job,
    /// Which try.
    pub attempt: u32,
    /// The coordinator that asked for it.
    pub epoch: Epoch,
    /// The host that it was meant for.
    pub host: HostName,
    /// What to do, in order. The first step that fails ends the attempt.
    pub steps: Vec<Step>,
    /// Most bytes kept of a phase's output: the first half and the last half.
    pub output_cap: u64,
    /// Between SIGTERM and SIGKILL.
    pub grace: Span,
    /// Names of the variables whose values must not be quoted. The values are in the supervisor's
    /// environment only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// What the native phases go by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swe: Option<Box<Swe>>,
    /// The harness that its steps use, where they use one: what the attempt's profile is taken of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harness: Option<Harness>,
    /// The number of an earlier attempt on this host whose finished phases are taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u32>,
    /// Whether steps start containers, which are then removed by label after each step.
    pub containers: bool,
}

impl Spec {
    /// The attempt's id.
    pub fn id(&self) -> AttemptId {
        AttemptId {
            job: self.job.id,
            n: self.attempt,
        }
    }
}

/// A harness on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Harness {
    /// Where it lies; `~/` is the home on the host.
    pub at: String,
    /// The files that its profile is made of, relative to it.
    pub critical: Vec<String>,
}

/// What a pipeline compiles a phase to: one program, never a composed shell line; or a task of our own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name; its output goes to `log/<phase>.log`.
    pub phase: PhaseName,
    /// Program and arguments; none for a task.
    pub argv: Vec<String>,
    /// What `fleet` does itself, in a process of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Variables beside `FLEET_*` and the job's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Working directory; `~/` is the home on the host. Without it, the attempt's `out/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Counted from the start of the step.
    pub deadline: Span,
    /// Longest time with neither output nor CPU use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall: Option<Span>,
}
