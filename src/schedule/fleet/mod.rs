//! The fleet in memory: a fold of what is stored. [`Fleet::fold`] is the only function that changes it.
//!
//! Invariant: folding the stored events one by one, or loading the stored rows, gives the same value.
//! The queues and indexes are derived, so that `plan` looks at what is idle and not at everything.

pub mod durations;
mod entry;
mod fold;
mod health;
mod holds;
mod learn;
mod now;
mod queue;
mod rate;
mod waits;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub use entry::{Attempt, Closure, HostEntry, JobEntry, Reopening, Told};
pub use health::{Finding, Trial};
pub use now::{ImageNeed, MOST_TRIES};
pub use queue::{Merged, Queue, Queued, Rank};
pub use rate::Rate;
pub use waits::{Spot, Waiting};

use crate::domain::attempt::IllegalTransition;
use crate::domain::event::Stock;
use crate::domain::hold::{HoldRecord, Subject};
use crate::domain::host::HostConfig;
use crate::domain::id::{AttemptId, Epoch, JobId};
use crate::domain::name::{HostName, InstanceId, ModelName, SetName};
use durations::Measures;

/// Every job, attempt and host, and what follows from them.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    epoch: Epoch,
    jobs: BTreeMap<JobId, JobEntry>,
    hosts: BTreeMap<HostName, HostEntry>,
    /// Sets whose waiting jobs may start. Not stored: each coordinator says what it is here for.
    enabled: BTreeSet<SetName>,
    /// What is held, and what once was.
    stands: BTreeMap<Subject, HoldRecord>,
    /// Waiting jobs: where each is queued, and as how long.
    waiting: BTreeMap<JobId, Waiting>,
    /// Waiting jobs that have no host of their own, the longest first.
    pool: Queue,
    /// Waiting jobs that have lost an attempt.
    again: Queue,
    /// Waiting jobs whose set, model or image is held.
    parked: BTreeSet<JobId>,
    /// How long phases took.
    measures: Measures,
    /// So many measurements there were when the queues were last put in order.
    ranked: u64,
    /// Models whose provider has complained.
    rates: BTreeMap<ModelName, Rate>,
    /// How long such a provider is left alone. Not stored: `fleet.toml` says so.
    pauses: rate::Pauses,
    /// What should be held, and why: found in the news, not decided yet.
    alarms: BTreeMap<Subject, String>,
    /// Models that a job has called refused, and the instance of that job; none since the model last worked.
    refusals: BTreeMap<ModelName, InstanceId>,
    /// Images that are no good, and on which hosts that was seen.
    spoiled: BTreeMap<Arc<str>, BTreeSet<HostName>>,
    /// Of each image that some host has, what it consists of.
    anatomy: BTreeMap<Arc<str>, Stock>,
    /// The images that jobs need. Not stored: whoever coordinates says so.
    images: HashMap<JobId, Arc<ImageNeed>>,
    /// The highest number of an attempt that hosts have told of, by job. Not stored: they tell it again.
    seen: BTreeMap<JobId, u32>,
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

    /// Waiting jobs that have no host of their own.
    pub fn pool(&self) -> &Queue {
        &self.pool
    }

    /// Waiting jobs that have lost an attempt.
    pub fn again(&self) -> &Queue {
        &self.again
    }

    /// Waiting jobs that a hold keeps back.
    pub fn parked(&self) -> impl Iterator<Item = JobId> {
        self.parked.iter().copied()
    }

    /// Where a waiting job is queued.
    pub fn waiting(&self, job: JobId) -> Option<&Waiting> {
        self.waiting.get(&job)
    }

    /// Does this job wait, not held, for its first attempt?
    pub fn is_fresh(&self, job: JobId) -> bool {
        let waiting = self.waiting.get(&job);
        waiting.is_some_and(|waiting| matches!(waiting.spot, Spot::Pool | Spot::Host(_)))
    }

    /// All waiting jobs, each with its place.
    pub fn waiting_jobs(&self) -> impl Iterator<Item = (JobId, &Waiting)> {
        self.waiting.iter().map(|(job, waiting)| (*job, waiting))
    }

    /// How many jobs of enabled sets wait.
    pub fn waits(&self) -> usize {
        self.waiting.len()
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
        let words = |fleet: &Fleet| -> Vec<_> {
            let hosts = fleet.hosts.iter();
            let words = hosts.map(|(name, host)| (name.clone(), host.gone.clone(), host.shelf.clone()));
            words
                .filter(|(_, gone, shelf)| gone.is_some() || !shelf.is_empty())
                .collect()
        };
        self.jobs == other.jobs && words(self) == words(other) && self.stands == other.stands
    }

    /// Only these jobs and hosts: enough to fold events that speak of nothing else.
    #[must_use]
    pub fn part<'a>(
        &self,
        jobs: impl IntoIterator<Item = &'a JobId>,
        hosts: impl IntoIterator<Item = &'a HostName>,
        subjects: impl IntoIterator<Item = &'a Subject>,
    ) -> Fleet {
        let mut part = Fleet::new(self.epoch, &[]);
        for (subject, stand) in subjects
            .into_iter()
            .filter_map(|subject| self.stands.get_key_value(subject))
        {
            part.stands.insert(subject.clone(), stand.clone());
        }
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
            entry.shelf = host.shelf.clone();
        }
        part
    }

    fn host_entry(&mut self, name: &HostName) -> &mut HostEntry {
        self.hosts.entry(name.clone()).or_default()
    }
}
