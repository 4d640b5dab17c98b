//! From a round of news to events to store and requests to answer with.

use std::collections::BTreeSet;

use super::Engine;
use super::reach::LinkEvent;
use super::talk::PendingReply;
use super::unfit;
use crate::domain::event::Refusal;
use crate::domain::host::{Link, Outlook};
use crate::domain::wire::{Answer, Ask, Say};
use crate::domain::{Epoch, Event, HostName, JobId};
use crate::doors::{clock, secrets};
use crate::plan::{Heard, observe_after};
use crate::schedule::Fleet;
use crate::transport::LinkError;

/// What a round comes to.
#[derive(Debug, Default)]
pub(super) struct Reaction {
    /// Each with the host that it came from.
    pub(super) events: Vec<(HostName, Event)>,
    pub(super) replies: Vec<(HostName, Ask, PendingReply)>,
    /// Hosts that obey a newer coordinator, as they say.
    pub(super) fenced: Vec<(HostName, Epoch)>,
    /// The jobs of the events.
    jobs: BTreeSet<JobId>,
}

impl Reaction {
    fn add(&mut self, host: &HostName, events: Vec<Event>) {
        for event in events {
            self.jobs.extend(event.job());
            self.events.push((host.clone(), event));
        }
    }
}

impl Engine {
    pub(super) fn hear(&mut self, round: &[(HostName, LinkEvent)]) -> Reaction {
        let mut hearing = Reaction::default();
        for (host, news) in round {
            match news {
                // Nothing is asked of a host that obeys another coordinator.
                LinkEvent::Up(..) if self.fenced.contains_key(host) => {}
                LinkEvent::Up(hello, requests) => {
                    self.talks.open(host, hello, requests.clone());
                    hearing.replies.push((
                        host.clone(),
                        Ask::Inventory { jobs: false },
                        PendingReply::Inventory,
                    ));
                }
                LinkEvent::Down(error, outlook) => {
                    self.talks.close(host);
                    let down = link_down(&self.setup.fleet, host, error, *outlook);
                    hearing.add(host, down.into_iter().collect());
                }
                LinkEvent::Said(Say::Journal { attempt, from, text }) => {
                    let heard = Heard::Journal {
                        attempt: *attempt,
                        from: *from,
                        text: text.clone(),
                    };
                    self.understand(&mut hearing, host, Some(attempt.job), &heard);
                    if self.setup.fleet.knows_images() && self.has_new_image(&hearing.events, *attempt) {
                        hearing
                            .replies
                            .push((host.clone(), self.shelf(), PendingReply::Shelf));
                    }
                }
                LinkEvent::Said(Say::Answer { to, with }) => self.hear_answer(&mut hearing, host, *to, with),
            }
        }
        hearing
    }

    fn hear_answer(&mut self, hearing: &mut Reaction, host: &HostName, to: u64, answer: &Answer) {
        match (self.talks.answered(host, to), answer) {
            (Some(PendingReply::Inventory), Answer::Inventory(there)) => {
                self.understand(hearing, host, None, &Heard::Inventory(there.clone()));
                for attempt in there.attempts() {
                    self.setup.fleet.note_number(attempt);
                }
                self.came_up(hearing, host);
            }
            // A host that cannot say what runs there can be told nothing; perhaps it can the next time.
            (Some(PendingReply::Inventory), other) => {
                let why = format!("it cannot say what runs there: {}", refusal(other));
                self.hang_up(hearing, host, why, Outlook::Transient);
            }
            (Some(PendingReply::Start(attempt)), answer) => {
                if let Answer::Refused(Refusal::Fenced(epoch)) = answer {
                    hearing.fenced.push((host.clone(), *epoch));
                }
                let heard = Heard::Started(attempt, answer.clone());
                self.understand(hearing, host, Some(attempt.job), &heard);
            }
            (Some(PendingReply::Stop), Answer::Refused(Refusal::Fenced(epoch))) => {
                hearing.fenced.push((host.clone(), *epoch));
            }
            (Some(about @ (PendingReply::Seek(..) | PendingReply::Withdraw(..))), answer) => {
                hearing
                    .fenced
                    .extend(unfit::fenced(answer).map(|epoch| (host.clone(), epoch)));
                let next = self.sought(host, about, answer);
                hearing.add(host, next.event.into_iter().collect());
                hearing.replies.extend(next.question);
            }
            // What is wrong with the journal shows in the inventory.
            (Some(PendingReply::Follow), Answer::Failed(why)) => {
                tracing::warn!(host.name = %host, why, "a journal cannot be followed");
                self.talks.doubt(host);
            }
            (
                Some(
                    about @ (PendingReply::Look
                    | PendingReply::Shelf
                    | PendingReply::Fetch
                    | PendingReply::Evict(_)
                    | PendingReply::Clean),
                ),
                answer,
            ) => {
                let events = self.hear_of_host(host, &about, answer);
                hearing.add(host, events);
            }
            (about, Answer::Failed(why)) => {
                tracing::warn!(host.name = %host, ?about, why, "the host could not do what it was asked");
            }
            (_, _) => {}
        }
    }

