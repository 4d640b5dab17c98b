//! What follows from the facts, kept at hand, so that `plan` looks at what is idle and not at everything: who waits where,
//! what attempts have taught. Only the fold, and what decides which sets run, bring it up to date.

mod lessons;
mod queues;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::durations::{Measures, Summary};
use super::health::Trial;
use super::queue::Queue;
use crate::domain::event::Stock;
use crate::domain::hold::Subject;
use crate::domain::{AttemptId, HostName, InstanceId, JobId, ModelName};

pub use queues::{Spot, Waiting};

/// Everything that follows.
#[derive(Debug, Clone, Default)]
pub(super) struct FleetIndex {
    pub(super) hosts: BTreeMap<HostName, HostIndex>,
    /// Waiting jobs: where each is queued, and as how long.
    pub(super) waiting: BTreeMap<JobId, Waiting>,
    /// Waiting jobs that have no host of their own, the longest first.
    pub(super) pool: Queue,
    /// Waiting jobs that have lost an attempt.
    pub(super) again: Queue,
    /// Waiting jobs whose set, model or image is held.
    pub(super) parked: BTreeSet<JobId>,
    /// How long phases took.
    pub(super) measures: Measures,
    /// So many measurements there were when the queues were last put in order.
    ranked: u64,
    /// What should be held, and why: found in the news, not decided yet.
    pub(super) alarms: BTreeMap<Subject, String>,
    /// Models that a job has called refused, and the instance of that job; none since the model last worked.
    pub(super) refusals: BTreeMap<ModelName, InstanceId>,
    /// Images that are no good, and on which hosts that was seen.
    pub(super) spoiled: BTreeMap<Arc<str>, BTreeSet<HostName>>,
    /// Of each image that some host has, what it consists of.
    pub(super) anatomy: BTreeMap<Arc<str>, Stock>,
    /// Hosts with an open link and an idle slot.
    pub(super) idle: BTreeSet<HostName>,
    /// How many enabled jobs are not closed.
    pub(super) open: usize,
}

/// What follows for one host.
#[derive(Debug, Clone, Default)]
pub(super) struct HostIndex {
    /// Attempts that it may be running.
    pub(super) live: BTreeSet<AttemptId>,
    /// Waiting jobs that would best run here, the longest first.
    pub(super) queue: Queue,
    /// How its last attempts went, since it was last let go.
    pub(super) trials: Vec<Trial>,
    /// How its phases compare with what was expected of them, as logarithms: slow hosts are above zero.
    pub(super) pace: Summary,
    /// The layers of the images that it has.
    pub(super) layers: BTreeSet<Arc<str>>,
}

/// Of a host for which nothing follows.
pub(super) static NO_INDEX: LazyLock<HostIndex> = LazyLock::new(HostIndex::default);

impl FleetIndex {
    pub(super) fn host(&mut self, name: &HostName) -> &mut HostIndex {
        self.hosts.entry(name.clone()).or_default()
    }

    /// Attempts that a host may be running.
    pub(super) fn live(&self, host: &HostName) -> impl Iterator<Item = AttemptId> {
        self.hosts
            .get(host)
            .into_iter()
            .flat_map(|host| &host.live)
            .copied()
    }
}
