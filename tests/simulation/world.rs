//! The coordinator, the wires and the faults; and what must hold whatever happens.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fleet::domain::event::Refusal;
use fleet::domain::fleet::Closure;
use fleet::domain::host::{HostConfig, Outlook, Reach};
use fleet::domain::wire::Answer;
use fleet::domain::{
    AttemptId, Effect, Epoch, Event, Fleet, HostName, Job, JobId, Place, SetName, Span, Timestamp,
};
use fleet::plan::{Heard, Observed, Policy, observe, plan};
use fleet::rehearse::Dice;

use super::host::Scene;

const HOSTS: usize = 3;
const JOBS: usize = 7;

/// To a host, over its link.
#[derive(Clone)]
enum Ask {
    Inventory,
    Start(AttemptId, Epoch),
    Follow(AttemptId, u64),
    Cancel(AttemptId),
}

#[derive(Default)]
struct Wire {
    open: bool,
    asks: VecDeque<Ask>,
    says: VecDeque<Heard>,
}

pub(crate) struct World {
    seed: u64,
    dice: Dice,
    now: Timestamp,
    faults: bool,
    policy: Policy,
    configs: Vec<HostConfig>,
    set: SetName,
    jobs: Vec<Arc<Job>>,
    /// What the database holds.
    stored: Vec<(Timestamp, Event)>,
    epoch: Epoch,
    fleet: Option<Fleet>,
    /// Hosts that must be heard before anything is placed: after the database was lost.
    adopting: Vec<HostName>,
    hosts: BTreeMap<HostName, Scene>,
    wires: BTreeMap<HostName, Wire>,
    /// What jobs themselves wrote down: how often each succeeded, and in which attempt.
    ledger: BTreeMap<JobId, Vec<AttemptId>>,
    cancelled: usize,
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
        match self.dice.below(if self.faults { 120 } else { 100 }) {
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
            wire.says.extend(scene.host.tell_all());
        }
    }

    fn host_hears(&mut self, name: &HostName) {
        let wire = self.wires.get_mut(name).unwrap();
        let Some(ask) = wire.asks.pop_front() else { return };
        let host = &mut self.hosts.get_mut(name).unwrap().host;
        match ask {
            Ask::Inventory => {
                let capsules = host.inventory(self.now);
                wire.says.push_back(Heard::Inventory(capsules));
            }
            Ask::Start(id, epoch) => {
                let answer = host.start(self.now, id, self.epoch, epoch);
                wire.says.push_back(Heard::Started(id, answer));
            }
            Ask::Follow(id, from) => host.follow(id, from),
            Ask::Cancel(id) => {
                host.cancel(id, self.epoch);
            }
        }
    }

    fn coordinator_hears(&mut self, name: &HostName) {
        let Some(heard) = self.wires.get_mut(name).unwrap().says.pop_front() else {
            return;
        };
        if let Heard::Started(_, Answer::Refused(Refusal::Fenced(_))) = heard {
            panic!("there is one coordinator, and it was fenced");
        }
        let Some(fleet) = &self.fleet else { return };
        let Observed {
            mut events,
            strays,
            gaps,
            puzzles,
        } = observe(fleet, name, &heard);
        assert_eq!(puzzles, Vec::<String>::new());
        let offsets: Vec<u64> = gaps
            .iter()
            .map(|id| fleet.attempt(*id).map_or(0, |attempt| attempt.offset))
            .collect();
        if matches!(heard, Heard::Inventory(_)) {
            events.push(Event::LinkUp {
                host: name.clone(),
                boot: String::new(),
            });
            self.adopting.retain(|other| other != name);
        }
        self.record(&events);
        let wire = self.wires.get_mut(name).unwrap();
        wire.asks.extend(strays.into_iter().map(Ask::Cancel));
        wire.asks.extend(
            gaps.into_iter()
                .zip(offsets)
                .map(|(id, from)| Ask::Follow(id, from)),
        );
        self.open_for_business();
    }

    /// Stores and folds; in between, and before, the coordinator may die.
    fn record(&mut self, events: &[Event]) {
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

    fn connect(&mut self, name: &HostName) {
        let wire = self.wires.get_mut(name).unwrap();
        if self.fleet.is_some() && !wire.open {
            *wire = Wire {
                open: true,
                asks: VecDeque::from([Ask::Inventory]),
                says: VecDeque::new(),
            };
            self.hosts.get_mut(name).unwrap().host.hang_up();
        }
    }

    fn disconnect(&mut self, name: &HostName) {
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
    fn repeat(&mut self, name: &HostName) {
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

    fn refold(&self) -> Fleet {
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

    /// The machine with the database burns down. `fleet adopt` hears every host before anything is placed.
    fn lose_database(&mut self) {
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

    fn cancel(&mut self) {
        if self.cancelled < 1 && self.fleet.is_some() && self.adopting.is_empty() {
            let job = self.jobs[self.dice.below(JOBS)].id;
            self.cancelled += 1;
            self.record(&[Event::CancelAsked { job, hard: false }]);
        }
    }

    /// What holds at every moment.
    pub(crate) fn check(&self) {
        let seed = self.seed;
        let mut alive = BTreeMap::new();
        for scene in self.hosts.values() {
            let host = &scene.host;
            assert!(
                host.live().count() <= 1,
                "seed {seed}: two jobs in one slot of {}",
                host.name()
            );
            for id in host.live() {
                if let Some(other) = alive.insert(id.job, (id, host.name())) {
                    panic!(
                        "seed {seed}: {} lives twice: {other:?} and {:?}",
                        id.job,
                        (id, host.name())
                    );
                }
            }
        }
        for (job, successes) in &self.ledger {
            assert!(
                successes.len() <= 1,
                "seed {seed}: {job} ran {} times: {successes:?}",
                successes.len()
            );
        }
        // Folding a whole history takes as long as many steps.
        if let Some(fleet) = self.fleet.as_ref().filter(|_| self.now.0 % 32 == 0) {
            assert!(
                fleet.same_facts(&self.refold()),
                "seed {seed}: memory and store differ"
            );
            let open = fleet.jobs().filter(|entry| entry.closed.is_none()).count();
            let enabled = fleet.is_enabled(&self.set);
            assert_eq!(
                fleet.open(),
                if enabled { open } else { 0 },
                "seed {seed}: the books do not balance"
            );
        }
    }

    /// What holds when nothing has gone wrong for a while.
    pub(crate) fn check_end(&self) {
        let seed = self.seed;
        assert!(
            self.is_done(),
            "seed {seed}: jobs are left: {:?}",
            self.fleet.as_ref().map(|fleet| {
                fleet
                    .jobs()
                    .filter(|entry| entry.closed.is_none())
                    .cloned()
                    .collect::<Vec<_>>()
            })
        );
        let fleet = self.fleet.as_ref().unwrap();
        for entry in fleet.jobs() {
            let successes = self.ledger.get(&entry.job.id).cloned().unwrap_or_default();
            match entry.closed.as_ref().unwrap() {
                Closure::Succeeded => {
                    let known = entry.decisive().map(|attempt| attempt.n);
                    assert_eq!(
                        successes.iter().map(|id| Some(id.n)).collect::<Vec<_>>(),
                        [known],
                        "seed {seed}"
                    );
                }
                Closure::Failed { .. } | Closure::Cancelled | Closure::GivenUp { .. } => {
                    assert!(
                        successes.is_empty(),
                        "seed {seed}: {} succeeded and nobody knows",
                        entry.job.id
                    );
                }
            }
        }
    }
}
