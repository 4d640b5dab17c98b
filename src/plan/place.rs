//! Which waiting job goes to which idle slot, and which job has been lost too often.

use std::collections::BTreeSet;

use super::Policy;
use crate::domain::fleet::{Attempt, HostEntry, JobEntry};
use crate::domain::host::Link;
use crate::domain::{AttemptId, Effect, Fleet, HostName, JobId, Span, Timestamp};

/// Jobs that hosts have lost more often than the policy allows.
pub(super) fn give_up<'a>(fleet: &'a Fleet, policy: &'a Policy) -> impl Iterator<Item = Effect> + 'a {
    fleet.again().filter_map(|id| {
        let entry = fleet.job(id)?;
        let lost = entry.lost().count();
        (lost > policy.lost_retries as usize).then(|| Effect::GiveUp {
            job: id,
            why: told(entry, lost),
        })
    })
}

/// Why a job is given up: what its last attempt failed of, and where that happened.
fn told(entry: &JobEntry, lost: usize) -> String {
    let hosts: Vec<String> = entry.lost().map(|attempt| attempt.host.to_string()).collect();
    let hosts = hosts.join(", ");
    match entry.lost().last().and_then(Attempt::fault) {
        Some(fault) => format!("{fault} ({lost} tries, on {hosts})"),
        None => format!("lost {lost} times (on {hosts})"),
    }
}

/// Fills idle slots. A slot prefers, in this order: a job that another host lost, a job that was
/// assigned to it, a job that anybody may take.
pub(super) fn place(fleet: &Fleet, policy: &Policy, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut taken = BTreeSet::new();
    let mut pool = fleet.pool().peekable();
    for (name, host) in fleet.idle() {
        if is_pausing(host, policy, now) {
            continue;
        }
        let room = (host.slots as usize).saturating_sub(host.live.len());
        let own = host.queue.iter().map(|(_, job)| *job);
        let mut chosen: Vec<JobId> = again_here(fleet, policy, name, now)
            .filter(|job| !taken.contains(job))
            .take(room)
            .collect();
        chosen.extend(own.take(room - chosen.len()));
        while chosen.len() < room
            && let Some(job) = pool.next()
        {
            chosen.push(job);
        }
        for job in chosen {
            taken.insert(job);
            let n = fleet.job(job).map_or(1, JobEntry::next_number);
            effects.push(Effect::Place {
                attempt: AttemptId { job, n },
                host: name.clone(),
            });
        }
    }
    effects
}

/// A host that has just refused a job is not asked again at once.
fn is_pausing(host: &HostEntry, policy: &Policy, now: Timestamp) -> bool {
    host.refused
        .as_ref()
        .is_some_and(|(at, _)| now.since(*at) < policy.refused_pause)
}

/// Jobs to try again here. What was paid for decides first: a job with finished phases goes where they are.
/// Otherwise this host has not lost it, or there is no other host that might take it.
fn again_here<'a>(
    fleet: &'a Fleet,
    policy: &'a Policy,
    here: &'a HostName,
    now: Timestamp,
) -> impl Iterator<Item = JobId> + 'a {
    fleet.again().filter(move |id| {
        let Some(entry) = fleet.job(*id) else { return false };
        let tries = entry.lost().count();
        if tries > policy.lost_retries as usize || is_cooling(entry, tries, policy, now) {
            return false;
        }
        if let Some(keeper) = keeper(fleet, entry) {
            return keeper == here;
        }
        let losers: BTreeSet<&HostName> = entry.lost().map(|attempt| &attempt.host).collect();
        !losers.contains(here)
            || !fleet
                .hosts()
                .any(|(name, host)| may_come(host) && !losers.contains(name))
    })
}

/// A job that has just failed through no fault of its own is not tried again at once.
fn is_cooling(entry: &JobEntry, tries: usize, policy: &Policy, now: Timestamp) -> bool {
    let last = entry.lost().last().and_then(|attempt| attempt.told.as_ref());
    let Some((at, _)) = last.and_then(|told| told.fault.as_ref()) else {
        return false;
    };
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    now.since(*at) < Span(policy.retry_pause.0.saturating_mul(1 << doublings))
}

/// The host that holds finished phases of the job, unless it will never come back.
pub(super) fn keeper<'a>(fleet: &'a Fleet, entry: &'a JobEntry) -> Option<&'a HostName> {
    let lives = |name: &&HostName| {
        fleet
            .host(name)
            .is_some_and(|host| host.slots > 0 && host.gone.is_none())
    };
    entry.kept().map(|attempt| &attempt.host).find(lives)
}

/// Could this host run something soon, as far as anybody knows?
fn may_come(host: &HostEntry) -> bool {
    host.slots > 0 && host.gone.is_none() && matches!(host.link, Link::Up { .. } | Link::Unknown)
}
