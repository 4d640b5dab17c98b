//! What the inventory of a host means.
//!
//! Invariant: an attempt is lost only if there is nothing of it on its host: no capsule that could be read, none that
//! could not, and no supervisor that holds a slot for it.

use std::collections::{BTreeMap, BTreeSet};

use super::adopt;
use super::observe::Observed;
use crate::domain::hold::Subject;
use crate::domain::journal::Outcome;
use crate::domain::wire::{Capsule, Inventory};
use crate::domain::{AttemptId, AttemptState, Event, HostName};
use crate::schedule::Fleet;
use crate::schedule::fleet::MOST_TRIES;

/// Events that follow from what is on `host`, and attempts there that no job of ours wants.
pub(super) fn inventory(fleet: &Fleet, host: &HostName, there: &Inventory) -> Observed {
    let mut observed = Observed::default();
    let capsules: BTreeMap<AttemptId, &Capsule> = there
        .capsules
        .iter()
        .map(|capsule| (capsule.attempt, capsule))
        .collect();
    let doubts: BTreeMap<AttemptId, &str> = there.hidden().collect();
    for id in fleet.host(host).into_iter().flat_map(|entry| entry.live) {
        let Some(attempt) = fleet.attempt(*id) else {
            continue;
        };
        let doubt = doubts.get(id).copied();
        if attempt.doubt() != doubt {
            observed.events.push(Event::Doubted {
                attempt: *id,
                why: doubt.map(str::to_owned),
            });
        }
        if !matches!(attempt.state, AttemptState::Running { .. }) || doubt.is_some() {
            continue;
        }
        let proof = match capsules.get(id) {
            None => "the host is there, and the attempt's directory is gone from it".to_owned(),
            // A journal that was damaged and cut, or begun anew: what it says now is not what follows on what is known.
            // One that is over and no longer than what is known of it has lost its end from what is known.
            Some(capsule) if capsule.journal.is_some_and(|bytes| bytes <= attempt.offset) => {
                match &capsule.outcome {
                    Some(Outcome::Lost { proof }) => proof.clone(),
                    Some(_) => "its journal on the host is shorter than what is known of it".to_owned(),
                    None => continue,
                }
            }
            Some(_) => continue,
        };
        observed.events.push(Event::Lost { attempt: *id, proof });
    }
    let found = adopt::found(fleet, host, &there.capsules);
    let followed: BTreeSet<AttemptId> = found.iter().filter_map(Event::attempt).collect();
    for capsule in capsules
        .into_values()
        .filter(|capsule| !followed.contains(&capsule.attempt))
    {
        let Some(entry) = fleet.job(capsule.attempt.job) else {
            continue;
        };
        let Capsule { attempt, epoch, .. } = *capsule;
        match (entry.attempt(attempt.n), entry.live()) {
            (Some(known), _) if known.host == *host && known.state.is_live() => {}
            (None, None) if entry.closed.is_none() => {
                if !adopt::can_be(fleet.epoch(), capsule) {
                    let claim = format!("{host} claims attempt {attempt} of epoch {epoch}");
                    observed.puzzles.push(claim);
                }
            }
            // Alive, although the job is closed, or was given to another host by a newer coordinator.
            (_, live) if capsule.outcome.is_none() && live.is_none_or(|live| live.epoch > epoch) => {
                observed.strays.push(attempt);
            }
            (_, _) => {}
        }
    }
    let taken = |attempt: AttemptId| followed.iter().any(|other| other.job == attempt.job);
    let hidden = hidden(fleet, host, there).into_iter();
    let hidden = hidden
        .filter(|event| !event.attempt().is_some_and(taken))
        .collect::<Vec<_>>();
    observed.events.extend(found);
    observed.events.extend(hidden);
    let heard = adopt::heard_with(fleet, host, there, &observed.events);
    observed.events.extend(heard);
    observed
}

/// Attempts that the coordinator does not know and that are on this host, as far as it can say: until it can say more,
/// nothing else of their jobs starts.
pub(super) fn hidden(fleet: &Fleet, host: &HostName, there: &Inventory) -> Vec<Event> {
    let mut jobs = BTreeSet::new();
    let mut events = Vec::new();
    for (attempt, why) in there.hidden() {
        let Some(entry) = fleet.job(attempt.job) else {
            continue;
        };
        let unknown = entry.attempt(attempt.n).is_none() && (1..=MOST_TRIES).contains(&attempt.n);
        if unknown && entry.is_waiting() && jobs.insert(attempt.job) {
            events.push(Event::Found {
                attempt,
                host: host.clone(),
                epoch: fleet.epoch(),
            });
            events.push(Event::Doubted {
                attempt,
                why: Some(why.to_owned()),
            });
        }
    }
    events
}

/// Must a host be asked what is on it? It must if an attempt should run there that holds no slot, as `held` says, or
/// about which it could not say anything the last time.
pub fn is_in_doubt(fleet: &Fleet, host: &HostName, held: &[Option<AttemptId>]) -> bool {
    let live = fleet.host(host).into_iter().flat_map(|entry| entry.live);
    // Something on it may be of jobs that the coordinator did not know when it asked the last time.
    let puzzling = fleet.hold(&Subject::Memory(host.clone())).is_some();
    puzzling
        || live
            .filter_map(|id| Some((id, fleet.attempt(*id)?)))
            .any(|(id, attempt)| attempt.doubt().is_some() || !held.contains(&Some(*id)))
}