    /// The first inventory over a link makes the host one that can be used; a later one was asked for because of doubts.
    fn came_up(&mut self, hearing: &mut Reaction, host: &HostName) {
        let Some(boot) = self.talks.first_inventory(host) else {
            // What its journals say by now is asked for again.
            let live = self.setup.fleet.host(host).map(|entry| entry.live.clone());
            for attempt in live.into_iter().flatten() {
                self.setup.fleet.notes_mut().mark_unsent(host, attempt);
            }
            return;
        };
        let up = Event::LinkUp {
            host: host.clone(),
            boot,
        };
        hearing.add(host, vec![up]);
        if self.setup.fleet.knows_images() {
            // The first choice there should know it, too.
            self.setup.fleet.notes_mut().await_images(host, true);
            hearing
                .replies
                .push((host.clone(), self.shelf(), PendingReply::Shelf));
        }
    }

    fn understand(&mut self, hearing: &mut Reaction, host: &HostName, job: Option<JobId>, heard: &Heard) {
        let earlier = hearing.events.iter().map(|(_, event)| event);
        // Most news are the first of their job in a round: then there is no need to look.
        let earlier = earlier.filter(|_| job.is_some_and(|job| hearing.jobs.contains(&job)));
        let observed = observe_after(&self.setup.fleet, clock::now(), earlier, host, heard);
        for puzzle in observed.puzzles {
            tracing::warn!(host.name = %host, puzzle, "a host said something that makes no sense here");
        }
        for attempt in observed.strays {
            tracing::warn!(host.name = %host, attempt.id = %attempt, "stopping an attempt that was given up");
            let authority = self.setup.authority.clone();
            hearing.replies.push((
                host.clone(),
                Ask::Cancel {
                    authority,
                    attempt,
                    hard: false,
                },
                PendingReply::Stop,
            ));
        }
        for attempt in observed.gaps {
            let from = self.setup.fleet.attempt(attempt).map_or(0, |known| known.offset);
            hearing
                .replies
                .push((host.clone(), Ask::Follow { attempt, from }, PendingReply::Follow));
        }
        hearing.add(host, observed.events);
        if observed.doubtful {
            self.talks.doubt(host);
        }
        if let Some(lie) = observed.lie {
            self.hang_up(
                hearing,
                host,
                format!("it cannot be believed: {lie}"),
                Outlook::Permanent,
            );
        }
    }

    /// Closes the link to a host, which is opened again after a pause.
    pub(super) fn hang_up(
        &mut self,
        hearing: &mut Reaction,
        host: &HostName,
        reason: String,
        outlook: Outlook,
    ) {
        self.talks.close(host);
        let down = Event::LinkDown {
            host: host.clone(),
            reason,
            outlook,
        };
        hearing.add(host, vec![down]);
    }
}

/// Why an answer is none.
pub(super) fn refusal(answer: &Answer) -> String {
    match answer {
        Answer::Fault(fault) => fault.to_string(),
        Answer::Failed(why) => why.clone(),
        other => format!("unexpected answer {other:?}"),
    }
}

/// A link that is down stays down for the same reason without another event.
fn link_down(fleet: &Fleet, host: &HostName, error: &LinkError, outlook: Outlook) -> Option<Event> {
    // As it is stored, so that the same is seen to be the same.
    let reason = secrets::hidden(&error.bare().to_string());
    if let Some(Link::Down {
        reason: known,
        outlook: same,
        ..
    }) = fleet.host(host).map(|entry| entry.link)
        && (known, same) == (&reason, &outlook)
    {
        return None;
    }
    Some(Event::LinkDown {
        host: host.clone(),
        reason,
        outlook,
    })
}
