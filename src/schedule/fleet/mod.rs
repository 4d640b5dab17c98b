//! The fleet in memory, in three parts: the facts that are stored, what follows from them, and what only this
//! coordinator knows. [`Fleet::fold`] is the only function that changes facts: nothing else can borrow them to change.
//!
//! Invariant: folding the stored events one by one, or loading the stored rows, gives the same facts. What follows is
//! kept at hand, so that `plan` looks at what is idle and not at everything.

pub mod durations;
mod entry;
mod facts;
mod fold;
mod health;
mod holds;
mod hosts;
mod images;
mod index;
mod learn;
mod notes;
mod queries;
mod queue;
mod rate;

pub use entry::{Attempt, Closure, JobEntry, Reopening, Told};
pub use facts::{StoredFacts, StoredRows};
pub use health::{Finding, Trial};
pub use hosts::HostEntry;
pub use index::{Spot, Waiting};
pub use notes::{ImageNeed, LiveNotes, MOST_TRIES};
pub use queue::{Merged, Queue, Queued, Rank};
pub use rate::Rate;

use index::FleetIndex;

use crate::domain::attempt::IllegalTransition;
use crate::domain::hold::Subject;
use crate::domain::host::{HostConfig, Link};
use crate::domain::{AttemptId, Epoch, HostName, JobId, SetName};

/// Every job, attempt and host, and what follows from them.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    facts: StoredFacts,
    // In boxes, since many a future holds a fleet.
    index: Box<FleetIndex>,
    notes: Box<LiveNotes>,
}

/// What cannot be folded: the stored past and the news contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// An attempt cannot take this news.
    #[error("attempt {0}: {1}")]
    Attempt(AttemptId, IllegalTransition),
    /// News of an attempt that was never intended.
    #[error("attempt {0} is not known")]
    UnknownAttempt(AttemptId),
    /// News of a job that was never dispatched.
    #[error("job {0} is not known")]
    UnknownJob(JobId),
    /// A second live attempt, or a number used twice.
    #[error("attempt {0} cannot be: the job has attempt {1} already")]
    Doubled(AttemptId, u32),
    /// The same job twice.
    #[error("job {0} is there already")]
    JobTwice(JobId),
}

/// How a fleet begins, and what its coordinator notes.
impl Fleet {
    /// An empty fleet of these hosts, under this coordinator.
    pub fn new(epoch: Epoch, hosts: &[HostConfig]) -> Fleet {
        Fleet::from_facts(epoch, hosts, StoredFacts::default())
    }

    /// A fleet of which this is stored.
    pub fn from_facts(epoch: Epoch, hosts: &[HostConfig], facts: StoredFacts) -> Fleet {
        let mut notes = Box::<LiveNotes>::default();
        notes.epoch = epoch;
        for host in hosts {
            notes.host_mut(&host.name).slots = host.slots;
        }
        let mut index = Box::<FleetIndex>::default();
        for (host, stored) in facts.hosts() {
            index.count_layers(&facts, host, stored.shelf().values());
        }
        let mut fleet = Fleet { facts, index, notes };
        fleet.relearn();
        fleet
    }

    /// Only these jobs and hosts: enough to fold events that speak of nothing else.
    #[must_use]
    pub fn part<'a>(
        &self,
        jobs: impl IntoIterator<Item = &'a JobId>,
        hosts: impl IntoIterator<Item = &'a HostName> + Clone,
        subjects: impl IntoIterator<Item = &'a Subject>,
    ) -> Fleet {
        let mut part = Fleet {
            facts: self.facts.part(jobs, hosts.clone(), subjects),
            ..Fleet::default()
        };
        part.notes.epoch = self.notes.epoch;
        for host in hosts {
            part.notes.host_mut(host).link = self.notes.host(host).link.clone();
        }
        for entry in part.facts.jobs() {
            if let Some(live) = entry.live() {
                let id = AttemptId {
                    job: entry.job.id,
                    n: live.n,
                };
                part.index.host(&live.host).live.insert(id);
            }
        }
        part
    }

    /// From now on the waiting jobs of this set may start.
    pub fn enable(&mut self, set: &SetName) {
        let Fleet { facts, index, notes } = self;
        if notes.enabled.insert(set.clone()) {
            for entry in facts.jobs().filter(|entry| entry.job.set == *set) {
                index.open += usize::from(entry.closed.is_none());
                index.enqueue(facts, notes, entry.job.id);
            }
        }
    }

    /// What only this coordinator knows, to note more of it.
    pub fn notes_mut(&mut self) -> &mut LiveNotes {
        &mut self.notes
    }

    /// A host has seen this attempt, whatever became of it there: its number is never used again.
    pub fn note_number(&mut self, attempt: AttemptId) {
        if attempt.n <= MOST_TRIES && self.facts.job(attempt.job).is_some() {
            let highest = self.notes.numbers.entry(attempt.job).or_default();
            *highest = attempt.n.max(*highest);
        }
    }

    /// A link as it was last seen. Only for those who look, and act on nothing.
    pub fn restore_link(&mut self, host: &HostName, link: Link) {
        let Fleet { facts, index, notes } = self;
        notes.host_mut(host).link = link;
        index.update_idle(facts, notes, host);
    }
}
