//! What goes wrong: links, clocks, capsules, and hosts that say what cannot be. And what persons do about it.

use fleet::domain::credible;
use fleet::domain::event::Past;
use fleet::domain::hold::{Kind, Subject};
use fleet::domain::host::{Link, Outlook};
use fleet::domain::journal::{Ending, Entry, Line};
use fleet::domain::wire::{Answer, Capsule, Inventory, Say, Unreadable};
use fleet::domain::{AttemptId, Epoch, Event, HostName, Job, JobId, Span, Timestamp};
use fleet::plan::Heard;
use fleet::schedule::fleet::Closure;

use super::world::{Ask, World};

impl World {
    pub(super) fn disconnect(&mut self, name: &HostName) {
        let wire = self.wires.get_mut(name).unwrap();
        if std::mem::take(wire).open {
            self.hosts.get_mut(name).unwrap().host.hang_up();
            self.link_down(name, "cut");
        }
    }

    /// The host's name cannot be resolved for a moment.
    pub(super) fn cannot_resolve(&mut self, name: &HostName) {
        if !self.wires[name].open {
            self.link_down(name, "no such name");
        }
    }

    fn link_down(&mut self, name: &HostName, reason: &str) {
        self.record(&[Event::LinkDown {
            host: name.clone(),
            reason: reason.to_owned(),
            outlook: Outlook::Transient,
        }]);
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

    /// The clock of a host jumps, forward or back.
    pub(super) fn jump(&mut self, name: &HostName) {
        let by = i64::try_from(self.dice.below(2_000_000)).unwrap_or(0);
        self.hosts.get_mut(name).unwrap().ahead = by - 1_000_000;
    }

    /// The coordinator's clock is set back. One that runs notices it.
    pub(super) fn set_back(&mut self) {
        if self.seed % 4 == 1 {
            return;
        }
        let by = Span(1 + self.dice.below(50_000) as u64);
        self.now = self.now.before(by);
        self.muddled = true;
        if let Some(fleet) = &mut self.fleet {
            fleet.notes_mut().set_back(by);
        }
    }

    pub(super) fn cancel(&mut self) {
        if self.cancelled < 1 && self.fleet.is_some() {
            let job = self.jobs[self.dice.below(self.jobs.len())].id;
            self.cancelled += 1;
            self.record(&[Event::CancelAsked { job, hard: false }]);
        }
    }

    /// A person wants a job tried again that has failed or was given up.
    pub(super) fn retry(&mut self) {
        let failed = self.failed();
        if let Some(job) = failed.get(self.dice.below(failed.len().max(1))).copied() {
            self.reopen(job);
        }
    }

    /// The same for all of them.
    pub(crate) fn retry_all(&mut self) {
        self.failed().into_iter().for_each(|job| self.reopen(job));
    }

    fn failed(&self) -> Vec<JobId> {
        let failed = |closure: &Closure| matches!(closure, Closure::Failed { .. } | Closure::GivenUp { .. });
        let jobs = self.fleet.iter().flat_map(fleet::schedule::Fleet::jobs);
        jobs.filter(|entry| entry.closed.as_ref().is_some_and(failed))
            .map(|entry| entry.job.id)
            .collect()
    }

    fn reopen(&mut self, job: JobId) {
        self.record(&[Event::Reopened {
            job,
            why: "once more".to_owned(),
            from: Past::Nothing,
        }]);
    }

    /// A person lets a host go that is in quarantine.
    pub(super) fn let_go(&mut self, name: &HostName) {
        let subject = Subject::Host(name.clone());
        let hold = self.fleet.as_ref().and_then(|fleet| fleet.hold(&subject));
        if hold.is_some_and(|hold| hold.kind == Kind::Quarantined) {
            self.hosts.get_mut(name).unwrap().excuse();
            self.release(subject);
        }
    }

    /// A person lets a model go that was stopped.
    pub(super) fn a_person_resumes(&mut self) {
        let subject = Subject::Model("m".parse().unwrap());
        let held = |fleet: &fleet::schedule::Fleet| fleet.hold(&subject).is_some();
        if self.fleet.as_ref().is_some_and(held) && self.dice.one_in(4) {
            self.release(subject);
        }
    }

    /// A person adopts once more if a host has been reached that is still not heard: it has heard a newer coordinator.
    pub(super) fn a_person_adopts(&mut self) {
        let Some(fleet) = &self.fleet else { return };
        let up = |name: &HostName| {
            let entry = fleet.host(name);
            entry.is_some_and(|entry| matches!(entry.link, Link::Up { .. }))
        };
        if fleet.unheard().any(|(name, _)| up(name)) && self.dice.one_in(10) {
            (self.fleet, self.adopts) = (None, true);
        }
    }

    fn release(&mut self, subject: Subject) {
        self.record(&[Event::Released {
            subject,
            why: "mended".to_owned(),
            vouched: true,
        }]);
    }

    /// The directory of a live attempt is removed. What its job wrote is gone with it.
    pub(super) fn delete_capsule(&mut self, name: &HostName) {
        let scene = self.hosts.get_mut(name).unwrap();
        let live: Vec<AttemptId> = scene.host.live().collect();
        if let Some(id) = live.first().copied() {
            scene.spoils(id);
            scene.deleted.insert(id);
            self.destroyed.insert(id.job);
        }
    }

    /// What a host says is on it, with the jobs if asked for: by chance, it can say nothing, some of it cannot be read just
    /// now, or it invents something.
    pub(super) fn inventory(&mut self, name: &HostName, jobs: bool) -> Option<Inventory> {
        if self.faults && self.dice.one_in(12) {
            return None;
        }
        let scene = self.hosts.get_mut(name).unwrap();
        let mut inventory = scene.host.inventory(scene.clock(self.now));
        inventory
            .capsules
            .retain(|capsule| !scene.deleted.contains(&capsule.attempt));
        if self.faults {
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
        }
        if jobs {
            for capsule in &mut inventory.capsules {
                capsule.job = self.job(capsule.attempt);
            }
            for one in &mut inventory.unreadable {
                one.job = self.job(one.attempt).filter(|_| self.dice.one_in(2));
            }
        }
        if self.faults && self.dice.one_in(8) {
            inventory.capsules.push(self.invented());
        }
        Some(inventory)
    }

    fn job(&self, attempt: AttemptId) -> Option<Job> {
        let mut jobs = self.jobs.iter();
        jobs.find(|job| job.id == attempt.job)
            .map(|job| job.as_ref().clone())
    }

    /// A live attempt that no coordinator ever began: of an epoch that never was, or with a number out of all bounds.
    fn invented(&mut self) -> Capsule {
        let job = self.jobs[self.dice.below(self.jobs.len())].id;
        let next = Epoch(self.epoch().0 + u64::from(self.fleet.is_none()));
        let (n, epoch) = match self.dice.below(3) {
            0 => (1, next),
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

    /// A host says something about one of its attempts that cannot be. A piece of a journal that is too far on does not
    /// come through the link.
    pub(super) fn lie(&mut self, name: &HostName) {
        let Some(id) = self.hosts[name].host.live().next() else {
            return;
        };
        let now = self.now;
        let end = self.hosts[name]
            .host
            .journal(id)
            .map_or(0, |text| text.len() as u64);
        let started = Entry::PhaseStarted {
            phase: "only".parse().unwrap(),
        };
        let endless = Entry::PhaseEnded {
            phase: "only".parse().unwrap(),
            ending: Ending::Exit(0),
            took: Span(u64::MAX),
            output: u64::MAX,
            excerpt: None,
            conclusion: None,
        };
        let (from, at, entry) = match self.dice.below(4) {
            0 => (end, Timestamp(i64::MAX), started),
            1 => (end, now, endless),
            2 => (u64::MAX - 9, now, started),
            _ => return self.fail_what_began(name, id),
        };
        let text = format!("{}\n", serde_json::to_string(&Line { at, entry }).unwrap());
        let say = Say::Journal {
            attempt: id,
            from,
            text: text.clone(),
        };
        let wire = self.wires.get_mut(name).unwrap();
        if !wire.open {
        } else if credible::doubtful(&say).is_some() {
            self.disconnect(name);
        } else {
            let attempt = id;
            wire.says.push_back(Heard::Journal { attempt, from, text });
        }
    }

    /// A confused host tells that an attempt has begun, and then that it cannot be started.
    fn fail_what_began(&mut self, name: &HostName, id: AttemptId) {
        let wire = self.wires.get_mut(name).unwrap();
        let opened = |say: &Heard| matches!(say, Heard::Journal { attempt, from: 0, .. } if *attempt == id);
        if let Some(place) = wire.says.iter().position(opened) {
            let failed = Answer::Failed("no more processes".to_owned());
            wire.says.insert(place + 1, Heard::Started(id, failed));
        }
    }
}
