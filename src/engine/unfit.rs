//! Attempts that cannot be made into steps: the job has a fault then, and does not wait for ever.
//!
//! Invariant: nothing is given up that its host may be running. An attempt of our own was never sent; one of an
//! earlier coordinator is looked for on its host first, and that coordinator is shut out before its absence counts.

use super::Engine;
use super::talk::About;
use crate::domain::event::Refusal;
use crate::domain::wire::{Answer, Ask};
use crate::domain::{AttemptId, AttemptState, Epoch, Event, Fault, HostName};

/// What follows: something to store, or a question to the host.
#[derive(Debug, Default)]
pub(super) struct Next {
    pub(super) event: Option<Event>,
    pub(super) question: Option<(HostName, Ask, About)>,
}

impl Next {
    fn ask(host: &HostName, ask: Ask, about: About) -> Next {
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
        let known = self.setup.fleet.attempt(attempt);
        if known.is_some_and(|known| known.epoch == self.setup.authority.epoch) {
            let event = Some(Event::Unfit { attempt, fault });
            return Next {
                event,
                question: None,
            };
        }
        Next::ask(
            host,
            Ask::Follow { attempt, from: 0 },
            About::Seek(attempt, fault),
        )
    }

    /// What follows once the host has looked for an attempt, or has heard that it is not wanted.
    pub(super) fn sought(&self, host: &HostName, about: About, answer: &Answer) -> Next {
        match (about, answer) {
            // Not there; and from now on nobody else can have it started.
            (About::Seek(attempt, fault), Answer::Failed(_)) => {
                let authority = self.setup.authority.clone();
                let ask = Ask::Cancel {
                    authority,
                    attempt,
                    hard: false,
                };
                Next::ask(host, ask, About::Withdraw(attempt, fault))
            }
            (About::Withdraw(attempt, fault), Answer::Failed(_)) => {
                let known = self.setup.fleet.attempt(attempt);
                let waits = known.is_some_and(|known| known.state == AttemptState::Intended);
                Next {
                    event: waits.then_some(Event::Unfit { attempt, fault }),
                    question: None,
                }
            }
            // It came in the last moment.
            (About::Withdraw(attempt, _), Answer::Done) => {
                Next::ask(host, Ask::Follow { attempt, from: 0 }, About::Follow)
            }
            // It is there, and its journal is on its way; or the host obeys a newer coordinator.
            (_, _) => Next::default(),
        }
    }
}

/// The newer coordinator that a host obeys, if that is its answer.
pub(super) fn fenced(answer: &Answer) -> Option<Epoch> {
    match answer {
        Answer::Refused(Refusal::Fenced(epoch)) => Some(*epoch),
        _ => None,
    }
}
