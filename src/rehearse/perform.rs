//! What `plan` decides, done to the hosts that are played; the other half of what the engine does.

use super::play::Play;
use super::stage::Part;
use crate::domain::wire::Answer;
use crate::domain::{AttemptId, Effect, Event, HostName};
use crate::plan::{self, Heard};

impl Play<'_> {
    /// Asks `plan` until it decides nothing more, as the engine does.
    pub(super) fn decide(&mut self) {
        loop {
            let epoch = self.fleet.epoch();
            let mut decisions = Vec::new();
            for effect in plan::plan(&self.fleet, &self.scene.policy, self.now) {
                match effect {
                    Effect::Place { attempt, host } => {
                        decisions.push(Event::Intended { attempt, host, epoch });
                    }
                    Effect::GiveUp { job, why } => decisions.push(Event::GaveUp { job, why }),
                    Effect::Start { attempt, host, .. } => self.start(&host, attempt),
                    Effect::Follow { attempt, host, from } => {
                        self.fleet.told(&host, attempt);
                        if let Some(stage) = self.stages.get_mut(&host) {
                            stage.host.follow(attempt, from);
                        }
                        self.listen(&host, attempt);
                    }
                    Effect::Cancel { attempt, host, .. } => self.cancel(&host, attempt),
                }
            }
            if decisions.is_empty() {
                return;
            }
            self.record(&decisions);
        }
    }

    pub(super) fn start(&mut self, host: &HostName, id: AttemptId) {
        self.fleet.told(host, id);
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
            let model = &entry.job.model;
            next = stage.begin(self.now, Part { id, work, model }, kept, &mut self.chance);
            let moved = stage.moved - before;
            if let Some(turn) = self.open.get(&id).and_then(|n| self.played.turns.get_mut(*n)) {
                turn.moved = moved;
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
}
