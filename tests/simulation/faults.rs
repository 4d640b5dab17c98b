//! What goes wrong: links, databases, capsules, and hosts that say what cannot be.

use std::sync::Arc;

use fleet::domain::event::Past;
use fleet::domain::fleet::Closure;
use fleet::domain::host::Outlook;
use fleet::domain::journal::{Entry, Line};
use fleet::domain::wire::{Capsule, Inventory, Unreadable};
use fleet::domain::{AttemptId, Epoch, Event, HostName, JobId, Timestamp};
use fleet::plan::Heard;

use super::world::{Ask, JOBS, World};

impl World {
    pub(super) fn disconnect(&mut self, name: &HostName) {
        let wire = self.wires.get_mut(name).unwrap();
        if std::mem::take(wire).open {
            self.hosts.get_mut(name).unwrap().host.hang_up();
            self.record(&[Event::LinkDown {
                host: name.clone(),
                reason: "cut".to_owned(),
                outlook: Outlook::Transient,
            }]);
        }
    }

    /// Something is said twice.
    pub(super) fn repeat(&mut self, name: &HostName) {
        let wire = self.wires.get_mut(name).unwrap();
        if let Some(say) = wire
            .says
            .front()
            .filter(|say| !matches!(say, Heard::Inventory(_)))
            .cloned()
        {
            wire.says.push_front(say);
        }
        if let Some(ask) = wire
            .asks
            .front()
            .filter(|ask| !matches!(ask, Ask::Inventory))
            .cloned()
        {
            wire.asks.push_front(ask);
        }
    }

    /// The machine with the database burns down. `fleet adopt` hears every host before anything is placed.
    pub(super) fn lose_database(&mut self) {
        self.fleet = None;
        self.stored = self
            .jobs
            .iter()
            .map(|job| (self.now, Event::JobAdded(Arc::clone(job))))
            .collect();
        self.epoch = self.hosts.values().map(|scene| scene.host.heard()).max().unwrap();
        self.adopting = self.configs.iter().map(|config| config.name.clone()).collect();
        self.cancelled = 0;
    }

    pub(super) fn cancel(&mut self) {
        if self.cancelled < 1 && self.fleet.is_some() && self.adopting.is_empty() {
            let job = self.jobs[self.dice.below(JOBS)].id;
            self.cancelled += 1;
            self.record(&[Event::CancelAsked { job, hard: false }]);
        }
    }

    /// A person wants a job tried again that has failed.
    pub(super) fn retry(&mut self) {
        let Some(fleet) = self.fleet.as_ref().filter(|_| self.adopting.is_empty()) else {
            return;
        };
        let failed = |closure: &Closure| matches!(closure, Closure::Failed { .. });
        let failed: Vec<JobId> = fleet
            .jobs()
            .filter(|entry| entry.closed.as_ref().is_some_and(failed))
            .map(|entry| entry.job.id)
            .collect();
        if let Some(job) = failed.get(self.dice.below(failed.len().max(1))).copied() {
            self.record(&[Event::Reopened {
                job,
                why: "once more".to_owned(),
                from: Past::Nothing,
            }]);
        }
    }

    /// The directory of a live attempt is removed. What its job wrote is gone with it.
    pub(super) fn delete_capsule(&mut self, name: &HostName) {
        let scene = self.hosts.get_mut(name).unwrap();
        let live: Vec<AttemptId> = scene.host.live().collect();
        if let Some(id) = live.first().copied() {
            scene.deleted.insert(id);
            self.destroyed.insert(id.job);
        }
    }

    /// What a host says is on it: by chance, some of it cannot be read just now, or it invents something.
    pub(super) fn inventory(&mut self, name: &HostName) -> Option<Inventory> {
        if self.faults && self.dice.one_in(12) {
            return None;
        }
        let scene = self.hosts.get_mut(name).unwrap();
        let mut inventory = scene.host.inventory(self.now);
        inventory
            .capsules
            .retain(|capsule| !scene.deleted.contains(&capsule.attempt));
        if !self.faults {
            return Some(inventory);
        }
        for capsule in std::mem::take(&mut inventory.capsules) {
            if self.dice.one_in(8) {
                inventory.unreadable.push(Unreadable {
                    attempt: capsule.attempt,
                    why: "Input/output error".to_owned(),
                    job: None,
                });
            } else {
                inventory.capsules.push(capsule);
            }
        }
        if self.dice.one_in(8) {
            inventory.capsules.push(self.invented());
        }
        Some(inventory)
    }

    /// A live attempt that nobody ever began: of no coordinator that has been, or with a number out of all bounds.
    fn invented(&mut self) -> Capsule {
        let job = self.jobs[self.dice.below(JOBS)].id;
        let (n, epoch) = match self.dice.below(3) {
            0 => (1, self.epoch),
            1 => (1, Epoch(u64::MAX)),
            _ => (4_000_000, Epoch(1)),
        };
        Capsule {
            attempt: AttemptId { job, n },
            epoch,
            outcome: None,
            journal: None,
            job: None,
        }
    }

    /// A host says something about one of its attempts that cannot be.
    pub(super) fn lie(&mut self, name: &HostName) {
        let Some(id) = self.hosts[name].host.live().next() else {
            return;
        };
        let line = Line {
            at: Timestamp(i64::MAX),
            entry: Entry::PhaseStarted {
                phase: "only".parse().unwrap(),
            },
        };
        let text = format!("{}\n", serde_json::to_string(&line).unwrap());
        let wire = self.wires.get_mut(name).unwrap();
        if wire.open {
            wire.says.push_back(Heard::Journal {
                attempt: id,
                from: 0,
                text,
            });
        }
    }
}
