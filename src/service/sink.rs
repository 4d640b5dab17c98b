//! Who hears what a service does while it does it.

use super::Problem;
use crate::domain::{Event, Timestamp};
use crate::plan::Policy;
use crate::schedule::Fleet;

/// Takes sentences for people that are neither data nor problems.
pub trait NoteSink {
    /// Takes one.
    fn note(&self, text: &str);
}

/// Follows a run of the engine.
pub trait ProgressSink {
    /// Everything is stored, and this process coordinates by this policy from now on.
    fn started(&mut self, policy: &Policy) -> Result<(), Problem>;
    /// A round of the engine has ended; these events are stored.
    fn advanced(&mut self, fleet: &Fleet, now: Timestamp, events: &[Event]);
    /// The engine has ended.
    fn ended(&mut self, fleet: &Fleet);
}
