//! The world: hosts, wires, what the database holds, and what happens next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use fleet::domain::host::{HostConfig, Reach};
use fleet::domain::{AttemptId, Epoch, Event, HostName, Job, JobId, Place, SetName, Span, Timestamp};
use fleet::plan::{Heard, Policy};
use fleet::rehearse::Dice;
use fleet::schedule::Fleet;

use super::host::Scene;

pub(super) const HOSTS: usize = 3;
/// In most histories there are few jobs, so that each goes through much.
const FEW: usize = 7;
/// What speaks against a host is compared with what many others came to.
const MANY: usize = 24;

/// To a host, over its link; what changes something there, with the epoch of the coordinator that wants it.
#[derive(Clone)]
pub(super) enum Ask {
    Inventory,
    Start(AttemptId, Epoch),
    Follow(AttemptId, u64),
    Cancel(AttemptId, Epoch),
}

/// A database: its events and epochs.
pub(super) type Copy = (Vec<(Timestamp, Event)>, Vec<(usize, Epoch)>);

#[derive(Default)]
pub(super) struct Wire {
    pub(super) open: bool,
    pub(super) asks: VecDeque<Ask>,
    pub(super) says: VecDeque<Heard>,
}

pub(crate) struct World {
    pub(super) seed: u64,
    pub(super) dice: Dice,
    /// How many things have happened.
    pub(super) steps: u64,
    /// By the coordinator's clock.
    pub(super) now: Timestamp,
    pub(super) faults: bool,
    pub(super) policy: Policy,
    pub(super) configs: Vec<HostConfig>,
    pub(super) set: SetName,
    pub(super) jobs: Vec<Arc<Job>>,
    /// What the database holds: events, …
    pub(super) stored: Vec<(Timestamp, Event)>,
    /// … and the epochs that were handed out, each with the number of events that were stored before.
    pub(super) epochs: Vec<(usize, Epoch)>,
    pub(super) fleet: Option<Fleet>,
    /// Copies of the database from before others were put back.
    pub(super) copies: Vec<Copy>,
    /// The database was lost or an older one put back: `fleet adopt` comes before `fleet dispatch`.
    pub(super) adopts: bool,
    /// Some hosts were not heard then.
    pub(super) partial: bool,
    pub(super) hosts: BTreeMap<HostName, Scene>,
    pub(super) wires: BTreeMap<HostName, Wire>,
    /// Where each attempt began that ever did.
    pub(super) began: BTreeMap<AttemptId, HostName>,
    /// What jobs themselves wrote down: how often each succeeded, and in which attempt.
    pub(super) ledger: BTreeMap<JobId, Vec<AttemptId>>,
    pub(super) cancelled: usize,
    /// Jobs of which a capsule was destroyed, and with it the proof of what they did.
    pub(super) destroyed: BTreeSet<JobId>,
    /// Jobs that print the words of a provider that refuses them.
    pub(super) refused: Vec<JobId>,
    /// Jobs whose pipeline this coordinator does not know.
    pub(super) unfit: BTreeSet<JobId>,
    /// The database was lost, or the coordinator's clock set back: who spoilt what is not known from here on.
    pub(super) muddled: bool,
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let set: SetName = "set".parse().unwrap();
        let configs: Vec<HostConfig> = (0..HOSTS).map(config).collect();
        let (clumsy, spoils) = (seed % 8 == 5, seed % 24 == 9);
        let count = if spoils || seed % 24 == 21 { MANY } else { FEW };
        let jobs: Vec<Arc<Job>> = (0..count).map(|n| Arc::new(job(n, &set, &configs))).collect();
        let names = || configs.iter().map(|config| config.name.clone());
        let mut hosts: BTreeMap<HostName, Scene> =
            names().map(|name| (name.clone(), Scene::new(name))).collect();
        if let Some(scene) = hosts.values_mut().next() {
            (scene.clumsy, scene.spoils) = (clumsy, spoils);
        }
        // One job's words settle nothing; those of two do.
        let refused = if seed % 8 == 3 {
            2
        } else {
            usize::from(seed.is_multiple_of(2))
        };
        World {
            seed,
            dice: Dice::new(seed),
            steps: 0,
            now: Timestamp(1_000_000_000_000),
            faults: true,
            policy: Policy {
                lost_retries: 1000,
                retry_pause: Span(0),
                refused_pause: Span(5),
                unreachable: Span(u64::MAX >> 1),
                quarantine: Span(40),
                ..Policy::default()
            },
            hosts,
            wires: names().map(|name| (name, Wire::default())).collect(),
            stored: Vec::new(),
            epochs: Vec::new(),
            copies: Vec::new(),
            refused: jobs.iter().take(refused).map(|job| job.id).collect(),
            configs,
            set,
            jobs,
            fleet: None,
            adopts: false,
            partial: false,
            began: BTreeMap::new(),
            ledger: BTreeMap::new(),
            cancelled: 0,
            destroyed: BTreeSet::new(),
            unfit: BTreeSet::new(),
            muddled: false,
        }
    }

    /// How many jobs there are.
    pub(crate) fn size(&self) -> usize {
        self.jobs.len()
    }

    /// From now on nothing goes wrong any more, but what hosts and persons do.
    pub(crate) fn calm(&mut self) {
        self.faults = false;
        self.unfit.clear();
    }

    pub(crate) fn is_done(&self) -> bool {
        let fleet = self.fleet.as_ref();
        fleet.is_some_and(|fleet| {
            fleet.open() == 0 && fleet.is_enabled(&self.set) && fleet.unheard().next().is_none()
        })
    }

    /// One thing happens.
    pub(crate) fn step(&mut self) {
        self.steps += 1;
        self.now.0 += 1;
        let name = self.configs[self.dice.below(HOSTS)].name.clone();
        match self.dice.below(if self.faults { 132 } else { 100 }) {
            0..30 => self.work(&name),
            30..50 => self.host_hears(&name),
            50..75 => self.coordinator_hears(&name),
            75..90 => self.think(),
            90..95 => self.connect(&name),
            95..100 => self.begin(),
            100..107 => self.disconnect(&name),
            107..111 => self.repeat(&name),
            111..113 => {
                self.hosts.get_mut(&name).unwrap().reboot();
                self.disconnect(&name);
            }
            113..117 => self.fleet = None,
            117 => self.lose_database(),
            118..121 => self.retry(),
            121..122 => self.delete_capsule(&name),
            122..125 => self.lie(&name),
            125 => self.put_back_database(),
            126 => self.jump(&name),
            127 => self.set_back(),
            128..130 => self.cannot_resolve(&name),
            130 => self.let_go(&name),
            _ => self.cancel(),
        }
    }

    pub(super) fn work(&mut self, name: &HostName) {
        let scene = self.hosts.get_mut(name).unwrap();
        if let Some(done) = scene.work(&mut self.dice, self.now, &self.refused) {
            self.ledger.entry(done.job).or_default().push(done);
        }
        let wire = self.wires.get_mut(name).unwrap();
        if wire.open {
            // The runner notices supervisors that died while it serves.
            if self.dice.one_in(5) {
                scene.host.bury(scene.clock(self.now));
            }
            let tales = scene.host.tell_all().into_iter();
            wire.says.extend(tales.filter(|heard| !scene.is_deleted(heard)));
        }
    }

    fn host_hears(&mut self, name: &HostName) {
        let wire = self.wires.get_mut(name).unwrap();
        let Some(ask) = wire.asks.pop_front() else { return };
        match ask {
            Ask::Inventory => {
                let inventory = self.inventory(name, false);
                let wire = self.wires.get_mut(name).unwrap();
                match inventory {
                    Some(inventory) => wire.says.push_back(Heard::Inventory(inventory)),
                    // A host that cannot say what runs there has no link.
                    None => self.disconnect(name),
                }
            }
            Ask::Start(id, by) => self.start(name, id, by),
            Ask::Follow(id, from) => self.hosts.get_mut(name).unwrap().host.follow(id, from),
            Ask::Cancel(id, by) => {
                self.hosts.get_mut(name).unwrap().host.cancel(id, by);
            }
        }
    }

    fn start(&mut self, name: &HostName, id: AttemptId, by: Epoch) {
        let scene = self.hosts.get_mut(name).unwrap();
        let now = scene.clock(self.now);
        scene.forget_deleted(now, id);
        let answer = scene.host.start(now, id, by, by);
        if scene.host.journal(id).is_some() {
            let first = self.began.entry(id).or_insert_with(|| name.clone());
            assert!(
                first == name || self.destroyed.contains(&id.job),
                "seed {}: number {id} is used twice: on {first} and on {name}",
                self.seed
            );
        }
        let wire = self.wires.get_mut(name).unwrap();
        wire.says.push_back(Heard::Started(id, answer));
    }

    /// The last epoch that was handed out.
    pub(super) fn epoch(&self) -> Epoch {
        self.epochs.last().map_or(Epoch(0), |(_, epoch)| *epoch)
    }
}

fn config(n: usize) -> HostConfig {
    HostConfig {
        name: format!("eval{n}").parse().unwrap(),
        reach: Reach::Local,
        slots: 1,
        arch: "x86_64".to_owned(),
        tags: Vec::new(),
        root: "~/.fleet".to_owned(),
        harness: None,
    }
}

fn job(n: usize, set: &SetName, configs: &[HostConfig]) -> Job {
    let (instance, model) = (format!("i{n}").parse().unwrap(), "m".parse().unwrap());
    Job {
        id: JobId::derive(set, &instance, &model, 1),
        set: set.clone(),
        instance,
        model,
        run: 1,
        task: None,
        pipeline: "p".parse().unwrap(),
        dataset: None,
        trajectory: None,
        env: Vec::new(),
        place: if n.is_multiple_of(3) {
            Place::Any
        } else {
            Place::Host(configs[n % HOSTS].name.clone())
        },
        order: n as u64,
    }
}
