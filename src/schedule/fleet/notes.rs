//! Live notes: what only this coordinator knows, of this moment. The links, what is on its way, what hosts say of their
//! health, which pauses providers ask for. None of it is stored; a new coordinator learns it anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use super::rate::{Pauses, Rate};
use crate::domain::host::{Link, Outlook};
use crate::domain::wire::Facts;
use crate::domain::{AttemptId, Epoch, HostName, JobId, ModelName, SetName, Span, Timestamp};

/// A number above this is none that a coordinator gave.
pub const MOST_TRIES: u32 = 1 << 20;

/// The image that a job needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageNeed {
    /// Where it comes from.
    pub source: Arc<str>,
    /// Bytes of the archive; none if that is not known.
    pub bytes: u64,
    /// How the tags of its runtime images may call it.
    pub names: Vec<String>,
}

/// All notes of one coordinator.
#[derive(Debug, Clone, Default)]
pub struct LiveNotes {
    /// The coordinator's epoch.
    pub(super) epoch: Epoch,
    /// Sets whose waiting jobs may start: each coordinator says what it is here for.
    pub(super) enabled: BTreeSet<SetName>,
    pub(super) hosts: BTreeMap<HostName, HostNotes>,
    /// The images that jobs need, as the coordinator says.
    pub(super) images: HashMap<JobId, Arc<ImageNeed>>,
    /// Models whose provider has complained.
    pub(super) rates: BTreeMap<ModelName, Rate>,
    /// How long such a provider is left alone: `fleet.toml` says so.
    pauses: Pauses,
    /// The highest number of an attempt that hosts have told of, by job: they tell it again.
    pub(super) numbers: BTreeMap<JobId, u32>,
    /// Live attempts whose host must be told something over the link that is open now.
    pub(super) unsent: BTreeSet<(HostName, AttemptId)>,
}

/// Notes about one host.
#[derive(Debug, Clone)]
pub(super) struct HostNotes {
    /// Room for so many jobs; none for a host that is no longer in `fleet.toml`.
    pub(super) slots: u32,
    /// Its link.
    pub(super) link: Link,
    /// It refused a job lately: the coordinator's clock, and its reason.
    pub(super) refused: Option<(Timestamp, String)>,
    /// When each live attempt was intended, and how long it was expected to take then.
    pub(super) expects: BTreeMap<AttemptId, (Timestamp, Span)>,
    /// What it last said of its health.
    pub(super) facts: Option<(Timestamp, Arc<Facts>)>,
    /// It has been asked which images it has, and has not answered yet.
    pub(super) asked: bool,
    /// The job that it shall run next; its image is here or on its way.
    pub(super) next: Option<JobId>,
    /// The image that is on its way.
    pub(super) fetching: Option<Arc<str>>,
    /// Images that could not be fetched ahead, or removed, and when.
    pub(super) balked: BTreeMap<Arc<str>, Timestamp>,
    /// Its engine's disk was above the high mark, and is not below the low one yet.
    pub(super) draining_images: bool,
    /// Something failed there through its own doing, and it has not been looked at since.
    pub(super) unseen: bool,
    /// Failures called for leftovers to be removed, and that has not happened yet.
    pub(super) dirty: bool,
}

/// Of a host that nothing is known of.
pub(super) static NO_NOTES: LazyLock<HostNotes> = LazyLock::new(HostNotes::default);

impl Default for HostNotes {
    fn default() -> HostNotes {
        HostNotes {
            slots: 0,
            link: Link::Unknown,
            refused: None,
            expects: BTreeMap::new(),
            facts: None,
            asked: false,
            next: None,
            fetching: None,
            balked: BTreeMap::new(),
            draining_images: false,
            unseen: false,
            dirty: false,
        }
    }
}

/// What the engine, the simulation and `dispatch` note.
impl LiveNotes {
    /// This job needs this image.
    pub fn need_image(&mut self, job: JobId, image: Arc<ImageNeed>) {
        self.images.insert(job, image);
    }

    /// The message for this attempt is on its way over the link that is open now.
    pub fn mark_sent(&mut self, host: &HostName, attempt: AttemptId) {
        self.unsent.remove(&(host.clone(), attempt));
    }

    /// The host's message may be worth repeating (the answer was an error, say).
    pub fn mark_unsent(&mut self, host: &HostName, attempt: AttemptId) {
        if matches!(self.host(host).link, Link::Up { .. }) {
            self.unsent.insert((host.clone(), attempt));
        }
    }

