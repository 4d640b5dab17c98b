//! Floor 1: assign. What of datasets × models × runs is still missing, and a fair share of it for each host.
//!
//! Invariant: every missing question is in exactly one share, and the same input gives the same shares.

mod balance;
mod estimate;
mod missing;
mod text;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::domain::swe::Source;
use crate::domain::{HostName, InstanceId, ModelName, Span, TaskName};

pub use balance::balance;
pub use estimate::Estimate;
pub use missing::{Known, Missing, Question, missing};
pub use text::text;

/// An instance, as far as an assignment speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its id.
    pub id: InstanceId,
    /// Where its image comes from: instances with the same one belong together.
    pub image: Source,
    /// The file that tells of it, as the assignment shall name it.
    pub dataset_file: String,
    /// What people call it.
    pub task: Option<TaskName>,
}

/// One job to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The instance.
    pub subject: Arc<Subject>,
    /// Who shall solve it.
    pub model: ModelName,
    /// Which independent try.
    pub run: u32,
    /// How long it is expected to take; none where nothing like it has ever run.
    pub expected: Option<Span>,
}

/// A host that can take jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its name.
    pub host: HostName,
    /// How many jobs it runs at a time.
    pub slots: u32,
}

/// What one host gets, in the order in which it shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The host.
    pub host: HostName,
    /// How many jobs it runs at a time.
    pub slots: u32,
    /// Its jobs. Those of one image follow each other.
    pub tasks: Vec<Task>,
}

impl Share {
    /// How many different images it needs.
    pub fn images(&self) -> usize {
        let images = self.tasks.iter().map(|task| &task.subject.image);
        images.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// How long it will take, as far as that can be known beforehand.
    pub fn expected(&self) -> Option<Span> {
        let mut sum = 0_u64;
        for task in &self.tasks {
            sum = sum.saturating_add(task.expected?.0);
        }
        Some(Span(sum / u64::from(self.slots.max(1))))
    }
}
