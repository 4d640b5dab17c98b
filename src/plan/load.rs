//! How much is left to do, and when each host will be free: what a choice is weighed against.

use std::collections::BTreeMap;

use super::Policy;
use super::room::usable;
use crate::domain::fleet::HostEntry;
use crate::domain::{AttemptId, Fleet, HostName, Span, Timestamp};

/// The state of the whole, seen once for a plan.
#[derive(Debug)]
pub(super) struct Load<'a> {
    hosts: BTreeMap<&'a HostName, Share>,
    /// Seconds until all would be done, if work could be shared out evenly.
    pub(super) fair: f64,
    fastest: f64,
}

/// One host's share.
#[derive(Debug, Clone, Copy)]
struct Share {
    /// Seconds until it has done what waits for it; infinite if it will do nothing.
    late: f64,
    /// Seconds until one of its slots is free; infinite if it will do nothing.
    free: f64,
    slow: f64,
    /// How many jobs wait for it, beyond those that it could begin at once.
    waits: usize,
}

/// What nobody has measured counts as a second, so that many jobs are more than few.
const UNKNOWN: f64 = 1.0;
/// Hosts whose speeds differ by less are equally fast, as far as measurements tell.
const FASTER: f64 = 1.2;

impl<'a> Load<'a> {
    pub(super) fn of(fleet: &'a Fleet, policy: &Policy, now: Timestamp) -> Load<'a> {
        let mut work = seconds(fleet.shared_load()) + UNKNOWN * count(fleet.waits());
        let mut power = 0.0;
        let (mut hosts, mut fastest) = (BTreeMap::new(), f64::INFINITY);
        for (name, host) in fleet.hosts() {
            let slow = host.slowness();
            let load = (seconds(host.load) + UNKNOWN * count(host.queue.len())) * slow;
            let left = host.live.iter().map(|id| remaining(fleet, host, *id, now));
            let (soonest, under_way) = left.fold((f64::INFINITY, 0.0), |(soonest, sum), left| {
                (left.min(soonest), sum + left)
            });
            let room = (host.slots as usize).saturating_sub(host.live.len());
            let does = usable(fleet, policy, name, host, now);
            work += seconds(host.load);
            if does {
                work += under_way / slow;
                power += f64::from(host.slots) / slow;
                fastest = slow.min(fastest);
            }
            let refuses = |(at, _): &(Timestamp, String)| now.since(*at) < policy.refused_pause;
            // One that has just refused something may do so again: nobody waits for it.
            let free = match room {
                _ if host.refused.as_ref().is_some_and(refuses) => f64::INFINITY,
                0 => soonest,
                _ => 0.0,
            };
            let late = (under_way + load) / f64::from(host.slots.max(1));
            hosts.insert(
                name,
                Share {
                    late: if does { late } else { f64::INFINITY },
                    free: if does { free } else { f64::INFINITY },
                    slow,
                    waits: host.queue.len().saturating_sub(if does { room } else { 0 }),
                },
            );
        }
        // What a slow host could begin at once it may leave to others: they must be able to take it.
        for (name, share) in &mut hosts {
            if share.slow > fastest * FASTER {
                share.waits = fleet.host(name).map_or(0, |host| host.queue.len());
            }
        }
        let fair = if power > 0.0 { work / power } else { 0.0 };
        Load { hosts, fair, fastest }
    }

    /// This host has just been given something.
    pub(super) fn give(&mut self, host: &HostName, expected: Span) {
        if let Some(share) = self.hosts.get_mut(host) {
            share.free += seconds(expected) * share.slow;
        }
    }

    /// The host that is the furthest behind with what waits for it, other than this one; how many seconds, and how many
    /// of its jobs it will not begin at once.
    pub(super) fn furthest_behind(&self, besides: &HostName) -> Option<(&'a HostName, f64, usize)> {
        let waiting = self
            .hosts
            .iter()
            .filter(|(name, share)| share.waits > 0 && **name != besides);
        waiting
            .max_by(|a, b| a.1.late.total_cmp(&b.1.late).then(b.0.cmp(a.0)))
            .map(|(name, share)| (*name, share.late, share.waits))
    }

    /// The hosts that are so much faster than this one that they may do a job sooner, busy as they are.
    pub(super) fn rivals(&self, here: &HostName) -> Rivals {
        let mine = self.hosts.get(here).map_or(1.0, |share| share.slow);
        if mine <= self.fastest * FASTER {
            return Rivals {
                mine,
                hosts: Vec::new(),
            };
        }
        let faster = self
            .hosts
            .values()
            .filter(|share| share.slow * FASTER < mine && share.free.is_finite());
        Rivals {
            mine,
            hosts: faster.map(|share| (share.free, share.slow)).collect(),
        }
    }
}

/// What faster hosts will take before a slow one: jobs are gone through in the order in which they would.
#[derive(Debug)]
pub(super) struct Rivals {
    mine: f64,
    /// When each is free, and how slow it is.
    hosts: Vec<(f64, f64)>,
}

impl Rivals {
    /// Would one of them have done this sooner than this host, idle as it is? Then it will.
    pub(super) fn take(&mut self, expected: Span) -> bool {
        let seconds = seconds(expected);
        let ends = |(free, slow): &(f64, f64)| free + seconds * slow;
        let soonest = self.hosts.iter_mut().min_by(|a, b| ends(a).total_cmp(&ends(b)));
        match soonest {
            Some(host) if ends(host) < seconds * self.mine => {
                host.0 = ends(host);
                true
            }
            Some(_) | None => false,
        }
    }
}

fn seconds(span: Span) -> f64 {
    span.duration().as_secs_f64()
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

/// Seconds that an attempt under way is expected to take still. What takes longer than expected is likely to take
/// longer yet.
fn remaining(fleet: &Fleet, host: &HostEntry, id: AttemptId, now: Timestamp) -> f64 {
    let expected = host.expects.get(&id).copied().unwrap_or_default();
    if expected == Span(0) {
        return 0.0;
    }
    let expected = seconds(expected) * host.slowness();
    let elapsed = fleet
        .attempt(id)
        .map_or(0.0, |attempt| seconds(now.since(attempt.intended)));
    (expected - elapsed).max(elapsed * 0.2)
}
