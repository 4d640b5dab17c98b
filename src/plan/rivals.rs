//! What a slow host leaves to faster ones, busy as they are: what they will have done sooner.

use crate::domain::{JobId, Span};
use crate::schedule::fleet::{Queued, Rank};

/// The faster hosts.
#[derive(Debug, Clone, Default)]
pub(super) struct Rivals {
    /// How slow the slow one is.
    mine: f64,
    /// When each is free, and how slow it is.
    hosts: Vec<(f64, f64)>,
}

/// What is left to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// What comes before this in the order of all jobs.
    Before(Rank, JobId),
    /// Everything that waits.
    All,
}

impl Left {
    /// Is this job left to them?
    pub(super) fn has(self, queued: &Queued) -> bool {
        match self {
            Left::Before(rank, job) => (queued.rank, queued.job) < (rank, job),
            Left::All => true,
        }
    }
}

impl Rivals {
    pub(super) fn new(mine: f64, hosts: impl Iterator<Item = (f64, f64)>) -> Rivals {
        Rivals {
            mine,
            hosts: hosts.collect(),
        }
    }

    /// Could one of them have done this sooner, if it left everything else?
    pub(super) fn could_take(&self, expected: Span) -> bool {
        let seconds = seconds(expected);
        let mut hosts = self.hosts.iter();
        hosts.any(|(free, slow)| free + seconds * slow < seconds * self.mine)
    }

    /// Goes through all jobs that wait, the longest first, as they would. Once there is one that none of them will have
    /// done sooner, that is so of all shorter ones.
    pub(super) fn leave(mut self, mut jobs: impl Iterator<Item = Queued>) -> Left {
        match jobs.find(|queued| !self.take(queued.expected)) {
            Some(first) => Left::Before(first.rank, first.job),
            None => Left::All,
        }
    }

    /// Would one of them have done this sooner than the slow host, idle as it is? Then it will.
    fn take(&mut self, expected: Span) -> bool {
        let seconds = seconds(expected);
        let ends = |(free, slow): &(f64, f64)| free + seconds * slow;
        let soonest = self.hosts.iter_mut().min_by(|a, b| ends(a).total_cmp(&ends(b)));
        match soonest {
            Some(host) if ends(host) < seconds * self.mine => {
                host.0 = ends(host);
                true
            }
            Some(_) | None => false,
        }
    }
}

/// A length of time as a number, to weigh it against others.
pub(super) fn seconds(span: Span) -> f64 {
    span.duration().as_secs_f64()
}
