//! Chance in a play: how long each step takes, and how it ends.

use std::collections::BTreeSet;

use super::{Dice, Faults, Scene, Step};
use crate::domain::fault::{Again, FaultName};
use crate::domain::swe::Task;
use crate::domain::{Fault, ModelName, Span};

/// How the step under way will end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    Well,
    Killed,
    Fails(Fault),
    Breaks,
}

/// What decides how long things take, and what goes wrong.
pub(super) struct Chance<'s> {
    pub(super) scene: &'s Scene,
    /// None: everything takes as long as expected, and nothing goes wrong.
    pub(super) dice: Option<Dice>,
    pub(super) faults: Faults,
    /// Models whose providers accept nothing any more.
    pub(super) refusing: BTreeSet<ModelName>,
}

impl Chance<'_> {
    pub(super) fn span(&mut self, step: &Step, warm: bool) -> Span {
        let odds = if warm { &step.warm } else { &step.odds };
        match &mut self.dice {
            Some(dice) => odds.thrown(dice),
            None => odds.expected(),
        }
    }

    pub(super) fn span_beyond(&mut self, step: &Step, elapsed: Span) -> Span {
        match &mut self.dice {
            Some(dice) => step.odds.thrown_beyond(elapsed, dice),
            None => step.odds.expected_beyond(elapsed),
        }
    }

    pub(super) fn between(&mut self) -> Span {
        let odds = &self.scene.between;
        match &mut self.dice {
            Some(dice) => odds.thrown(dice),
            None => odds.expected(),
        }
    }

    pub(super) fn killed_in(&mut self, steps: usize) -> Option<usize> {
        let dice = self.dice.as_mut()?;
        dice.happens(self.faults.lost).then(|| dice.below(steps))
    }

    pub(super) fn fate(&mut self, killed: bool, last: bool, step: &Step) -> Fate {
        if killed {
            return Fate::Killed;
        }
        let Some(dice) = &mut self.dice else {
            return Fate::Well;
        };
        match step.task {
            Some(Task::Image) if dice.happens(self.faults.image) => Fate::Fails(Fault::new(
                FaultName::ImageCorrupt,
                Again::Elsewhere,
                "the image could not be made ready",
            )),
            Some(Task::Trajectory) if dice.happens(self.faults.provider) => Fate::Fails(Fault::new(
                FaultName::ProviderUnavailable,
                Again::Later,
                "the provider did not answer",
            )),
            _ if last && dice.happens(self.faults.job) => Fate::Breaks,
            _ => Fate::Well,
        }
    }

    pub(super) fn refuses(&self, model: &ModelName, step: &Step) -> bool {
        works_for_model(step) && self.refusing.contains(model)
    }
}

/// A trajectory calls the provider; a program may, and there is no telling.
pub(super) fn works_for_model(step: &Step) -> bool {
    matches!(step.task, Some(Task::Trajectory) | None)
}
