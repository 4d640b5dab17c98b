//! The catalogue of known failures. The first entry that a text tells of holds: precise ones stand before
//! those that wrap them. Where the catalogue leaves a choice of class, the first is taken, unless the text
//! tells more.

mod harness;
mod image;
mod machine;
mod provider;
mod model;
mod wrapper;

use super::signature::Signature;
use crate::domain::swe::Task;

/// Every phase.
const EVERY: &[Task] = &[Task::Image, Task::Trajectory, Task::Evaluation, Task::Report];

/// Number 54: lines that look like failures, and are none.
pub(super) const HARMLESS: &[&[&str]] = &[
    &["native gemini sdk not available"],
    &["/update_mcp_server", "404"],
    &["browser", "init"],
    &["playwright", "init"],
    &["playwright install"],
];

/// All of them, in the order in which they are looked for.
pub fn catalogue() -> impl Iterator<Item = &'static Signature> {
    [
        harness::KNOWN,
        image::KNOWN,
        machine::KNOWN,
        provider::KNOWN,
        model::KNOWN,
        wrapper::KNOWN,
    ]
    .into_iter()
    .flatten()
}
