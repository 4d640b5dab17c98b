//! What the fleet knows of one job, one attempt, one host.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::attempt::AttemptState;
use crate::domain::fault::{Again, Fault};
use crate::domain::host::Link;
use crate::domain::id::{AttemptId, Epoch, JobId};
use crate::domain::job::Job;
use crate::domain::journal::{Ending, Outcome};
use crate::domain::manifest::Seal;
use crate::domain::name::{HostName, PhaseName};
use crate::domain::time::Timestamp;
use crate::domain::verdict::Verdict;

/// A job and all that became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEntry {
    /// What was asked for.
    pub job: Arc<Job>,
    /// Somebody wants it stopped; `true` inside: without SIGTERM first.
    pub cancel: Option<bool>,
    /// Every try, in the order in which the coordinator learned of them.
    pub attempts: Vec<Attempt>,
    /// Set once nothing more will happen.
    pub closed: Option<Closure>,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number.
    pub n: u32,
    /// Where.
    pub host: HostName,
    /// The coordinator that asked for it.
    pub epoch: Epoch,
    /// Where it stands.
    pub state: AttemptState,
    /// How much of its journal has been applied.
    pub offset: u64,
    /// When it was intended or found, by the coordinator's clock.
    pub intended: Timestamp,
    /// When its present phase (or its last state) began, by the host's clock.
    pub since: Timestamp,
    /// Why it failed, in the job's own words.
    pub excerpt: Option<String>,
    /// What its artifacts must match.
    pub seal: Option<Seal>,
    /// What its native phases said; most attempts of other pipelines say nothing.
    pub told: Option<Box<Told>>,
}

/// What the native phases of an attempt said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// Phases whose results are on the host, and paid for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<PhaseName>,
    /// Why it failed, and when we heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<(Timestamp, Fault)>,
    /// What the evidence says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closure {
    /// Every phase ended well.
    Succeeded,
    /// A phase did not.
    Failed {
        /// Which.
        phase: PhaseName,
        /// How.
        ending: Ending,
    },
    /// On request.
    Cancelled,
    /// Given up: hosts kept losing it.
    GivenUp {
        /// In words.
        why: String,
    },
}

impl Closure {
    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Closure::Succeeded => "succeeded",
            Closure::Failed { .. } => "failed",
            Closure::Cancelled => "cancelled",
            Closure::GivenUp { .. } => "given-up",
        }
    }
}

/// A host as this coordinator sees it now.
#[derive(Debug, Clone)]
pub struct HostEntry {
    /// Room for so many jobs; none for a host that is no longer in `fleet.toml`.
    pub slots: u32,
    /// The person's word that it will never come back.
    pub gone: Option<String>,
    /// Its link.
    pub link: Link,
    /// It refused a job lately: the coordinator's clock, and its reason.
    pub refused: Option<(Timestamp, String)>,
    /// Attempts that it may be running.
    pub live: BTreeSet<AttemptId>,
    /// Waiting jobs that shall run here, in order.
    pub queue: BTreeSet<(u64, JobId)>,
}

impl Default for HostEntry {
    fn default() -> HostEntry {
        HostEntry {
            slots: 0,
            gone: None,
            link: Link::Unknown,
            refused: None,
            live: BTreeSet::new(),
            queue: BTreeSet::new(),
        }
    }
}

impl JobEntry {
    /// One of its attempts.
    pub fn attempt(&self, n: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.n == n)
    }

    /// The attempt that a host may be working on. There is one at most.
    pub fn live(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.state.is_live())
    }

    /// The attempt whose results count, or the last one.
    pub fn decisive(&self) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.state == AttemptState::Ended(Outcome::Succeeded))
            .or(self.attempts.last())
    }

    /// Neither closed nor under way.
    pub fn is_waiting(&self) -> bool {
        self.closed.is_none() && self.live().is_none()
    }

    /// The number for the next attempt.
    pub fn next_number(&self) -> u32 {
        self.attempts.iter().map(|attempt| attempt.n).max().unwrap_or(0) + 1
    }

    /// What the evidence says of the attempt that counts.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.decisive()?.verdict()
    }

    /// The last attempt on a host that has finished phases there which need not be done again.
    pub fn kept(&self) -> impl Iterator<Item = &Attempt> {
        let has = |attempt: &&Attempt| !attempt.state.is_live() && !attempt.done().is_empty();
        self.attempts.iter().rev().filter(has)
    }

    /// Attempts that a host lost or could not keep: not the job's fault.
    pub fn lost(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(|attempt| attempt.was_lost())
    }

    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match (&self.closed, self.live()) {
            (Some(closure), _) => closure.word(),
            (None, Some(_)) => "running",
            (None, None) => "waiting",
        }
    }
}

impl Attempt {
    /// Ended in a way that says nothing of the job: it may be tried again.
    pub fn was_lost(&self) -> bool {
        match &self.state {
            AttemptState::Ended(Outcome::Lost { .. }) => true,
            AttemptState::Ended(Outcome::Failed { ending, .. }) => {
                matches!(ending, Ending::HostFault(_))
                    || self.fault().is_some_and(|fault| fault.again != Again::Never)
            }
            AttemptState::Ended(Outcome::Succeeded | Outcome::Cancelled)
            | AttemptState::Intended
            | AttemptState::Running { .. }
            | AttemptState::Refused => false,
        }
    }

    /// Why it failed, as a native phase explains it.
    pub fn fault(&self) -> Option<&Fault> {
        self.told.as_ref()?.fault.as_ref().map(|(_, fault)| fault)
    }

    /// What the evidence says.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.told.as_ref()?.verdict.as_ref()
    }

    /// Phases whose results are on its host, and paid for.
    pub fn done(&self) -> &[PhaseName] {
        self.told.as_ref().map_or(&[], |told| &told.done)
    }
}
