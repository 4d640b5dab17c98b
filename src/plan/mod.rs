//! Floor 1: what to do next. Pure: no clock, no I/O, no async; the same function serves the live engine,
//! the simulator, and the verbs that say why a job waits.
//!
//! Invariant: `plan` never performs, and nothing else decides. It looks at what is idle and at what is
//! unsent, never at every job, so that its cost follows the news and not the size of the fleet.

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
pub use messages::HostMessage;
pub use observe::{Heard, Observed, host_gone, observe, observe_after};
pub use outlook::{Errand, Outlook, Stuck, outlook};
pub use policy::Policy;
pub use room::NoRoom;
pub use stock::must_stay;

use crate::domain::{Event, Timestamp};
use crate::schedule::Fleet;

/// What is to be done now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// To be committed, and folded after that, in this order, before `plan` is asked again. What hosts must be told because
    /// of them is in the next plan: nothing is said of what is not committed.
    pub decisions: Vec<Event>,
    /// To be sent. They speak only of what was committed before this plan was made.
    pub messages: Vec<HostMessage>,
}

/// Everything that should be stored or said now.
pub fn plan(fleet: &Fleet, policy: &Policy, now: Timestamp) -> Plan {
    let mut plan = Plan {
        decisions: health::holds(fleet, policy, now),
        messages: messages::about_attempts(fleet),
    };
    // What is held now must not be given anything in the same breath.
    let held = !plan.decisions.is_empty();
    plan.decisions.extend(retry::give_up(fleet, policy, now));
    if !held {
        place::place(fleet, policy, now, &mut plan);
        plan.messages.extend(stock::stock(fleet, policy, now));
    }
    plan
}
