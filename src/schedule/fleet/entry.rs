//! What is stored of one job and one attempt.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::attempt::AttemptState;
use crate::domain::event::Past;
use crate::domain::fault::{Again, Class, Fault};
use crate::domain::id::Epoch;
use crate::domain::job::{Dataset, Job};
use crate::domain::journal::{Ending, Outcome};
use crate::domain::manifest::Seal;
use crate::domain::name::{HostName, PhaseName};
use crate::domain::time::{Span, Timestamp};
use crate::domain::verdict::Verdict;

/// A job and all that became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEntry {
    /// What was asked for.
    pub job: Arc<Job>,
    /// A person wants it stopped; `true` inside: without SIGTERM first.
    pub cancel: Option<bool>,
    /// Every try, in the order in which the coordinator learned of them.
    pub attempts: Vec<Attempt>,
    /// Set once nothing more will happen.
    pub closed: Option<Closure>,
    /// The last time that a person wanted it tried again.
    pub reopened: Option<Box<Reopening>>,
}

/// A closed job that was opened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopening {
    /// Attempts up to this number are the past: they count against no budget.
    pub after: u32,
    /// What the next one may take over.
    pub from: Past,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number.
    pub n: u32,
    /// Where.
    pub host: HostName,
    /// The coordinator that asked for it.
    pub epoch: Epoch,
    /// Where it stands.
    pub state: AttemptState,
    /// How much of its journal has been applied.
    pub offset: u64,
    /// When it was intended or found, by the coordinator's clock.
    pub intended: Timestamp,
    /// When its present phase (or its last state) began, by the host's clock: never to be compared with our own.
    pub since: Timestamp,
    /// Why it failed, in the job's own words.
    pub excerpt: Option<String>,
    /// What its artifacts must match.
    pub seal: Option<Seal>,
    /// What its native phases said; most attempts of other pipelines say nothing.
    pub told: Option<Box<Told>>,
    /// How long each phase took that ended well.
    pub took: Vec<(PhaseName, Span)>,
}

/// What the native phases of an attempt said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// Phases whose results are on the host, and paid for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<PhaseName>,
    /// Why it failed, and when we heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<(Timestamp, Fault)>,
    /// What the evidence says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why its result is not to be trusted, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspect: Option<String>,
    /// What the model's work cost, in millionths of a dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<u64>,
    /// Of a live attempt, why its host cannot say how it is, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closure {
    /// Every phase ended well.
    Succeeded,
    /// A phase did not.
    Failed {
        /// Which.
        phase: PhaseName,
        /// How.
        ending: Ending,
    },
    /// On request.
    Cancelled,
    /// Given up: hosts kept losing it.
    GivenUp {
        /// In words.
        why: String,
    },
}

impl Closure {
    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Closure::Succeeded => "succeeded",
            Closure::Failed { .. } => "failed",
            Closure::Cancelled => "cancelled",
            Closure::GivenUp { .. } => "given-up",
        }
    }
}

impl JobEntry {
    /// One of its attempts.
    pub fn attempt(&self, n: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.n == n)
    }

    /// The attempt that a host may be working on. There is one at most.
    pub fn live(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.state.is_live())
    }

    /// The attempt whose results count: the last one that succeeded, or else the one that its job failed with, or else
    /// the last one.
    pub fn decisive(&self) -> Option<&Attempt> {
        let failed = |attempt: &&Attempt| {
            matches!(self.closed, Some(Closure::Failed { .. }))
                && matches!(attempt.state, AttemptState::Ended(Outcome::Failed { .. }))
                && !attempt.was_lost()
        };
        self.attempts
            .iter()
            .rfind(|attempt| attempt.state == AttemptState::Ended(Outcome::Succeeded))
            .or(self.attempts.iter().rfind(failed))
            .or(self.attempts.last())
    }

    /// Neither closed nor under way.
    pub fn is_waiting(&self) -> bool {
        self.closed.is_none() && self.live().is_none()
    }

    /// The number after all that are known.
    pub fn next_number(&self) -> u32 {
        let most = self.attempts.iter().map(|attempt| attempt.n).max();
        most.unwrap_or(0).saturating_add(1)
    }

    /// What the evidence says of the attempt that counts.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.decisive()?.verdict()
    }

    /// Attempts with finished phases on their host which need not be done again, the last one first.
    pub fn kept(&self) -> impl Iterator<Item = &Attempt> {
        let forgotten = match self.reopened.as_deref() {
            None | Some(Reopening { from: Past::Kept, .. }) => 0,
            Some(Reopening {
                after,
                from: Past::Nothing | Past::Trajectory(_),
            }) => *after,
        };
        let has = move |attempt: &&Attempt| {
            !attempt.state.is_live() && !attempt.done().is_empty() && attempt.n > forgotten
        };
        self.attempts.iter().rev().filter(has)
    }

    /// The trajectory that its next attempt starts from, if there is one already.
    pub fn given(&self) -> Option<&Dataset> {
        match self.reopened.as_deref() {
            Some(Reopening {
                from: Past::Trajectory(file),
                ..
            }) => Some(file),
            Some(_) | None => self.job.trajectory.as_deref(),
        }
    }

    /// Needs nothing of the model's provider any more.
    pub fn is_paid_for(&self) -> bool {
        self.kept().next().is_some() || self.given().is_some()
    }

    /// Attempts that a host lost or could not keep: not the job's fault. Those from before a person had it opened
    /// again do not count.
    pub fn lost(&self) -> impl Iterator<Item = &Attempt> {
        let after = self.reopened.as_ref().map_or(0, |reopening| reopening.after);
        self.attempts
            .iter()
            .filter(move |attempt| attempt.n > after && attempt.was_lost())
    }

    /// How many of its tries it has used up. A provider that asks for a pause costs none.
    pub fn tries(&self) -> usize {
        let costs = |attempt: &&Attempt| {
            let again = attempt.fault().map(|fault| fault.again);
            !matches!(again, Some(Again::Later | Again::Mended))
        };
        self.lost().filter(costs).count()
    }

    /// Why its result is not to be trusted, if so.
    pub fn suspect(&self) -> Option<&str> {
        self.decisive()?.told.as_ref()?.suspect.as_deref()
    }

    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match (&self.closed, self.live()) {
            (Some(closure), _) => closure.word(),
            (None, Some(_)) => "running",
            (None, None) => "waiting",
        }
    }
}

