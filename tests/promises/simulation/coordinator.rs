//! The coordinator: it hears, stores, folds, plans and tells, as the engine does; and it may die in between.

use std::collections::VecDeque;

use fleet::domain::event::Refusal;
use fleet::domain::fault::{Again, FaultName};
use fleet::domain::host::{Link, Outlook};
use fleet::domain::wire::Answer;
use fleet::domain::{AttemptId, Epoch, Event, Fault, HostName, Span};
use fleet::plan::{Heard, HostMessage, Observed, Plan, is_in_doubt, observe_after, plan};
use fleet::schedule::Fleet;

use super::world::{Ask, Wire, World};

impl World {
    /// A round of news from one host: understood one after the other, and stored together.
    pub(super) fn coordinator_hears(&mut self, name: &HostName) {
        let round = 1 + self.dice.below(3);
        let (mut events, mut lie) = (Vec::new(), false);
        for _ in 0..round {
            let Some(heard) = self.wires.get_mut(name).unwrap().says.pop_front() else {
                break;
            };
            let alone = matches!(heard, Heard::Inventory(_));
            if alone && !events.is_empty() {
                self.wires.get_mut(name).unwrap().says.push_front(heard);
                break;
            }
            lie |= self.hear(name, &heard, &mut events);
            if alone || lie {
                break;
            }
        }
        self.record(&events);
        if lie {
            self.disconnect(name);
        }
    }

    /// Whether it is a lie.
    fn hear(&mut self, name: &HostName, heard: &Heard, events: &mut Vec<Event>) -> bool {
        if let Heard::Started(_, Answer::Refused(Refusal::Fenced(_))) = heard {
            // A host that `fleet adopt` did not hear may have heard a newer coordinator than all others: a person adopts again.
            assert!(
                self.partial,
                "seed {}: there is one coordinator, and it was fenced",
                self.seed
            );
            (self.fleet, self.adopts) = (None, true);
        }
        let Some(fleet) = &self.fleet else { return false };
        let by = fleet.epoch();
        let Observed {
            events: new,
            strays,
            gaps,
            lie,
            doubtful,
            puzzles: _,
        } = observe_after(fleet, self.now, events.iter(), name, heard);
        let offsets: Vec<u64> = gaps
            .iter()
            .map(|id| fleet.attempt(*id).map_or(0, |attempt| attempt.offset))
            .collect();
        events.extend(new);
        if let Heard::Inventory(there) = heard {
            let fleet = self.fleet.as_mut().unwrap();
            there.attempts().for_each(|attempt| fleet.note_number(attempt));
            let entry = fleet.host(name);
            if entry.is_some_and(|entry| matches!(entry.link, Link::Up { .. })) {
                // Asked for because of doubts: what the journals say by now is asked for again.
                let again = entry.map(|entry| entry.live.clone()).unwrap_or_default();
                for attempt in again {
                    fleet.notes_mut().mark_unsent(name, attempt);
                }
            } else {
                events.push(Event::LinkUp {
                    host: name.clone(),
                    boot: String::new(),
                });
            }
        }
        let wire = self.wires.get_mut(name).unwrap();
        wire.asks.extend(strays.into_iter().map(|id| Ask::Cancel(id, by)));
        let follow = |(id, from)| Ask::Follow(id, from);
        wire.asks.extend(gaps.into_iter().zip(offsets).map(follow));
        if doubtful {
            wire.asks.push_back(Ask::Inventory);
        }
        lie.is_some()
    }

    /// Stores and folds; in between, and before, the coordinator may die.
    pub(super) fn record(&mut self, events: &[Event]) {
        if events.is_empty() || self.fleet.is_none() {
            return;
        }
        if self.faults && self.dice.one_in(40) {
            self.fleet = None;
            return;
        }
        let now = self.now;
        self.stored
            .extend(events.iter().map(|event| (now, event.clone())));
        if self.faults && self.dice.one_in(40) {
            self.fleet = None;
            return;
        }
        let (seed, fleet) = (self.seed, self.fleet.as_mut().unwrap());
        for event in events {
            if let Err(error) = fleet.fold(now, event) {
                panic!("seed {seed}: what was observed cannot be folded: {error}");
            }
        }
    }

