//! What only this coordinator knows, of this moment: the images that jobs need, what hosts say of their health,
//! what is on its way to them. None of it is stored; a new coordinator learns it anew.

use std::sync::Arc;

use super::{Fleet, HostEntry, JobEntry};
use crate::domain::event::Stock;
use crate::domain::host::Link;
use crate::domain::id::{AttemptId, JobId};
use crate::domain::name::HostName;
use crate::domain::runtime;
use crate::domain::time::{Span, Timestamp};
use crate::domain::wire::Facts;

/// A number above this is none that a coordinator gave.
pub const MOST_TRIES: u32 = 1 << 20;

/// The image that a job needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageNeed {
    /// Where it comes from.
    pub source: Arc<str>,
    /// Bytes of the archive; none if nobody has looked.
    pub bytes: u64,
    /// How the tags of its runtime images may call it.
    pub names: Vec<String>,
}

impl Fleet {
    /// This job needs this image.
    pub fn need_image(&mut self, job: JobId, image: Arc<ImageNeed>) {
        self.images.insert(job, image);
    }

    /// Is it known of any job which image it needs?
    pub fn knows_images(&self) -> bool {
        !self.images.is_empty()
    }

    /// The image that a job needs, if it is known.
    pub fn image(&self, job: JobId) -> Option<&Arc<ImageNeed>> {
        self.images.get(&job)
    }

    /// Bytes that must move before this host has this image: of layers that it lacks, where they are known.
    pub fn missing(&self, host: &HostEntry, image: &ImageNeed) -> u64 {
        if host.shelf.contains_key(&image.source) {
            return 0;
        }
        let Some(layers) = self.layers_of(&image.source) else {
            // One that nobody has measured is not for nothing.
            return image.bytes.max(1);
        };
        let lacks = layers
            .iter()
            .filter(|(digest, _)| !host.layers.contains(digest.as_str()));
        lacks.map(|(_, bytes)| *bytes).sum()
    }

    /// Is this a runtime image that belongs to the image which is needed?
    pub fn is_runtime_of(&self, stock: &Stock, image: &ImageNeed) -> bool {
        stock.runtime.as_ref().is_some_and(|base| {
            let below = self.layers_of(&image.source).unwrap_or_default();
            runtime::belongs(base, &stock.layers, image.names.iter(), below)
        })
    }

    /// The layers of an image that some host has.
    fn layers_of(&self, source: &str) -> Option<&[(String, u64)]> {
        self.anatomy.get(source).map(|stock| stock.layers.as_slice())
    }

    /// A host has seen this attempt, whatever became of it there: its number is never used again.
    pub fn note_number(&mut self, attempt: AttemptId) {
        if attempt.n <= MOST_TRIES && self.jobs.contains_key(&attempt.job) {
            let highest = self.seen.entry(attempt.job).or_default();
            *highest = attempt.n.max(*highest);
        }
    }

    /// The number for the next attempt of a job: above all that are known, and all that hosts have seen.
    pub fn next_number(&self, job: JobId) -> u32 {
        let known = self.jobs.get(&job).map_or(1, JobEntry::next_number);
        let seen = self.seen.get(&job).copied().unwrap_or(0);
        known.max(seen.saturating_add(1))
    }

    /// What a host has just said of its health. Images need not be removed any more once `low_water` hundredths of the
    /// engine's disk are in use.
    pub fn note_facts(&mut self, host: &HostName, at: Timestamp, facts: Facts, low_water: u64) {
        let entry = self.host_entry(host);
        let root = facts.data_root.as_ref();
        entry.draining_images &= root.is_some_and(|root| root.is_above(low_water));
        entry.facts = Some((at, Arc::new(facts)));
        entry.unseen = false;
    }

    /// The host has been asked which images it has; or has answered, or cannot.
    pub fn note_asked(&mut self, host: &HostName, asked: bool) {
        self.host_entry(host).asked = asked;
    }

    /// A host that was asked how it is could not say.
    pub fn note_no_facts(&mut self, host: &HostName) {
        self.host_entry(host).unseen = false;
    }

    /// This job is meant for the host. The image that the host lacks for it, which is on its way now.
    pub fn note_next(&mut self, host: &HostName, job: JobId) -> Option<Arc<str>> {
        let image = self.images.get(&job).map(|image| Arc::clone(&image.source));
        let entry = self.host_entry(host);
        entry.next = Some(job);
        entry.fetching = image.filter(|image| !entry.shelf.contains_key(image));
        entry.fetching.clone()
    }

    /// It has done so, or could not.
    pub fn note_fetched(&mut self, host: &HostName, at: Timestamp, well: bool) {
        let entry = self.host_entry(host);
        if let Some(image) = entry.fetching.take()
            && !well
        {
            entry.balked.insert(image, at);
            entry.next = None;
        }
    }

    /// Our clock was set back by so much. What is remembered of this moment alone moves with it, so that nothing takes
    /// longer for it. Stored times stay as they are: whoever compares with them knows that they may lie ahead.
    pub fn set_back(&mut self, by: Span) {
        for host in self.hosts.values_mut() {
            match &mut host.link {
                Link::Up { since } | Link::Down { since, .. } => *since = since.before(by),
                Link::Unknown => {}
            }
            let refused = host.refused.as_mut().map(|(at, _)| at);
            let looked = host.facts.as_mut().map(|(at, _)| at);
            let expected = host.expects.values_mut().map(|(at, _)| at);
            for at in refused
                .into_iter()
                .chain(looked)
                .chain(expected)
                .chain(host.balked.values_mut())
            {
                *at = at.before(by);
            }
        }
        self.rates.values_mut().for_each(|rate| rate.set_back(by));
    }

    /// The host has been told to remove an image; if it does not, it is not asked again soon.
    pub fn note_evicting(&mut self, host: &HostName, at: Timestamp, image: &str) {
        let entry = self.host_entry(host);
        entry.draining_images = true;
        entry.balked.insert(image.into(), at);
    }
}