impl Attempt {
    /// When its present phase began: what its host says, as far as that can be so by our own clock.
    pub fn phase_since(&self, now: Timestamp) -> Timestamp {
        self.since.max(self.intended).min(now)
    }

    /// When it ended, by our own clock: when we heard of its fault, or else as long after it was intended as its phases
    /// took together.
    pub fn ended(&self) -> Timestamp {
        let heard = self.told.as_ref().and_then(|told| told.fault.as_ref());
        let took = || {
            self.took
                .iter()
                .fold(0, |sum: u64, (_, span)| sum.saturating_add(span.0))
        };
        heard.map_or_else(|| self.intended.after(Span(took())), |(at, _)| *at)
    }

    /// Ended in a way that says nothing of the job: it may be tried again.
    pub fn was_lost(&self) -> bool {
        match &self.state {
            AttemptState::Ended(Outcome::Lost { .. }) => true,
            AttemptState::Ended(Outcome::Failed { ending, .. }) => {
                matches!(ending, Ending::HostFault(_))
                    || self.fault().is_some_and(|fault| fault.again != Again::Never)
            }
            // It could not be started there, and can perhaps elsewhere.
            AttemptState::Refused => self.fault().is_some_and(|fault| fault.again != Again::Never),
            AttemptState::Ended(Outcome::Succeeded | Outcome::Cancelled)
            | AttemptState::Intended
            | AttemptState::Running { .. } => false,
        }
    }

    /// As far as is known here, nothing of it ever ran.
    pub fn never_began(&self) -> bool {
        self.state == AttemptState::Refused
    }

    /// Does it decide what becomes of its job? One that was lost, or could not be kept or started, does not.
    pub fn decides(&self) -> bool {
        matches!(&self.state, AttemptState::Ended(outcome) if !matches!(outcome, Outcome::Lost { .. }))
            && !self.was_lost()
    }

    /// Whose doing its end was, where it was lost, failed, or could not be started.
    pub fn blame(&self) -> Option<Class> {
        match &self.state {
            AttemptState::Ended(Outcome::Lost { .. }) => Some(Class::Host),
            AttemptState::Ended(Outcome::Failed { ending, .. }) => match (self.fault(), ending) {
                (Some(fault), _) => Some(fault.class),
                (None, Ending::HostFault(_)) => Some(Class::Host),
                (None, _) => None,
            },
            AttemptState::Refused => self.fault().map(|fault| fault.class),
            AttemptState::Ended(Outcome::Succeeded | Outcome::Cancelled)
            | AttemptState::Intended
            | AttemptState::Running { .. } => None,
        }
    }

    /// Why it failed, as a native phase explains it.
    pub fn fault(&self) -> Option<&Fault> {
        self.told.as_ref()?.fault.as_ref().map(|(_, fault)| fault)
    }

    /// Why its host cannot say how it is, if so.
    pub fn doubt(&self) -> Option<&str> {
        self.told.as_ref()?.doubt.as_deref()
    }

    /// What the evidence says.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.told.as_ref()?.verdict.as_ref()
    }

    /// Phases whose results are on its host, and paid for.
    pub fn done(&self) -> &[PhaseName] {
        self.told.as_ref().map_or(&[], |told| &told.done)
    }
}