    pub(super) fn think(&mut self) {
        self.a_person_resumes();
        self.a_person_adopts();
        loop {
            let Some(fleet) = &self.fleet else { return };
            let by = fleet.epoch();
            let Plan {
                mut decisions,
                messages,
            } = plan(fleet, &self.policy, self.now);
            self.check_decisions(&decisions);
            for message in messages {
                match message {
                    // Played hosts say nothing of their health, and have no images.
                    HostMessage::Probe { host } => {
                        self.fleet.as_mut().unwrap().notes_mut().record_no_health(&host);
                    }
                    HostMessage::Clean { host } => decisions.push(Event::Cleaned {
                        host,
                        what: String::new(),
                    }),
                    HostMessage::Prefetch { .. } | HostMessage::Evict { .. } => {}
                    HostMessage::Start { attempt, host, epoch } => {
                        decisions.extend(self.start_or_give_up(&host, attempt, epoch));
                    }
                    HostMessage::Follow { attempt, host, from } => {
                        self.tell(&host, attempt, Ask::Follow(attempt, from));
                    }
                    HostMessage::Cancel { attempt, host, .. } => {
                        self.tell(&host, attempt, Ask::Cancel(attempt, by));
                    }
                }
                if self.fleet.is_none() {
                    return;
                }
            }
            if decisions.is_empty() {
                self.check_outlook();
                return;
            }
            self.record(&decisions);
        }
    }

    /// What cannot be made into steps is never sent by the coordinator that intended it, and given up. (One of an earlier
    /// coordinator is looked for on its host; that is the engine's work, and played nowhere.)
    fn start_or_give_up(&mut self, host: &HostName, attempt: AttemptId, epoch: Epoch) -> Option<Event> {
        if !self.unfit.contains(&attempt.job) {
            self.tell(host, attempt, Ask::Start(attempt, self.epoch()));
            return None;
        }
        let fault = Fault::new(FaultName::NotInConfig, Again::Never, "there is no pipeline p");
        (epoch == self.epoch()).then_some(Event::Unfit { attempt, fault })
    }

    fn tell(&mut self, host: &HostName, attempt: AttemptId, ask: Ask) {
        if self.faults && self.dice.one_in(60) {
            self.fleet = None;
            return;
        }
        self.fleet.as_mut().unwrap().notes_mut().mark_sent(host, attempt);
        self.wires.get_mut(host).unwrap().asks.push_back(ask);
    }

    /// Opens the link; or, where it is open and something there is in doubt, asks what runs there.
    pub(super) fn connect(&mut self, name: &HostName) {
        let wire = self.wires.get_mut(name).unwrap();
        let Some(fleet) = &self.fleet else { return };
        if wire.open {
            let host = &self.hosts[name].host;
            let held: Vec<Option<AttemptId>> = host.live().map(Some).collect();
            if is_in_doubt(fleet, name, &held) {
                wire.asks.push_back(Ask::Inventory);
            }
        } else {
            *wire = Wire {
                open: true,
                asks: VecDeque::from([Ask::Inventory]),
                says: VecDeque::new(),
            };
            self.hosts.get_mut(name).unwrap().host.hang_up();
        }
    }

    /// The coordinator starts, as it always does: a new epoch, the stored facts, links from scratch.
    pub(super) fn begin(&mut self) {
        if self.fleet.is_some() {
            return;
        }
        self.cut_all();
        if self.adopts {
            self.adopt();
            return;
        }
        self.epochs.push((self.stored.len(), Epoch(self.epoch().0 + 1)));
        let known = self.refold();
        let new = self.jobs.iter().filter(|job| known.job(job.id).is_none());
        let new: Vec<Event> = new.map(|job| Event::JobAdded(job.clone())).collect();
        self.fleet = Some(self.loaded());
        self.record(&new);
        if let Some(fleet) = &mut self.fleet {
            fleet.enable(&self.set);
        }
        self.unfit.clear();
        if self.faults && self.dice.one_in(8) {
            let one = self.dice.below(self.jobs.len());
            self.unfit.insert(self.jobs[one].id);
        }
    }

    /// No link is left of the coordinator before.
    pub(super) fn cut_all(&mut self) {
        for (name, wire) in &mut self.wires {
            *wire = Wire::default();
            self.hosts.get_mut(name).unwrap().host.hang_up();
        }
    }

    /// The stored events, folded.
    pub(super) fn refold(&self) -> Fleet {
        let mut fleet = Fleet::new(self.epoch(), &self.configs);
        for (at, event) in &self.stored {
            if let Err(error) = fleet.fold(*at, event) {
                panic!("seed {}: what is stored cannot be folded: {error}", self.seed);
            }
        }
        fleet
    }

    /// The fleet as it is loaded from rows: what they say is put back, and what attempts teach is learned anew.
    pub(super) fn loaded(&self) -> Fleet {
        let stored = self.refold().facts().clone();
        let mut fleet = Fleet::from_facts(self.epoch(), &self.configs, stored);
        fleet.notes_mut().pause_providers(Span(3));
        // A stored link is history: this coordinator has none yet.
        for config in &self.configs {
            let down = Event::LinkDown {
                host: config.name.clone(),
                reason: "not yet".to_owned(),
                outlook: Outlook::Transient,
            };
            fleet.fold(self.now, &down).unwrap();
        }
        fleet
    }
}
