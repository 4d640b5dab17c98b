//! What failed of one job: every attempt that did not do what it should, and the job itself.

use crate::domain::attempt::AttemptState;
use crate::domain::fault::{Class, FaultName, RecordedName};
use crate::domain::fleet::{Attempt, Closure, JobEntry};
use crate::domain::journal::Outcome;
use crate::domain::verdict::{Decision, Outcome as Evaluated};
use crate::domain::{Fault, HostName, Verdict};
use crate::report::{Account, words};

/// One failure.
#[derive(Debug)]
pub(super) struct Seen<'f> {
    pub(super) entry: &'f JobEntry,
    /// Where; none, where no attempt failed.
    pub(super) host: Option<&'f HostName>,
    pub(super) class: Class,
    pub(super) fault: RecordedName,
    pub(super) line: String,
    pub(super) stand: Stand,
}

/// What became of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stand {
    /// Closed without a result, and this is why.
    Failed,
    /// Waiting or running.
    Open,
    /// Closed without a result because of something that happened later.
    Otherwise,
    /// It has a result.
    Recovered,
    /// Somebody stopped it.
    Cancelled,
}

/// The failures of a job, the oldest first.
pub(super) fn of(entry: &JobEntry, distrusted: Option<String>) -> Vec<Seen<'_>> {
    let stand = stand(entry);
    let mut all: Vec<Seen<'_>> = Vec::new();
    for attempt in &entry.attempts {
        if let Some((class, fault, line)) = failure(attempt) {
            all.push(Seen {
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
        all.push(Seen {
            entry,
            host: entry.decisive().map(|attempt| &attempt.host),
            class,
            fault: fault.into(),
            line,
            stand: Stand::Failed,
        });
    }
    // The last one is what it failed of.
    if let Some((last, earlier)) = all.split_last_mut()
        && last.stand == Stand::Failed
    {
        for one in earlier {
            one.stand = Stand::Otherwise;
        }
    }
    all
}

fn stand(entry: &JobEntry) -> Stand {
    match Account::of(entry) {
        Account::Waiting | Account::Running => Stand::Open,
        Account::Cancelled => Stand::Cancelled,
        Account::Resolved | Account::Unresolved | Account::Succeeded => Stand::Recovered,
        Account::Undecided | Account::Excluded | Account::Failed => Stand::Failed,
    }
}

/// Whose doing, what it is called, and the line that says it; none if the attempt did what it should, or is
/// not at its end.
pub(super) fn failure(attempt: &Attempt) -> Option<(Class, RecordedName, String)> {
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
