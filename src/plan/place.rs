//! Which waiting job goes to which idle slot, and which job has been lost too often.

use std::collections::BTreeSet;

use super::Policy;
use crate::domain::fleet::{HostEntry, JobEntry};
use crate::domain::host::Link;
use crate::domain::{AttemptId, Effect, Fleet, HostName, JobId, Timestamp};

/// Jobs that hosts have lost more often than the policy allows.
pub(super) fn give_up<'a>(fleet: &'a Fleet, policy: &'a Policy) -> impl Iterator<Item = Effect> + 'a {
    fleet.again().filter_map(|id| {
        let entry = fleet.job(id)?;
        let lost = entry.lost().count();
        (lost > policy.lost_retries as usize).then(|| {
            let hosts: Vec<String> = entry.lost().map(|attempt| attempt.host.to_string()).collect();
            Effect::GiveUp {
                job: id,
                why: format!("lost {lost} times (on {})", hosts.join(", ")),
            }
        })
    })
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
        let mut chosen: Vec<JobId> = lost_elsewhere(fleet, policy, name)
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

/// Jobs to try again here: this host has not lost them, or there is no other host that might.
fn lost_elsewhere<'a>(
    fleet: &'a Fleet,
    policy: &'a Policy,
    here: &'a HostName,
) -> impl Iterator<Item = JobId> + 'a {
    fleet.again().filter(move |id| {
        let Some(entry) = fleet.job(*id) else { return false };
        let losers: BTreeSet<&HostName> = entry.lost().map(|attempt| &attempt.host).collect();
        entry.lost().count() <= policy.lost_retries as usize
            && (!losers.contains(here)
                || !fleet
                    .hosts()
                    .any(|(name, host)| may_come(host) && !losers.contains(name)))
    })
}

/// Could this host run something soon, as far as anybody knows?
fn may_come(host: &HostEntry) -> bool {
    host.slots > 0 && host.gone.is_none() && matches!(host.link, Link::Up { .. } | Link::Unknown)
}
