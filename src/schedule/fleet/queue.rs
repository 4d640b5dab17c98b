//! Jobs that wait in one place: the longest first, in one row for each model, so that `plan` skips all jobs of a model
//! that may not start any more.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, btree_map};

use crate::domain::id::JobId;
use crate::domain::name::ModelName;
use crate::domain::time::Span;

/// A place in a queue: the longest first, in rough steps; what takes about as long, in the order of the file.
pub type Rank = (Reverse<u16>, u64);

/// A queue.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// By the model whose provider must work for it; none for jobs that need no provider any more.
    by: BTreeMap<Option<ModelName>, Ranked>,
    len: usize,
    load: Span,
}

/// Jobs in order, each with the time that it is expected to take.
type Ranked = BTreeMap<(Rank, JobId), Span>;

/// A job in a queue.
#[derive(Debug, Clone, Copy)]
pub struct Queued {
    /// Its place.
    pub rank: Rank,
    /// Which.
    pub job: JobId,
    /// How long it is expected to take; zero if that is not known.
    pub expected: Span,
}

impl Queue {
    pub(super) fn insert(&mut self, needs: Option<ModelName>, queued: Queued) {
        let Queued { rank, job, expected } = queued;
        self.by.entry(needs).or_default().insert((rank, job), expected);
        self.len += 1;
        self.load.0 += expected.0;
    }

    pub(super) fn remove(&mut self, needs: Option<ModelName>, rank: Rank, job: JobId) {
        let btree_map::Entry::Occupied(mut ranked) = self.by.entry(needs) else {
            return;
        };
        if let Some(expected) = ranked.get_mut().remove(&(rank, job)) {
            self.len -= 1;
            self.load.0 -= expected.0;
        }
        if ranked.get().is_empty() {
            ranked.remove();
        }
    }

    /// How many jobs.
    pub fn len(&self) -> usize {
        self.len
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Is there a job of a model that may start, or one that needs none?
    pub fn has(&self, mut admits: impl FnMut(&ModelName) -> bool) -> bool {
        self.by.keys().any(|needs| needs.as_ref().is_none_or(&mut admits))
    }

    /// How long all of them are expected to take.
    pub fn load(&self) -> Span {
        self.load
    }

    /// All jobs, in order.
    pub fn all(&self) -> Merged<'_> {
        self.admitted(|_| true)
    }

    /// In order, the jobs of the models that may start, and those that need none.
    pub fn admitted(&self, admits: impl FnMut(&ModelName) -> bool) -> Merged<'_> {
        let mut merged = Merged::default();
        merged.add(self, admits);
        merged
    }
}

/// Several queues as one.
#[derive(Debug, Default)]
pub struct Merged<'q> {
    /// The first job of each, and whose it is.
    heads: BinaryHeap<Reverse<(Rank, JobId, Span, usize)>>,
    tails: Vec<btree_map::Iter<'q, (Rank, JobId), Span>>,
}

impl<'q> Merged<'q> {
    /// Of so many queues.
    pub fn of(queues: usize) -> Merged<'q> {
        Merged {
            heads: BinaryHeap::with_capacity(queues),
            tails: Vec::with_capacity(queues),
        }
    }

    /// One more, as far as its jobs may start.
    pub fn add(&mut self, queue: &'q Queue, mut admits: impl FnMut(&ModelName) -> bool) {
        for (needs, ranked) in &queue.by {
            if needs.as_ref().is_none_or(&mut admits) {
                self.tails.push(ranked.iter());
                self.advance(self.tails.len() - 1);
            }
        }
    }

    fn advance(&mut self, n: usize) {
        if let Some(((rank, job), expected)) = self.tails[n].next() {
            self.heads.push(Reverse((*rank, *job, *expected, n)));
        }
    }
}

impl Iterator for Merged<'_> {
    type Item = Queued;

    fn next(&mut self) -> Option<Queued> {
        let Reverse((rank, job, expected, n)) = self.heads.pop()?;
        self.advance(n);
        Some(Queued { rank, job, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(order: u64) -> JobId {
        let run = u32::try_from(order).unwrap();
        JobId::derive(
            &"set".parse().unwrap(),
            &"i".parse().unwrap(),
            &"m".parse().unwrap(),
            run,
        )
    }

    fn model(name: &str) -> ModelName {
        name.parse().unwrap()
    }

    fn queue(jobs: &[(Option<ModelName>, u64)]) -> Queue {
        let mut queue = Queue::default();
        for (needs, order) in jobs {
            let queued = Queued {
                rank: (Reverse(0), *order),
                job: job(*order),
                expected: Span::seconds(1),
            };
            queue.insert(needs.clone(), queued);
        }
        queue
    }

    #[test]
    fn models_are_merged_in_order_and_left_out_whole() {
        let queue = queue(&[
            (Some(model("gpt")), 1),
            (Some(model("kimi")), 2),
            (Some(model("gpt")), 3),
            (None, 4),
        ]);
        let orders = |jobs: &mut dyn Iterator<Item = Queued>| jobs.map(|job| job.rank.1).collect::<Vec<_>>();
        assert_eq!(orders(&mut queue.all()), [1, 2, 3, 4]);
        assert_eq!(
            orders(&mut queue.admitted(|model| model.as_str() == "kimi")),
            [2, 4]
        );
        assert_eq!(orders(&mut queue.admitted(|_| false)), [4]);
    }

    #[test]
    fn what_is_removed_no_longer_counts() {
        let mut queue = queue(&[(Some(model("gpt")), 1), (None, 2)]);
        assert_eq!((queue.len(), queue.load()), (2, Span::seconds(2)));
        queue.remove(Some(model("gpt")), (Reverse(0), 1), job(1));
        // Twice is once.
        queue.remove(Some(model("gpt")), (Reverse(0), 1), job(1));
        queue.remove(None, (Reverse(0), 2), job(2));
        assert!(queue.is_empty() && queue.by.is_empty());
        assert_eq!(queue.load(), Span(0));
    }
}
