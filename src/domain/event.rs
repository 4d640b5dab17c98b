//! Everything that can happen to the fleet. Stored first, folded second; views see nothing else.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::hold::{Kind, Subject};
use super::host::Outlook;
use super::id::{AttemptId, Epoch, JobId};
use super::job::{Dataset, Job};
use super::journal::Line;
use super::name::HostName;
use super::time::Timestamp;
use super::verdict::Verdict;

/// One fact. Serialised, it is the body of a row of the `event` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A job was asked for.
    JobAdded(Arc<Job>),
    /// `plan` chose a host for the job's next attempt. From here on the host may be running it.
    Intended {
        /// The new attempt.
        attempt: AttemptId,
        /// Where.
        host: HostName,
        /// By which coordinator.
        epoch: Epoch,
    },
    /// An attempt of a known job was found on a host, from before this database.
    Found {
        /// The attempt found.
        attempt: AttemptId,
        /// Where.
        host: HostName,
        /// The coordinator that had asked for it.
        epoch: Epoch,
    },
    /// The next line of an attempt's journal.
    Journaled {
        /// Whose journal.
        attempt: AttemptId,
        /// The byte after the line: where to go on reading.
        to: u64,
        /// The line.
        line: Line,
    },
    /// The host would not start it.
    Refused {
        /// What it would not start.
        attempt: AttemptId,
        /// Its reason.
        why: Refusal,
    },
    /// The host is not asked to start it: with this `fleet.toml`, or without the job's data, it is not known how.
    /// Nothing has run.
    Unfit {
        /// What is not started.
        attempt: AttemptId,
        /// Why not, and whose doing that is.
        fault: Fault,
    },
    /// It is proved that the attempt will never end by itself.
    Lost {
        /// Which.
        attempt: AttemptId,
        /// How we know.
        proof: String,
    },
    /// The evidence of an attempt is at home, and has been graded.
    Graded {
        /// Which attempt.
        attempt: AttemptId,
        /// What the evidence says.
        verdict: Box<Verdict>,
    },
    /// A person wants the job stopped.
    CancelAsked {
        /// Which job.
        job: JobId,
        /// Without SIGTERM first.
        hard: bool,
    },
    /// `plan` will not try the job again.
    GaveUp {
        /// Which job.
        job: JobId,
        /// Why not.
        why: String,
    },
    /// The link to a host is open.
    LinkUp {
        /// Which host.
        host: HostName,
        /// The life of the machine that it is in.
        boot: String,
    },
    /// The link to a host is not open.
    LinkDown {
        /// Which host.
        host: HostName,
        /// Why.
        reason: String,
        /// Whether trying again can help.
        outlook: Outlook,
    },
    /// A person vouches that a host will never come back, or that it has.
    HostGone {
        /// Which host.
        host: HostName,
        /// The person's word; none means that it is back.
        word: Option<String>,
    },
    /// From here on nothing more of this starts.
    Held {
        /// Where, or of what.
        subject: Subject,
        /// What kind of hold.
        kind: Kind,
        /// The person's word, or the evidence.
        why: String,
        /// When it ends by itself, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// A hold has ended.
    Released {
        /// Whose.
        subject: Subject,
        /// Why.
        why: String,
        /// A person vouches for it; otherwise it ended by itself.
        vouched: bool,
    },
    /// A closed job shall be tried again: a person wants it.
    Reopened {
        /// Which.
        job: JobId,
        /// Why.
        why: String,
        /// What the new attempt may take over.
        from: Past,
    },
    /// The result of an attempt is not to be trusted any more.
    Suspected {
        /// Which attempt.
        attempt: AttemptId,
        /// Why.
        why: String,
    },
    /// A host has the attempt, and cannot say how it is: nothing is concluded from that.
    Doubted {
        /// Which attempt.
        attempt: AttemptId,
        /// What the host says; none once it can tell again.
        why: Option<String>,
    },
    /// What images a host has turned out to be different from what was known.
    Stocked {
        /// Which host.
        host: HostName,
        /// Those that came.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        came: Vec<Stock>,
        /// Sources of those that went.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        went: Vec<String>,
    },
    /// What was left over on a host has been removed, after failures that called for it.
    Cleaned {
        /// Which host.
        host: HostName,
        /// What was removed.
        what: String,
    },
}

impl Event {
    /// The job that it speaks of.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Event::JobAdded(job) => Some(job.id),
            Event::CancelAsked { job, .. } | Event::GaveUp { job, .. } | Event::Reopened { job, .. } => {
                Some(*job)
            }
            Event::Intended { .. }
            | Event::Found { .. }
            | Event::Journaled { .. }
            | Event::Refused { .. }
            | Event::Unfit { .. }
            | Event::Lost { .. }
            | Event::Suspected { .. }
            | Event::Doubted { .. }
            | Event::Graded { .. } => self.attempt().map(|attempt| attempt.job),
            Event::LinkUp { .. }
            | Event::LinkDown { .. }
            | Event::HostGone { .. }
            | Event::Held { .. }
            | Event::Released { .. }
            | Event::Stocked { .. }
            | Event::Cleaned { .. } => None,
        }
    }

    /// The attempt that it speaks of.
    pub fn attempt(&self) -> Option<AttemptId> {
        match self {
            Event::Intended { attempt, .. }
            | Event::Found { attempt, .. }
            | Event::Journaled { attempt, .. }
            | Event::Refused { attempt, .. }
            | Event::Unfit { attempt, .. }
            | Event::Lost { attempt, .. }
            | Event::Suspected { attempt, .. }
            | Event::Doubted { attempt, .. }
            | Event::Graded { attempt, .. } => Some(*attempt),
            Event::JobAdded(_)
            | Event::CancelAsked { .. }
            | Event::GaveUp { .. }
            | Event::Reopened { .. }
            | Event::LinkUp { .. }
            | Event::LinkDown { .. }
            | Event::HostGone { .. }
            | Event::Held { .. }
            | Event::Released { .. }
            | Event::Stocked { .. }
            | Event::Cleaned { .. } => None,
        }
    }
}

/// What a new attempt of a reopened job may take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Past {
    /// All phases that were paid for, on the host that has them.
    Kept,
    /// Nothing.
    Nothing,
    /// The trajectory that is at home; it is evaluated anew, wherever.
    Trajectory(Dataset),
}

/// An image that a host has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Where it came from.
    pub source: String,
    /// Bytes in the engine.
    pub bytes: u64,
    /// Its layers, as far as they are known: digest and bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<(String, u64)>,
    /// Of a runtime image: the base image that it belongs to, as its tags call that; empty if they do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
}

/// Why a host does not start an attempt. Nothing has run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Every slot is held by a living supervisor.
    #[error("its slots are taken (by {0})")]
    SlotsTaken(String),
    /// The job has a live attempt there already.
    #[error("attempt {0} of the job is still alive there")]
    JobAlive(u32),
    /// A newer coordinator has spoken to this host.
    #[error("it obeys a newer coordinator (epoch {0})")]
    Fenced(Epoch),
    /// The capsule could not be written.
    #[error("it cannot keep the job: {0}")]
    HostFault(String),
}
