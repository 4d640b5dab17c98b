//! The derived parts: who waits where, as how long, and who is idle.

use std::cmp::Reverse;

use super::queue::{Queue, Queued, Rank};
use super::{Fleet, JobEntry};
use crate::domain::hold::Kind;
use crate::domain::host::Link;
use crate::domain::id::JobId;
use crate::domain::job::Place;
use crate::domain::name::{HostName, ModelName};
use crate::domain::time::Span;

/// A job that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in its queue.
    pub rank: Rank,
    /// In which queue it is.
    pub spot: Spot,
    /// The model whose provider must work for it.
    pub needs: Option<ModelName>,
    /// How long it was expected to take when it was put there; zero if nobody knows.
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

impl Fleet {
    /// Puts a waiting job of an enabled set where `plan` will see it.
    pub(super) fn enqueue(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        if !entry.is_waiting() || !self.enabled.contains(&entry.job.set) || self.waiting.contains_key(&id) {
            return;
        }
        let expected = self.expected(entry);
        let rank = (Reverse(step(expected)), entry.job.order);
        let spot = self.spot(entry);
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
            Spot::Host(host) => Some(&mut self.host_entry(host).queue),
        }
    }

    fn spot(&self, entry: &JobEntry) -> Spot {
        if self.job_hold(entry).is_some() {
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

    /// Takes a job out of whatever queue it is in.
    pub(super) fn dequeue(&mut self, id: JobId) {
        let Some(waiting) = self.waiting.remove(&id) else {
            return;
        };
        match self.queue(&waiting.spot) {
            Some(queue) => queue.remove(waiting.needs, waiting.rank, id),
            None => {
                self.parked.remove(&id);
            }
        }
    }

    /// Puts all waiting jobs in the order that what was learned meanwhile gives.
    pub(super) fn rank_anew(&mut self) {
        let mut expectations = self.measures.expectations();
        let other = |(id, waiting): (&JobId, &Waiting)| {
            // Within a step, an estimate that is better by a little changes nothing.
            let expected = expectations.job(&self.jobs.get(id)?.job).unwrap_or_default();
            (step(expected) != waiting.rank.0.0).then_some(*id)
        };
        let moved: Vec<JobId> = self.waiting.iter().filter_map(other).collect();
        for job in moved {
            self.dequeue(job);
            self.enqueue(job);
        }
    }

    /// Decides anew whether a host counts as idle.
    pub(super) fn rate(&mut self, name: &HostName) {
        let held = self
            .host_hold(name)
            .is_some_and(|hold| hold.kind != Kind::Draining);
        let Some(host) = self.hosts.get(name) else { return };
        let room = host.live.len() < host.slots as usize;
        if room && !held && host.gone.is_none() && matches!(host.link, Link::Up { .. }) {
            if !self.idle.contains(name) {
                self.idle.insert(name.clone());
            }
        } else {
            self.idle.remove(name);
        }
    }
}
