//! Floor 2: a case: all that was collected of one evaluated attempt, read from its directory and judged.
//!
//! The directory is a capsule on the host or a result at home: the same bytes, so the same judgement.
//! Invariant: no link is followed, and nothing outside of the directory is looked at.

mod judgement;
mod read;

pub use judgement::{GRADER, Judgement};
pub use read::CaseError;

use std::collections::BTreeSet;

use crate::domain::Instance;
use crate::domain::evidence::Evidence;
use crate::domain::swe::Swe;
use crate::grade::Printed;

/// What was collected.
#[derive(Debug, Clone)]
pub struct Case {
    /// The task.
    pub instance: Instance,
    /// What the phases went by.
    pub swe: Swe,
    /// What the agent left; none if it left nothing.
    pub trajectory: Option<String>,
    /// What the evaluation saw; none if it never came to its end.
    pub evidence: Option<Evidence>,
    /// What the test command printed.
    pub log: Printed,
    /// What our plug-in was told by the test framework, line by line; empty if there is none.
    pub report: String,
    /// Every file below `out/`, by its path there.
    pub files: BTreeSet<String>,
}
