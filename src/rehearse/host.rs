//! A host as its runner shows it: capsules, slots, an epoch, lives that end. It is played: what happens on
//! it, and when, is up to the code that plays it (`play`).
//!
//! Invariant: it keeps the rules of a runner. Fenced by epoch, never two supervisors in one slot, never
//! two of one job, a journal that only grows, and a last line for whatever died.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::event::Refusal;
use crate::domain::journal::{self, Entry, Line, Outcome};
use crate::domain::wire::{Answer, Capsule, Inventory, Unreadable};
use crate::domain::{AttemptId, Epoch, HostName, Timestamp};
use crate::plan::Heard;

/// One host.
#[derive(Debug, Clone)]
pub struct Host {
    name: HostName,
    slots: usize,
    speaks: Speech,
    capsules: BTreeMap<AttemptId, Played>,
    followed: BTreeSet<AttemptId>,
    heard: Epoch,
    boot: u32,
}

/// How it tells its journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// As text, byte for byte what a runner sends.
    Text,
    /// As lines that need not be read, each counted as one byte: ten times faster. What has been told is
    /// forgotten.
    Lines,
}

/// An attempt's directory.
#[derive(Debug, Clone)]
struct Played {
    journal: Paper,
    alive: bool,
    /// Its supervisor is dead, and a process of its job is not.
    orphaned: bool,
    epoch: Epoch,
    boot: u32,
    outcome: Option<Outcome>,
    /// What is said beside the proof that it is lost.
    told: String,
    cancelled: bool,
}

#[derive(Debug, Clone)]
enum Paper {
    Text { all: String, told: usize },
    Lines { from: u64, untold: Vec<Line> },
}

