//! The one place where the fleet changes.

use std::sync::Arc;

use super::{Attempt, Closure, Fleet, FoldError, JobEntry, Told};
use crate::domain::attempt::{AttemptState, News};
use crate::domain::conclusion::Conclusion;
use crate::domain::event::{Event, Refusal};
use crate::domain::host::{Link, Outlook};
use crate::domain::id::{AttemptId, Epoch, JobId};
use crate::domain::journal::{Entry, Outcome};
use crate::domain::name::{HostName, PhaseName, SetName};
use crate::domain::time::Timestamp;

impl Fleet {
    /// Takes in one event that happened (was committed) at `at`.
    pub fn fold(&mut self, at: Timestamp, event: &Event) -> Result<(), FoldError> {
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
                self.open += usize::from(self.enabled.contains(&job.set));
                self.jobs.insert(job.id, entry);
                self.enqueue(job.id);
            }
            Event::Intended { attempt, host, epoch } | Event::Found { attempt, host, epoch } => {
                self.admit(at, *attempt, host, *epoch)?;
            }
            Event::Journaled { attempt, to, line } => {
                let entry = self.news(*attempt, line.at, &News::Journal(&line.entry))?;
                entry.offset = *to;
                entry.read(at, &line.entry);
                self.hear_line(at, *attempt, &line.entry);
                self.settle(at, *attempt);
            }
            Event::Refused { attempt, why } => {
                let host = self.news(*attempt, at, &News::Refused)?.host.clone();
                // Being fenced says nothing of the host; the engine stops for it.
                if !matches!(why, Refusal::Fenced(_)) {
                    self.host_entry(&host).refused = Some((at, why.to_string()));
                }
                self.settle(at, *attempt);
            }
            Event::Unfit { attempt, fault } => {
                let known = self.news(*attempt, at, &News::Refused)?;
                known.told().fault = Some((at, fault.clone()));
                self.settle(at, *attempt);
            }
            Event::Lost { attempt, proof } => {
                self.news(*attempt, at, &News::Lost { proof })?;
                self.settle(at, *attempt);
            }
            Event::Graded { attempt: id, verdict } => {
                self.known(*id)?.told().verdict = Some(verdict.as_ref().clone());
            }
            Event::CancelAsked { job, hard } => {
                let entry = self.jobs.get_mut(job).ok_or(FoldError::UnknownJob(*job))?;
                if entry.closed.is_none() {
                    entry.cancel = Some(*hard || entry.cancel == Some(true));
                    match entry.live().map(|live| (live.host.clone(), live.n)) {
                        Some((host, n)) => self.tell(&host, AttemptId { job: *job, n }),
                        None => self.close(*job, Closure::Cancelled),
                    }
                }
            }
            Event::GaveUp { job, why } => {
                if !self.jobs.contains_key(job) {
                    return Err(FoldError::UnknownJob(*job));
                }
                self.close(*job, Closure::GivenUp { why: why.clone() });
            }
            Event::Held {
                subject,
                kind,
                why,
                until,
            } => self.held(at, subject, *kind, why, *until),
            Event::Released { subject, vouched, .. } => self.released(at, subject, *vouched),
            Event::Reopened { job, from, .. } => {
                if !self.jobs.contains_key(job) {
                    return Err(FoldError::UnknownJob(*job));
                }
                self.reopen(*job, from);
            }
            Event::Suspected { attempt: id, why } => {
                self.known(*id)?.told().suspect = Some(why.clone());
            }
            Event::Doubted { attempt: id, why } => {
                self.known(*id)?.told().doubt.clone_from(why);
            }
            Event::Stocked { host, came, went } => self.stocked(host, came, went),
            Event::Cleaned { host, .. } => self.host_entry(host).dirty = false,
            Event::LinkUp { host, .. } => self.link_up(at, host),
            Event::LinkDown {
                host,
                reason,
                outlook,
            } => self.link_down(at, host, reason, *outlook),
            Event::HostGone { host, word } => {
                self.host_entry(host).gone.clone_from(word);
                self.rate(host);
            }
        }
        Ok(())
    }

    fn link_up(&mut self, at: Timestamp, host: &HostName) {
        let entry = self.host_entry(host);
        entry.link = Link::Up { since: at };
        let live = entry.live.clone();
        self.untold
            .extend(live.into_iter().map(|attempt| (host.clone(), attempt)));
        self.rate(host);
    }

    fn link_down(&mut self, at: Timestamp, host: &HostName, reason: &str, outlook: Outlook) {
        let entry = self.host_entry(host);
        let since = match &entry.link {
            Link::Down { since, .. } => *since,
            Link::Unknown | Link::Up { .. } => at,
        };
        entry.link = Link::Down {
            since,
            reason: reason.to_owned(),
            outlook,
        };
        // What was on its way there is asked for anew.
        (entry.fetching, entry.next) = (None, None);
        entry.asked = false;
        self.untold.retain(|(of, _)| of != host);
        self.rate(host);
    }

    /// From now on the waiting jobs of this set may start.
    pub fn enable(&mut self, set: &SetName) {
        if self.enabled.insert(set.clone()) {
            let jobs: Vec<JobId> = self
                .jobs
                .values()
                .filter(|entry| entry.job.set == *set)
                .map(|entry| entry.job.id)
                .collect();
            for job in jobs {
                self.open += usize::from(self.jobs[&job].closed.is_none());
                self.enqueue(job);
            }
        }
    }

    /// The message for this attempt is on its way over the link that is open now.
    pub fn told(&mut self, host: &HostName, attempt: AttemptId) {
        self.untold.remove(&(host.clone(), attempt));
    }

    /// The host's message may be worth repeating (the answer was an error, say).
    pub fn tell(&mut self, host: &HostName, attempt: AttemptId) {
        if matches!(self.hosts.get(host), Some(entry) if matches!(entry.link, Link::Up { .. })) {
            self.untold.insert((host.clone(), attempt));
        }
    }

    /// A stored job with its attempts, put back as it was. Only for loading.
    pub fn restore(&mut self, entry: JobEntry) {
        let id = entry.job.id;
        if let Some(live) = entry.live() {
            let (host, attempt) = (live.host.clone(), AttemptId { job: id, n: live.n });
            self.host_entry(&host).live.insert(attempt);
        }
        self.jobs.insert(id, entry);
    }

    /// A stored word about a host. Only for loading.
    pub fn restore_host(&mut self, host: &HostName, gone: Option<String>) {
        self.host_entry(host).gone = gone;
    }

    /// A link as it was last seen. Only for those who look, and act on nothing.
    pub fn restore_link(&mut self, host: &HostName, link: Link) {
        self.host_entry(host).link = link;
        self.rate(host);
    }

    fn admit(
        &mut self,
        at: Timestamp,
        id: AttemptId,
        host: &HostName,
        epoch: Epoch,
    ) -> Result<(), FoldError> {
        let expected = self.waiting(id.job).map(|waiting| waiting.expected);
        self.dequeue(id.job);
        let entry = self.jobs.get_mut(&id.job).ok_or(FoldError::UnknownJob(id.job))?;
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
        let entry = self.host_entry(host);
        entry.live.insert(id);
        entry.expects.extend(expected.map(|span| (id, (at, span))));
        if entry.next == Some(id.job) {
            entry.next = None;
        }
        self.rate(host);
        self.tell(host, id);
        Ok(())
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

    fn known(&mut self, id: AttemptId) -> Result<&mut Attempt, FoldError> {
        self.jobs
            .get_mut(&id.job)
            .and_then(|entry| entry.attempts.iter_mut().find(|attempt| attempt.n == id.n))
            .ok_or(FoldError::UnknownAttempt(id))
    }

    /// What a line of a journal teaches beside what it says of its attempt.
    fn hear_line(&mut self, at: Timestamp, id: AttemptId, entry: &Entry) {
        match entry {
            Entry::PhaseEnded {
                phase,
                ending,
                took,
                conclusion,
                ..
            } if ending.is_success() => {
                self.measured(id, phase, *took);
                let phase = self.measures.shared(phase);
                if let Ok(attempt) = self.known(id) {
                    attempt.took.reserve_exact(1);
                    attempt.took.push((phase, *took));
                }
                if conclusion.as_ref().is_some_and(|conclusion| conclusion.keeps) {
                    self.heard_of_provider(at, id.job, true);
                }
            }
            Entry::Pressed { .. } => self.heard_of_provider(at, id.job, false),
            Entry::Opened { .. }
            | Entry::PhaseStarted { .. }
            | Entry::PhaseEnded { .. }
            | Entry::PhaseKept { .. }
            | Entry::Ended { .. } => {}
        }
    }

    /// After news of an attempt: if it is over, its slot is free and its job closed or waiting again.
    fn settle(&mut self, at: Timestamp, id: AttemptId) {
        let Some(attempt) = self.attempt(id) else { return };
        if attempt.state.is_live() {
            return;
        }
        let (host, state, lost) = (attempt.host.clone(), attempt.state.clone(), attempt.was_lost());
        let fault = attempt.fault().map(ToString::to_string);
        let entry = self.host_entry(&host);
        entry.live.remove(&id);
        entry.expects.remove(&id);
        self.untold.remove(&(host.clone(), id));
        self.learn(at, id);
        self.rate(&host);
        let cancelled = self.jobs[&id.job].cancel.is_some();
        match state {
            AttemptState::Ended(Outcome::Succeeded) => self.close(id.job, Closure::Succeeded),
            AttemptState::Ended(Outcome::Cancelled) => self.close(id.job, Closure::Cancelled),
            AttemptState::Ended(Outcome::Failed { phase, ending }) if !lost => {
                self.close(id.job, Closure::Failed { phase, ending });
            }
            AttemptState::Ended(Outcome::Failed { .. } | Outcome::Lost { .. }) | AttemptState::Refused => {
                match fault.filter(|_| state == AttemptState::Refused && !lost) {
                    _ if cancelled => self.close(id.job, Closure::Cancelled),
                    // What cannot be started will not start the next time either.
                    Some(why) => self.close(id.job, Closure::GivenUp { why }),
                    None => self.enqueue(id.job),
                }
            }
            AttemptState::Intended | AttemptState::Running { .. } => {}
        }
    }

    fn close(&mut self, job: JobId, closure: Closure) {
        self.dequeue(job);
        if let Some(entry) = self.jobs.get_mut(&job)
            && entry.closed.is_none()
        {
            entry.closed = Some(closure);
            self.open -= usize::from(self.enabled.contains(&entry.job.set));
        }
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
                    self.hear(at, phase, conclusion);
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

    fn hear(&mut self, at: Timestamp, phase: &PhaseName, conclusion: &Conclusion) {
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
