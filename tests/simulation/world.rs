//! The coordinator, the wires and the faults; and what must hold whatever happens.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use fleet::domain::event::Refusal;
use fleet::domain::host::{HostConfig, Link, Outlook, Reach};
use fleet::domain::wire::Answer;
use fleet::domain::{
    AttemptId, Effect, Epoch, Event, Fleet, HostName, Job, JobId, Place, SetName, Span, Timestamp,
};
use fleet::plan::{Heard, Observed, Policy, is_in_doubt, observe_after, plan};
use fleet::rehearse::Dice;

use super::host::Scene;

const HOSTS: usize = 3;
pub(super) const JOBS: usize = 7;

/// To a host, over its link.
#[derive(Clone)]
pub(super) enum Ask {
    Inventory,
    Start(AttemptId, Epoch),
    Follow(AttemptId, u64),
    Cancel(AttemptId),
}

#[derive(Default)]
pub(super) struct Wire {
    pub(super) open: bool,
    pub(super) asks: VecDeque<Ask>,
    pub(super) says: VecDeque<Heard>,
}

pub(crate) struct World {
    pub(super) seed: u64,
    pub(super) dice: Dice,
    pub(super) now: Timestamp,
    pub(super) faults: bool,
    policy: Policy,
    pub(super) configs: Vec<HostConfig>,
    pub(super) set: SetName,
    pub(super) jobs: Vec<Arc<Job>>,
    /// What the database holds.
    pub(super) stored: Vec<(Timestamp, Event)>,
    pub(super) epoch: Epoch,
    pub(super) fleet: Option<Fleet>,
    /// Hosts that must be heard before anything is placed: after the database was lost.
    pub(super) adopting: Vec<HostName>,
    pub(super) hosts: BTreeMap<HostName, Scene>,
    pub(super) wires: BTreeMap<HostName, Wire>,
    /// What jobs themselves wrote down: how often each succeeded, and in which attempt.
    pub(super) ledger: BTreeMap<JobId, Vec<AttemptId>>,
    pub(super) cancelled: usize,
    /// Jobs of which a capsule was destroyed, and with it the proof of what they did.
    pub(super) destroyed: BTreeSet<JobId>,
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let set: SetName = "set".parse().unwrap();
        let configs: Vec<HostConfig> = (0..HOSTS)
            .map(|n| HostConfig {
                name: format!("eval{n}").parse().unwrap(),
                reach: Reach::Local,
                slots: 1,
                arch: "x86_64".to_owned(),
                tags: Vec::new(),
                root: "~/.fleet".to_owned(),
                harness: None,
            })
            .collect();
        let jobs: Vec<Arc<Job>> = (0..JOBS)
            .map(|n| {
                let (instance, model) = (format!("i{n}").parse().unwrap(), "m".parse().unwrap());
                Arc::new(Job {
                    id: JobId::derive(&set, &instance, &model, 1),
                    set: set.clone(),
                    instance,
                    model,
                    run: 1,
                    task: None,
                    pipeline: "p".parse().unwrap(),
                    dataset: None,
                    trajectory: None,
                    env: Vec::new(),
                    place: if n % 3 == 0 {
                        Place::Any
                    } else {
                        Place::Host(configs[n % HOSTS].name.clone())
                    },
                    order: n as u64,
                })
            })
            .collect();
        let names = || configs.iter().map(|config| config.name.clone());
        World {
            seed,
            dice: Dice::new(seed),
            now: Timestamp(1000),
            faults: true,
            policy: Policy {
                lost_retries: 1000,
                retry_pause: Span(0),
                refused_pause: Span(5),
                unreachable: Span(u64::MAX >> 1),
                quarantine: Span(40),
                ..Policy::default()
            },
            hosts: names().map(|name| (name.clone(), Scene::new(name))).collect(),
            wires: names().map(|name| (name, Wire::default())).collect(),
            stored: jobs
                .iter()
                .map(|job| (Timestamp(0), Event::JobAdded(Arc::clone(job))))
                .collect(),
            configs,
            set,
            jobs,
            epoch: Epoch(0),
            fleet: None,
            adopting: Vec::new(),
            ledger: BTreeMap::new(),
            cancelled: 0,
            destroyed: BTreeSet::new(),
        }
    }

    /// From now on nothing goes wrong any more.
    pub(crate) fn calm(&mut self) {
        self.faults = false;
    }

    pub(crate) fn is_done(&self) -> bool {
        self.fleet
            .as_ref()
            .is_some_and(|fleet| fleet.open() == 0 && self.adopting.is_empty())
    }

    /// One thing happens.
    pub(crate) fn step(&mut self) {
        self.now.0 += 1;
        let name = self.configs[self.dice.below(HOSTS)].name.clone();
        match self.dice.below(if self.faults { 126 } else { 100 }) {
            0..30 => self.work(&name),
            30..50 => self.host_hears(&name),
            50..75 => self.coordinator_hears(&name),
            75..90 => self.think(),
            90..95 => self.connect(&name),
            95..100 => self.begin(),
            100..107 => self.disconnect(&name),
            107..111 => self.repeat(&name),
            111..113 => {
                self.hosts.get_mut(&name).unwrap().host.reboot();
                self.disconnect(&name);
            }
            113..117 => self.fleet = None,
            117..118 => self.lose_database(),
            118..120 => self.retry(),
            120..122 => self.delete_capsule(&name),
            122..124 => self.lie(&name),
            _ => self.cancel(),
        }
    }

    fn work(&mut self, name: &HostName) {
        let scene = self.hosts.get_mut(name).unwrap();
        if let Some(done) = scene.work(&mut self.dice) {
            self.ledger.entry(done.job).or_default().push(done);
        }
        let wire = self.wires.get_mut(name).unwrap();
        if wire.open {
            // The runner notices supervisors that died while it serves.
            if self.dice.one_in(5) {
                scene.host.bury(self.now);
            }
            let tales = scene.host.tell_all().into_iter();
            wire.says.extend(tales.filter(|heard| !scene.is_deleted(heard)));
        }
    }

    fn host_hears(&mut self, name: &HostName) {
        let wire = self.wires.get_mut(name).unwrap();
        let Some(ask) = wire.asks.pop_front() else { return };
        let scene = self.hosts.get_mut(name).unwrap();
        match ask {
            Ask::Inventory => {
                let inventory = self.inventory(name);
                let wire = self.wires.get_mut(name).unwrap();
                match inventory {
                    Some(inventory) => wire.says.push_back(Heard::Inventory(inventory)),
                    // A host that cannot say what runs there has no link.
                    None => self.disconnect(name),
                }
            }
            Ask::Start(id, epoch) => {
                scene.forget_deleted(id);
                let host = &mut scene.host;
                let answer = host.start(self.now, id, self.epoch, epoch);
                wire.says.push_back(Heard::Started(id, answer));
            }
            Ask::Follow(id, from) => scene.host.follow(id, from),
            Ask::Cancel(id) => {
                scene.host.cancel(id, self.epoch);
            }
        }
    }

    /// A round of news from one host: understood one after the other, and stored together.
    fn coordinator_hears(&mut self, name: &HostName) {
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
        self.open_for_business();
    }

    /// Whether it is a lie.
    fn hear(&mut self, name: &HostName, heard: &Heard, events: &mut Vec<Event>) -> bool {
        if let Heard::Started(_, Answer::Refused(Refusal::Fenced(_))) = heard {
            panic!("there is one coordinator, and it was fenced");
        }
        let Some(fleet) = &self.fleet else { return false };
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
        if let Heard::Inventory(_) = heard {
            let live = fleet
                .host(name)
                .is_some_and(|entry| matches!(entry.link, Link::Up { .. }));
            if live {
                // Asked for because of doubts: what the journals say by now is asked for again.
                let again = fleet
                    .host(name)
                    .map(|entry| entry.live.clone())
                    .unwrap_or_default();
                for attempt in again {
                    self.fleet.as_mut().unwrap().tell(name, attempt);
                }
            } else {
                events.push(Event::LinkUp {
                    host: name.clone(),
                    boot: String::new(),
                });
            }
            self.adopting.retain(|other| other != name);
        }
        let wire = self.wires.get_mut(name).unwrap();
        wire.asks.extend(strays.into_iter().map(Ask::Cancel));
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
        let fleet = self.fleet.as_mut().unwrap();
        for event in events {
            fleet.fold(now, event).expect("what was observed can be folded");
        }
    }

    fn think(&mut self) {
        loop {
            let Some(fleet) = &self.fleet else { return };
            let epoch = fleet.epoch();
            let mut decisions = Vec::new();
            for effect in plan(fleet, &self.policy, self.now) {
                let message = match effect.decision(epoch) {
                    Ok(decision) => {
                        decisions.push(decision);
                        continue;
                    }
                    Err(message) => message,
                };
                match message {
                    // Played hosts say nothing of their health, and have no images.
                    Effect::Look { host } => self.fleet.as_mut().unwrap().note_no_facts(&host),
                    Effect::Clean { host } => decisions.push(Event::Cleaned {
                        host,
                        what: String::new(),
                    }),
                    Effect::Prefetch { .. }
                    | Effect::Evict { .. }
                    | Effect::Place { .. }
                    | Effect::GiveUp { .. }
                    | Effect::Hold { .. }
                    | Effect::Release { .. }
                    | Effect::Suspect { .. } => {}
                    Effect::Start { attempt, host, epoch } => {
                        self.tell(&host, attempt, Ask::Start(attempt, epoch));
                    }
                    Effect::Follow { attempt, host, from } => {
                        self.tell(&host, attempt, Ask::Follow(attempt, from));
                    }
                    Effect::Cancel { attempt, host, .. } => self.tell(&host, attempt, Ask::Cancel(attempt)),
                }
                if self.fleet.is_none() {
                    return;
                }
            }
            if decisions.is_empty() {
                return;
            }
            self.record(&decisions);
        }
    }

    fn tell(&mut self, host: &HostName, attempt: AttemptId, ask: Ask) {
        if self.faults && self.dice.one_in(60) {
            self.fleet = None;
            return;
        }
        self.fleet.as_mut().unwrap().told(host, attempt);
        self.wires.get_mut(host).unwrap().asks.push_back(ask);
    }

    /// Opens the link; or, where it is open and something there is in doubt, asks what runs there.
    fn connect(&mut self, name: &HostName) {
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
    fn begin(&mut self) {
        if self.fleet.is_some() {
            return;
        }
        self.epoch = Epoch(self.epoch.0 + 1);
        for name in self
            .configs
            .iter()
            .map(|config| config.name.clone())
            .collect::<Vec<_>>()
        {
            *self.wires.get_mut(&name).unwrap() = Wire::default();
            self.hosts.get_mut(&name).unwrap().host.hang_up();
        }
        self.fleet = Some(self.refold());
        self.open_for_business();
    }

    pub(super) fn refold(&self) -> Fleet {
        let mut fleet = Fleet::new(self.epoch, &self.configs);
        for (at, event) in &self.stored {
            fleet.fold(*at, event).expect("what is stored can be folded");
        }
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

    fn open_for_business(&mut self) {
        if let Some(fleet) = self.fleet.as_mut().filter(|_| self.adopting.is_empty()) {
            fleet.enable(&self.set);
        }
    }
}
