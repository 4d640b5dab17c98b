//! What failed of one job: every attempt that did not do what it should, and the job itself.

use super::{Account, words};
use crate::domain::attempt::AttemptState;
use crate::domain::fault::{Class, FaultName, RecordedName};
use crate::domain::journal::Outcome;
use crate::domain::verdict::{Decision, Outcome as Evaluated};
use crate::domain::{Fault, HostName, Verdict};
use crate::schedule::fleet::{Attempt, Closure, JobEntry};

/// One failure.
#[derive(Debug)]
pub struct JobFailure<'f> {
    /// The job.
    pub entry: &'f JobEntry,
    /// Where; none, where no attempt failed.
    pub host: Option<&'f HostName>,
    /// Whose doing.
    pub class: Class,
    /// What it is called.
    pub fault: RecordedName,
    /// The line that says it. Untrusted.
    pub line: String,
    /// What became of the job.
    pub stand: FailureFate,
}

/// What became of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureFate {
    /// Closed without a result, and this is why.
    Failed,
    /// Waiting or running.
    Open,
    /// Closed without a result because of something that happened later.
    Otherwise,
    /// It has a result.
    Recovered,
    /// A person stopped it.
    Cancelled,
}

/// The failures of a job, the oldest first.
pub fn failures_of(entry: &JobEntry, distrusted: Option<String>) -> Vec<JobFailure<'_>> {
    let stand = stand(entry);
    let mut all: Vec<JobFailure<'_>> = Vec::new();
    for attempt in &entry.attempts {
        if let Some((class, fault, line)) = failure_of_attempt(attempt) {
            all.push(JobFailure {
                entry,
                host: Some(&attempt.host),
                class,
                fault,
                line,
                stand,
            });
        }
    }
    let whole = match &entry.closed {
        Some(Closure::GivenUp { why }) if all.is_empty() => {
            Some((Class::Unknown, FaultName::GivenUp, why.clone()))
        }
        // A verdict that would count, were the instance to be trusted.
        Some(Closure::Succeeded) => {
            distrusted.map(|why| (Class::Dataset, FaultName::InstanceDistrusted, why))
        }
        Some(Closure::GivenUp { .. } | Closure::Failed { .. } | Closure::Cancelled) | None => None,
    };
    if let Some((class, fault, line)) = whole {
        all.push(JobFailure {
            entry,
            host: entry.decisive().map(|attempt| &attempt.host),
            class,
            fault: fault.into(),
            line,
            stand: FailureFate::Failed,
        });
    }
    // The last one is what it failed of.
    if let Some((last, earlier)) = all.split_last_mut()
        && last.stand == FailureFate::Failed
    {
        for one in earlier {
            one.stand = FailureFate::Otherwise;
        }
    }
    all
}

fn stand(entry: &JobEntry) -> FailureFate {
    match Account::of(entry) {
        Account::Waiting | Account::Running => FailureFate::Open,
        Account::Cancelled => FailureFate::Cancelled,
        Account::Resolved | Account::Unresolved | Account::Succeeded => FailureFate::Recovered,
        Account::Undecided | Account::Excluded | Account::Failed => FailureFate::Failed,
    }
}

/// Whose doing, what it is called, and the line that says it; none if the attempt did what it should, or is
/// not at its end.
pub fn failure_of_attempt(attempt: &Attempt) -> Option<(Class, RecordedName, String)> {
    let explained = |fault: &Fault| (fault.class, fault.name.clone(), fault.what.clone());
    let told = attempt
        .fault()
        .or(attempt.verdict().and_then(|verdict| verdict.fault.as_ref()));
    match &attempt.state {
        AttemptState::Refused => attempt.fault().map(explained),
        AttemptState::Intended | AttemptState::Running { .. } | AttemptState::Ended(Outcome::Cancelled) => {
            None
        }
        AttemptState::Ended(Outcome::Lost { proof }) => {
            Some((Class::Host, FaultName::HostLost.into(), proof.clone()))
        }
        AttemptState::Ended(Outcome::Failed { phase, ending }) => Some(match (told, ending.host_fault()) {
            (Some(fault), _) => explained(fault),
            (None, Some((name, why))) => (Class::Host, name.into(), why.to_owned()),
            (None, None) => {
                let how = || format!("{phase}: {}", words::ending(ending));
                let line = attempt.excerpt.clone().unwrap_or_else(how);
                (Class::Unknown, FaultName::ProgramFailed.into(), line)
            }
        }),
        AttemptState::Ended(Outcome::Succeeded) => match told {
            Some(fault) => Some(explained(fault)),
            None => attempt.verdict().and_then(by_itself),
        },
    }
}

/// What the model did that kept its answer from being tested. Tests that fail are a plain result.
fn by_itself(verdict: &Verdict) -> Option<(Class, RecordedName, String)> {
    if verdict.decision != Decision::Unresolved {
        return None;
    }
    let name = match verdict.outcome {
        Evaluated::NoPatch => FaultName::NoPatch,
        Evaluated::PatchFailed => FaultName::PatchFailed,
        Evaluated::TestTimeout => FaultName::TestTimeout,
        Evaluated::Completed | Evaluated::InfraFailed | Evaluated::DatasetInvalid => return None,
    };
    let line = verdict.why.clone().unwrap_or_else(|| name.to_string());
    Some((Class::Model, name.into(), line))
}

/// What a job without a result failed of: the class and the name of its group. None if it has a result, or may have
/// one yet.
pub fn failed_of(entry: &JobEntry) -> Option<(Class, RecordedName)> {
    let last = failures_of(entry, None).pop()?;
    (last.stand == FailureFate::Failed).then_some((last.class, last.fault))
}
