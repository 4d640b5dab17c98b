//! A play: the very functions that the live engine calls, before hosts that are played, in a time that
//! passes as fast as it can be reckoned.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::chance::Chance;
use super::stage::{Next, Part, Stage};
use super::{Dice, Faults, HostPlayed, Played, Scene, Turn};
use crate::domain::host::Outlook as LinkOutlook;
use crate::domain::{AttemptId, AttemptState, HostName, Span, Timestamp};
use crate::plan::{self, Errand, Outlook};
use crate::schedule::Fleet;
use crate::schedule::fleet::Closure;

/// How long the engine that waits rests between two looks at the clock: at first, and at most.
pub(super) const TICKS: (Span, Span) = (Span::seconds(1), Span::seconds(30));
/// Nothing is played any longer than that.
const LONGEST: Span = Span::seconds(400 * 86_400);

/// Plays a scene. Without dice everything takes as long as expected, and nothing goes wrong by itself.
pub fn play(scene: &Scene, dice: Option<Dice>, faults: &Faults) -> Played {
    let mut play = Play {
        chance: Chance {
            scene,
            dice,
            faults: *faults,
            refusing: std::collections::BTreeSet::new(),
        },
        scene,
        now: scene.begins,
        fleet: scene.fleet.clone(),
        stages: BTreeMap::new(),
        due: BinaryHeap::new(),
        count: 0,
        hopes: 0,
        pause: TICKS.0,
        ticking: false,
        news: true,
        played: Played {
            begins: scene.begins,
            ..Played::default()
        },
        open: BTreeMap::new(),
    };
    play.begin();
    play.run();
    play.close()
}

pub(super) struct Play<'s> {
    pub(super) scene: &'s Scene,
    pub(super) chance: Chance<'s>,
    pub(super) now: Timestamp,
    pub(super) fleet: Fleet,
    pub(super) stages: BTreeMap<HostName, Stage>,
    pub(super) due: BinaryHeap<Reverse<(Timestamp, u64, Due)>>,
    /// What is due at the same time happens in the order in which it was found out.
    pub(super) count: u64,
    /// What is due and may bring a host back.
    pub(super) hopes: usize,
    pub(super) pause: Span,
    pub(super) ticking: bool,
    /// Something happened that `plan` may have an answer to.
    pub(super) news: bool,
    pub(super) played: Played,
    /// Turns under way.
    pub(super) open: BTreeMap<AttemptId, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Step(HostName, AttemptId, u32),
    Change(usize),
    Reboot(HostName),
    Cut(HostName),
    Die(HostName),
    Back(HostName),
    Gone(HostName),
    Fetched(HostName, String),
    Tick,
}

