//! From one event to the next fleet: the facts take it in, and what follows from them is brought up to date.

use super::{Fleet, FoldError, JobEntry};
use crate::domain::event::{Event, Refusal};
use crate::domain::hold::Subject;
use crate::domain::journal::Entry;
use crate::domain::{AttemptId, HostName, JobId, Timestamp};

impl Fleet {
    /// Takes in one event that happened (was committed) at `at`. The only function that changes facts.
    pub fn fold(&mut self, at: Timestamp, event: &Event) -> Result<(), FoldError> {
        let job = event.job();
        let was_open = job.is_some_and(|job| self.is_open(job));
        self.facts.apply(at, event)?;
        self.follow(at, event);
        let is_open = job.is_some_and(|job| self.is_open(job));
        self.index.open += usize::from(is_open);
        self.index.open -= usize::from(was_open);
        Ok(())
    }

    /// Is this a job of an enabled set that is not closed?
    fn is_open(&self, job: JobId) -> bool {
        let open = |entry: &JobEntry| entry.closed.is_none() && self.notes.enabled.contains(&entry.job.set);
        self.facts.job(job).is_some_and(open)
    }

    /// Everything that follows from an event that the facts have taken in.
    fn follow(&mut self, at: Timestamp, event: &Event) {
        let Fleet { facts, index, notes } = self;
        match event {
            Event::JobAdded(job) => index.enqueue(facts, notes, job.id),
            Event::Intended { attempt, host, .. } | Event::Found { attempt, host, .. } => {
                let expected = index.dequeue(attempt.job);
                index.host(host).live.insert(*attempt);
                notes.expect(at, host, *attempt, expected);
                index.update_idle(facts, notes, host);
                notes.mark_unsent(host, *attempt);
            }
            Event::Journaled { attempt, line, .. } => {
                self.follow_line(at, *attempt, &line.entry);
                self.settle(at, *attempt);
            }
            Event::Refused { attempt, why } => {
                // Being fenced says nothing of the host; the engine stops for it.
                if let Some(known) = facts.attempt(*attempt)
                    && !matches!(why, Refusal::Fenced(_))
                {
                    notes.host_mut(&known.host).refused = Some((at, why.to_string()));
                }
                self.settle(at, *attempt);
            }
            Event::Unfit { attempt, .. } | Event::Lost { attempt, .. } => self.settle(at, *attempt),
            Event::CancelAsked { job, .. } => match facts.job(*job).and_then(JobEntry::live) {
                Some(live) => notes.mark_unsent(&live.host, AttemptId { job: *job, n: live.n }),
                None => {
                    index.dequeue(*job);
                }
            },
            Event::GaveUp { job, .. } => {
                index.dequeue(*job);
            }
            Event::Reopened { job, .. } => {
                index.dequeue(*job);
                index.enqueue(facts, notes, *job);
            }
            Event::Held { subject, .. } => {
                index.alarms.remove(subject);
                index.sort_anew(facts, notes, subject);
            }
            Event::Released { subject, .. } => self.let_go(subject),
            Event::Stocked { host, came, went } => {
                index.count_layers(facts, host, came);
                let balked = &mut notes.host_mut(host).balked;
                for source in went {
                    balked.remove(source.as_str());
                }
            }
            Event::Cleaned { host, .. } => notes.host_mut(host).dirty = false,
            Event::LinkUp { host, .. } => {
                notes.link_up(at, host, index.live(host));
                index.update_idle(facts, notes, host);
            }
            Event::LinkDown {
                host,
                reason,
                outlook,
            } => {
                notes.link_down(at, host, reason, *outlook);
                index.update_idle(facts, notes, host);
            }
            Event::HostGone { host, .. } => index.update_idle(facts, notes, host),
            Event::Graded { .. } | Event::Suspected { .. } | Event::Doubted { .. } => {}
        }
    }

    /// What a line of a journal teaches beside what it says of its attempt.
    fn follow_line(&mut self, at: Timestamp, id: AttemptId, entry: &Entry) {
        match entry {
            Entry::PhaseEnded {
                phase,
                ending,
                took,
                conclusion,
                ..
            } if ending.is_success() => {
                let Fleet { facts, index, notes } = self;
                index.measure(facts, notes, id, phase, *took);
                if conclusion.as_ref().is_some_and(|conclusion| conclusion.keeps) {
                    self.hear_provider(at, id.job, true);
                }
            }
            Entry::Pressed { .. } => self.hear_provider(at, id.job, false),
            Entry::Opened { .. }
            | Entry::PhaseStarted { .. }
            | Entry::PhaseEnded { .. }
            | Entry::PhaseKept { .. }
            | Entry::Ended { .. } => {}
        }
    }

    /// After news of an attempt: if it is over, its slot is free, and its job waits again unless it is closed.
    fn settle(&mut self, at: Timestamp, id: AttemptId) {
        let Some(attempt) = self.facts.attempt(id) else {
            return;
        };
        if attempt.state.is_live() {
            return;
        }
        let host: HostName = attempt.host.clone();
        self.index.host(&host).live.remove(&id);
        self.notes.forget(&host, id);
        self.learn(at, id);
        let Fleet { facts, index, notes } = self;
        index.update_idle(facts, notes, &host);
        index.enqueue(facts, notes, id.job);
    }

    /// What spoke against a subject is forgotten, since it may go on.
    fn let_go(&mut self, subject: &Subject) {
        let Fleet { facts, index, notes } = self;
        match subject {
            Subject::Host(host) => index.host(host).trials.clear(),
            Subject::Image(source) => {
                index.spoiled.remove(source.as_str());
            }
            Subject::Model(model) => {
                index.refusals.remove(model);
            }
            Subject::Set(_) | Subject::Memory(_) => {}
        }
        index.alarms.remove(subject);
        index.sort_anew(facts, notes, subject);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Epoch, Job, Place, SetName};

    #[test]
    fn what_contradicts_the_facts_changes_nothing() {
        let set: SetName = "set".parse().unwrap();
        let (instance, model) = ("i".parse().unwrap(), "m".parse().unwrap());
        let job = JobId::derive(&set, &instance, &model, 1);
        let attempt = AttemptId { job, n: 1 };
        let mut fleet = Fleet::new(Epoch(1), &[]);
        fleet.enable(&set);
        let added = Event::JobAdded(Arc::new(Job {
            id: job,
            set,
            instance,
            model,
            run: 1,
            task: None,
            pipeline: "swe".parse().unwrap(),
            dataset: None,
            trajectory: None,
            env: Vec::new(),
            place: Place::Any,
            order: 0,
        }));
        let intended = Event::Intended {
            attempt,
            host: "eval1".parse().unwrap(),
            epoch: Epoch(1),
        };
        let lost = Event::Lost {
            attempt,
            proof: "rebooted".to_owned(),
        };
        for event in [&added, &intended, &lost] {
            fleet.fold(Timestamp(1), event).unwrap();
        }
        let before = fleet.clone();
        assert_eq!(
            fleet.fold(Timestamp(2), &intended),
            Err(FoldError::Doubled(attempt, 1))
        );
        assert_eq!(fleet.fold(Timestamp(2), &added), Err(FoldError::JobTwice(job)));
        assert!(fleet.fold(Timestamp(2), &lost).is_err());
        assert!(fleet.same_facts(&before));
        assert_eq!((fleet.waits(), fleet.open()), (1, 1), "it waits where it was");
        let host = fleet.host(&"eval1".parse().unwrap()).unwrap();
        assert!(host.live.is_empty());
    }
}
