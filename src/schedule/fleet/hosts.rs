//! A host as this coordinator sees it now: what is stored of it, what follows from that, and what is noted.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::iter::Peekable;
use std::sync::Arc;

use super::durations::Summary;
use super::facts::{HostFacts, NO_FACTS};
use super::health::Trial;
use super::index::{HostIndex, NO_INDEX};
use super::notes::{HostNotes, NO_NOTES};
use super::queue::Queue;
use crate::domain::event::Stock;
use crate::domain::host::Link;
use crate::domain::wire::Facts;
use crate::domain::{AttemptId, HostName, JobId, Span, Timestamp};

/// A host. Of what is not said to be stored, or to follow from that, only this coordinator knows.
#[derive(Debug, Clone, Copy)]
pub struct HostEntry<'a> {
    /// Room for so many jobs; none for a host that is no longer in `fleet.toml`.
    pub slots: u32,
    /// The person's word that it will never come back. Stored.
    pub gone: Option<&'a str>,
    /// Its link.
    pub link: &'a Link,
    /// It refused a job lately: the coordinator's clock, and its reason.
    pub refused: Option<&'a (Timestamp, String)>,
    /// Attempts that it may be running, as follows from the jobs.
    pub live: &'a BTreeSet<AttemptId>,
    /// When each of these was intended, and how long it was expected to take then.
    pub expects: &'a BTreeMap<AttemptId, (Timestamp, Span)>,
    /// Waiting jobs that would best run here, the longest first, as follows from the jobs.
    pub queue: &'a Queue,
    /// How its last attempts went, since it was last let go, as follows from the jobs.
    pub trials: &'a [Trial],
    /// How its phases compare with what was expected of them, as logarithms: slow hosts are above zero.
    pub pace: &'a Summary,
    /// The images that it has. Stored.
    pub shelf: &'a BTreeMap<Arc<str>, Stock>,
    /// The layers of these.
    pub layers: &'a BTreeSet<Arc<str>>,
    /// What it last said of its health.
    pub facts: Option<&'a (Timestamp, Arc<Facts>)>,
    /// It has been asked which images it has, and has not answered yet.
    pub asked: bool,
    /// The job that it shall run next; its image is here or on its way.
    pub next: Option<JobId>,
    /// The image that is on its way.
    pub fetching: Option<&'a str>,
    /// Images that could not be fetched ahead, or removed, and when.
    pub balked: &'a BTreeMap<Arc<str>, Timestamp>,
    /// Its engine's disk was above the high mark, and is not below the low one yet.
    pub draining_images: bool,
    /// Something failed there through its own doing, and it has not been looked at since.
    pub unseen: bool,
    /// Failures called for leftovers to be removed, and that has not happened yet.
    pub dirty: bool,
}

impl<'a> HostEntry<'a> {
    pub(super) fn of(
        facts: Option<&'a HostFacts>,
        index: Option<&'a HostIndex>,
        notes: Option<&'a HostNotes>,
    ) -> HostEntry<'a> {
        let facts = facts.unwrap_or(&NO_FACTS);
        let index = index.unwrap_or(&NO_INDEX);
        let notes = notes.unwrap_or(&NO_NOTES);
        HostEntry {
            slots: notes.slots,
            gone: facts.gone(),
            link: &notes.link,
            refused: notes.refused.as_ref(),
            live: &index.live,
            expects: &notes.expects,
            queue: &index.queue,
            trials: &index.trials,
            pace: &index.pace,
            shelf: facts.shelf(),
            layers: &index.layers,
            facts: notes.facts.as_ref(),
            asked: notes.asked,
            next: notes.next,
            fetching: notes.fetching.as_deref(),
            balked: &notes.balked,
            draining_images: notes.draining_images,
            unseen: notes.unseen,
            dirty: notes.dirty,
        }
    }

    /// How much longer than elsewhere things take here, as a factor; 1 where nothing is known.
    pub fn slowness(self) -> f64 {
        self.pace.slowness()
    }

    /// Could it run something soon, as far as its link says?
    pub fn may_come(self) -> bool {
        self.slots > 0 && self.gone.is_none() && matches!(self.link, Link::Up { .. } | Link::Unknown)
    }
}

type All<'a, T> = Peekable<btree_map::Iter<'a, HostName, T>>;

/// All hosts of which anything is stored, follows or is noted, by name.
pub(super) struct Hosts<'a> {
    facts: All<'a, HostFacts>,
    index: All<'a, HostIndex>,
    notes: All<'a, HostNotes>,
}

impl<'a> Hosts<'a> {
    pub(super) fn of(
        facts: &'a BTreeMap<HostName, HostFacts>,
        index: &'a BTreeMap<HostName, HostIndex>,
        notes: &'a BTreeMap<HostName, HostNotes>,
    ) -> Hosts<'a> {
        Hosts {
            facts: facts.iter().peekable(),
            index: index.iter().peekable(),
            notes: notes.iter().peekable(),
        }
    }
}

impl<'a> Iterator for Hosts<'a> {
    type Item = (&'a HostName, HostEntry<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let first = [
            self.notes.peek().map(|(name, _)| *name),
            self.index.peek().map(|(name, _)| *name),
            self.facts.peek().map(|(name, _)| *name),
        ];
        let name = first.into_iter().flatten().min()?;
        let facts = self.facts.next_if(|(other, _)| *other == name);
        let index = self.index.next_if(|(other, _)| *other == name);
        let notes = self.notes.next_if(|(other, _)| *other == name);
        let entry = HostEntry::of(
            facts.map(|(_, facts)| facts),
            index.map(|(_, index)| index),
            notes.map(|(_, notes)| notes),
        );
        Some((name, entry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let least = self.notes.len().max(self.index.len()).max(self.facts.len());
        (least, None)
    }
}
