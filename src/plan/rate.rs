//! How many more jobs of each model may start now: what providers that complained allow.

use std::collections::BTreeMap;

use super::Policy;
use crate::domain::{Fleet, ModelName, Timestamp};

/// What is still allowed, while a plan is being made.
#[derive(Debug)]
pub(super) struct Allowance<'a> {
    fleet: &'a Fleet,
    policy: &'a Policy,
    now: Timestamp,
    /// What is left, by model or by the key that models share.
    left: BTreeMap<String, usize>,
}

impl<'a> Allowance<'a> {
    pub(super) fn new(fleet: &'a Fleet, policy: &'a Policy, now: Timestamp) -> Allowance<'a> {
        Allowance {
            fleet,
            policy,
            now,
            left: BTreeMap::new(),
        }
    }

    /// May one more of this model start?
    pub(super) fn admits(&mut self, model: &ModelName) -> bool {
        self.left(model).is_none_or(|left| *left > 0)
    }

    /// One more of it starts.
    pub(super) fn take(&mut self, model: &ModelName) {
        if let Some(left) = self.left(model) {
            *left = left.saturating_sub(1);
        }
    }

    fn left(&mut self, model: &ModelName) -> Option<&mut usize> {
        let group = self.group(model);
        let complained = group.iter().filter_map(|model| self.fleet.provider_rate(model));
        // The strictest of those that share a key speaks for all.
        let (cap, until) = complained
            .map(|rate| (rate.cap, rate.until))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let key = self.policy.providers.get(model).cloned();
        let (now, fleet) = (self.now, self.fleet);
        let left = self.left.entry(key.unwrap_or_else(|| model.to_string()));
        Some(left.or_insert_with(|| {
            if until > now {
                return 0;
            }
            let running: usize = group.iter().map(|model| fleet.under_way(model)).sum();
            whole(cap).saturating_sub(running)
        }))
    }

    /// All models that share this one's key.
    fn group(&self, model: &ModelName) -> Vec<&'a ModelName> {
        let providers = &self.policy.providers;
        match providers.get(model) {
            Some(key) => providers
                .iter()
                .filter(|(_, other)| *other == key)
                .map(|(model, _)| model)
                .collect(),
            None => self.fleet.rated().filter(|rated| *rated == model).collect(),
        }
    }
}

/// The whole part of a cap.
fn whole(cap: f64) -> usize {
    // A cap is at least one, and follows from a count of running jobs.
    (1..=1 << 20).take_while(|n| f64::from(*n) <= cap).count()
}
