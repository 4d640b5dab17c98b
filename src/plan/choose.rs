//! Which waiting job a host that has room should take.
//!
//! The longest first, since what is left for the end should be short. A file's hosts are preferences: a host takes what
//! is meant for it, unless another one has fallen so far behind that its longest job must move. While there is time,
//! and among jobs of about the same length, the one whose image is nearest goes first.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Policy;
use super::load::Load;
use super::rate::Allowance;
use super::retry;
use super::rivals::{Left, Rivals};
use super::room::usable;
use crate::domain::hold::Kind;
use crate::domain::{HostName, JobId, Span, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::{HostEntry, Merged, Queue, Queued, Rank};

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

/// The host that chooses.
#[derive(Debug)]
struct Here<'h> {
    name: &'h HostName,
    rivals: Rivals,
    left: OnceCell<Left>,
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
        // What was meant for a host that takes nothing now is for everybody.
        let meant = fleet.hosts().filter_map(|(name, host)| {
            let job = host.next?;
            usable(fleet, policy, name, host, now).then_some((job, name))
        });
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

    /// The next job for this host, if there is one; no other host gets it then.
    pub(super) fn next(&mut self, name: &HostName, host: HostEntry<'_>) -> Option<JobId> {
        let job = self.again(name).or_else(|| {
            // Who empties a host lets it finish what it has begun, and nothing else.
            let hold = self.fleet.host_hold(name).map(|hold| hold.kind);
            match hold {
                Some(Kind::Draining) => None,
                Some(_) | None => self.meant_for(host).or_else(|| self.fresh(name, host)),
            }
        })?;
        self.taken.insert(job);
        if let Some(waiting) = self.fleet.waiting(job) {
            self.load.give(name, waiting.expected);
            if let Some(model) = &waiting.needs {
                self.rates.take(model);
            }
        }
        Some(job)
    }

    fn again(&self, name: &HostName) -> Option<JobId> {
        let (fleet, policy, now) = (self.fleet, self.policy, self.now);
        let draining = fleet.host_hold(name).is_some();
        let mut jobs = fleet.again().admitted(|model| self.rates.admits(model));
        let here = jobs.find(|queued| {
            !self.taken.contains(&queued.job)
                && fleet.job(queued.job).is_some_and(|entry| {
                    (!draining || retry::keeper(fleet, entry) == Some(name))
                        && retry::may_start(fleet, policy, entry, name, now)
                })
        });
        here.map(|queued| queued.job)
    }

    /// The job that the host was prepared for.
    fn meant_for(&self, host: HostEntry<'_>) -> Option<JobId> {
        // A job that was held or lost meanwhile has rules of its own.
        let free = |job: &JobId| self.fleet.is_fresh(*job) && !self.taken.contains(job);
        let job = host.next.filter(free)?;
        let needs = &self.fleet.waiting(job)?.needs;
        let admits = needs.as_ref().is_none_or(|model| self.rates.admits(model));
        admits.then_some(job)
    }

    /// A job that was never tried.
    fn fresh(&self, name: &HostName, host: HostEntry<'_>) -> Option<JobId> {
        let here = Here {
            name,
            // An order is an order; otherwise a slow host leaves to others what they will have done sooner.
            rivals: if self.policy.pinned {
                Rivals::default()
            } else {
                self.load.rivals(name)
            },
            left: OnceCell::new(),
        };
        let own = self.head(&here, host.queue, 0, Some(name));
        let shared = self.head(&here, self.fleet.pool(), 0, None);
        let mut near: Vec<Candidate> = own.into_iter().chain(shared).collect();
        near.sort_by_key(Candidate::key);
        let moved = if self.policy.pinned {
            None
        } else {
            self.moved(&here, near.first())
        };
        match moved {
            Some(job) => Some(job),
            None => self.nearest(host, &near),
        }
    }

    /// Will a faster host have done this sooner, after all that is more urgent?
    fn is_left(&self, here: &Here<'_>, queued: &Queued) -> bool {
        // Going through all jobs is dear, and seldom called for.
        here.rivals.could_take(queued.expected)
            && here
                .left
                .get_or_init(|| here.rivals.clone().leave(self.waiting()))
                .has(queued)
    }

    /// All jobs that were never tried, in order.
    fn waiting(&self) -> impl Iterator<Item = Queued> {
        let hosts = self.fleet.hosts();
        let mut all = Merged::of(hosts.size_hint().0 + 1);
        for queue in hosts.map(|(_, host)| host.queue).chain([self.fleet.pool()]) {
            all.add(queue, |model| self.rates.admits(model));
        }
        all.filter(|queued| !self.taken.contains(&queued.job))
    }

    /// The first jobs of a queue, but so many, that may start here; `of`: the host whose queue it is.
    fn head(&self, here: &Here<'_>, queue: &Queue, but: usize, of: Option<&HostName>) -> Vec<Candidate> {
        // Without images to compare, the first is as good as any.
        let compared = if self.fleet.knows_images() { COMPARED } else { 1 };
        let for_others = |job: &JobId| {
            let host = self.meant.get(job);
            host.is_some_and(|host| *host != here.name && Some(*host) != of)
        };
        queue
            .admitted(|model| self.rates.admits(model))
            .skip(but)
            .filter(|queued| {
                !self.taken.contains(&queued.job) && !for_others(&queued.job) && !self.is_left(here, queued)
            })
            .take(compared)
            .map(|Queued { rank, job, expected }| Candidate {
                job,
                rank,
                foreign: of != Some(here.name),
                expected,
            })
            .collect()
    }

    /// A job of the host that is the furthest behind and has one that would be done too late there, and sooner here.
    fn moved(&self, here: &Here<'_>, first: Option<&Candidate>) -> Option<JobId> {
        // Who has something to do looks only at hosts that will not be done in time.
        let least = first.map_or(0.0, |_| self.load.fair * BEHIND);
        let behind = self
            .load
            .behind(here.name, least, |model| self.rates.admits(model));
        behind.into_iter().find_map(|behind| {
            // What it could begin at once is left to it.
            let jobs = self.head(here, behind.queue, behind.begins, Some(behind.name));
            let longest = jobs.first()?;
            let seconds = longest.expected.duration().as_secs_f64();
            let helps = match first {
                // There is nothing else to do: it is enough that the job would be done later there.
                None => {
                    let there = behind.late.max(behind.free + seconds * behind.slow);
                    seconds * self.load.slowness(here.name) < there
                }
                Some(first) => longest.rank.0 < first.rank.0,
            };
            helps.then_some(longest.job)
        })
    }

    /// Of jobs that are as urgent as the first, the one of whose image the least must move.
    fn nearest(&self, host: HostEntry<'_>, near: &[Candidate]) -> Option<JobId> {
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
}
