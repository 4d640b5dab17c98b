//! What can be asked of the fleet.

use super::durations::Measures;
use super::hosts::Hosts;
use super::{Attempt, Fleet, HostEntry, JobEntry, Queue, Rate, Spot, StoredFacts, Waiting};
use crate::domain::{AttemptId, Epoch, HostName, JobId, ModelName, SetName, Span};

impl Fleet {
    /// The coordinator's epoch.
    pub fn epoch(&self) -> Epoch {
        self.notes.epoch
    }

    /// All that is stored.
    pub fn facts(&self) -> &StoredFacts {
        &self.facts
    }

    /// All jobs, by id.
    pub fn jobs(&self) -> impl Iterator<Item = &JobEntry> {
        self.facts.jobs()
    }

    /// One job.
    pub fn job(&self, id: JobId) -> Option<&JobEntry> {
        self.facts.job(id)
    }

    /// One attempt.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.facts.attempt(id)
    }

    /// All hosts, by name.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostName, HostEntry<'_>)> {
        Hosts::of(self.facts.hosts(), &self.index.hosts, &self.notes.hosts)
    }

    /// One host.
    pub fn host(&self, name: &HostName) -> Option<HostEntry<'_>> {
        let facts = self.facts.hosts().get(name);
        let (index, notes) = (self.index.hosts.get(name), self.notes.hosts.get(name));
        let known = facts.is_some() || index.is_some() || notes.is_some();
        known.then(|| HostEntry::of(facts, index, notes))
    }

    /// Hosts that could take a job now.
    pub fn idle(&self) -> impl Iterator<Item = (&HostName, HostEntry<'_>)> {
        let idle = self.index.idle.iter();
        idle.filter_map(|name| Some((name, self.host(name)?)))
    }

    /// Waiting jobs that have no host of their own.
    pub fn pool(&self) -> &Queue {
        &self.index.pool
    }

    /// Waiting jobs that have lost an attempt.
    pub fn again(&self) -> &Queue {
        &self.index.again
    }

    /// Waiting jobs that a hold keeps back.
    pub fn parked(&self) -> impl Iterator<Item = JobId> {
        self.index.parked.iter().copied()
    }

    /// Where a waiting job is queued.
    pub fn waiting(&self, job: JobId) -> Option<&Waiting> {
        self.index.waiting.get(&job)
    }

    /// Does this job wait, not held, for its first attempt?
    pub fn is_fresh(&self, job: JobId) -> bool {
        let waiting = self.waiting(job);
        waiting.is_some_and(|waiting| matches!(waiting.spot, Spot::Pool | Spot::Host(_)))
    }

    /// All waiting jobs, each with its place.
    pub fn waiting_jobs(&self) -> impl Iterator<Item = (JobId, &Waiting)> {
        self.index.waiting.iter().map(|(job, waiting)| (*job, waiting))
    }

    /// How many jobs of enabled sets wait.
    pub fn waits(&self) -> usize {
        self.index.waiting.len()
    }

    /// Live attempts whose host has not been told over the link that is open now.
    pub fn unsent(&self) -> impl Iterator<Item = (&HostName, AttemptId)> {
        self.notes.unsent.iter().map(|(host, attempt)| (host, *attempt))
    }

    /// How many enabled jobs are not closed yet.
    pub fn open(&self) -> usize {
        self.index.open
    }

    /// Is this set one of those that this coordinator runs?
    pub fn is_enabled(&self, set: &SetName) -> bool {
        self.notes.enabled.contains(set)
    }

    /// The number for the next attempt of a job: above all that are known, and all that hosts have seen.
    pub fn next_number(&self, job: JobId) -> u32 {
        let known = self.job(job).map_or(1, JobEntry::next_number);
        let seen = self.notes.numbers.get(&job).copied().unwrap_or(0);
        known.max(seen.saturating_add(1))
    }

    /// How long phases took.
    pub fn measures(&self) -> &Measures {
        &self.index.measures
    }

    /// How long a job is expected to take on a usual host, all phases together; zero if nothing like it was measured.
    pub fn expected(&self, entry: &JobEntry) -> Span {
        self.measures().job(&entry.job).unwrap_or_default()
    }

    /// Models whose provider has complained.
    pub fn rated(&self) -> impl Iterator<Item = &ModelName> {
        self.notes.rates.keys()
    }

    /// The rate of a model whose provider has complained.
    pub fn provider_rate(&self, model: &ModelName) -> Option<&Rate> {
        self.notes.rates.get(model)
    }

    /// How many jobs of a model are under way.
    pub fn under_way(&self, model: &ModelName) -> usize {
        self.index.under_way(&self.facts, model)
    }

    /// The same stored facts?
    pub fn same_facts(&self, other: &Fleet) -> bool {
        self.facts == other.facts
    }
}
