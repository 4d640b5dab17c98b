//! The one place where stored facts change.

use std::sync::Arc;

use super::super::{Attempt, Closure, FoldError, JobEntry, Reopening, Told};
use super::StoredFacts;
use crate::domain::attempt::{AttemptState, News};
use crate::domain::conclusion::Conclusion;
use crate::domain::event::{Event, Past, Stock};
use crate::domain::hold::{Hold, Kind, Subject};
use crate::domain::journal::{Entry, Outcome};
use crate::domain::{AttemptId, Epoch, HostName, JobId, PhaseName, Span, Timestamp};

impl StoredFacts {
    /// Takes in one event that happened (was committed) at `at`; or nothing of it, if it contradicts them.
    pub(in super::super) fn apply(&mut self, at: Timestamp, event: &Event) -> Result<(), FoldError> {
        match event {
            Event::JobAdded(job) => {
                if self.jobs.contains_key(&job.id) {
                    return Err(FoldError::JobTwice(job.id));
                }
                let entry = JobEntry {
                    job: Arc::clone(job),
                    cancel: None,
                    attempts: Vec::new(),
                    closed: None,
                    reopened: None,
                };
                self.jobs.insert(job.id, entry);
            }
            Event::Intended { attempt, host, epoch } | Event::Found { attempt, host, epoch } => {
                self.admit(at, *attempt, host, *epoch)?;
            }
            Event::Journaled {
                attempt: id,
                to,
                line,
            } => {
                let took = self.took(&line.entry);
                let attempt = self.news(*id, line.at, &News::Journal(&line.entry))?;
                attempt.offset = *to;
                attempt.read(at, &line.entry);
                if let Some(took) = took {
                    attempt.took.reserve_exact(1);
                    attempt.took.push(took);
                }
                self.settle(*id);
            }
            Event::Refused { attempt, .. } => {
                self.news(*attempt, at, &News::Refused)?;
                self.settle(*attempt);
            }
            Event::Unfit { attempt, fault } => {
                self.news(*attempt, at, &News::Refused)?.told().fault = Some((at, fault.clone()));
                self.settle(*attempt);
            }
            Event::Lost { attempt, proof } => {
                self.news(*attempt, at, &News::Lost { proof })?;
                self.settle(*attempt);
            }
            Event::Graded { attempt, verdict } => {
                self.known(*attempt)?.told().verdict = Some(verdict.as_ref().clone());
            }
            Event::Suspected { attempt, why } => {
                self.known(*attempt)?.told().suspect = Some(why.clone());
            }
            Event::Doubted { attempt, why } => {
                self.known(*attempt)?.told().doubt.clone_from(why);
            }
            Event::CancelAsked { job, hard } => {
                let entry = self.entry(*job)?;
                if entry.closed.is_none() {
                    entry.cancel = Some(*hard || entry.cancel == Some(true));
                    if entry.live().is_none() {
                        entry.close(Closure::Cancelled);
                    }
                }
            }
            Event::GaveUp { job, why } => self.entry(*job)?.close(Closure::GivenUp { why: why.clone() }),
            Event::Reopened { job, from, .. } => self.entry(*job)?.reopen(from),
            Event::Held {
                subject,
                kind,
                why,
                until,
            } => {
                let hold = Hold {
                    kind: *kind,
                    why: why.clone(),
                    since: at,
                    until: *until,
                };
                self.held(subject, hold);
            }
            Event::Released { subject, vouched, .. } => self.released(at, subject, *vouched),
            Event::Stocked { host, came, went } => self.stocked(host, came, went),
            Event::HostGone { host, word } => {
                self.hosts.entry(host.clone()).or_default().gone.clone_from(word);
            }
            // What follows from these is not stored.
            Event::Cleaned { .. } | Event::LinkUp { .. } | Event::LinkDown { .. } => {}
        }
        Ok(())
    }

    fn admit(
        &mut self,
        at: Timestamp,
        id: AttemptId,
        host: &HostName,
        epoch: Epoch,
    ) -> Result<(), FoldError> {
        let entry = self.entry(id.job)?;
        // A number that never led to anything here may have led to something elsewhere, as its host remembers.
        let known = entry.attempt(id.n).filter(|known| !known.never_began());
        if let Some(other) = entry.live().or(known) {
            return Err(FoldError::Doubled(id, other.n));
        }
        entry.attempts.retain(|attempt| attempt.n != id.n);
        // Most jobs have one attempt; the room for four that a push makes would be most of the memory.
        entry.attempts.reserve_exact(1);
        entry.attempts.push(Attempt {
            n: id.n,
            host: host.clone(),
            epoch,
            state: AttemptState::Intended,
            offset: 0,
            intended: at,
            since: at,
            excerpt: None,
            seal: None,
            told: None,
            took: Vec::new(),
        });
        Ok(())
    }

    fn entry(&mut self, job: JobId) -> Result<&mut JobEntry, FoldError> {
        self.jobs.get_mut(&job).ok_or(FoldError::UnknownJob(job))
    }

    fn known(&mut self, id: AttemptId) -> Result<&mut Attempt, FoldError> {
        self.jobs
            .get_mut(&id.job)
            .and_then(|entry| entry.attempts.iter_mut().find(|attempt| attempt.n == id.n))
            .ok_or(FoldError::UnknownAttempt(id))
    }

