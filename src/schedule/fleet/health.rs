//! What is remembered of how a host's attempts went: the evidence for and against it.

use crate::domain::attempt::AttemptState;
use crate::domain::fault::Class;
use crate::domain::id::AttemptId;
use crate::domain::journal::Outcome;
use crate::domain::name::{InstanceId, ModelName};
use crate::domain::verdict::Decision;

use super::{Attempt, JobEntry};

/// So many are remembered of each host: enough to tell a bad host from bad luck.
pub(super) const REMEMBERED: usize = 40;

/// How one attempt speaks for or against the host that it ran on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Which attempt.
    pub attempt: AttemptId,
    /// Of which instance: a bad image is bad everywhere, and says nothing of a host.
    pub instance: InstanceId,
    /// For which model: what one model brings about is compared with the same model elsewhere.
    pub model: ModelName,
    /// How it speaks.
    pub finding: Finding,
}

/// How an attempt speaks of its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The host did its part. Where a task was even resolved, there is no doubt.
    Good {
        /// The model solved the task here.
        resolved: bool,
    },
    /// What failed could be the host's doing.
    Bad {
        /// The name of the fault.
        fault: String,
    },
}

impl Trial {
    /// What an attempt that is over says of its host; none if it says nothing.
    pub(super) fn of(entry: &JobEntry, attempt: &Attempt) -> Option<Trial> {
        let resolved = attempt
            .verdict()
            .is_some_and(|verdict| verdict.decision == Decision::Resolved);
        let finding = match (&attempt.state, attempt.blame()) {
            // Neither says anything of a host.
            (_, Some(Class::Provider | Class::Dataset)) | (AttemptState::Ended(Outcome::Cancelled), _) => {
                return None;
            }
            (AttemptState::Ended(Outcome::Succeeded), _) | (_, Some(Class::Model)) => {
                Finding::Good { resolved }
            }
            (AttemptState::Ended(Outcome::Failed { .. } | Outcome::Lost { .. }), Some(_)) => Finding::Bad {
                fault: attempt
                    .fault()
                    .map_or("lost", |fault| fault.name.as_str())
                    .to_owned(),
            },
            // A program failed, and no fault explains it: that says nothing of the host.
            (AttemptState::Ended(Outcome::Failed { .. } | Outcome::Lost { .. }), None)
            | (AttemptState::Intended | AttemptState::Running { .. } | AttemptState::Refused, _) => {
                return None;
            }
        };
        Some(Trial {
            attempt: AttemptId {
                job: entry.job.id,
                n: attempt.n,
            },
            instance: entry.job.instance.clone(),
            model: entry.job.model.clone(),
            finding,
        })
    }

    /// Does it speak against the host?
    pub fn is_bad(&self) -> bool {
        matches!(self.finding, Finding::Bad { .. })
    }
}
