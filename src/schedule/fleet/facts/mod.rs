//! Stored facts: every job with its attempts, what is known of hosts, what is held.
//!
//! Invariant: `apply` is the only function that changes them, and only the fold of [`Fleet`](super::Fleet) can call it.

mod apply;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Attempt, JobEntry};
use crate::domain::event::Stock;
use crate::domain::hold::{Hold, HoldRecord, Subject};
use crate::domain::{AttemptId, HostName, JobId, PhaseName, Timestamp};

/// Everything that is stored. It can be read by everybody, and changed by the fold alone.
#[derive(Debug, Clone, Default)]
pub struct StoredFacts {
    jobs: BTreeMap<JobId, JobEntry>,
    hosts: BTreeMap<HostName, HostFacts>,
    /// What is held, and what once was.
    stands: BTreeMap<Subject, HoldRecord>,
    /// Names of phases, each in memory once.
    phases: BTreeSet<PhaseName>,
}

/// What is stored of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct HostFacts {
    /// The person's word that it will never come back.
    gone: Option<String>,
    /// The images that it has, by source.
    shelf: BTreeMap<Arc<str>, Stock>,
}

/// The same as rows have it.
#[derive(Debug, Clone, Default)]
pub struct StoredRows {
    /// Every job with its attempts.
    pub jobs: BTreeMap<JobId, JobEntry>,
    /// Hosts that will never come back, as a person says.
    pub gone: BTreeMap<HostName, String>,
    /// The images of each host.
    pub shelves: BTreeMap<HostName, Vec<Stock>>,
    /// What is held, and what once was.
    pub stands: BTreeMap<Subject, HoldRecord>,
}

/// Of a host that nothing is stored of.
pub(super) static NO_FACTS: HostFacts = HostFacts {
    gone: None,
    shelf: BTreeMap::new(),
};

impl HostFacts {
    pub(super) fn gone(&self) -> Option<&str> {
        self.gone.as_deref()
    }

    pub(super) fn shelf(&self) -> &BTreeMap<Arc<str>, Stock> {
        &self.shelf
    }
}

impl From<StoredRows> for StoredFacts {
    fn from(rows: StoredRows) -> StoredFacts {
        let mut hosts: BTreeMap<HostName, HostFacts> = BTreeMap::new();
        for (host, word) in rows.gone {
            hosts.entry(host).or_default().gone = Some(word);
        }
        for (host, stock) in rows.shelves {
            let images = stock
                .into_iter()
                .map(|stock| (stock.source.as_str().into(), stock));
            hosts.entry(host).or_default().shelf = images.collect();
        }
        StoredFacts {
            jobs: rows.jobs,
            hosts,
            stands: rows.stands,
            phases: BTreeSet::new(),
        }
    }
}

impl StoredFacts {
    /// All jobs, by id.
    pub fn jobs(&self) -> impl Iterator<Item = &JobEntry> {
        self.jobs.values()
    }

    /// One job.
    pub fn job(&self, id: JobId) -> Option<&JobEntry> {
        self.jobs.get(&id)
    }

    /// One attempt.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.jobs.get(&id.job)?.attempt(id.n)
    }

    /// Everything that was ever held.
    pub fn stands(&self) -> impl Iterator<Item = (&Subject, &HoldRecord)> {
        self.stands.iter()
    }

    /// What is remembered of a subject.
    pub fn stand(&self, subject: &Subject) -> Option<&HoldRecord> {
        self.stands.get(subject)
    }

    /// The hold on a subject.
    pub fn hold(&self, subject: &Subject) -> Option<&Hold> {
        self.stands.get(subject)?.hold.as_ref()
    }

    /// The hold on a host.
    pub fn host_hold(&self, host: &HostName) -> Option<&Hold> {
        if self.stands.is_empty() {
            return None;
        }
        self.hold(&Subject::Host(host.clone()))
    }

    /// When this was last let go.
    pub(super) fn freed(&self, subject: &Subject) -> Option<Timestamp> {
        self.stands.get(subject)?.freed
    }

    /// Was never anything held?
    pub(super) fn holds_nothing(&self) -> bool {
        self.stands.is_empty()
    }

    pub(super) fn hosts(&self) -> &BTreeMap<HostName, HostFacts> {
        &self.hosts
    }

    pub(super) fn host(&self, name: &HostName) -> &HostFacts {
        self.hosts.get(name).unwrap_or(&NO_FACTS)
    }

    /// Only these jobs, hosts and subjects.
    pub(super) fn part<'a>(
        &self,
        jobs: impl IntoIterator<Item = &'a JobId>,
        hosts: impl IntoIterator<Item = &'a HostName>,
        subjects: impl IntoIterator<Item = &'a Subject>,
    ) -> StoredFacts {
        StoredFacts {
            jobs: some_of(&self.jobs, jobs),
            hosts: some_of(&self.hosts, hosts),
            stands: some_of(&self.stands, subjects),
            phases: BTreeSet::new(),
        }
    }
}

impl PartialEq for StoredFacts {
    fn eq(&self, other: &StoredFacts) -> bool {
        let known = |facts: &StoredFacts| {
            let hosts = facts.hosts.iter().filter(|(_, host)| **host != NO_FACTS);
            hosts
                .map(|(name, host)| (name.clone(), host.clone()))
                .collect::<Vec<_>>()
        };
        self.jobs == other.jobs && known(self) == known(other) && self.stands == other.stands
    }
}

fn some_of<'a, K: Ord + Clone + 'a, V: Clone>(
    all: &BTreeMap<K, V>,
    keys: impl IntoIterator<Item = &'a K>,
) -> BTreeMap<K, V> {
    let there = keys.into_iter().filter_map(|key| all.get_key_value(key));
    there.map(|(key, value)| (key.clone(), value.clone())).collect()
}
