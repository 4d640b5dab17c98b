//! The fleet in memory: a fold of what is stored. [`Fleet::fold`] is the only function that changes it.
//!
//! Invariant: folding the stored events one by one, or loading the stored rows, gives the same value.
//! The queues and indexes are derived, so that `plan` looks at what is idle and not at everything.

mod entry;
mod fold;
mod queue;

use std::collections::{BTreeMap, BTreeSet};

pub use entry::{Attempt, Closure, HostEntry, JobEntry, Told};

use super::attempt::IllegalTransition;
use super::host::HostConfig;
use super::id::{AttemptId, Epoch, JobId};
use super::name::{HostName, SetName};

/// Every job, attempt and host, and what follows from them.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    epoch: Epoch,
    jobs: BTreeMap<JobId, JobEntry>,
    hosts: BTreeMap<HostName, HostEntry>,
    /// Sets whose waiting jobs may start. Not stored: each coordinator says what it is here for.
    enabled: BTreeSet<SetName>,
    /// Waiting jobs that any host may take, in order.
    pool: BTreeSet<(u64, JobId)>,
    /// Waiting jobs that have lost an attempt, in order.
    again: BTreeSet<(u64, JobId)>,
    /// Hosts with an open link and an idle slot.
    idle: BTreeSet<HostName>,
    /// Live attempts whose host must be told something over the link that is open now.
    untold: BTreeSet<(HostName, AttemptId)>,
    /// How many enabled jobs are not closed.
    open: usize,
}

/// What cannot be folded: the stored past and the news contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// An attempt cannot take this news.
    #[error("attempt {0}: {1}")]
    Attempt(AttemptId, IllegalTransition),
    /// News of an attempt that nobody intended.
    #[error("attempt {0} is not known")]
    UnknownAttempt(AttemptId),
    /// News of a job that nobody asked for.
    #[error("job {0} is not known")]
    UnknownJob(JobId),
    /// A second live attempt, or a number used twice.
    #[error("attempt {0} cannot be: the job has attempt {1} already")]
    Doubled(AttemptId, u32),
    /// The same job twice.
    #[error("job {0} is there already")]
    JobTwice(JobId),
}

impl Fleet {
    /// An empty fleet of these hosts, under this coordinator.
    pub fn new(epoch: Epoch, hosts: &[HostConfig]) -> Fleet {
        let mut fleet = Fleet {
            epoch,
            ..Fleet::default()
        };
        for host in hosts {
            fleet.host_entry(&host.name).slots = host.slots;
        }
        fleet
    }

    /// The coordinator's epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// All jobs, by id.
    pub fn jobs(&self) -> impl Iterator<Item = &JobEntry> {
        self.jobs.values()
    }

    /// One job.
    pub fn job(&self, id: JobId) -> Option<&JobEntry> {
        self.jobs.get(&id)
    }

    /// One attempt.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.jobs.get(&id.job)?.attempt(id.n)
    }

    /// All hosts, by name.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostName, &HostEntry)> {
        self.hosts.iter()
    }

    /// One host.
    pub fn host(&self, name: &HostName) -> Option<&HostEntry> {
        self.hosts.get(name)
    }

    /// Hosts that could take a job now.
    pub fn idle(&self) -> impl Iterator<Item = (&HostName, &HostEntry)> {
        self.idle.iter().filter_map(|name| self.hosts.get_key_value(name))
    }

    /// Waiting jobs that any host may take, in order.
    pub fn pool(&self) -> impl Iterator<Item = JobId> {
        self.pool.iter().map(|(_, job)| *job)
    }

    /// Waiting jobs that have lost an attempt, in order.
    pub fn again(&self) -> impl Iterator<Item = JobId> {
        self.again.iter().map(|(_, job)| *job)
    }

    /// Live attempts whose host has not been told over the link that is open now.
    pub fn untold(&self) -> impl Iterator<Item = (&HostName, AttemptId)> {
        self.untold.iter().map(|(host, attempt)| (host, *attempt))
    }

    /// How many enabled jobs are not closed yet.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Is this set one of those that this coordinator runs?
    pub fn is_enabled(&self, set: &SetName) -> bool {
        self.enabled.contains(set)
    }

    /// The same stored facts? (The state of links and queues is not stored.)
    pub fn same_facts(&self, other: &Fleet) -> bool {
        let words = |fleet: &Fleet| -> Vec<(HostName, Option<String>)> {
            fleet
                .hosts
                .iter()
                .filter(|(_, host)| host.gone.is_some())
                .map(|(name, host)| (name.clone(), host.gone.clone()))
                .collect()
        };
        self.jobs == other.jobs && words(self) == words(other)
    }

    /// Only these jobs and hosts: enough to fold events that speak of nothing else.
    #[must_use]
    pub fn part<'a>(
        &self,
        jobs: impl IntoIterator<Item = &'a JobId>,
        hosts: impl IntoIterator<Item = &'a HostName>,
    ) -> Fleet {
        let mut part = Fleet::new(self.epoch, &[]);
        for entry in jobs.into_iter().filter_map(|job| self.jobs.get(job)) {
            part.restore(entry.clone());
        }
        for (name, host) in hosts
            .into_iter()
            .filter_map(|name| self.hosts.get_key_value(name))
        {
            let entry = part.host_entry(name);
            entry.gone.clone_from(&host.gone);
            entry.link = host.link.clone();
        }
        part
    }

    fn host_entry(&mut self, name: &HostName) -> &mut HostEntry {
        self.hosts.entry(name.clone()).or_default()
    }
}
