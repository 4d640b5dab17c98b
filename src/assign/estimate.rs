//! How long a job will take: the median of what its like took before.

use std::collections::BTreeMap;

use crate::domain::{InstanceId, ModelName, Span};

/// What the past says of how long jobs take.
#[derive(Debug, Clone, Default)]
pub struct Estimate {
    same: BTreeMap<(InstanceId, ModelName), Span>,
    instance: BTreeMap<InstanceId, Span>,
    model: BTreeMap<ModelName, Span>,
    all: Option<Span>,
}

impl Estimate {
    /// From jobs that ended well, and how long each took.
    pub fn of(past: &[(InstanceId, ModelName, Span)]) -> Estimate {
        let (mut same, mut instance, mut model, mut all) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), Vec::new());
        for (id, name, took) in past {
            let add = |list: &mut Vec<Span>| list.push(*took);
            add(same.entry((id.clone(), name.clone())).or_default());
            add(instance.entry(id.clone()).or_default());
            add(model.entry(name.clone()).or_default());
            add(&mut all);
        }
        Estimate {
            same: medians(same),
            instance: medians(instance),
            model: medians(model),
            all: median(all),
        }
    }

    /// How long a job of this instance and model will take: as the same took before, or else the instance,
    /// the model, any job; none if there is no past at all.
    pub fn expected(&self, instance: &InstanceId, model: &ModelName) -> Option<Span> {
        self.same
            .get(&(instance.clone(), model.clone()))
            .or_else(|| self.instance.get(instance))
            .or_else(|| self.model.get(model))
            .copied()
            .or(self.all)
    }
}

fn medians<K: Ord>(lists: BTreeMap<K, Vec<Span>>) -> BTreeMap<K, Span> {
    let medians = lists
        .into_iter()
        .filter_map(|(key, list)| Some((key, median(list)?)));
    medians.collect()
}

/// The middle one, the lower of two: one job that hung does not change it.
fn median(mut spans: Vec<Span>) -> Option<Span> {
    spans.sort_unstable();
    spans.get(spans.len().saturating_sub(1) / 2).copied()
}
