//! How much is left to do, and when each host will be free: what a choice is weighed against.

use super::Policy;
use super::rivals::{Rivals, seconds};
use super::room::{capacity, usable};
use crate::domain::{AttemptId, HostName, ModelName, Span, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::{HostEntry, Queue};

/// The state of the whole, seen once for a plan.
#[derive(Debug)]
pub(super) struct Load<'a> {
    /// By name, as the fleet has them.
    hosts: Vec<Share<'a>>,
    /// Seconds until all would be done, if work could be shared out evenly.
    pub(super) fair: f64,
    fastest: f64,
}

/// One host's share.
#[derive(Debug, Clone, Copy)]
struct Share<'a> {
    name: &'a HostName,
    host: HostEntry<'a>,
    /// Seconds until it has done what waits for it; infinite if it will do nothing.
    late: f64,
    /// Seconds until one of its slots is free; infinite if it will do nothing.
    free: f64,
    slow: f64,
    /// How many jobs wait for it, beyond those that it could begin at once.
    waits: usize,
}

/// A job that was never measured counts as a second, so that many jobs are more than few.
const UNKNOWN: f64 = 1.0;
/// Hosts whose speeds differ by less are equally fast, as far as measurements tell.
const FASTER: f64 = 1.2;

impl<'a> Load<'a> {
    pub(super) fn of(fleet: &'a Fleet, policy: &Policy, now: Timestamp) -> Load<'a> {
        let mut work =
            seconds(fleet.pool().load()) + seconds(fleet.again().load()) + UNKNOWN * count(fleet.waits());
        let mut power = 0.0;
        let (mut hosts, mut fastest) = (Vec::with_capacity(fleet.hosts().size_hint().0), f64::INFINITY);
        for (name, host) in fleet.hosts() {
            let slow = host.slowness();
            let load = (seconds(host.queue.load()) + UNKNOWN * count(host.queue.len())) * slow;
            let left = host.live.iter().map(|id| remaining(host, *id, slow, now));
            let (soonest, latest, under_way) = left
                .fold((f64::INFINITY, 0.0, 0.0), |(soonest, latest, sum), left| {
                    (left.min(soonest), left.max(latest), sum + left)
                });
            let room = capacity(host, policy).saturating_sub(host.live.len());
            // It is cleaned once it is empty, and takes nothing before.
            let (room, soonest) = if host.dirty { (0, latest) } else { (room, soonest) };
            let does = usable(fleet, policy, name, host, now);
            work += seconds(host.queue.load());
            if does {
                work += under_way / slow;
                power += count(capacity(host, policy)) / slow;
                fastest = slow.min(fastest);
            }
            let refuses = |(at, _): &(Timestamp, String)| now.since(*at) < policy.refused_pause;
            // A host that has just refused something may do so again: no job waits for it.
            let free = match room {
                _ if host.refused.is_some_and(refuses) => f64::INFINITY,
                0 => soonest,
                _ => 0.0,
            };
            let late = (under_way + load) / count(capacity(host, policy).max(1));
            hosts.push(Share {
                name,
                host,
                late: if does { late } else { f64::INFINITY },
                free: if does { free } else { f64::INFINITY },
                slow,
                waits: host.queue.len().saturating_sub(if does { room } else { 0 }),
            });
        }
        // What a slow host could begin at once it may leave to others: they must be able to take it.
        for share in &mut hosts {
            if share.slow > fastest * FASTER {
                share.waits = share.host.queue.len();
            }
        }
        let fair = if power > 0.0 { work / power } else { 0.0 };
        Load { hosts, fair, fastest }
    }

    /// This host has just been given something.
    pub(super) fn give(&mut self, host: &HostName, expected: Span) {
        if let Ok(n) = self.place(host) {
            let share = &mut self.hosts[n];
            share.free += seconds(expected) * share.slow;
        }
    }

    /// The other hosts that need longer than so many seconds for what waits for them and may start; the one that needs
    /// the longest first.
    pub(super) fn behind(
        &self,
        besides: &HostName,
        least: f64,
        mut admits: impl FnMut(&ModelName) -> bool,
    ) -> Vec<Behind<'a>> {
        let waiting = self.hosts.iter().filter(|share| {
            share.waits > 0
                && share.late > least
                && share.name != besides
                && share.host.queue.has(&mut admits)
        });
        let mut behind: Vec<Behind<'a>> = waiting
            .map(|share| Behind {
                name: share.name,
                queue: share.host.queue,
                begins: share.host.queue.len() - share.waits,
                late: share.late,
                free: share.free,
                slow: share.slow,
            })
            .collect();
        behind.sort_by(|a, b| b.late.total_cmp(&a.late));
        behind
    }

    /// How much longer than elsewhere things take on a host.
    pub(super) fn slowness(&self, host: &HostName) -> f64 {
        self.place(host).map_or(1.0, |n| self.hosts[n].slow)
    }

    fn place(&self, host: &HostName) -> Result<usize, usize> {
        self.hosts.binary_search_by(|share| share.name.cmp(host))
    }

    /// The hosts that are so much faster than this one that they may do a job sooner, busy as they are.
    pub(super) fn rivals(&self, here: &HostName) -> Rivals {
        let mine = self.slowness(here);
        let faster = self.hosts.iter().filter(|share| {
            mine > self.fastest * FASTER && share.slow * FASTER < mine && share.free.is_finite()
        });
        Rivals::new(mine, faster.map(|share| (share.free, share.slow)))
    }
}

/// A host that is behind with what waits for it.
#[derive(Debug)]
pub(super) struct Behind<'a> {
    pub(super) name: &'a HostName,
    pub(super) queue: &'a Queue,
    /// So many of its jobs it will begin at once.
    pub(super) begins: usize,
    /// Seconds until it has done them all.
    pub(super) late: f64,
    /// Seconds until one of its slots is free.
    pub(super) free: f64,
    pub(super) slow: f64,
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

/// Seconds that an attempt under way is expected to take still. What takes longer than expected is likely to take
/// longer yet.
fn remaining(host: HostEntry<'_>, id: AttemptId, slow: f64, now: Timestamp) -> f64 {
    let (from, expected) = host.expects.get(&id).copied().unwrap_or_default();
    if expected == Span(0) {
        return 0.0;
    }
    let elapsed = seconds(now.since(from));
    (seconds(expected) * slow - elapsed).max(elapsed * 0.2)
}
