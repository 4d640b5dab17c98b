//! From a round of news to events to store and requests to answer with.

use super::Engine;
use super::reach::News;
use super::talk::About;
use crate::domain::event::Refusal;
use crate::domain::host::Link;
use crate::domain::wire::{Answer, Ask, Say};
use crate::domain::{Epoch, Event, Fleet, HostName};
use crate::plan::{Heard, observe};
use crate::transport::LinkError;

/// What a round comes to.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    pub(super) events: Vec<Event>,
    pub(super) replies: Vec<(HostName, Ask, About)>,
    pub(super) fenced: Option<(HostName, Epoch)>,
}

impl Engine {
    pub(super) fn hear(&mut self, round: &[(HostName, News)]) -> Hearing {
        let mut hearing = Hearing::default();
        for (host, news) in round {
            match news {
                News::Up(hello, requests) => {
                    self.talks.open(host, hello, requests.clone());
                    hearing
                        .replies
                        .push((host.clone(), Ask::Inventory { jobs: false }, About::Inventory));
                }
                News::Down(error) => {
                    self.talks.close(host);
                    hearing.events.extend(link_down(&self.setup.fleet, host, error));
                }
                News::Said(Say::Journal { attempt, from, text }) => {
                    let heard = Heard::Journal {
                        attempt: *attempt,
                        from: *from,
                        text: text.clone(),
                    };
                    self.understand(&mut hearing, host, &heard);
                    if self.setup.fleet.knows_images() && self.has_new_image(&hearing.events, *attempt) {
                        hearing.replies.push((host.clone(), Ask::Images, About::Shelf));
                    }
                }
                News::Said(Say::Answer { to, with }) => match (self.talks.answered(host, *to), with) {
                    (Some(About::Inventory), Answer::Inventory(capsules)) => {
                        self.understand(&mut hearing, host, &Heard::Inventory(capsules.clone()));
                        let boot = self.talks.boot(host);
                        hearing.events.push(Event::LinkUp {
                            host: host.clone(),
                            boot,
                        });
                        if self.setup.fleet.knows_images() {
                            // The first choice there should know it, too.
                            self.setup.fleet.note_asked(host, true);
                            hearing.replies.push((host.clone(), Ask::Images, About::Shelf));
                        }
                    }
                    (Some(About::Start(attempt)), answer) => {
                        if let Answer::Refused(Refusal::Fenced(epoch)) = answer {
                            hearing.fenced = Some((host.clone(), *epoch));
                        }
                        self.understand(&mut hearing, host, &Heard::Started(attempt, answer.clone()));
                    }
                    (Some(About::Stop), Answer::Refused(Refusal::Fenced(epoch))) => {
                        hearing.fenced = Some((host.clone(), *epoch));
                    }
                    (
                        Some(
                            about @ (About::Look
                            | About::Shelf
                            | About::Fetch
                            | About::Evict(_)
                            | About::Clean),
                        ),
                        answer,
                    ) => {
                        hearing.events.extend(self.hear_of_host(host, &about, answer));
                    }
                    (about, Answer::Failed(why)) => {
                        tracing::warn!(host.name = %host, ?about, why, "the host could not do what it was asked");
                    }
                    (_, _) => {}
                },
            }
        }
        hearing
    }

    fn understand(&self, hearing: &mut Hearing, host: &HostName, heard: &Heard) {
        let observed = observe(&self.setup.fleet, host, heard);
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
                About::Stop,
            ));
        }
        for attempt in observed.gaps {
            let from = self.setup.fleet.attempt(attempt).map_or(0, |known| known.offset);
            hearing
                .replies
                .push((host.clone(), Ask::Follow { attempt, from }, About::Follow));
        }
        hearing.events.extend(observed.events);
    }
}

/// A link that is down stays down for the same reason without another event.
fn link_down(fleet: &Fleet, host: &HostName, error: &LinkError) -> Option<Event> {
    let reason = error.bare().to_string();
    if let Some(Link::Down { reason: known, .. }) = fleet.host(host).map(|entry| &entry.link)
        && *known == reason
    {
        return None;
    }
    Some(Event::LinkDown {
        host: host.clone(),
        reason,
        outlook: error.outlook(),
    })
}
