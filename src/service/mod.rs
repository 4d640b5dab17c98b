//! What can be done with a fleet, whoever asks: typed requests in, typed results and [`Problem`]s out.
//!
//! Invariant: nothing here knows a terminal, an exit code or a command line. A service tells what it does
//! through the [`NoteSink`] and the [`ProgressSink`] that its caller gives, and ends early when the future
//! that its caller gives is ready. `cli` is one caller.

pub mod adopt;
pub mod assign;
pub mod assignment;
mod assignment_file;
pub mod calibrate;
pub mod cancel;
pub mod check;
pub mod collect;
mod coordinator;
pub mod datasets;
pub mod harness;
pub mod hold;
pub mod host_word;
pub mod retry;
pub mod image_check;
mod image_needs;
pub mod images;
pub mod image_sizes;
pub mod instances;
pub mod predictions;
pub mod commands;
pub mod deploy_host;
pub mod dispatch;
pub mod forecast;
pub mod known_results;
pub mod run_engine;
mod dispatch_end;
mod next_steps;
mod problem;
mod project;
pub mod regrade;
pub mod reports;
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
