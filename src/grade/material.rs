//! What grading goes by: bytes that were collected, and nothing else.

use super::Log;
use crate::domain::baseline::{Baseline, Shown, Weight};
use crate::domain::evidence::Evidence;
use crate::domain::{Instance, Sha256};

/// All that grading ever looks at.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The task.
    pub instance: &'a Instance,
    /// What the evaluation saw.
    pub evidence: &'a Evidence,
    /// What the test command printed.
    pub log: Log<'a>,
    /// What our plug-in was told by the test framework, line by line; empty if there is none.
    pub report: &'a str,
    /// Where the run is one that calibrates, which one: then only the dataset's own code is under test.
    pub weight: Option<Weight>,
    /// What `gold` and `noop` had shown when the attempt was begun.
    pub baselines: &'a [Baseline],
}

impl<'a> Material<'a> {
    /// Of an attempt of which nothing is known but this.
    pub fn new(instance: &'a Instance, evidence: &'a Evidence, log: impl Into<Log<'a>>) -> Material<'a> {
        Material {
            instance,
            evidence,
            log: log.into(),
            report: "",
            weight: None,
            baselines: &[],
        }
    }

    /// What this run is held against: what the weights showed of this very instance in this very image.
    pub(super) fn measure(&self, key: Sha256) -> Measure<'a> {
        let baseline = self.baselines.iter().find(|one| one.key == key);
        Measure {
            weight: self.weight,
            gold: baseline.and_then(|one| one.gold.as_ref()),
            noop: baseline.and_then(|one| one.noop.as_ref()),
        }
    }
}

/// What a run is held against.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measure<'a> {
    /// It is itself a measure.
    pub(super) weight: Option<Weight>,
    /// Gold's run.
    pub(super) gold: Option<&'a Shown>,
    /// Noop's run.
    pub(super) noop: Option<&'a Shown>,
}

impl Measure<'_> {
    /// May a run end with this code although nothing is read that failed? The weights may: their code is honest. Any other may
    /// where gold ended so.
    pub(super) fn allows(&self, exit: i32) -> bool {
        let gold = |gold: &Shown| gold.exit == exit && !gold.explained;
        self.weight.is_some() || self.gold.is_some_and(gold)
    }

    /// Fewer tests than gold had, and than noop had: how many gold had. Closing counts are compared where both have them.
    pub(super) fn more(&self, tests: u32, counted: Option<u32>) -> Option<u32> {
        let most = |shown: &Shown| match (shown.counted, counted) {
            (Some(then), Some(now)) => (then > now).then_some(then),
            _ => (shown.tests > tests).then_some(shown.tests),
        };
        let gold = self.gold.filter(|_| self.weight.is_none()).and_then(most)?;
        self.noop.is_none_or(|noop| most(noop).is_some()).then_some(gold)
    }

    /// Do two tests have this name in gold's run, too?
    pub(super) fn tears(&self, name: &str) -> bool {
        self.gold
            .is_some_and(|gold| gold.torn.iter().any(|torn| torn == name))
    }
}
