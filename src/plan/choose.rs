//! Which waiting job a host that has room should take.
//!
//! The longest first, since what is left for the end should be short. A file's hosts are preferences: a host takes what
//! is meant for it, unless another one has fallen so far behind that its longest job must move. While there is time,
//! and among jobs of about the same length, the one whose image is nearest goes first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Policy;
use super::load::Load;
use super::rate::Allowance;
use super::retry;
use crate::domain::fleet::{HostEntry, JobEntry, Rank};
use crate::domain::hold::Kind;
use crate::domain::{Fleet, HostName, JobId, Span, Timestamp};

/// So many jobs at the head of a queue are compared.
const COMPARED: usize = 48;
/// A host must be behind by so much more than a fair share before its jobs move.
const BEHIND: f64 = 1.05;

/// What is chosen from, while a plan is being made.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    fleet: &'a Fleet,
    policy: &'a Policy,
    now: Timestamp,
    load: Load<'a>,
    rates: Allowance<'a>,
    taken: BTreeSet<JobId>,
    /// Jobs that are meant for a host.
    meant: BTreeMap<JobId, &'a HostName>,
}

/// A job that may be chosen.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    job: JobId,
    rank: Rank,
    /// Is it meant for another host, or for none?
    foreign: bool,
    expected: Span,
}

impl Candidate {
    /// The longest first; of equals, what is meant for this host; then the order of the file.
    fn key(&self) -> (Reverse<u16>, bool, u64) {
        (self.rank.0, self.foreign, self.rank.1)
    }
}

impl<'a> Choice<'a> {
    pub(super) fn new(fleet: &'a Fleet, policy: &'a Policy, now: Timestamp) -> Choice<'a> {
        let meant = fleet.hosts().filter_map(|(name, host)| Some((host.next?, name)));
        Choice {
            fleet,
            policy,
            now,
            load: Load::of(fleet, policy, now),
            rates: Allowance::new(fleet, policy, now),
            taken: BTreeSet::new(),
            meant: meant.collect(),
        }
    }

    /// The next job for this host, if there is one; nobody else gets it then.
    pub(super) fn next(&mut self, name: &HostName, host: &HostEntry) -> Option<JobId> {
        let job = self.again(name).or_else(|| {
            // Who empties a host lets it finish what it has begun, and nothing else.
            let hold = self.fleet.host_hold(name).map(|hold| hold.kind);
            match hold {
                Some(Kind::Draining) => None,
                Some(_) | None => self.meant_for(host).or_else(|| self.fresh(name, host)),
            }
        })?;
        self.taken.insert(job);
        let expected = self.fleet.waiting(job).map(|waiting| waiting.expected);
        self.load.give(name, expected.unwrap_or_default());
        if let Some(entry) = self.fleet.job(job)
            && !is_paid_for(entry)
        {
            self.rates.take(&entry.job.model);
        }
        Some(job)
    }

    fn again(&mut self, name: &HostName) -> Option<JobId> {
        let draining = self.fleet.host_hold(name).is_some();
        let (fleet, policy, now) = (self.fleet, self.policy, self.now);
        let mut jobs = retry::again_here(fleet, policy, name, now);
        jobs.find(|id| {
            let kept = || {
                fleet
                    .job(*id)
                    .is_some_and(|entry| retry::keeper(fleet, entry) == Some(name))
            };
            (!draining || kept()) && self.is_free(*id)
        })
    }

    /// The job that the host was prepared for.
    fn meant_for(&mut self, host: &HostEntry) -> Option<JobId> {
        let job = host.next.filter(|job| self.fleet.waiting(*job).is_some())?;
        self.is_free(job).then_some(job)
    }

    /// A job that was never tried.
    fn fresh(&mut self, name: &HostName, host: &HostEntry) -> Option<JobId> {
        let own = self.head(name, host.queue.iter(), Some(name));
        let shared = self.head(name, self.fleet.pool_ranked(), None);
        let mut near: Vec<Candidate> = own.into_iter().chain(shared).collect();
        near.sort_by_key(Candidate::key);
        let moved = if self.policy.pinned {
            None
        } else {
            self.moved(name, near.first())
        };
        match moved {
            Some(job) => Some(job),
            None => self.nearest(host, &near),
        }
    }

    /// The first jobs of a host's queue, or of that for any host, that may start here.
    fn head<'q>(
        &mut self,
        here: &HostName,
        queue: impl Iterator<Item = &'q (Rank, JobId)>,
        of: Option<&HostName>,
    ) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut rivals = self.load.rivals(here);
        for (rank, job) in queue {
            if found.len() == COMPARED {
                break;
            }
            let meant = self
                .meant
                .get(job)
                .is_some_and(|host| *host != here && Some(*host) != of);
            if meant || !self.is_free(*job) {
                continue;
            }
            let expected = self
                .fleet
                .waiting(*job)
                .map_or(Span(0), |waiting| waiting.expected);
            // An order is an order; otherwise a slow host leaves to others what they would have done sooner.
            if !self.policy.pinned && rivals.take(expected) {
                continue;
            }
            found.push(Candidate {
                job: *job,
                rank: *rank,
                foreign: of != Some(here),
                expected,
            });
        }
        found
    }

    /// A job of the host that is the furthest behind: if it would be done too late there, and sooner here.
    fn moved(&mut self, here: &HostName, first: Option<&Candidate>) -> Option<JobId> {
        let (behind, late, waits) = self.load.furthest_behind(here)?;
        let queue = &self.fleet.host(behind)?.queue;
        // What it could begin at once is left to it.
        let begins = queue.len() - waits;
        let slow = |name| self.fleet.host(name).map_or(1.0, HostEntry::slowness);
        let (slow, slow_there) = (slow(here), slow(behind));
        let longest = *self.head(here, queue.iter().skip(begins), Some(behind)).first()?;
        let seconds = longest.expected.duration().as_secs_f64();
        let would_take = seconds * slow;
        let helps = match first {
            // There is nothing else to do: it is enough that the job would be done later there.
            None => would_take < late.max(seconds * slow_there),
            Some(first) => late > self.load.fair * BEHIND && longest.rank.0 < first.rank.0,
        };
        helps.then_some(longest.job)
    }

    /// Of jobs that are as urgent as the first, the one of whose image the least must move.
    fn nearest(&self, host: &HostEntry, near: &[Candidate]) -> Option<JobId> {
        let first = near.first()?;
        let seconds = first.expected.duration().as_secs_f64();
        let there_is_time = seconds * 3.0 < self.load.fair || seconds == 0.0;
        // One step of rank is less than estimates are good for.
        let urgent = near
            .iter()
            .take_while(|candidate| there_is_time || candidate.rank.0.0 + 1 >= first.rank.0.0);
        urgent
            .min_by_key(|candidate| {
                let image = self.fleet.image(candidate.job);
                let missing = image.map_or(0, |image| self.fleet.missing(host, image));
                (missing, candidate.key())
            })
            .map(|candidate| candidate.job)
    }

    fn is_free(&mut self, job: JobId) -> bool {
        let entry = self.fleet.job(job);
        !self.taken.contains(&job)
            && entry.is_some_and(|entry| is_paid_for(entry) || self.rates.admits(&entry.job.model))
    }
}

/// Needs nothing of the model's provider any more.
fn is_paid_for(entry: &JobEntry) -> bool {
    entry.kept().next().is_some() || entry.given().is_some()
}
