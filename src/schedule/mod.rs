//! Floor 1: what the coordinator knows of jobs and hosts. Pure: no clock, no I/O, no async.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod fleet;

pub use fleet::Fleet;
