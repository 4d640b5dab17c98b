//! Which waiting job goes to which idle slot, and which one is prepared for a slot that is busy.

use super::choose::Choice;
use super::room::{NoRoom, capacity, no_room};
use super::{HostMessage, Plan, Policy};
use crate::domain::hold::Kind;
use crate::domain::{AttemptId, AttemptState, Event, HostName, Timestamp};
use crate::schedule::Fleet;
use crate::schedule::fleet::HostEntry;

/// Fills idle slots; then looks ahead for hosts whose slots are taken.
pub(super) fn place(fleet: &Fleet, policy: &Policy, now: Timestamp, plan: &mut Plan) {
    // What waits may be running on a host that was not asked since the database was put back or rebuilt.
    if fleet.waits() == 0 || fleet.unheard().next().is_some() {
        return;
    }
    // Hosts without room cost nothing: most of the time, that is all of them.
    let (mut choice, mut placed) = (None, false);
    for (name, host) in fleet.idle() {
        match no_room(fleet, policy, name, host, now) {
            None | Some(NoRoom::Held(Kind::Draining, ..)) => {}
            Some(_) => continue,
        }
        let choice = choice.get_or_insert_with(|| Choice::new(fleet, policy, now));
        for _ in host.live.len()..capacity(host, policy) {
            let Some(job) = choice.next(name, host) else { break };
            let n = fleet.next_number(job);
            plan.decisions.push(Event::Intended {
                attempt: AttemptId { job, n },
                host: name.clone(),
                epoch: fleet.epoch(),
            });
            placed = true;
        }
    }
    if !placed && policy.prefetch && fleet.knows_images() {
        for (name, host) in fleet
            .hosts()
            .filter(|(name, host)| looks_ahead(fleet, policy, name, *host, now))
        {
            let choice = choice.get_or_insert_with(|| Choice::new(fleet, policy, now));
            if let Some(job) = choice.next(name, host) {
                plan.messages.push(HostMessage::Prefetch {
                    host: name.clone(),
                    job,
                });
            }
        }
    }
}

/// Is this host busy with jobs that have their images, and is nothing meant for it yet?
fn looks_ahead(fleet: &Fleet, policy: &Policy, name: &HostName, host: HostEntry<'_>, now: Timestamp) -> bool {
    let has_next = host.next.is_some_and(|job| fleet.is_fresh(job));
    let works = || host.live.iter().all(|id| has_image(fleet, policy, *id));
    !has_next
        && host.fetching.is_none()
        && no_room(fleet, policy, name, host, now).is_some_and(|why| why.is_busy())
        && works()
}

/// Is the phase that gets the image over? Two downloads at once would only get in each other's way.
fn has_image(fleet: &Fleet, policy: &Policy, id: AttemptId) -> bool {
    let Some((entry, attempt)) = fleet.job(id.job).zip(fleet.attempt(id)) else {
        return false;
    };
    let image = policy.image_phases.get(&entry.job.pipeline);
    match (&attempt.state, image) {
        (AttemptState::Running { phase: Some(phase) }, Some(image)) => {
            phase != image || attempt.took.iter().any(|(done, _)| done == image)
        }
        (AttemptState::Running { .. }, None) => true,
        (_, _) => false,
    }
}
