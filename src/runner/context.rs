//! What the steps of one attempt share, and what comes of each.

use super::cancel::{self, StopRequest};
use super::capsule::Capsule;
use super::root::Root;
use super::signals::Signals;
use super::traces::Recorder;
use crate::domain::journal::Ending;
use crate::domain::{Secrets, Span, Spec};

/// Why an attempt is lost whose supervisor got a SIGTERM that no coordinator had asked for.
pub(super) const UNASKED: &str = "stopped by a signal that nobody asked for";

/// What the steps of one attempt share.
pub(super) struct AttemptContext {
    /// The runner's root.
    pub(super) root: Root,
    /// Where it happens.
    pub(super) capsule: Capsule,
    /// What is to be done.
    pub(super) spec: Spec,
    /// What wakes the supervisor.
    pub(super) signals: Signals,
    /// What its phases are given of secrets, each its own.
    pub(super) secrets: Secrets,
    /// How a coordinator wants it stopped, if it does.
    pub(super) wish: Option<StopRequest>,
    /// It got a SIGTERM, and no coordinator had asked for that.
    pub(super) unasked: bool,
    /// What its processes can be known by.
    pub(super) recorder: Recorder,
    /// The text of the profile that its phases are run under, if they use a harness.
    pub(super) profile: Option<Vec<u8>>,
}

impl AttemptContext {
    /// Reads the signals that have arrived. A SIGTERM belongs to a stop request in the capsule. If there is none, the
    /// signal came from the host (its shutdown, its administrator), and no coordinator has asked for the job's end.
    pub(super) fn hear(&mut self) {
        if self.signals.drain() {
            self.wish = self.wish.max(cancel::read_stop_request(&self.capsule));
            self.unasked |= self.wish.is_none();
        }
    }
}

/// What came of a step.
#[derive(Debug)]
pub(super) struct StepEnd {
    /// How it ended.
    pub(super) ending: Ending,
    /// Did it do its own work to the end? It may have, and what it left behind could not be proved gone.
    pub(super) finished: bool,
    /// From its start until nothing of it was left.
    pub(super) took: Span,
    /// How much it printed.
    pub(super) output: u64,
    /// Of a failure, the line that says why.
    pub(super) excerpt: Option<String>,
}
