//! A capsule's `journal.jsonl`: what happened to one attempt, written where it happened.
//!
//! Append-only, one JSON object a line, fsynced at each phase boundary. Only the holder of the slot
//! appends; once that holder is proved dead, the process that proved it appends the last line. A torn last line
//! (power loss in mid-write) is no line at all.

use serde::{Deserialize, Serialize};

use super::conclusion::Conclusion;
use super::fault::FaultName;
use super::id::{AttemptId, Epoch};
use super::manifest::Seal;
use super::name::{HostName, PhaseName};
use super::time::{Span, Timestamp};

/// The version of the journal that this build writes, in its first line.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When, by the host's clock.
    pub at: Timestamp,
    /// What.
    #[serde(rename = "what")]
    pub entry: Entry,
}

/// What can happen to an attempt on its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The supervisor lives and holds the slot. Always the first line.
    Opened {
        /// [`VERSION`] of the writer.
        version: u32,
        /// Whose journal this is.
        attempt: AttemptId,
        /// The coordinator that asked.
        epoch: Epoch,
        /// The host, as the coordinator calls it.
        host: HostName,
        /// The life of the machine that the supervisor belongs to.
        boot: String,
        /// The machine, if it has a name of its own: another one may see the same directory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        machine: Option<String>,
    },
    /// A step's program is about to start; its clock starts now.
    PhaseStarted {
        /// Which.
        phase: PhaseName,
    },
    /// A step's program is gone, with everything that it started.
    PhaseEnded {
        /// Which.
        phase: PhaseName,
        /// How.
        ending: Ending,
        /// How long it took.
        took: Span,
        /// How much it printed, kept or not.
        output: u64,
        /// Of a failure, the line that best says why; already made harmless for a terminal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excerpt: Option<String>,
        /// Of a native phase, what it said itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conclusion: Option<Box<Conclusion>>,
    },
    /// What the phase under way prints shows that the provider of its model turns it away. A count for everybody's
    /// pace, not a fault of the phase.
    Pressed {
        /// Which.
        phase: PhaseName,
        /// Lines that tell of a rate limit, since the last such entry.
        limited: u32,
        /// Lines that tell of a provider that fails or is overloaded.
        failed: u32,
    },
    /// A phase was done by an earlier attempt on this host; its results have been taken over.
    PhaseKept {
        /// Which.
        phase: PhaseName,
        /// The number of that attempt.
        from: u32,
    },
    /// Nothing more will happen. Always the last line.
    Ended {
        /// What came out.
        outcome: Outcome,
        /// The artifacts, where there was someone to count them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seal: Option<Seal>,
    },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// By itself, with this code.
    Exit(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// Its time was up.
    Deadline,
    /// Neither output nor CPU use for too long.
    Stall,
    /// On request.
    Cancelled,
    /// The program could not be started.
    NotStarted(String),
    /// The host could not keep its output (disk full, say).
    HostFault(String),
}

impl Ending {
    /// Whether the next step may follow.
    pub fn is_success(&self) -> bool {
        *self == Ending::Exit(0)
    }

    /// A host's fault that has no name in the journal: the name that people know it by, and what the host said. The words
    /// of its Docker engine tell of the engine, all others of the host's files.
    pub fn host_fault(&self) -> Option<(FaultName, &str)> {
        let Ending::HostFault(why) = self else { return None };
        let name = if why.starts_with("docker: ") {
            FaultName::DockerDown
        } else {
            FaultName::HostCannotKeep
        };
        Some((name, why))
    }
}

/// What came out of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every step ended well.
    Succeeded,
    /// A step did not.
    Failed {
        /// Which.
        phase: PhaseName,
        /// How.
        ending: Ending,
    },
    /// Stopped on request.
    Cancelled,
    /// Its supervisor is proved dead before it finished.
    Lost {
        /// The proof.
        proof: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_said_is_no_fault_of_the_hosts_files() {
        let fault = |why: &str| Ending::HostFault(why.to_owned()).host_fault().unwrap().0;
        assert_eq!(
            fault("docker: exit status: 1: Cannot connect to the Docker daemon"),
            FaultName::DockerDown
        );
        assert_eq!(
            fault("cannot keep its output: disk full"),
            FaultName::HostCannotKeep
        );
        assert_eq!(Ending::Exit(1).host_fault(), None);
    }
}
