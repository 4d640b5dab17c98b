//! Stopping an attempt: the wish is written into its capsule, and its supervisor is woken.
//!
//! Invariant: the wish is there before the supervisor is looked for, and the supervisor looks for a wish
//! after it has said who it is; so one of the two always sees the other.

use nix::sys::signal::Signal;

use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use super::root::{Lock, Root};
use super::{processes, slot};
use crate::domain::{AttemptId, layout};

/// How a coordinator wants an attempt stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StopRequest {
    /// SIGTERM, and some time for it.
    Soft,
    /// SIGKILL at once.
    Hard,
}

/// The wish that a capsule holds.
pub(super) fn read_stop_request(capsule: &Capsule) -> Option<StopRequest> {
    match std::fs::read(capsule.path.join(layout::CANCEL)) {
        Ok(text) if text.starts_with(b"hard") => Some(StopRequest::Hard),
        Ok(_) => Some(StopRequest::Soft),
        Err(_) => None,
    }
}

/// Whether there was a living supervisor to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It knows, or will as soon as it looks.
    Living,
    /// It has ended by itself.
    Ended,
    /// It is dead, and its capsule is still open.
    Dead,
}

/// Asks for the stop of an attempt.
pub(super) fn cancel(root: &Root, gate: &Lock, attempt: AttemptId, hard: bool) -> Result<Told, RunnerError> {
    let capsule = Capsule::existing(root, attempt)?;
    let wished = write(&capsule, hard);
    let held = slot::survey(root, gate)?;
    let holder = held
        .into_iter()
        .flatten()
        .find(|holder| holder.attempt == attempt);
    if capsule.outcome()?.is_some() {
        return Ok(Told::Ended);
    }
    let Some(holder) = holder else {
        return Ok(Told::Dead);
    };
    let supervisor = holder.pid.and_then(processes::read);
    match supervisor.filter(|supervisor| Some(supervisor.started) == holder.started) {
        // Without a request in the capsule, the supervisor would take the signal for one that no coordinator asked
        // for. On a full disk the file is there and empty: that counts as a soft request.
        Some(supervisor) => {
            if read_stop_request(&capsule).is_none() {
                wished?;
            }
            processes::send(supervisor.pid, Signal::SIGTERM);
        }
        // It has not yet said who it is, and will look for the file: so that must be there.
        None => wished?,
    }
    Ok(Told::Living)
}

fn write(capsule: &Capsule, hard: bool) -> Result<(), RunnerError> {
    // A hard wish is never softened by a later one.
    if !hard && read_stop_request(capsule).is_some() {
        return Ok(());
    }
    let path = capsule.path.join(layout::CANCEL);
    let word = if hard { "hard\n" } else { "soft\n" };
    std::fs::write(&path, word).doing(|| format!("write {}", path.display()))
}
