//! What happens in a play: steps that end, links and hosts that come and go, changes that were asked for; and what the
//! coordinator hears of it.

use super::Turn;
use super::change::What;
use super::play::{Due, Play, TICKS};
use crate::domain::host::Outlook as LinkOutlook;
use crate::domain::journal::Entry;
use crate::domain::{AttemptId, Event, HostName, Span};
use crate::plan::{self, Heard};

/// How long a host takes to restart, and a cut link to come back.
const REBOOT: Span = Span::seconds(180);
const CUT: Span = Span::seconds(60);

impl Play<'_> {
    pub(super) fn happen(&mut self, due: Due) {
        if due == Due::Tick {
            self.ticking = false;
            self.news = true;
            self.pause = Span(self.pause.0 * 2).min(TICKS.1);
            return;
        }
        self.pause = TICKS.0;
        match due {
            Due::Tick => {}
            Due::Step(host, attempt, token) => {
                let Some(stage) = self.stages.get_mut(&host).filter(|stage| !stage.dead) else {
                    return;
                };
                let next = stage.step(self.now, attempt, token, &mut self.chance);
                self.next(&host, next);
                self.listen(&host, attempt);
                self.stock(&host);
            }
            Due::Fetched(host, image) => {
                let Some(stage) = self.stages.get_mut(&host).filter(|stage| !stage.dead) else {
                    return;
                };
                if let Some((need, _)) = stage.fetching.take_if(|(need, _)| *need.source == *image) {
                    stage.shelve(need);
                    self.fleet.notes_mut().record_fetch(&host, self.now, true);
                    self.stock(&host);
                }
            }
            Due::Change(n) => self.change(n),
            Due::Reboot(host) => {
                if let Some(stage) = self.stages.get_mut(&host).filter(|stage| !stage.dead) {
                    stage.reboot();
                    self.fleet.notes_mut().record_fetch(&host, self.now, false);
                    self.down(&host, "it starts anew", LinkOutlook::Transient);
                    self.at(self.now.after(REBOOT), Due::Back(host.clone()));
                    self.trouble_of(self.chance.faults.host, Due::Reboot(host));
                }
            }
            Due::Cut(host) => {
                if self.stages.get(&host).is_some_and(|stage| !stage.dead) {
                    self.down(&host, "its link is cut", LinkOutlook::Transient);
                    self.at(self.now.after(CUT), Due::Back(host.clone()));
                    self.trouble_of(self.chance.faults.link, Due::Cut(host));
                }
            }
            Due::Die(host) => self.die(&host),
            Due::Back(host) => self.connect(&host),
            Due::Gone(host) => {
                let events = plan::host_gone(&self.fleet, &host, Some("it died"));
                self.record(&events);
            }
        }
    }

    pub(super) fn change(&mut self, n: usize) {
        let Some(change) = self.scene.changes.get(n) else {
            return;
        };
        match &change.what {
            What::Dies(host) => self.die(host),
            What::Joins(host) => {
                let back = plan::host_gone(&self.fleet, host, None);
                self.record(&back);
                self.connect(host);
                self.trouble(host);
            }
            What::More(hosts) => {
                for host in hosts {
                    self.connect(host);
                    self.trouble(host);
                }
            }
            What::Slows(host, factor) => {
                let stage = self.stages.get_mut(host);
                let next = stage.map(|stage| stage.slow(self.now, *factor));
                self.next(host, next.unwrap_or_default());
            }
            What::Refuses(model) => {
                self.chance.refusing.insert(model.clone());
                let names: Vec<HostName> = self.stages.keys().cloned().collect();
                for host in names {
                    let stage = self.stages.get_mut(&host);
                    let next = stage.map(|stage| stage.refuse(self.now, model));
                    self.next(&host, next.unwrap_or_default());
                }
            }
        }
    }

    /// A host is never reached again. After a while a person declares it gone.
    pub(super) fn die(&mut self, host: &HostName) {
        let Some(stage) = self.stages.get_mut(host).filter(|stage| !stage.dead) else {
            return;
        };
        stage.dead = true;
        if stage.open {
            self.down(host, "it died", LinkOutlook::Transient);
        }
        let unreachable = self.scene.policy.unreachable;
        self.at(self.now.after(unreachable), Due::Gone(host.clone()));
    }

    pub(super) fn down(&mut self, host: &HostName, reason: &str, outlook: LinkOutlook) {
        if let Some(stage) = self.stages.get_mut(host) {
            stage.open = false;
            stage.host.hang_up();
        }
        self.record(&[Event::LinkDown {
            host: host.clone(),
            reason: reason.to_owned(),
            outlook,
        }]);
    }

    pub(super) fn connect(&mut self, name: &HostName) {
        let Some(stage) = self
            .stages
            .get_mut(name)
            .filter(|stage| !stage.dead && !stage.open)
        else {
            return;
        };
        stage.open = true;
        let inventory = stage.host.inventory(self.now);
        self.hear(name, &Heard::Inventory(inventory));
        self.record(&[Event::LinkUp {
            host: name.clone(),
            boot: String::new(),
        }]);
        self.look(name);
    }

    /// What an attempt has written since, if the link is up.
    pub(super) fn listen(&mut self, host: &HostName, attempt: AttemptId) {
        let Some(stage) = self.stages.get_mut(host).filter(|stage| stage.open) else {
            return;
        };
        let heard = stage.host.tell(attempt);
        if !stage.host.is_alive(attempt) && heard.is_some() {
            stage.host.forget(attempt);
        }
        if let Some(heard) = heard {
            self.hear(host, &heard);
        }
    }

    pub(super) fn hear(&mut self, host: &HostName, heard: &Heard) {
        let observed = plan::observe(&self.fleet, host, heard);
        debug_assert!(observed.puzzles.is_empty(), "{:?}", observed.puzzles);
        self.record(&observed.events);
        for stray in observed.strays {
            self.cancel(host, stray);
        }
    }

    pub(super) fn record(&mut self, events: &[Event]) {
        for event in events {
            let folded = self.fleet.fold(self.now, event);
            debug_assert!(folded.is_ok(), "{folded:?}");
            self.news |= self.matters(event);
            self.note(event);
        }
    }

    /// Remembers what the play came to.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Intended { attempt, host, .. } => {
                self.open.insert(*attempt, self.played.turns.len());
                self.played.turns.push(Turn {
                    attempt: *attempt,
                    host: host.clone(),
                    resumed: false,
                    from: self.now,
                    to: None,
                    word: "running",
                    moved: 0,
                });
            }
            Event::Journaled { attempt, .. }
            | Event::Refused { attempt, .. }
            | Event::Unfit { attempt, .. }
            | Event::Lost { attempt, .. } => {
                let over = self
                    .fleet
                    .attempt(*attempt)
                    .filter(|known| !known.state.is_live());
                if let Some(word) = over.map(|known| known.state.word())
                    && let Some(n) = self.open.remove(attempt)
                    && let Some(turn) = self.played.turns.get_mut(n)
                {
                    (turn.to, turn.word) = (Some(self.now), word);
                    self.played.ends = self.now;
                }
            }
            _ => {}
        }
    }

    /// Could `plan` decide anything because of this? A phase that follows another one changes nothing, unless it had
    /// kept the next image waiting.
    fn matters(&self, event: &Event) -> bool {
        let Event::Journaled { line, .. } = event else {
            return true;
        };
        match &line.entry {
            Entry::Ended { .. } => true,
            Entry::PhaseEnded { phase, .. } | Entry::PhaseKept { phase, .. } => {
                let mut images = self.scene.policy.image_phases.values();
                images.any(|image| image == phase)
            }
            // Where no phase gets an image, the next one may be fetched from the beginning.
            Entry::Opened { attempt, .. } => {
                let images = &self.scene.policy.image_phases;
                let job = self.fleet.job(attempt.job);
                self.fleet.knows_images()
                    && job.is_some_and(|entry| !images.contains_key(&entry.job.pipeline))
            }
            Entry::PhaseStarted { .. } | Entry::Pressed { .. } => false,
        }
    }
}
