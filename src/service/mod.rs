//! Floor 4: what can be done with a fleet. Typed requests in, typed results and [`Problem`]s out.
//!
//! Invariant: nothing here knows a terminal, an exit code or a command line. A service tells what it does
//! through the [`NoteSink`], the [`ProgressSink`] and the [`OutputSink`](logs::OutputSink) that its caller gives, and
//! ends early when the future that its caller gives is ready. `cli` is one caller.
//!
//! What changes the fleet comes in two halves: `plan_…` says what would be done ([`commands::PlannedCommand`]), and
//! [`commands::submit_planned`] does it, through the coordinator at work or in its place.

pub mod adopt;
pub mod assign;
pub mod assignment;
mod assignment_file;
pub mod calibrate;
pub mod cancel;
pub mod check;
pub mod collect;
pub mod commands;
mod coordinator;
pub mod datasets;
pub mod deploy;
pub mod deploy_host;
pub mod dispatch;
mod dispatch_end;
pub mod doctor;
pub mod forecast;
pub mod harness;
pub mod hold;
pub mod host_states;
pub mod host_word;
pub mod image_check;
mod image_needs;
pub mod image_sizes;
pub mod images;
pub mod instances;
pub mod known_results;
pub mod logs;
mod next_steps;
pub mod predictions;
mod problem;
mod project;
pub mod regrade;
pub mod reports;
pub mod retry;
pub mod run_engine;
pub mod select;
mod sink;
pub mod start_check;
pub mod verdicts;
pub mod verify;

pub use coordinator::Coordinator;
pub use dispatch_end::DispatchEnd;
pub use problem::{Problem, ProblemKind};
pub use project::{FleetSnapshot, Project};
pub use sink::{NoteSink, ProgressSink};
