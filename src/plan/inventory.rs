//! What the inventory of a host means.
//!
//! Invariant: an attempt is lost only if there is nothing of it on its host: no capsule that could be read, none that
//! could not, and no supervisor that holds a slot for it.

use std::collections::{BTreeMap, BTreeSet};

use super::observe::Observed;
use crate::domain::fleet::{Attempt, JobEntry};
use crate::domain::journal::{Ending, Outcome};
use crate::domain::wire::{Capsule, Inventory};
use crate::domain::{AttemptId, AttemptState, Epoch, Event, Fleet, HostName};

/// So many numbers at most lie between two attempts of a job that this database knows.
const WIDEST_GAP: u32 = 1000;

/// Events that follow from what is on `host`, and attempts there that no job of ours wants.
pub(super) fn inventory(fleet: &Fleet, host: &HostName, there: &Inventory) -> Observed {
    let mut observed = Observed::default();
    let capsules: BTreeMap<AttemptId, &Capsule> = there
        .capsules
        .iter()
        .map(|capsule| (capsule.attempt, capsule))
        .collect();
    let mut doubts: BTreeMap<AttemptId, &str> = there
        .unreadable
        .iter()
        .map(|unreadable| (unreadable.attempt, unreadable.why.as_str()))
        .collect();
    for held in there.held.iter().filter(|held| !capsules.contains_key(held)) {
        let why = "its supervisor lives, and its directory is gone";
        doubts.entry(*held).or_insert(why);
    }
    for id in fleet.host(host).into_iter().flat_map(|entry| &entry.live) {
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
            Some(capsule) if capsule.journal.is_some_and(|bytes| bytes < attempt.offset) => {
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
    let mut taken = BTreeSet::new();
    for capsule in capsules.into_values() {
        if let Some(entry) = fleet.job(capsule.attempt.job) {
            found(fleet, host, entry, capsule, &mut taken, &mut observed);
        }
    }
    observed
}

/// Must a host be asked what is on it? It must if an attempt should run there that holds no slot, as `held` says, or
/// about which it could not say anything the last time.
pub fn is_in_doubt(fleet: &Fleet, host: &HostName, held: &[Option<AttemptId>]) -> bool {
    let live = fleet.host(host).into_iter().flat_map(|entry| &entry.live);
    live.filter_map(|id| Some((id, fleet.attempt(*id)?)))
        .any(|(id, attempt)| attempt.doubt().is_some() || !held.contains(&Some(*id)))
}

/// What a capsule of a known job means.
fn found(
    fleet: &Fleet,
    host: &HostName,
    entry: &JobEntry,
    capsule: &Capsule,
    taken: &mut BTreeSet<AttemptId>,
    observed: &mut Observed,
) {
    let Capsule { attempt, epoch, .. } = *capsule;
    if let Some(known) = entry.attempt(attempt.n) {
        if known.host == *host && known.state.is_live() {
            return;
        }
    } else if entry.live().is_none() && entry.closed.is_none() && is_worth_knowing(capsule) {
        if !can_be(fleet.epoch(), entry, capsule) {
            observed
                .puzzles
                .push(format!("{host} claims attempt {attempt} of epoch {epoch}"));
            return;
        }
        // One a job: a second one would wait for the next inventory.
        if !taken.iter().any(|other| other.job == attempt.job) {
            taken.insert(attempt);
            observed.events.push(Event::Found {
                attempt,
                host: host.clone(),
                epoch,
            });
        }
        return;
    }
    // Alive, although the job is closed, or was given to somebody else by a newer coordinator.
    let newer = |live: &Attempt| live.epoch > epoch;
    if capsule.outcome.is_none() && entry.live().is_none_or(newer) {
        observed.strays.push(attempt);
    }
}

/// Does this attempt decide what becomes of its job? One that its host lost does not.
fn is_worth_knowing(capsule: &Capsule) -> bool {
    match &capsule.outcome {
        None | Some(Outcome::Succeeded | Outcome::Cancelled) => true,
        Some(Outcome::Failed { ending, .. }) => !matches!(ending, Ending::HostFault(_)),
        Some(Outcome::Lost { .. }) => false,
    }
}

/// Can an attempt that the database does not know be true? Only if an earlier coordinator began it: what this one began,
/// it knows.
fn can_be(now: Epoch, entry: &JobEntry, capsule: &Capsule) -> bool {
    let last = entry.next_number().saturating_sub(1);
    (1..=last.saturating_add(WIDEST_GAP)).contains(&capsule.attempt.n)
        && (Epoch(1)..now).contains(&capsule.epoch)
}
