//! Floor 1: what became of a set of jobs, as bytes. Rows in, files and text out; no I/O, no clock.
//!
//! Invariant: the same rows, in any order, give the same bytes; and no file is made of rows whose books
//! do not balance ([`Books::close`] is the only way to one).

pub mod calibration;
pub mod failed;
pub mod text;
pub mod table;
pub mod words;
mod account;
mod books;
mod csv;
mod estimate;
mod lines;
mod rates;
mod row;
mod summary;

pub use account::{Account, Tally};
pub use books::{Books, OpenBooks};
pub use failed::failed_of;
pub use rates::{PassAt, Rate, Share, Spent};
pub use row::{Effort, Judgement, PhaseTime, Row};

#[cfg(test)]
mod tests;