    fn news(&mut self, id: AttemptId, at: Timestamp, news: &News<'_>) -> Result<&mut Attempt, FoldError> {
        let attempt = self.known(id)?;
        attempt.state = attempt
            .state
            .next(news)
            .map_err(|illegal| FoldError::Attempt(id, illegal))?;
        attempt.since = at;
        Ok(attempt)
    }

    /// How long a phase took, if this line says that it ended well.
    fn took(&mut self, entry: &Entry) -> Option<(PhaseName, Span)> {
        match entry {
            Entry::PhaseEnded {
                phase, ending, took, ..
            } if ending.is_success() => {
                if !self.phases.contains(phase) {
                    self.phases.insert(phase.clone());
                }
                let shared = self.phases.get(phase).unwrap_or(phase);
                Some((shared.clone(), *took))
            }
            Entry::Opened { .. }
            | Entry::PhaseStarted { .. }
            | Entry::PhaseEnded { .. }
            | Entry::Pressed { .. }
            | Entry::PhaseKept { .. }
            | Entry::Ended { .. } => None,
        }
    }

    /// After news of an attempt: if it is over, its job may be.
    fn settle(&mut self, id: AttemptId) {
        let Some(entry) = self.jobs.get_mut(&id.job) else {
            return;
        };
        let Some(attempt) = entry.attempt(id.n) else {
            return;
        };
        let closure = match &attempt.state {
            AttemptState::Ended(Outcome::Succeeded) => Some(Closure::Succeeded),
            AttemptState::Ended(Outcome::Cancelled) => Some(Closure::Cancelled),
            AttemptState::Ended(Outcome::Failed { phase, ending }) if !attempt.was_lost() => {
                Some(Closure::Failed {
                    phase: phase.clone(),
                    ending: ending.clone(),
                })
            }
            AttemptState::Ended(Outcome::Failed { .. } | Outcome::Lost { .. }) | AttemptState::Refused
                if entry.cancel.is_some() =>
            {
                Some(Closure::Cancelled)
            }
            // What cannot be started will not start the next time either.
            AttemptState::Refused if !attempt.was_lost() => attempt.fault().map(|fault| Closure::GivenUp {
                why: fault.to_string(),
            }),
            AttemptState::Ended(Outcome::Failed { .. } | Outcome::Lost { .. })
            | AttemptState::Refused
            | AttemptState::Intended
            | AttemptState::Running { .. } => None,
        };
        if let Some(closure) = closure {
            entry.close(closure);
        }
    }

    fn held(&mut self, subject: &Subject, hold: Hold) {
        let stand = self.stands.entry(subject.clone()).or_default();
        // A quarantine that is only given another end is still the same.
        let same = |hold: &Hold| hold.kind == Kind::Quarantined;
        let strikes = hold.kind == Kind::Quarantined && !stand.hold.as_ref().is_some_and(same);
        stand.strikes += u32::from(strikes);
        stand.hold = Some(hold);
    }

    fn released(&mut self, at: Timestamp, subject: &Subject, vouched: bool) {
        let stand = self.stands.entry(subject.clone()).or_default();
        stand.hold = None;
        stand.freed = Some(at);
        if vouched {
            stand.strikes = 0;
        }
    }

    /// A host has other images than was known.
    fn stocked(&mut self, host: &HostName, came: &[Stock], went: &[String]) {
        let images = &mut self.hosts.entry(host.clone()).or_default().shelf;
        for source in went {
            images.remove(source.as_str());
        }
        for stock in came {
            images.insert(stock.source.as_str().into(), stock.clone());
        }
    }
}

impl JobEntry {
    fn close(&mut self, closure: Closure) {
        self.closed.get_or_insert(closure);
    }

    fn reopen(&mut self, from: &Past) {
        let after = self.attempts.iter().map(|attempt| attempt.n).max().unwrap_or(0);
        self.reopened = Some(Box::new(Reopening {
            after,
            from: from.clone(),
        }));
        self.cancel = None;
        self.closed = None;
    }
}

impl Attempt {
    /// Takes in what a line of its journal says beside its state.
    fn read(&mut self, at: Timestamp, entry: &Entry) {
        match entry {
            Entry::PhaseEnded {
                phase,
                excerpt,
                conclusion,
                ..
            } => {
                self.excerpt.clone_from(excerpt);
                if let Some(conclusion) = conclusion {
                    self.conclude(at, phase, conclusion);
                }
            }
            Entry::PhaseKept { phase, .. } => self.told().done.push(phase.clone()),
            Entry::Ended { seal, .. } => self.seal = *seal,
            Entry::Opened { .. } | Entry::PhaseStarted { .. } | Entry::Pressed { .. } => {}
        }
    }

    fn told(&mut self) -> &mut Told {
        self.told.get_or_insert_default()
    }

    fn conclude(&mut self, at: Timestamp, phase: &PhaseName, conclusion: &Conclusion) {
        let told = self.told();
        if conclusion.keeps {
            told.done.push(phase.clone());
        }
        if conclusion.spent.is_some() {
            told.spent = conclusion.spent;
        }
        told.fault = conclusion.fault.clone().map(|fault| (at, fault));
        if conclusion.verdict.is_some() {
            told.verdict.clone_from(&conclusion.verdict);
        }
    }
}
