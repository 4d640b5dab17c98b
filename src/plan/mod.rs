//! Floor 1: what to do next. Pure: no clock, no I/O, no async; the same function serves the live engine,
//! the simulator and whoever asks why.
//!
//! Invariant: `plan` never performs, and nothing else decides. It looks at what is idle and at what is
//! untold, never at every job, so that its cost follows the news and not the size of the fleet.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod adopt;
mod choose;
mod evidence;
pub mod explain;
mod health;
mod inventory;
mod load;
mod messages;
mod observe;
mod outlook;
mod place;
mod policy;
mod rate;
pub mod reason;
mod retry;
mod rivals;
mod room;
mod stock;
#[cfg(test)]
mod tests;

pub use health::doubtful;
pub use inventory::is_in_doubt;
pub use observe::{Heard, Observed, host_gone, observe, observe_after};
pub use outlook::{Errand, Outlook, Stuck, outlook};
pub use policy::Policy;
pub use room::NoRoom;
pub use stock::must_stay;

use crate::domain::{Effect, Fleet, Timestamp};

/// Everything that should be stored or said now. Decisions (see [`Effect`]) must be stored and folded before `plan` is
/// asked again; messages may be sent at any time, and repeated.
pub fn plan(fleet: &Fleet, policy: &Policy, now: Timestamp) -> Vec<Effect> {
    let mut effects = messages::messages(fleet);
    // What is held now must not be given anything in the same breath.
    let holds = health::holds(fleet, policy, now);
    let held = !holds.is_empty();
    effects.extend(holds);
    effects.extend(retry::give_up(fleet, policy, now));
    if !held {
        effects.extend(place::place(fleet, policy, now));
        effects.extend(stock::stock(fleet, policy, now));
    }
    effects
}
