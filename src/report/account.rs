//! The accounts of the books: each job is in exactly one.

use serde::{Deserialize, Serialize};

use crate::domain::fault::{Class, Fault};
use crate::domain::verdict::{Decision, Verdict};
use crate::schedule::fleet::{Attempt, Closure, JobEntry};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// Neither closed nor under way.
    Waiting,
    /// A host may be working on it.
    Running,
    /// The model solved the task.
    Resolved,
    /// The model did not.
    Unresolved,
    /// The evidence does not say, or is not to be trusted.
    Undecided,
    /// Given up, or failed through no fault of the model; there is proof.
    Excluded,
    /// Stopped on request.
    Cancelled,
    /// Every phase ended well, and there is no verdict to be had.
    Succeeded,
    /// A phase did not end well, and no fault explains it.
    Failed,
}

impl Account {
    /// All of them, in the order of tables.
    pub const ALL: [Account; 9] = [
        Account::Waiting,
        Account::Running,
        Account::Resolved,
        Account::Unresolved,
        Account::Undecided,
        Account::Excluded,
        Account::Cancelled,
        Account::Succeeded,
        Account::Failed,
    ];

    /// The account of this job, as far as the fleet alone knows.
    pub fn of(entry: &JobEntry) -> Account {
        Account::trusting(entry, entry.verdict(), false)
    }

    /// The account of this job, with the verdict that was given at home.
    pub fn trusting(entry: &JobEntry, verdict: Option<&Verdict>, distrusted: bool) -> Account {
        let fault = entry.decisive().and_then(Attempt::fault);
        let live = entry.live().is_some();
        // A resolved task is beyond doubt, whatever became of the host later.
        let resolved = verdict.is_some_and(|verdict| verdict.decision == Decision::Resolved);
        let suspect = !resolved && entry.suspect().is_some();
        Account::from(entry.closed.as_ref(), live, verdict, fault, distrusted || suspect)
    }

    /// The account of a job that closed like this or is `live`. A verdict is `distrusted` where calibration
    /// showed that its instance cannot be judged.
    pub fn from(
        closure: Option<&Closure>,
        live: bool,
        verdict: Option<&Verdict>,
        fault: Option<&Fault>,
        distrusted: bool,
    ) -> Account {
        match (closure, verdict) {
            (None, _) if live => Account::Running,
            (None, _) => Account::Waiting,
            (Some(Closure::Cancelled), _) => Account::Cancelled,
            (Some(Closure::GivenUp { .. }), _) => Account::Excluded,
            (Some(Closure::Succeeded), None) => Account::Succeeded,
            (Some(Closure::Succeeded), Some(_)) if distrusted => Account::Undecided,
            (Some(Closure::Succeeded), Some(verdict)) => Account::decided(verdict.decision),
            (Some(Closure::Failed { .. }), verdict) => Account::failed(fault, verdict, distrusted),
        }
    }

    /// The account of a job that failed through this fault, or that of its verdict.
    fn failed(fault: Option<&Fault>, verdict: Option<&Verdict>, distrusted: bool) -> Account {
        let fault = fault.or(verdict.and_then(|verdict| verdict.fault.as_ref()));
        match fault.map(|fault| fault.class) {
            // What the model did is a result, and counts against it.
            Some(Class::Model) if !distrusted => Account::Unresolved,
            Some(Class::Model | Class::Unknown) => Account::Undecided,
            Some(
                Class::Host
                | Class::Image
                | Class::Config
                | Class::Dataset
                | Class::Provider
                | Class::Harness,
            ) => Account::Excluded,
            None if verdict.is_some() => Account::Undecided,
            None => Account::Failed,
        }
    }

    fn decided(decision: Decision) -> Account {
        match decision {
            Decision::Resolved => Account::Resolved,
            Decision::Unresolved => Account::Unresolved,
            Decision::Undecided => Account::Undecided,
        }
    }

    /// Will nothing more happen?
    pub fn is_closed(self) -> bool {
        !matches!(self, Account::Waiting | Account::Running)
    }

    /// One word for tables.
    pub fn word(self) -> &'static str {
        self.words().0
    }

    /// The same where room is short.
    pub fn short(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Account::Waiting => ("waiting", "wait"),
            Account::Running => ("running", "run"),
            Account::Resolved => ("resolved", "res"),
            Account::Unresolved => ("unresolved", "unres"),
            Account::Undecided => ("undecided", "undec"),
            Account::Excluded => ("excluded", "excl"),
            Account::Cancelled => ("cancelled", "canc"),
            Account::Succeeded => ("succeeded", "succ"),
            Account::Failed => ("failed", "fail"),
        }
    }
}

