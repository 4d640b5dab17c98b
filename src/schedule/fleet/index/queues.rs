//! Who waits where, as how long, and who is idle.

use std::cmp::Reverse;

use super::super::facts::StoredFacts;
use super::super::notes::LiveNotes;
use super::super::queue::{Queue, Queued, Rank};
use super::super::{JobEntry, holds};
use super::FleetIndex;
use crate::domain::hold::{Kind, Subject};
use crate::domain::host::Link;
use crate::domain::{HostName, JobId, ModelName, Place, Span};

/// A job that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in its queue.
    pub rank: Rank,
    /// In which queue it is.
    pub spot: Spot,
    /// The model whose provider must work for it.
    pub needs: Option<ModelName>,
    /// How long it was expected to take when it was put there; zero if that is not known.
    pub expected: Span,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// Of jobs that have no host of their own.
    Pool,
    /// Of jobs that would best run on this host.
    Host(HostName),
    /// Of jobs that have lost an attempt.
    Again,
    /// Of jobs that a hold keeps back.
    Parked,
}

/// Four steps for each doubling; below a second all is one.
fn step(expected: Span) -> u16 {
    if expected < Span::seconds(1) {
        return 0;
    }
    // A quarter of a doubling is a factor of 1.19: below that, estimates say nothing.
    let (mut step, mut reached) = (0, 1000.0);
    while reached * 1.189_207 <= millis(expected) {
        (step, reached) = (step + 1, reached * 1.189_207);
    }
    step
}

fn millis(span: Span) -> f64 {
    // Exact up to 2^53 milliseconds, which no job takes.
    f64::from(u32::try_from(span.0 >> 20).unwrap_or(u32::MAX)) * 1_048_576.0
        + f64::from(u32::try_from(span.0 & 0xf_ffff).unwrap_or(0))
}

impl FleetIndex {
    /// Puts a waiting job of an enabled set where `plan` will see it.
    pub(in super::super) fn enqueue(&mut self, facts: &StoredFacts, notes: &LiveNotes, id: JobId) {
        let Some(entry) = facts.job(id) else { return };
        if !entry.is_waiting() || !notes.enabled.contains(&entry.job.set) || self.waiting.contains_key(&id) {
            return;
        }
        let expected = self.measures.job(&entry.job).unwrap_or_default();
        let rank = (Reverse(step(expected)), entry.job.order);
        let spot = spot(facts, notes, entry);
        let needs = (!entry.is_paid_for()).then(|| entry.job.model.clone());
        if let Some(queue) = self.queue(&spot) {
            let queued = Queued {
                rank,
                job: id,
                expected,
            };
            queue.insert(needs.clone(), queued);
        } else {
            self.parked.insert(id);
        }
        let waiting = Waiting {
            rank,
            spot,
            needs,
            expected,
        };
        self.waiting.insert(id, waiting);
    }

    /// None for jobs that are in no queue.
    fn queue(&mut self, spot: &Spot) -> Option<&mut Queue> {
        match spot {
            Spot::Parked => None,
            Spot::Again => Some(&mut self.again),
            Spot::Pool => Some(&mut self.pool),
            Spot::Host(host) => Some(&mut self.host(host).queue),
        }
    }

    /// Takes a job out of whatever queue it is in, and says how long it was expected to take there.
    pub(in super::super) fn dequeue(&mut self, id: JobId) -> Option<Span> {
        let waiting = self.waiting.remove(&id)?;
        match self.queue(&waiting.spot) {
            Some(queue) => queue.remove(waiting.needs, waiting.rank, id),
            None => {
                self.parked.remove(&id);
            }
        }
        Some(waiting.expected)
    }

    /// Puts all waiting jobs in the order that what was learned meanwhile gives.
    pub(super) fn rank_anew(&mut self, facts: &StoredFacts, notes: &LiveNotes) {
        let mut expectations = self.measures.expectations();
        let other = |(id, waiting): (&JobId, &Waiting)| {
            // Within a step, an estimate that is better by a little changes nothing.
            let expected = expectations.job(&facts.job(*id)?.job).unwrap_or_default();
            (step(expected) != waiting.rank.0.0).then_some(*id)
        };
        let moved: Vec<JobId> = self.waiting.iter().filter_map(other).collect();
        for job in moved {
            self.dequeue(job);
            self.enqueue(facts, notes, job);
        }
    }

    /// After a hold came or went: a host may be idle or not, a job may be queued or not.
    pub(in super::super) fn sort_anew(&mut self, facts: &StoredFacts, notes: &LiveNotes, subject: &Subject) {
        if let Subject::Host(host) = subject {
            self.update_idle(facts, notes, host);
            return;
        }
        let needs =
            |id: JobId, source: &str| notes.images.get(&id).is_some_and(|need| *need.source == *source);
        let concerned = |entry: &&JobEntry| match subject {
            Subject::Set(set) => entry.job.set == *set,
            Subject::Model(model) => entry.job.model == *model,
            Subject::Image(source) => needs(entry.job.id, source),
            Subject::Host(_) | Subject::Memory(_) => false,
        };
        let waiting: Vec<JobId> = self
            .waiting
            .keys()
            .filter_map(|id| facts.job(*id))
            .filter(concerned)
            .map(|entry| entry.job.id)
            .collect();
        for job in waiting {
            self.dequeue(job);
            self.enqueue(facts, notes, job);
        }
    }

    /// Decides anew whether a host counts as idle.
    pub(in super::super) fn update_idle(&mut self, facts: &StoredFacts, notes: &LiveNotes, name: &HostName) {
        let held = facts
            .host_hold(name)
            .is_some_and(|hold| hold.kind != Kind::Draining);
        let here = notes.host(name);
        let room = self.hosts.get(name).map_or(0, |host| host.live.len()) < here.slots as usize;
        let gone = facts.host(name).gone().is_some();
        if room && !held && !gone && matches!(here.link, Link::Up { .. }) {
            if !self.idle.contains(name) {
                self.idle.insert(name.clone());
            }
        } else {
            self.idle.remove(name);
        }
    }
}

fn spot(facts: &StoredFacts, notes: &LiveNotes, entry: &JobEntry) -> Spot {
    if holds::job_hold(facts, notes, entry).is_some() {
        return Spot::Parked;
    }
    if entry.lost().next().is_some() || entry.kept().next().is_some() {
        return Spot::Again;
    }
    match &entry.job.place {
        Place::Any => Spot::Pool,
        Place::Host(host) => Spot::Host(host.clone()),
    }
}
