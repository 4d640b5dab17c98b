//! Floor 3: the fleet as people see it. Values in, text out; a view cannot write, and reads no clock.
//!
//! Invariant: what a job or a host wrote is shown as text only ([`crate::text::sanitize_line`]), and
//! nothing is told by colour.

mod board;
mod chronicle;
mod failures;
mod forecast;
mod jobs;
mod plain;
mod progress;
mod schedule;
mod status;
mod waiting;

pub use board::{Board, FailedJob, HostLine, RunningJob, Seen, SetLine};
pub use chronicle::{Deed, chronicle, chronicle_table};
pub use failures::{Example, Failures, Group, failure_lines, failures, failures_text};
pub use forecast::{compared, forecast};
pub use jobs::jobs;
pub use plain::plain;
pub use progress::{History, Window, progress};
pub use schedule::{Schedule, schedule};
pub use status::status;
pub use waiting::Waiting;

#[cfg(test)]
mod tests;
