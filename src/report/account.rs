//! The accounts of the books: each job is in exactly one.

use serde::{Deserialize, Serialize};

use crate::domain::fleet::{Closure, JobEntry};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// Neither closed nor under way.
    Waiting,
    /// A host may be working on it.
    Running,
    /// Every phase ended well.
    Succeeded,
    /// A phase did not.
    Failed,
    /// Stopped on request.
    Cancelled,
    /// Hosts kept losing it.
    GivenUp,
}

impl Account {
    /// All of them, in the order of tables.
    pub const ALL: [Account; 6] = [
        Account::Waiting,
        Account::Running,
        Account::Succeeded,
        Account::Failed,
        Account::Cancelled,
        Account::GivenUp,
    ];

    /// The account of this job.
    pub fn of(entry: &JobEntry) -> Account {
        match (&entry.closed, entry.live()) {
            (Some(Closure::Succeeded), _) => Account::Succeeded,
            (Some(Closure::Failed { .. }), _) => Account::Failed,
            (Some(Closure::Cancelled), _) => Account::Cancelled,
            (Some(Closure::GivenUp { .. }), _) => Account::GivenUp,
            (None, Some(_)) => Account::Running,
            (None, None) => Account::Waiting,
        }
    }

    /// Will nothing more happen?
    pub fn is_closed(self) -> bool {
        !matches!(self, Account::Waiting | Account::Running)
    }

    /// One word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Account::Waiting => "waiting",
            Account::Running => "running",
            Account::Succeeded => "succeeded",
            Account::Failed => "failed",
            Account::Cancelled => "cancelled",
            Account::GivenUp => "given-up",
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
    /// Every phase ended well.
    pub succeeded: usize,
    /// A phase did not.
    pub failed: usize,
    /// Stopped on request.
    pub cancelled: usize,
    /// Hosts kept losing them.
    pub given_up: usize,
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
            Account::Succeeded => &mut self.succeeded,
            Account::Failed => &mut self.failed,
            Account::Cancelled => &mut self.cancelled,
            Account::GivenUp => &mut self.given_up,
        }
    }
}
