//! Advice: for each fault that there is, why it happens and the way out, as data. The manual's table of faults is
//! made of the same words.

mod dataset;
mod harness;
mod image;
mod machine;
mod model;
mod provider;
mod setup;
mod table;

pub use table::on;

use crate::domain::fault::FaultName;

/// The way out of one kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// Why they happen.
    pub why: &'static str,
    /// What to do, in words.
    pub what: &'static str,
    /// The commands, in order. `{host}`, `{model}`, `{job}` and `{fault}` stand for what the failure met.
    pub run: &'static [&'static str],
}

/// All of it, each with the faults that it is for, in the order of the manual's table.
pub fn all() -> Vec<(Vec<FaultName>, &'static Advice)> {
    let mut all: Vec<(Vec<FaultName>, &'static Advice)> = Vec::new();
    for fault in FaultName::ALL {
        let advice = on(*fault);
        match all.iter_mut().find(|(_, known)| *known == advice) {
            Some((faults, _)) => faults.push(*fault),
            None => all.push((vec![*fault], advice)),
        }
    }
    all
}
