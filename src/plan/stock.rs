//! Which images leave a host whose engine's disk fills up: those that are needed last, or never. The runtime images that
//! the harness has built are needed as their base images are.

use std::collections::BTreeMap;

use super::{HostMessage, Policy};
use crate::domain::event::Stock;
use crate::domain::host::Link;
use crate::domain::{HostName, Span, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::{HostEntry, ImageNeed, Rank, Spot};

/// An image that could not be removed is not asked for again before.
const BALKED: Span = Span::seconds(60);

/// Evictions between the water marks, and cleaning where failures call for it.
pub(super) fn stock(fleet: &Fleet, policy: &Policy, now: Timestamp) -> Vec<HostMessage> {
    let mut messages = Vec::new();
    let mut uses = None;
    for (name, host) in fleet.hosts() {
        if !matches!(host.link, Link::Up { .. }) || host.gone.is_some() {
            continue;
        }
        if host.dirty && host.live.is_empty() {
            messages.push(HostMessage::Clean { host: name.clone() });
        }
        if host.unseen {
            messages.push(HostMessage::Probe { host: name.clone() });
        }
        if is_full(host, policy) {
            let uses = uses.get_or_insert_with(|| Uses::of(fleet));
            messages.extend(uses.last(fleet, name, host, now).map(|image| HostMessage::Evict {
                host: name.clone(),
                image,
            }));
        }
    }
    messages
}

/// Must an image stay on its host, for the jobs that have these needs? What none of them needs may leave: when the disk
/// fills up, and when a person says so. With `has_unknown`, the image of a job that runs there is not known: it may have
/// the harness build on any of its images.
pub fn must_stay<'n>(
    source: &str,
    is_runtime: bool,
    needs: impl IntoIterator<Item = &'n ImageNeed>,
    has_unknown: bool,
    is_runtime_of: impl Fn(&ImageNeed) -> bool,
) -> bool {
    let mut needs = needs.into_iter();
    has_unknown && is_runtime || needs.any(|need| *need.source == *source || is_runtime_of(need))
}

/// Is more in use than the high mark, or still more than the low one since it was above that?
fn is_full(host: HostEntry<'_>, policy: &Policy) -> bool {
    let Some((_, facts)) = host.facts else {
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
    /// What the waiting jobs need, by source and names: jobs of several instances may share a source.
    needs: BTreeMap<(&'a str, &'a [String]), &'a ImageNeed>,
    anywhere: BTreeMap<&'a str, Rank>,
    on: BTreeMap<(&'a HostName, &'a str), Rank>,
}

impl<'a> Uses<'a> {
    fn of(fleet: &'a Fleet) -> Uses<'a> {
        let mut uses = Uses {
            needs: BTreeMap::new(),
            anywhere: BTreeMap::new(),
            on: BTreeMap::new(),
        };
        for (job, waiting) in fleet.waiting_jobs() {
            let Some(image) = fleet.image(job) else { continue };
            let source: &str = &image.source;
            uses.needs
                .insert((source, image.names.as_slice()), image.as_ref());
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
    fn last(
        &self,
        fleet: &'a Fleet,
        name: &'a HostName,
        host: HostEntry<'a>,
        now: Timestamp,
    ) -> Option<String> {
        // Bases that a job which runs here may be building on, if its image is not known.
        let unknown = host.live.iter().any(|id| fleet.image(id.job).is_none());
        let needed = |source: &str, stock: &Stock| {
            let jobs = host.live.iter().map(|id| id.job).chain(host.next);
            let needs = jobs.filter_map(|job| fleet.image(job)).map(AsRef::as_ref);
            let is_runtime_of = |need: &ImageNeed| fleet.is_runtime_of(stock, need);
            must_stay(source, stock.runtime.is_some(), needs, unknown, is_runtime_of)
                || host.fetching == Some(source)
        };
        let balked = |source: &str| host.balked.get(source).is_some_and(|at| now.since(*at) < BALKED);
        let may_go = host
            .shelf
            .iter()
            .filter(|(source, stock)| !needed(source, stock) && !balked(source));
        may_go
            .max_by_key(|(source, stock)| {
                let sources = self.sources(fleet, source, stock);
                let here = sources
                    .iter()
                    .filter_map(|source| self.on.get(&(name, *source)))
                    .min();
                let there = sources
                    .iter()
                    .filter_map(|source| self.anywhere.get(source))
                    .min();
                // Never again, and of these the harness's first; by others; here, but late. Then the larger one.
                (
                    here.is_none(),
                    there.is_none(),
                    there.is_none() && stock.runtime.is_some(),
                    here.or(there).copied(),
                    stock.bytes,
                )
            })
            .map(|(source, _)| source.to_string())
    }

    /// The images that jobs need for which this one serves: itself, or its base.
    fn sources(&self, fleet: &Fleet, source: &'a str, stock: &Stock) -> Vec<&'a str> {
        if stock.runtime.is_none() {
            return vec![source];
        }
        let needs = self.needs.iter();
        let bases = needs.filter(|(_, need)| fleet.is_runtime_of(stock, need));
        bases.map(|((source, _), _)| *source).collect()
    }
}

fn sooner(known: &mut Rank, rank: Rank) {
    *known = rank.min(*known);
}
