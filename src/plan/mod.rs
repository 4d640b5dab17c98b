//! Floor 1: what to do next. Pure: no clock, no I/O, no async; the same function serves the live engine,
//! the simulator and whoever asks why.
//!
//! Invariant: `plan` never performs, and nothing else decides. It looks at what is idle and at what is
//! untold, never at every job, so that its cost follows the news and not the size of the fleet.

#![warn(clippy::wildcard_enum_match_arm)]

mod messages;
mod observe;
mod outlook;
mod place;
mod policy;

pub use observe::{Heard, Observed, host_gone, observe};
pub use outlook::{Errand, Outlook, Stuck, outlook};
pub use policy::Policy;

use crate::domain::{Effect, Fleet, Timestamp};

/// Everything that should be stored or said now. Decisions ([`Effect::Place`], [`Effect::GiveUp`]) must
/// be stored and folded before `plan` is asked again; messages may be sent at any time, and repeated.
pub fn plan(fleet: &Fleet, policy: &Policy, now: Timestamp) -> Vec<Effect> {
    let mut effects = messages::messages(fleet);
    effects.extend(place::give_up(fleet, policy));
    effects.extend(place::place(fleet, policy, now));
    effects
}