impl Play<'_> {
    pub(super) fn at(&mut self, at: Timestamp, due: Due) {
        self.hopes += usize::from(due.is_hope());
        self.count += 1;
        self.due.push(Reverse((at, self.count, due)));
    }

    pub(super) fn next(&mut self, host: &HostName, next: impl IntoIterator<Item = Next>) {
        for next in next {
            self.at(next.at, Due::Step(host.clone(), next.attempt, next.token));
        }
    }

    fn begin(&mut self) {
        let hosts: Vec<(HostName, u32, bool)> = self
            .fleet
            .hosts()
            .filter(|(_, host)| host.slots > 0)
            .map(|(name, host)| (name.clone(), host.slots, host.gone.is_some()))
            .collect();
        for (n, change) in self.scene.changes.iter().enumerate() {
            self.at(self.now.after(change.at), Due::Change(n));
        }
        for (name, slots, gone) in hosts {
            let mut stage = Stage::new(&name, slots, self.scene);
            let next = self.resume(&name, &mut stage);
            self.stages.insert(name.clone(), stage);
            self.next(&name, next);
            match self.absence(&name) {
                Some(why) => self.down(&name, &why, LinkOutlook::Permanent),
                None if gone => {}
                None => {
                    self.connect(&name);
                    self.trouble(&name);
                }
            }
        }
    }

    /// Why a host is not there at the beginning, if so.
    fn absence(&self, name: &HostName) -> Option<String> {
        let mut changes = self.scene.changes.iter();
        // Who is dead from the beginning is given nothing.
        if changes.clone().any(|change| change.bars(name)) {
            return Some("it died".to_owned());
        }
        changes
            .find(|change| change.brings(name))
            .map(|change| format!("joins at +{}", change.at))
            .or_else(|| self.scene.absent.get(name).cloned())
    }

    /// What was under way on a host before.
    fn resume(&mut self, name: &HostName, stage: &mut Stage) -> Vec<Next> {
        let mut next = Vec::new();
        let live = self.fleet.host(name).map(|host| host.live.clone());
        for id in live.unwrap_or_default() {
            let (Some(entry), Some(attempt)) = (self.fleet.job(id.job), self.fleet.attempt(id)) else {
                continue;
            };
            self.open.insert(id, self.played.turns.len());
            self.played.turns.push(Turn {
                attempt: id,
                host: name.clone(),
                resumed: true,
                from: attempt.intended,
                to: None,
                word: "running",
                moved: 0,
            });
            if let (AttemptState::Running { phase }, Some(work)) =
                (&attempt.state, self.scene.works.get(&id.job))
            {
                stage.host.resume(id, attempt.epoch, attempt.offset);
                let model = &entry.job.model;
                let image = self.bring(name, id.job);
                let part = Part {
                    id,
                    work,
                    model,
                    image: image.as_ref(),
                };
                let began = attempt.phase_since(self.now);
                next.push(stage.resume(self.now, part, phase.as_ref(), began, &mut self.chance));
            }
        }
        next
    }

    /// What will go wrong with a host, and its link, for the first time or again.
    pub(super) fn trouble(&mut self, name: &HostName) {
        let faults = self.chance.faults;
        self.trouble_of(faults.host, Due::Reboot(name.clone()));
        self.trouble_of(faults.gone, Due::Die(name.clone()));
        self.trouble_of(faults.link, Due::Cut(name.clone()));
    }

    pub(super) fn trouble_of(&mut self, rate: f64, due: Due) {
        if let Some(dice) = self.chance.dice.as_mut().filter(|_| rate > 0.0) {
            let hours = super::odds::scaled(Span::seconds(3600), dice.wait(rate));
            self.at(self.now.after(hours), due);
        }
    }

    fn run(&mut self) {
        loop {
            if self.news {
                self.decide();
            }
            match self.outlook() {
                Outlook::Done => return,
                Outlook::Stuck(stuck) if self.hopes == 0 => {
                    let stuck = stuck
                        .iter()
                        .map(|stuck| format!("{}: {}", stuck.subject, stuck.why));
                    self.played.stuck = stuck.collect();
                    return;
                }
                Outlook::Working | Outlook::Stuck(_) => self.tick(),
            }
            let Some(Reverse((at, _, due))) = self.due.pop() else {
                return;
            };
            if at.since(self.scene.begins) > LONGEST {
                return;
            }
            self.now = at.max(self.now);
            self.hopes -= usize::from(due.is_hope());
            self.happen(due);
        }
    }

    /// What `plan` says. While a host that can be reached is at work, there is no need to ask it.
    fn outlook(&self) -> Outlook {
        if self.fleet.open() > 0 && self.stages.values().any(|stage| stage.open && stage.is_busy()) {
            return Outlook::Working;
        }
        plan::outlook(&self.fleet, &Errand::Sets, &self.scene.policy, self.now)
    }

    /// Some decisions come with time alone: a pause that ends, a hold that expires.
    fn tick(&mut self) {
        let idle =
            !self.fleet.again().is_empty() || self.fleet.idle().next().is_some() || self.open.is_empty();
        if !self.ticking && ((idle && self.fleet.waits() > 0) || self.open.is_empty()) {
            self.ticking = true;
            self.at(self.now.after(self.pause), Due::Tick);
        }
    }

    fn close(mut self) -> Played {
        let (begins, ends) = (self.played.begins, self.played.ends.max(self.played.begins));
        self.played.ends = ends;
        for (name, stage) in &self.stages {
            let slots = self.fleet.host(name).map_or(0, |host| host.slots);
            let there = match self.absence(name) {
                Some(_) => Span(0),
                None => Span(ends.since(begins).0.saturating_mul(u64::from(slots))),
            };
            let host = HostPlayed {
                there,
                moved: stage.moved,
                peak: stage.peak,
                ..HostPlayed::default()
            };
            self.played.hosts.insert(name.clone(), host);
        }
        for turn in &self.played.turns {
            if let Some(host) = self.played.hosts.get_mut(&turn.host) {
                let to = turn.to.unwrap_or(ends);
                host.turns += 1;
                host.busy.0 += to.since(turn.from.max(begins)).0;
                host.last = host.last.max(Some(to));
            }
        }
        for entry in self
            .fleet
            .jobs()
            .filter(|entry| self.fleet.is_enabled(&entry.job.set))
        {
            match &entry.closed {
                Some(closure) => *self.played.closed.entry(word(closure)).or_default() += 1,
                None => self.played.left += 1,
            }
        }
        self.played
    }
}

fn word(closure: &Closure) -> &'static str {
    closure.word()
}

impl Due {
    /// May it bring a host back, or otherwise let jobs go on that would wait for ever without it?
    fn is_hope(&self) -> bool {
        match self {
            Due::Change(_) | Due::Back(_) | Due::Gone(_) => true,
            Due::Step(..) | Due::Fetched(..) | Due::Reboot(_) | Due::Cut(_) | Due::Die(_) | Due::Tick => {
                false
            }
        }
    }
}
