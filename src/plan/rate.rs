//! How many more jobs of each model may start now: what providers that complained allow.

use std::collections::BTreeMap;

use super::Policy;
use crate::domain::{ModelName, Timestamp};
use crate::schedule::Fleet;

/// What is still allowed, while a plan is being made. Most of the time no provider complains, and it is empty.
#[derive(Debug, Default)]
pub(super) struct Allowance<'a> {
    /// The models whose starts are counted, each with its place in `left`; those that share a key share it.
    counted: BTreeMap<&'a ModelName, usize>,
    left: Vec<usize>,
}

impl<'a> Allowance<'a> {
    pub(super) fn new(fleet: &'a Fleet, policy: &'a Policy, now: Timestamp) -> Allowance<'a> {
        let mut allowance = Allowance::default();
        for model in fleet.rated() {
            if allowance.counted.contains_key(model) {
                continue;
            }
            let group = group(policy, model);
            let left = allowance.left.len();
            allowance.left.push(left_of(fleet, &group, now));
            allowance
                .counted
                .extend(group.into_iter().map(|model| (model, left)));
        }
        allowance
    }

    /// May one more of this model start?
    pub(super) fn admits(&self, model: &ModelName) -> bool {
        self.counted
            .get(model)
            .and_then(|n| self.left.get(*n))
            .is_none_or(|left| *left > 0)
    }

    /// One more of it starts.
    pub(super) fn take(&mut self, model: &ModelName) {
        if let Some(left) = self.counted.get(model).and_then(|n| self.left.get_mut(*n)) {
            *left = left.saturating_sub(1);
        }
    }
}

/// All models that share this one's key.
pub(super) fn group<'a>(policy: &'a Policy, model: &'a ModelName) -> Vec<&'a ModelName> {
    let key = policy.providers.get(model);
    let shares = |other: &&String| Some(*other) == key;
    let others = policy.providers.iter().filter(|(_, other)| shares(other));
    let others = others.map(|(other, _)| other).filter(|other| *other != model);
    std::iter::once(model).chain(others).collect()
}

/// How many more of a group may start.
fn left_of(fleet: &Fleet, group: &[&ModelName], now: Timestamp) -> usize {
    let complained = group.iter().filter_map(|model| fleet.provider_rate(model));
    // The strictest of those that share a key speaks for all.
    let strictest = complained
        .map(|rate| (rate.cap, rate.until))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    match strictest {
        None => usize::MAX,
        Some((_, until)) if until > now => 0,
        Some((cap, _)) => {
            let running: usize = group.iter().map(|model| fleet.under_way(model)).sum();
            whole(cap).saturating_sub(running)
        }
    }
}

/// The whole part of a cap.
fn whole(cap: f64) -> usize {
    // A cap is at least one, and follows from a count of running jobs.
    (1..=1 << 20).take_while(|n| f64::from(*n) <= cap).count()
}
