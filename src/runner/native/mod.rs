//! The phases that `fleet` does itself: trajectory and evaluation, in the process of their step.
//!
//! What they run under is the supervisor's: deadline, stall, log, the end of all descendants and the sweep
//! of labelled containers. What they leave is below the capsule's `out/`, and nothing of it counts before
//! it is whole: files are written beside their place and renamed.
//!
//! Invariant: what an agent, a patch or a test leaves is text and data of a stranger. No link of theirs is
//! followed, and nothing that they wrote is run outside of the attempt's container.

mod context;
mod fault;
mod trajectory;
mod solution;
mod line;
mod strict;
mod agent;
mod command;
mod openhands;
mod discover;
mod evaluation;
mod container;
mod patch;
mod filter;
mod named;
mod golden;
mod steering;
mod tests_run;
mod ending;
mod kills;
mod report;
mod script;
mod capture;

pub(super) use context::say;
pub use context::{PhaseContext, PhaseOutcome};
pub use evaluation::{control, evaluation};
pub(super) use openhands::ENTRY;
pub(super) use trajectory::spent;
pub use trajectory::trajectory;
