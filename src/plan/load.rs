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
    /// Hosts that no other one beats, the fastest first: in how many seconds each is free, and how slow it is.
    best: Vec<(f64, f64)>,
}

/// One host's share.
#[derive(Debug, Clone, Copy)]
struct Share {
    /// Seconds until it has done what waits for it; infinite if it will do nothing.
    late: f64,
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
        let (mut hosts, mut free) = (BTreeMap::new(), Vec::new());
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
                free.push((if room > 0 { 0.0 } else { soonest }, slow));
            }
            let late = (under_way + load) / f64::from(host.slots.max(1));
            hosts.insert(
                name,
                Share {
                    late: if does { late } else { f64::INFINITY },
                    slow,
                    waits: host.queue.len().saturating_sub(if does { room } else { 0 }),
                },
            );
        }
        let fair = if power > 0.0 { work / power } else { 0.0 };
        let best = unbeaten(free);
        Load { hosts, fair, best }
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

    /// Would another host, busy as it is, have done this sooner than this one, idle as it is?
    pub(super) fn sooner_elsewhere(&self, here: &HostName, expected: Span) -> bool {
        let Some(mine) = self.hosts.get(here) else {
            return false;
        };
        let seconds = seconds(expected);
        self.best
            .iter()
            .take_while(|(_, slow)| slow * FASTER < mine.slow)
            .any(|(free, slow)| free + seconds * slow < seconds * mine.slow)
    }
}

/// Of hosts that are free then and slow like this: those to which no other is preferable in both.
fn unbeaten(mut hosts: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    hosts.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
    let mut best: Vec<(f64, f64)> = Vec::new();
    for host in hosts {
        if best.last().is_none_or(|last| host.0 < last.0) {
            best.push(host);
        }
    }
    best
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
