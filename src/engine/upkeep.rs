//! What hosts say of themselves: their health, their images, what was fetched, removed or cleaned.

use std::collections::BTreeSet;

use super::Engine;
use super::hearing::refusal;
use super::talk::PendingReply;
use crate::domain::event::Stock;
use crate::domain::journal::Entry;
use crate::domain::wire::{Answer, Ask, Cleaned, Shelved};
use crate::domain::{AttemptId, Event, HostName};
use crate::doors::clock;
use crate::plan;
use crate::schedule::Fleet;

impl Engine {
    /// An answer about the host itself. Whatever went wrong there is no fault of the coordinator's, and no reason to stop.
    pub(super) fn hear_of_host(
        &mut self,
        host: &HostName,
        about: &PendingReply,
        answer: &Answer,
    ) -> Vec<Event> {
        let (fleet, now) = (&mut self.setup.fleet, clock::now());
        if *about == PendingReply::Shelf {
            fleet.notes_mut().await_images(host, false);
        }
        match (about, answer) {
            (PendingReply::Look, Answer::Facts(facts)) => {
                if plan::is_in_doubt(fleet, host, &facts.slots) {
                    self.talks.doubt(host);
                }
                let low = self.setup.policy.low_water;
                fleet
                    .notes_mut()
                    .record_health(host, now, facts.as_ref().clone(), low);
            }
            (PendingReply::Look, _) => fleet.notes_mut().record_no_health(host),
            (PendingReply::Shelf, Answer::Images(images)) => return stocked(fleet, host, images),
            (PendingReply::Fetch, Answer::Images(images)) => {
                fleet.notes_mut().record_fetch(host, now, true);
                return came(fleet, host, images);
            }
            (PendingReply::Fetch, other) => {
                tracing::warn!(host.name = %host, answer = ?other, "an image could not be fetched ahead");
                fleet.notes_mut().record_fetch(host, now, false);
            }
            (PendingReply::Evict(source), Answer::Images(_)) => {
                return vec![Event::Stocked {
                    host: host.clone(),
                    came: Vec::new(),
                    went: vec![source.clone()],
                }];
            }
            (PendingReply::Evict(source), other) => {
                tracing::warn!(host.name = %host, source, answer = ?other, "an image could not be removed");
            }
            (PendingReply::Clean, Answer::Cleaned(cleaned)) => {
                return vec![after_cleaning(host, &told(cleaned))];
            }
            (PendingReply::Clean, other) => {
                // Jobs must not wait for it for ever; if it mattered, they fail again, and elsewhere.
                return vec![after_cleaning(host, &format!("in vain: {}", refusal(other)))];
            }
            (PendingReply::Shelf, other) => {
                tracing::warn!(host.name = %host, answer = ?other, "a host cannot tell which images it has");
            }
            (
                PendingReply::Inventory
                | PendingReply::Start(_)
                | PendingReply::Follow
                | PendingReply::Stop
                | PendingReply::Seek(..)
                | PendingReply::Withdraw(..),
                _,
            ) => {}
        }
        Vec::new()
    }

    /// Asks a host which images it has.
    pub(super) fn shelf(&self) -> Ask {
        Ask::Shelf {
            runtimes: self.setup.config.runtimes(),
        }
    }

    /// Do these news tell that an attempt has made its image ready?
    pub(super) fn has_new_image(&self, events: &[(HostName, Event)], id: AttemptId) -> bool {
        let pipeline = self.setup.fleet.job(id.job).map(|entry| &entry.job.pipeline);
        let Some(image) = pipeline.and_then(|pipeline| self.setup.policy.image_phases.get(pipeline)) else {
            return false;
        };
        events.iter().any(|(_, event)| match event {
            Event::Journaled { attempt, line, .. } if *attempt == id => {
                matches!(&line.entry, Entry::PhaseEnded { phase, .. } if phase == image)
            }
            _ => false,
        })
    }
}

fn after_cleaning(host: &HostName, what: &str) -> Event {
    Event::Cleaned {
        host: host.clone(),
        what: what.to_owned(),
    }
}

fn told(cleaned: &Cleaned) -> String {
    format!(
        "{} containers, {} networks, {} volumes, {} half-loaded images removed",
        cleaned.containers, cleaned.networks, cleaned.volumes, cleaned.parts
    )
}

fn stock(image: &Shelved) -> Stock {
    Stock {
        source: image.source.clone(),
        bytes: image.size,
        layers: image.layers.clone(),
        runtime: image.runtime.clone(),
    }
}

/// All images of a host, as an event if that is news.
fn stocked(fleet: &Fleet, host: &HostName, images: &[Shelved]) -> Vec<Event> {
    let here: Vec<&Shelved> = images.iter().filter(|image| image.here).collect();
    let known = fleet.host(host).map(|entry| entry.shelf);
    let came = here
        .iter()
        .map(|image| stock(image))
        .filter(|new| known.and_then(|shelf| shelf.get(new.source.as_str())) != Some(new));
    let sources: BTreeSet<&str> = here.iter().map(|image| image.source.as_str()).collect();
    let gone = known.into_iter().flat_map(|shelf| shelf.keys());
    let went = gone.filter(|source| !sources.contains(source.as_ref()));
    news(host, came.collect(), went.map(ToString::to_string).collect())
}

/// Images that came to a host, as an event if that is news.
fn came(fleet: &Fleet, host: &HostName, images: &[Shelved]) -> Vec<Event> {
    let known = fleet.host(host).map(|entry| entry.shelf);
    let new = images.iter().filter(|image| image.here).map(stock);
    let new = new.filter(|new| known.and_then(|shelf| shelf.get(new.source.as_str())) != Some(new));
    news(host, new.collect(), Vec::new())
}

fn news(host: &HostName, came: Vec<Stock>, went: Vec<String>) -> Vec<Event> {
    if came.is_empty() && went.is_empty() {
        return Vec::new();
    }
    vec![Event::Stocked {
        host: host.clone(),
        came,
        went,
    }]
}