impl Host {
    /// A host with nothing on it.
    pub fn new(name: HostName, slots: usize, speaks: Speech) -> Host {
        Host {
            name,
            slots,
            speaks,
            capsules: BTreeMap::new(),
            followed: BTreeSet::new(),
            heard: Epoch(0),
            boot: 1,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &HostName {
        &self.name
    }

    /// Attempts whose supervisor lives.
    pub fn live(&self) -> impl Iterator<Item = AttemptId> {
        let alive = self.capsules.iter().filter(|(_, played)| played.alive);
        alive.map(|(id, _)| *id)
    }

    /// Attempts whose supervisor is dead, and of which a process lives on.
    pub fn orphans(&self) -> impl Iterator<Item = AttemptId> {
        let orphaned = self.capsules.iter().filter(|(_, played)| played.orphaned);
        orphaned.map(|(id, _)| *id)
    }

    /// Does the supervisor of this attempt live?
    pub fn is_alive(&self, id: AttemptId) -> bool {
        self.capsules.get(&id).is_some_and(|played| played.alive)
    }

    /// Has a coordinator asked for the end of this live attempt?
    pub fn is_cancelled(&self, id: AttemptId) -> bool {
        self.capsules
            .get(&id)
            .is_some_and(|played| played.alive && played.cancelled)
    }

    /// The highest epoch that has spoken to it.
    pub fn heard(&self) -> Epoch {
        self.heard
    }

    /// A start, by a coordinator of epoch `authority`. Asked twice, it starts once.
    pub fn start(&mut self, now: Timestamp, id: AttemptId, authority: Epoch, epoch: Epoch) -> Answer {
        if authority < self.heard {
            return Answer::Refused(Refusal::Fenced(self.heard));
        }
        self.heard = authority;
        if !self.capsules.contains_key(&id) {
            let live: Vec<AttemptId> = self.live().collect();
            if let Some(holder) = live.iter().find(|holder| holder.job == id.job) {
                return Answer::Refused(Refusal::JobAlive(holder.n));
            }
            if let Some(holder) = live.first().filter(|_| live.len() >= self.slots) {
                return Answer::Refused(Refusal::SlotsTaken(holder.to_string()));
            }
            let played = self.capsule(epoch, 0);
            self.capsules.insert(id, played);
            let opened = Entry::Opened {
                version: journal::VERSION,
                attempt: id,
                epoch,
                host: self.name.clone(),
                boot: self.boot.to_string(),
                machine: None,
            };
            self.write(now, id, opened);
        }
        self.follow(id, 0);
        Answer::Done
    }

    /// An attempt that began before the play did; so much of its journal is known.
    pub fn resume(&mut self, id: AttemptId, epoch: Epoch, known: u64) {
        let played = self.capsule(epoch, known);
        self.capsules.insert(id, played);
    }

    fn capsule(&self, epoch: Epoch, known: u64) -> Played {
        Played {
            journal: match self.speaks {
                Speech::Text => Paper::Text {
                    all: String::new(),
                    told: 0,
                },
                Speech::Lines => Paper::Lines {
                    from: known,
                    untold: Vec::new(),
                },
            },
            alive: true,
            orphaned: false,
            epoch,
            boot: self.boot,
            outcome: None,
            told: String::new(),
            cancelled: false,
        }
    }

    /// From now on it tells this journal, from this byte on.
    pub fn follow(&mut self, id: AttemptId, from: u64) {
        if let Some(played) = self.capsules.get_mut(&id) {
            if let Paper::Text { told, .. } = &mut played.journal {
                *told = usize::try_from(from).unwrap_or(usize::MAX);
            }
            self.followed.insert(id);
        }
    }

    /// A wish to stop an attempt.
    pub fn cancel(&mut self, id: AttemptId, authority: Epoch) -> Answer {
        if authority < self.heard {
            return Answer::Refused(Refusal::Fenced(self.heard));
        }
        self.heard = authority;
        if let Some(played) = self.capsules.get_mut(&id).filter(|played| played.alive) {
            played.cancelled = true;
        }
        Answer::Done
    }

    /// The link is gone, and with it what was asked over it.
    pub fn hang_up(&mut self) {
        self.followed.clear();
    }

    /// The supervisor is killed.
    pub fn kill(&mut self, id: AttemptId) {
        if let Some(played) = self.capsules.get_mut(&id) {
            played.alive = false;
        }
    }

    /// The supervisor is killed, and a process of its job lives on. Until that is gone, the attempt stays open.
    pub fn orphan(&mut self, id: AttemptId) {
        if let Some(played) = self.capsules.get_mut(&id).filter(|played| played.alive) {
            (played.alive, played.orphaned) = (false, true);
        }
    }

    /// What lived on of this attempt is gone.
    pub fn end_orphan(&mut self, id: AttemptId) {
        if let Some(played) = self.capsules.get_mut(&id) {
            played.orphaned = false;
        }
    }

    /// Only so many lines can still be read of the journal of an attempt whose supervisor is dead. It is cut there before
    /// it is closed, with this said of it.
    pub fn damage(&mut self, id: AttemptId, lines: usize, told: &str) {
        let Some(played) = self.capsules.get_mut(&id) else {
            return;
        };
        if let Paper::Text { all, .. } = &mut played.journal
            && !played.alive
            && played.outcome.is_none()
        {
            let good: usize = all.split_inclusive('\n').take(lines).map(str::len).sum();
            all.truncate(good);
            told.clone_into(&mut played.told);
        }
    }

    /// What the journal of an attempt says, where it is kept as text.
    pub fn journal(&self, id: AttemptId) -> Option<&str> {
        match &self.capsules.get(&id)?.journal {
            Paper::Text { all, .. } => Some(all),
            Paper::Lines { .. } => None,
        }
    }

    /// The machine starts anew.
    pub fn reboot(&mut self) {
        self.boot += 1;
        for played in self.capsules.values_mut() {
            (played.alive, played.orphaned) = (false, false);
        }
        self.followed.clear();
    }

    /// The runner looks around: dead capsules get their last line.
    pub fn bury(&mut self, now: Timestamp) {
        let dead = |played: &Played| !played.alive && !played.orphaned && played.outcome.is_none();
        let dead: Vec<(AttemptId, u32, String)> = self
            .capsules
            .iter()
            .filter(|(_, played)| dead(played))
            .map(|(id, played)| (*id, played.boot, played.told.clone()))
            .collect();
        for (id, boot, told) in dead {
            let why = if boot == self.boot {
                "its supervisor died"
            } else {
                "the machine was rebooted"
            };
            self.end(
                now,
                id,
                Outcome::Lost {
                    proof: format!("{why}{told}"),
                },
            );
        }
    }

    /// All capsules, as a runner tells them when a link comes up.
    pub fn inventory(&mut self, now: Timestamp) -> Inventory {
        self.bury(now);
        let capsules = self.capsules.iter().filter(|(_, played)| !played.orphaned);
        let orphaned = self.orphans().map(|attempt| Unreadable {
            attempt,
            why: "its supervisor died, and a process of it lives".to_owned(),
            job: None,
        });
        Inventory {
            held: self.live().collect(),
            capsules: capsules
                .map(|(id, played)| Capsule {
                    attempt: *id,
                    epoch: played.epoch,
                    outcome: played.outcome.clone(),
                    journal: match &played.journal {
                        Paper::Text { all, .. } => Some(all.len() as u64),
                        Paper::Lines { .. } => None,
                    },
                    job: None,
                })
                .collect(),
            unreadable: orphaned.collect(),
        }
    }

    /// The supervisor writes a line.
    pub fn write(&mut self, now: Timestamp, id: AttemptId, entry: Entry) {
        let Some(played) = self.capsules.get_mut(&id) else {
            return;
        };
        let line = Line { at: now, entry };
        match &mut played.journal {
            Paper::Lines { untold, .. } => untold.push(line),
            Paper::Text { all, .. } => {
                // What is made of names and numbers can be written.
                all.push_str(&serde_json::to_string(&line).unwrap_or_default());
                all.push('\n');
            }
        }
    }

    /// The supervisor writes the last line, and is gone.
    pub fn end(&mut self, now: Timestamp, id: AttemptId, outcome: Outcome) {
        if let Some(played) = self.capsules.get_mut(&id) {
            played.alive = false;
            played.outcome = Some(outcome.clone());
        }
        self.write(now, id, Entry::Ended { outcome, seal: None });
    }

    /// What is followed and has not been told over this link yet, of one attempt.
    pub fn tell(&mut self, id: AttemptId) -> Option<Heard> {
        if !self.followed.contains(&id) {
            return None;
        }
        let played = self.capsules.get_mut(&id)?;
        let ended = played.outcome.is_some();
        match &mut played.journal {
            Paper::Text { all, told } => {
                let known = *told;
                // A journal that was cut is told from the beginning once more, and its end in any case.
                if known > all.len() || (known > 0 && all.as_bytes().get(known - 1) != Some(&b'\n')) {
                    *told = 0;
                }
                let (mut from, mut text) = (*told as u64, all.get(*told..)?.to_owned());
                *told = all.len();
                if all.len() < known && ended {
                    let end = text.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
                    text.drain(..end);
                    from = known as u64;
                }
                (!text.is_empty()).then_some(Heard::Journal {
                    attempt: id,
                    from,
                    text,
                })
            }
            Paper::Lines { from, untold } => {
                let (start, lines) = (*from, std::mem::take(untold));
                *from += lines.len() as u64;
                (!lines.is_empty()).then_some(Heard::Lines {
                    attempt: id,
                    from: start,
                    lines,
                })
            }
        }
    }

    /// The same of all attempts.
    pub fn tell_all(&mut self) -> Vec<Heard> {
        let followed: Vec<AttemptId> = self.followed.iter().copied().collect();
        followed.into_iter().filter_map(|id| self.tell(id)).collect()
    }

    /// An attempt that is over, told, and of no use any more.
    pub fn forget(&mut self, id: AttemptId) {
        if self
            .capsules
            .get(&id)
            .is_some_and(|played| played.outcome.is_some())
        {
            self.capsules.remove(&id);
            self.followed.remove(&id);
        }
    }
}
