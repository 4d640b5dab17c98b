//! Tests of grading as a whole.

mod agreement;
mod baseline;
mod compat;
mod forged;
mod log;
mod properties;
mod real;
mod records;
mod report;
mod setup;
mod stderr;
mod world;
