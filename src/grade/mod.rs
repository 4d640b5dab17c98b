//! Floor 1: grading. From the evidence of an evaluation and its log to a verdict, and nothing else: the same
//! bytes give the same verdict, here and on any machine.
//!
//! `log` says which stream is read, [`parse`] reads its grammar; `reading` and `guard` say what of it is believed; `matching` finds the
//! expected tests; `environment` tells a broken environment from a failed test; `case` decides.

mod case;
mod command;
mod environment;
mod grading;
mod guard;
mod log;
mod material;
mod matching;
mod notes;
pub mod parse;
mod reading;
mod report;
mod ruling;
mod setup;
mod spelling;
mod velora_head;

pub use grading::{Compat, Counts, Finding, Grading, Judged, MatchKind, Note};
pub use log::{Log, Printed};
pub use material::Material;
pub use setup::installs;

use crate::domain::Sha256;
use crate::domain::evidence::Evidence;

/// Grades one attempt.
pub fn grade(material: &Material<'_>, how: Compat) -> Grading {
    match how {
        Compat::Fleet => ruling::grade(material),
        Compat::VeloraHead => velora_head::grade(material.instance, material.evidence, material.log.whole()),
    }
}

/// What the tests were run on and judged by.
fn key(evidence: &Evidence) -> Sha256 {
    let image = evidence.loaded.as_ref().or(evidence.image.as_ref());
    let image = image.map(String::as_str).unwrap_or_default();
    Sha256::of(format!("{}\n{image}\n", evidence.dataset).as_bytes())
}

/// How many of these passed, of how many.
fn tally(judged: &[Judged]) -> (u32, u32) {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (
        count(judged.iter().filter(|test| test.passed).count()),
        count(judged.len()),
    )
}

#[cfg(test)]
mod tests;