/// How many jobs are in each account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The sum that the others must give.
    pub jobs: usize,
    /// Neither closed nor under way.
    pub waiting: usize,
    /// A host may be working on them.
    pub running: usize,
    /// The model solved the task.
    pub resolved: usize,
    /// The model did not.
    pub unresolved: usize,
    /// The evidence does not say.
    pub undecided: usize,
    /// Given up, or failed through no fault of the model.
    pub excluded: usize,
    /// Stopped on request.
    pub cancelled: usize,
    /// Every phase ended well; without a verdict.
    pub succeeded: usize,
    /// A phase did not; without a verdict.
    pub failed: usize,
}

impl Tally {
    /// Takes in one more job.
    pub fn add(&mut self, account: Account) {
        self.jobs += 1;
        *self.slot(account) += 1;
    }

    /// How many are in this account.
    pub fn get(mut self, account: Account) -> usize {
        *self.slot(account)
    }

    /// How many will not change any more.
    pub fn closed(self) -> usize {
        self.jobs - self.waiting - self.running
    }

    /// The accounts that are not empty, in words: `3 running, 1 failed`.
    pub fn words(self) -> String {
        let parts: Vec<String> = Account::ALL
            .iter()
            .map(|account| (self.get(*account), account.word()))
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}"))
            .collect();
        parts.join(", ")
    }

    fn slot(&mut self, account: Account) -> &mut usize {
        match account {
            Account::Waiting => &mut self.waiting,
            Account::Running => &mut self.running,
            Account::Resolved => &mut self.resolved,
            Account::Unresolved => &mut self.unresolved,
            Account::Undecided => &mut self.undecided,
            Account::Excluded => &mut self.excluded,
            Account::Cancelled => &mut self.cancelled,
            Account::Succeeded => &mut self.succeeded,
            Account::Failed => &mut self.failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::{Again, FaultName};
    use crate::domain::journal::Ending;
    use crate::domain::verdict::Outcome;

    fn fault(class: Class) -> Fault {
        Fault {
            class,
            ..Fault::new(FaultName::AgentError, Again::Never, "")
        }
    }

    fn verdict(decision: Decision, class: Option<Class>) -> Verdict {
        Verdict {
            decision,
            outcome: Outcome::Completed,
            why: None,
            fault: class.map(fault),
            fail_to_pass: (0, 0),
            pass_to_pass: (0, 0),
            key: None,
            shown: None,
        }
    }

    fn failed() -> Closure {
        Closure::Failed {
            phase: "evaluation".parse().unwrap(),
            ending: Ending::Exit(1),
        }
    }

    #[test]
    fn a_job_that_ended_well_is_in_the_account_of_its_verdict_unless_calibration_forbids() {
        for (decision, account) in [
            (Decision::Resolved, Account::Resolved),
            (Decision::Unresolved, Account::Unresolved),
            (Decision::Undecided, Account::Undecided),
        ] {
            let verdict = verdict(decision, None);
            let of = |distrusted| {
                Account::from(Some(&Closure::Succeeded), false, Some(&verdict), None, distrusted)
            };
            assert_eq!((of(false), of(true)), (account, Account::Undecided));
        }
        assert_eq!(
            Account::from(Some(&Closure::Succeeded), false, None, None, false),
            Account::Succeeded
        );
    }

    #[test]
    fn a_failure_counts_against_the_model_only_if_it_was_its_doing() {
        for class in Class::ALL {
            let verdict = verdict(Decision::Undecided, Some(class));
            let expected = match class {
                Class::Model => Account::Unresolved,
                Class::Unknown => Account::Undecided,
                _ => Account::Excluded,
            };
            let account = Account::from(Some(&failed()), false, Some(&verdict), None, false);
            assert_eq!(account, expected, "{class:?}");
            assert_eq!(
                Account::failed(Some(&fault(class)), None, false),
                expected,
                "{class:?}"
            );
        }
        assert_eq!(
            Account::failed(Some(&fault(Class::Model)), None, true),
            Account::Undecided
        );
    }

    #[test]
    fn a_failure_that_nobody_explained_is_no_result_of_the_model() {
        let resolved = verdict(Decision::Resolved, None);
        assert_eq!(
            Account::from(Some(&failed()), false, Some(&resolved), None, false),
            Account::Undecided
        );
        assert_eq!(
            Account::from(Some(&failed()), false, None, None, false),
            Account::Failed
        );
    }

    #[test]
    fn a_verdict_does_not_close_a_job() {
        let resolved = verdict(Decision::Resolved, None);
        let open = |live| Account::from(None, live, Some(&resolved), None, false);
        assert_eq!((open(true), open(false)), (Account::Running, Account::Waiting));
        let gone = Closure::GivenUp { why: String::new() };
        for (closure, account) in [
            (Closure::Cancelled, Account::Cancelled),
            (gone, Account::Excluded),
        ] {
            assert_eq!(
                Account::from(Some(&closure), false, Some(&resolved), None, false),
                account
            );
        }
    }
}
