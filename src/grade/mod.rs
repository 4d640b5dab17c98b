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

/// Grades one attempt.
pub fn grade(material: &Material<'_>, how: Compat) -> Grading {
    match how {
        Compat::Fleet => ruling::grade(material),
        Compat::VeloraHead => velora_head::grade(material.instance, material.evidence, material.log.whole()),
    }
}

#[cfg(test)]
mod tests;
