//! Attempts that cannot be made into steps: the job has a fault then, and does not wait for ever.
//!
//! Invariant: nothing is given up that its host may be running. An attempt of our own was never sent; one of an
//! earlier coordinator is looked for on its host first, and that coordinator is shut out before its absence counts.

use super::Engine;
use super::talk::PendingReply;
use crate::domain::event::Refusal;
use crate::domain::wire::{Answer, Ask, Authority};
use crate::domain::{AttemptId, AttemptState, Epoch, Event, Fault, HostName};
use crate::schedule::Fleet;

/// What follows: something to store, or a question to the host.
#[derive(Debug, Default)]
pub(super) struct Next {
    pub(super) event: Option<Event>,
    pub(super) question: Option<(HostName, Ask, PendingReply)>,
}

impl Next {
    fn ask(host: &HostName, ask: Ask, about: PendingReply) -> Next {
        Next {
            event: None,
            question: Some((host.clone(), ask, about)),
        }
    }
}

impl Engine {
    /// What follows from a start that cannot be made.
    pub(super) fn unfit(&self, host: &HostName, attempt: AttemptId, fault: Fault) -> Next {
        tracing::error!(attempt.id = %attempt, %fault, "an attempt cannot be started");
        unfit(&self.setup.fleet, &self.setup.authority, host, attempt, fault)
    }

    /// What follows once the host has looked for an attempt, or has heard that it is not wanted.
    pub(super) fn sought(&self, host: &HostName, about: PendingReply, answer: &Answer) -> Next {
        sought(&self.setup.fleet, &self.setup.authority, host, about, answer)
    }
}

fn unfit(fleet: &Fleet, authority: &Authority, host: &HostName, attempt: AttemptId, fault: Fault) -> Next {
    let known = fleet.attempt(attempt);
    if known.is_some_and(|known| known.epoch == authority.epoch) {
        let event = Some(Event::Unfit { attempt, fault });
        return Next {
            event,
            question: None,
        };
    }
    Next::ask(
        host,
        Ask::Follow { attempt, from: 0 },
        PendingReply::Seek(attempt, fault),
    )
}

fn sought(
    fleet: &Fleet,
    authority: &Authority,
    host: &HostName,
    about: PendingReply,
    answer: &Answer,
) -> Next {
    match (about, answer) {
        // It is not there. After this cancel, the host refuses to start it for an older coordinator.
        (PendingReply::Seek(attempt, fault), Answer::Failed(_)) => {
            let ask = Ask::Cancel {
                authority: authority.clone(),
                attempt,
                hard: false,
            };
            Next::ask(host, ask, PendingReply::Withdraw(attempt, fault))
        }
        (PendingReply::Withdraw(attempt, fault), Answer::Failed(_)) => {
            let known = fleet.attempt(attempt);
            let waits = known.is_some_and(|known| known.state == AttemptState::Intended);
            Next {
                event: waits.then_some(Event::Unfit { attempt, fault }),
                question: None,
            }
        }
        // It came in the last moment.
        (PendingReply::Withdraw(attempt, _), Answer::Done) => {
            Next::ask(host, Ask::Follow { attempt, from: 0 }, PendingReply::Follow)
        }
        // It is there, and its journal is on its way; or the host obeys a newer coordinator.
        (_, _) => Next::default(),
    }
}

/// The newer coordinator that a host obeys, if that is its answer.
pub(super) fn fenced(answer: &Answer) -> Option<Epoch> {
    match answer {
        Answer::Refused(Refusal::Fenced(epoch)) => Some(*epoch),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::fault::{Again, FaultName};
    use crate::domain::{Job, JobId, Place};

    const NOW: Epoch = Epoch(7);

    /// An attempt that the coordinator of this epoch was about to start on a host.
    fn intended(by: Epoch) -> (Fleet, HostName, AttemptId) {
        let host: HostName = "eval1".parse().unwrap();
        let (set, instance, model) = ("set".parse().unwrap(), "i".parse().unwrap(), "m".parse().unwrap());
        let job = JobId::derive(&set, &instance, &model, 1);
        let attempt = AttemptId { job, n: 1 };
        let mut fleet = Fleet::new(NOW, &[]);
        let added = Event::JobAdded(Arc::new(Job {
            id: job,
            set,
            instance,
            model,
            run: 1,
            task: None,
            pipeline: "gone".parse().unwrap(),
            dataset: None,
            trajectory: None,
            env: Vec::new(),
            place: Place::Any,
            order: 0,
        }));
        let placed = Event::Intended {
            attempt,
            host: host.clone(),
            epoch: by,
        };
        for event in [added, placed] {
            fleet.fold(crate::domain::Timestamp(1), &event).unwrap();
        }
        (fleet, host, attempt)
    }

    fn authority() -> Authority {
        Authority {
            epoch: NOW,
            coordinator: String::new(),
        }
    }

    fn fault() -> Fault {
        let what = "pipeline `gone` is not in fleet.toml any more";
        Fault::new(FaultName::NotInConfig, Again::Never, what)
    }

    #[test]
    fn what_this_coordinator_has_never_sent_is_a_fault_at_once() {
        let (fleet, host, attempt) = intended(NOW);
        let next = unfit(&fleet, &authority(), &host, attempt, fault());
        let fault = fault();
        assert_eq!(next.event, Some(Event::Unfit { attempt, fault }));
        assert!(next.question.is_none());
    }

    #[test]
    fn what_an_earlier_coordinator_may_have_sent_is_looked_for_and_withdrawn_before_it_is_a_fault() {
        let (mut fleet, host, attempt) = intended(Epoch(6));
        let authority = authority();
        let next = unfit(&fleet, &authority, &host, attempt, fault());
        assert_eq!(next.event, None, "it may be running there");
        let Some((_, Ask::Follow { from: 0, .. }, sought_for)) = next.question else {
            panic!("{next:?}");
        };
        let answer = |text: &str| Answer::Failed(text.to_owned());
        let asks = |about: PendingReply, answer: &Answer, fleet: &Fleet| {
            let next = sought(fleet, &authority, &host, about, answer);
            (next.event, next.question.map(|(_, ask, about)| (ask, about)))
        };
        let seek = || PendingReply::Seek(attempt, fault());
        assert!(sought_for == seek());
        assert!(asks(seek(), &Answer::Done, &fleet) == (None, None), "it is there");
        let (event, question) = asks(seek(), &answer("no such attempt"), &fleet);
        assert_eq!(event, None, "an order that is late may still come through");
        let Some((Ask::Cancel { authority: by, .. }, withdraw)) = question else {
            panic!("{question:?}");
        };
        assert_eq!(by.epoch, NOW, "from now on it comes through no more");
        let withdrawn = || PendingReply::Withdraw(attempt, fault());
        assert!(withdraw == withdrawn());
        let (event, question) = asks(withdrawn(), &Answer::Done, &fleet);
        assert_eq!(event, None, "it has come through");
        assert!(matches!(
            question,
            Some((Ask::Follow { from: 0, .. }, PendingReply::Follow))
        ));
        let (event, question) = asks(withdrawn(), &answer("no such attempt"), &fleet);
        assert_eq!(
            event,
            Some(Event::Unfit {
                attempt,
                fault: fault()
            })
        );
        assert!(question.is_none());
        // Meanwhile a host has said what became of it.
        let proof = "rebooted".to_owned();
        let lost = Event::Lost { attempt, proof };
        fleet.fold(crate::domain::Timestamp(2), &lost).unwrap();
        assert!(asks(withdrawn(), &answer("no such attempt"), &fleet) == (None, None));
    }
}
