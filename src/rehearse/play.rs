//! A play: the very functions that the live engine calls, before hosts that are played, in a time that
//! passes as fast as it can be reckoned.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::change::What;
use super::stage::{Chance, Next, Stage};
use super::{Dice, Faults, HostPlayed, Played, Scene, Turn};
use crate::domain::fleet::Closure;
use crate::domain::host::Outlook as LinkOutlook;
use crate::domain::wire::Answer;
use crate::domain::{AttemptId, AttemptState, Effect, Event, Fleet, HostName, Span, Timestamp};
use crate::plan::{self, Errand, Heard, Outlook};

/// How long a host takes to start anew, and a cut link to come back.
const REBOOT: Span = Span::seconds(180);
const CUT: Span = Span::seconds(60);
/// How often whoever waits looks at the clock: at first, and at most.
const TICKS: (Span, Span) = (Span::seconds(1), Span::seconds(30));
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

struct Play<'s> {
    scene: &'s Scene,
    chance: Chance<'s>,
    now: Timestamp,
    fleet: Fleet,
    stages: BTreeMap<HostName, Stage>,
    due: BinaryHeap<Reverse<(Timestamp, u64, Due)>>,
    /// What is due at the same time happens in the order in which it was found out.
    count: u64,
    /// What is due and may bring a host back.
    hopes: usize,
    pause: Span,
    ticking: bool,
    played: Played,
    /// Turns under way.
    open: BTreeMap<AttemptId, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Step(HostName, AttemptId, u32),
    Change(usize),
    Reboot(HostName),
    Cut(HostName),
    Die(HostName),
    Back(HostName),
    Gone(HostName),
    Tick,
}

impl Play<'_> {
    fn at(&mut self, at: Timestamp, due: Due) {
        self.hopes += usize::from(due.is_hope());
        self.count += 1;
        self.due.push(Reverse((at, self.count, due)));
    }

    fn next(&mut self, host: &HostName, next: impl IntoIterator<Item = Next>) {
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
        let joins = self.scene.changes.iter().find(|change| change.brings(name));
        joins
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
                let (model, since) = (&entry.job.model, attempt.since);
                next.extend(stage.resume(self.now, id, work, model, phase.as_ref(), since, &mut self.chance));
            }
        }
        next
    }

    /// What will go wrong with a host, and its link, for the first time or again.
    fn trouble(&mut self, name: &HostName) {
        let faults = self.chance.faults;
        let kinds: [(f64, fn(HostName) -> Due); 3] = [
            (faults.host, Due::Reboot),
            (faults.gone, Due::Die),
            (faults.link, Due::Cut),
        ];
        for (rate, due) in kinds {
            self.trouble_of(rate, due(name.clone()));
        }
    }

    fn trouble_of(&mut self, rate: f64, due: Due) {
        if let Some(dice) = self.chance.dice.as_mut().filter(|_| rate > 0.0) {
            let hours = super::odds::scaled(Span::seconds(3600), dice.wait(rate));
            self.at(self.now.after(hours), due);
        }
    }

    fn run(&mut self) {
        loop {
            self.decide();
            match plan::outlook(&self.fleet, &Errand::Sets, &self.scene.policy, self.now) {
                Outlook::Done => return,
                Outlook::Stuck(stuck) if self.hopes == 0 => {
                    let stuck = stuck.iter().map(|stuck| format!("{}: {}", stuck.host, stuck.why));
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

    /// Some decisions come with time alone: a pause that ends, a hold that expires.
    fn tick(&mut self) {
        let waiting =
            self.fleet.again().next().is_some() || self.fleet.idle().next().is_some() || self.open.is_empty();
        if waiting && !self.ticking {
            self.ticking = true;
            self.at(self.now.after(self.pause), Due::Tick);
        }
    }

    fn happen(&mut self, due: Due) {
        if due == Due::Tick {
            self.ticking = false;
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
            }
            Due::Change(n) => self.change(n),
            Due::Reboot(host) => {
                if let Some(stage) = self.stages.get_mut(&host).filter(|stage| !stage.dead) {
                    stage.reboot();
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

    fn change(&mut self, n: usize) {
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

    /// A host is never reached again. After a while somebody says so.
    fn die(&mut self, host: &HostName) {
        let Some(stage) = self.stages.get_mut(host).filter(|stage| !stage.dead) else {
            return;
        };
        stage.dead = true;
        self.down(host, "it died", LinkOutlook::Transient);
        let unreachable = self.scene.policy.unreachable;
        self.at(self.now.after(unreachable), Due::Gone(host.clone()));
    }

    fn down(&mut self, host: &HostName, reason: &str, outlook: LinkOutlook) {
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

    fn connect(&mut self, name: &HostName) {
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
    }

    /// What an attempt has written since, if anybody listens.
    fn listen(&mut self, host: &HostName, attempt: AttemptId) {
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

    fn hear(&mut self, host: &HostName, heard: &Heard) {
        let observed = plan::observe(&self.fleet, host, heard);
        debug_assert!(observed.puzzles.is_empty(), "{:?}", observed.puzzles);
        self.record(&observed.events);
        for stray in observed.strays {
            self.cancel(host, stray);
        }
    }

    fn record(&mut self, events: &[Event]) {
        for event in events {
            let folded = self.fleet.fold(self.now, event);
            debug_assert!(folded.is_ok(), "{folded:?}");
            self.note(event);
        }
    }

    /// Asks `plan` until it decides nothing more, as the engine does.
    fn decide(&mut self) {
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

    fn start(&mut self, host: &HostName, id: AttemptId) {
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
            next = stage.begin(self.now, id, work, &entry.job.model, kept, &mut self.chance);
            let moved = stage.moved - before;
            if let Some(turn) = self.open.get(&id).and_then(|n| self.played.turns.get_mut(*n)) {
                turn.moved = moved;
            }
        }
        self.next(host, next);
        self.hear(host, &Heard::Started(id, answer));
        self.listen(host, id);
    }

    fn cancel(&mut self, host: &HostName, id: AttemptId) {
        let epoch = self.fleet.epoch();
        if let Some(stage) = self.stages.get_mut(host) {
            stage.host.cancel(id, epoch);
            let next = stage.hurry(self.now, id);
            self.next(host, next);
        }
    }

    /// Remembers what the play came to.
    fn note(&mut self, event: &Event) {
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
    /// May it bring a host back, or otherwise let jobs move that nobody could wait for?
    fn is_hope(&self) -> bool {
        match self {
            Due::Change(_) | Due::Back(_) | Due::Gone(_) => true,
            Due::Step(..) | Due::Reboot(_) | Due::Cut(_) | Due::Die(_) | Due::Tick => false,
        }
    }
}