    /// What a host has just said of its health. Images need not be removed any more once `low_water` hundredths of the
    /// engine's disk are in use.
    pub fn record_health(&mut self, host: &HostName, at: Timestamp, facts: Facts, low_water: u64) {
        let notes = self.host_mut(host);
        let root = facts.data_root.as_ref();
        notes.draining_images &= root.is_some_and(|root| root.is_above(low_water));
        notes.facts = Some((at, Arc::new(facts)));
        notes.unseen = false;
    }

    /// A host that was asked how it is could not say.
    pub fn record_no_health(&mut self, host: &HostName) {
        self.host_mut(host).unseen = false;
    }

    /// The host has been asked which images it has; or has answered, or cannot.
    pub fn await_images(&mut self, host: &HostName, asked: bool) {
        self.host_mut(host).asked = asked;
    }

    /// The image that was on its way to a host has come, or could not be fetched.
    pub fn record_fetch(&mut self, host: &HostName, at: Timestamp, well: bool) {
        let notes = self.host_mut(host);
        if let Some(image) = notes.fetching.take()
            && !well
        {
            notes.balked.insert(image, at);
            notes.next = None;
        }
    }

    /// The host has been told to remove an image; if it does not, it is not asked again soon.
    pub fn record_eviction(&mut self, host: &HostName, at: Timestamp, image: &str) {
        let notes = self.host_mut(host);
        notes.draining_images = true;
        notes.balked.insert(image.into(), at);
    }

    /// The first pause that a provider gets which complains; further ones are longer.
    pub fn pause_providers(&mut self, first: Span) {
        self.pauses.first = first;
    }

    /// Our clock was set back by so much. Times that are only in memory move with it, so that nothing takes longer for
    /// it. Stored times stay as they are: code that compares with them expects that they may lie ahead.
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
}

/// What the fold notes beside what it stores.
impl LiveNotes {
    pub(super) fn host(&self, name: &HostName) -> &HostNotes {
        self.hosts.get(name).unwrap_or(&NO_NOTES)
    }

    pub(super) fn host_mut(&mut self, name: &HostName) -> &mut HostNotes {
        self.hosts.entry(name.clone()).or_default()
    }

    pub(super) fn link_up(&mut self, at: Timestamp, host: &HostName, live: impl Iterator<Item = AttemptId>) {
        self.host_mut(host).link = Link::Up { since: at };
        self.unsent.extend(live.map(|attempt| (host.clone(), attempt)));
    }

    pub(super) fn link_down(&mut self, at: Timestamp, host: &HostName, reason: &str, outlook: Outlook) {
        let notes = self.host_mut(host);
        let since = match &notes.link {
            Link::Down { since, .. } => *since,
            Link::Unknown | Link::Up { .. } => at,
        };
        notes.link = Link::Down {
            since,
            reason: reason.to_owned(),
            outlook,
        };
        // What was on its way there is asked for anew.
        (notes.fetching, notes.next) = (None, None);
        notes.asked = false;
        self.unsent.retain(|(of, _)| of != host);
    }

    /// An attempt may be running from now on, and was expected to take so long while it waited.
    pub(super) fn expect(&mut self, at: Timestamp, host: &HostName, id: AttemptId, expected: Option<Span>) {
        let notes = self.host_mut(host);
        notes.expects.extend(expected.map(|span| (id, (at, span))));
        if notes.next == Some(id.job) {
            notes.next = None;
        }
    }

    /// An attempt is over.
    pub(super) fn forget(&mut self, host: &HostName, id: AttemptId) {
        if let Some(notes) = self.hosts.get_mut(host) {
            notes.expects.remove(&id);
        }
        self.mark_sent(host, id);
    }

    /// This job is reserved for the host. The image that the host lacks for it, which is on its way now.
    pub(super) fn reserve(
        &mut self,
        host: &HostName,
        job: JobId,
        has: impl FnOnce(&str) -> bool,
    ) -> Option<Arc<str>> {
        let image = self.images.get(&job).map(|image| Arc::clone(&image.source));
        let notes = self.host_mut(host);
        notes.next = Some(job);
        notes.fetching = image.filter(|image| !has(image));
        notes.fetching.clone()
    }

    /// The provider of a model complains, with so many of its jobs under way, or works again.
    pub(super) fn hear_provider(&mut self, model: ModelName, at: Timestamp, running: usize, well: bool) {
        match (self.rates.get_mut(&model), well) {
            (Some(rate), true) => rate.increase(at),
            (Some(rate), false) => rate.decrease(at, running),
            (None, true) => {}
            (None, false) => {
                self.rates.insert(model, Rate::first(at, running, self.pauses));
            }
        }
    }
}
