//! Which images leave a host whose engine's disk fills up: those that are needed last, or never.

use std::collections::BTreeMap;

use super::Policy;
use crate::domain::fleet::{HostEntry, Rank, Spot};
use crate::domain::host::Link;
use crate::domain::{Effect, Fleet, HostName, Span, Timestamp};

/// An image that could not be removed is not asked for again before.
const BALKED: Span = Span::seconds(60);

/// Evictions between the water marks, and cleaning where failures call for it.
pub(super) fn stock(fleet: &Fleet, policy: &Policy, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut uses = None;
    for (name, host) in fleet.hosts() {
        if !matches!(host.link, Link::Up { .. }) || host.gone.is_some() {
            continue;
        }
        if host.dirty && host.live.is_empty() {
            effects.push(Effect::Clean { host: name.clone() });
        }
        if host.unseen {
            effects.push(Effect::Look { host: name.clone() });
        }
        if is_full(host, policy) {
            let uses = uses.get_or_insert_with(|| Uses::of(fleet));
            effects.extend(uses.last(fleet, name, host, now).map(|image| Effect::Evict {
                host: name.clone(),
                image,
            }));
        }
    }
    effects
}

/// Is more in use than the high mark, or still more than the low one since it was above that?
fn is_full(host: &HostEntry, policy: &Policy) -> bool {
    let Some((_, facts)) = &host.facts else {
        return false;
    };
    let Some(root) = &facts.data_root else {
        return false;
    };
    let mark = if host.draining_images {
        policy.low_water
    } else {
        policy.high_water
    };
    root.is_above(mark)
}

/// When each image is needed next: by the best-placed waiting job of each host, and of all.
struct Uses<'a> {
    anywhere: BTreeMap<&'a str, Rank>,
    on: BTreeMap<(&'a HostName, &'a str), Rank>,
}

impl<'a> Uses<'a> {
    fn of(fleet: &'a Fleet) -> Uses<'a> {
        let mut uses = Uses {
            anywhere: BTreeMap::new(),
            on: BTreeMap::new(),
        };
        for (job, waiting) in fleet.waiting_jobs() {
            let Some(image) = fleet.image(job) else { continue };
            let source: &str = &image.source;
            sooner(uses.anywhere.entry(source).or_insert(waiting.rank), waiting.rank);
            if let Spot::Host(host) = &waiting.spot {
                sooner(
                    uses.on.entry((host, source)).or_insert(waiting.rank),
                    waiting.rank,
                );
            }
        }
        uses
    }

    /// The image that this host needs last, of those that it may lose.
    fn last(&self, fleet: &Fleet, name: &HostName, host: &HostEntry, now: Timestamp) -> Option<String> {
        let needed = |source: &str| {
            let jobs = host.live.iter().map(|id| id.job).chain(host.next);
            let mut images = jobs.filter_map(|job| fleet.image(job));
            images.any(|image| *image.source == *source) || host.fetching.as_deref() == Some(source)
        };
        let balked = |source: &str| host.balked.get(source).is_some_and(|at| now.since(*at) < BALKED);
        let may_go = host
            .shelf
            .iter()
            .filter(|(source, _)| !needed(source) && !balked(source));
        may_go
            .max_by_key(|(source, stock)| {
                let here = self.on.get(&(name, source.as_ref()));
                let there = self.anywhere.get(source.as_ref());
                // Never again; by others; here, but late. Then the larger one.
                (
                    here.is_none(),
                    there.is_none(),
                    here.or(there).copied(),
                    stock.bytes,
                )
            })
            .map(|(source, _)| source.to_string())
    }
}

fn sooner(known: &mut Rank, rank: Rank) {
    *known = rank.min(*known);
}
