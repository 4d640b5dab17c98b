//! What `plan` decides, done to the hosts that are played; the other half of what the engine does.

use std::sync::Arc;

use super::play::{Due, Play};
use super::stage::{Bring, Part};
use crate::domain::event::Stock;
use crate::domain::wire::{Answer, DataRoot, Facts, Program};
use crate::domain::{AttemptId, Event, HostName, JobId};
use crate::plan::{self, Heard, HostMessage, Plan};

impl Play<'_> {
    /// Asks `plan` until it decides nothing more, as the engine does.
    pub(super) fn decide(&mut self) {
        loop {
            // What was decided is answered by the next round; what hosts answer meanwhile is news.
            self.news = false;
            let Plan {
                mut decisions,
                messages,
            } = plan::plan(&self.fleet, &self.scene.policy, self.now);
            for message in messages {
                decisions.extend(self.perform(message));
            }
            if decisions.is_empty() {
                return;
            }
            self.record(&decisions);
        }
    }

    /// Tells a host something; what follows from it at once.
    fn perform(&mut self, message: HostMessage) -> Option<Event> {
        match message {
            HostMessage::Start { attempt, host, .. } => self.start(&host, attempt),
            HostMessage::Follow { attempt, host, from } => {
                self.fleet.told(&host, attempt);
                if let Some(stage) = self.stages.get_mut(&host) {
                    stage.host.follow(attempt, from);
                }
                self.listen(&host, attempt);
            }
            HostMessage::Cancel { attempt, host, .. } => self.cancel(&host, attempt),
            HostMessage::Prefetch { host, job } => self.prefetch(&host, job),
            HostMessage::Probe { host } => self.look(&host),
            HostMessage::Evict { host, image } => {
                self.fleet.note_evicting(&host, self.now, &image);
                if let Some(stage) = self.stages.get_mut(&host) {
                    stage.shelf.remove(image.as_str());
                }
                self.look(&host);
                return Some(Event::Stocked {
                    host,
                    came: Vec::new(),
                    went: vec![image],
                });
            }
            HostMessage::Clean { host } => {
                return Some(Event::Cleaned {
                    host,
                    what: "leftovers removed".to_owned(),
                });
            }
        }
        None
    }

    fn start(&mut self, host: &HostName, id: AttemptId) {
        self.fleet.told(host, id);
        let image = self.bring(host, id.job);
        let (Some(stage), Some(entry)) = (self.stages.get_mut(host), self.fleet.job(id.job)) else {
            return;
        };
        let known = stage.host.is_alive(id);
        let epoch = self.fleet.epoch();
        let answer = stage.host.start(self.now, id, epoch, epoch);
        let mut next = None;
        if let Some(work) = self
            .scene
            .works
            .get(&id.job)
            .filter(|_| !known && answer == Answer::Done)
        {
            let kept = entry.kept().find(|attempt| attempt.host == *host);
            let kept = kept.map(|attempt| (attempt.n, attempt.done()));
            let before = stage.moved;
            let part = Part {
                id,
                work,
                model: &entry.job.model,
                image: image.as_ref(),
            };
            next = stage.begin(self.now, part, kept, &mut self.chance);
            let moved = stage.moved - before;
            if let Some(turn) = self.open.get(&id).and_then(|n| self.played.turns.get_mut(*n)) {
                turn.moved += moved;
            }
        }
        self.next(host, next);
        self.hear(host, &Heard::Started(id, answer));
        self.listen(host, id);
    }

    pub(super) fn cancel(&mut self, host: &HostName, id: AttemptId) {
        let epoch = self.fleet.epoch();
        if let Some(stage) = self.stages.get_mut(host) {
            stage.host.cancel(id, epoch);
            let next = stage.hurry(self.now, id);
            self.next(host, next);
        }
    }

    /// The image that a job needs, and what the host lacks of it.
    pub(super) fn bring(&self, host: &HostName, job: JobId) -> Option<Bring> {
        let (need, entry) = (self.fleet.image(job)?, self.fleet.host(host)?);
        Some(Bring {
            missing: self.fleet.missing(entry, need),
            need: Arc::clone(need),
        })
    }

    fn prefetch(&mut self, host: &HostName, job: JobId) {
        let image = self.bring(host, job);
        if self.fleet.note_next(host, job).is_none() {
            return;
        }
        let (Some(image), Some(work), Some(stage)) =
            (image, self.scene.works.get(&job), self.stages.get_mut(host))
        else {
            self.fleet.note_fetched(host, self.now, false);
            return;
        };
        let at = stage.fetch(self.now, &image, work, &mut self.chance);
        self.at(at, Due::Fetched(host.clone(), image.need.source.to_string()));
    }

    /// The host says how it is: only its engine's disk is played, and that only where its size is given.
    pub(super) fn look(&mut self, host: &HostName) {
        let (Some(disk), Some(stage)) = (self.scene.disk, self.stages.get(host)) else {
            self.fleet.note_no_facts(host);
            return;
        };
        let free = disk.saturating_sub(stage.shelf.values().sum());
        let facts = Facts {
            data_root: Some(DataRoot {
                path: String::new(),
                bytes: (disk, free),
                inodes: (0, 0),
            }),
            docker: Program::Version("played".to_owned()),
            ..Facts::default()
        };
        let low = self.scene.policy.low_water;
        self.fleet.note_facts(host, self.now, facts, low);
    }

    /// Tells of images that have come to a host.
    pub(super) fn stock(&mut self, host: &HostName) {
        let Some(stage) = self.stages.get_mut(host) else {
            return;
        };
        let arrived = std::mem::take(&mut stage.arrived);
        let built = std::mem::take(&mut stage.built);
        if arrived.is_empty() && built.is_empty() {
            return;
        }
        let came = arrived.iter().map(|need| {
            // Another host may know what it consists of.
            let known = self
                .fleet
                .hosts()
                .find_map(|(_, host)| host.shelf.get(&need.source));
            known.cloned().unwrap_or_else(|| Stock {
                source: need.source.to_string(),
                bytes: need.bytes,
                layers: Vec::new(),
                runtime: None,
            })
        });
        let came: Vec<Stock> = came.chain(built).collect();
        self.record(&[Event::Stocked {
            host: host.clone(),
            came,
            went: Vec::new(),
        }]);
        self.look(host);
    }
}
