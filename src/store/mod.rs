//! The store: SQLite. Every fact that the coordinator has acknowledged, durable before it is shown.
//!
//! Invariant: an event and the rows that follow from it are written in one transaction, or not at all;
//! loading the rows gives the same fleet as folding the events.

mod error;
mod migrations;
mod open;
mod names;
mod read;
mod write;
mod event;
mod job;
mod attempt;
mod host;
mod hold;
mod dataset;
mod revision;
mod wish;
mod collected;
mod epoch;
mod took;
mod new_jobs;
mod commit;
mod set;
mod load;
mod check;
mod lease;

#[cfg(test)]
mod tests;

pub use collected::Collected;
pub use error::StoreError;
pub use lease::{Holder, Lease, LeaseError, Runs};
pub use migrations::FORMAT;
pub use revision::SetRow;
pub use set::{Added, NewDataset, NewSet};
pub use wish::Command;

/// An open database. Clones share its one connection, so that writers queue here and not in SQLite.
#[derive(Debug, Clone)]
pub struct Store {
    pool: sqlx::SqlitePool,
}
