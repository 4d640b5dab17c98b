//! A host as its runner shows it: capsules, a slot, an epoch, lives that end.

use std::collections::{BTreeMap, BTreeSet};

use fleet::domain::event::Refusal;
use fleet::domain::journal::{self, Ending, Entry, Line, Outcome};
use fleet::domain::wire::{Answer, Capsule};
use fleet::domain::{AttemptId, Epoch, HostName, Span, Timestamp};

use super::Dice;

pub(crate) struct Host {
    pub(crate) name: HostName,
    pub(crate) capsules: BTreeMap<AttemptId, Cap>,
    pub(crate) followed: BTreeSet<AttemptId>,
    heard: Epoch,
    boot: u32,
}

pub(crate) struct Cap {
    pub(crate) journal: String,
    pub(crate) alive: bool,
    /// Lines told over the link that is open now.
    pub(crate) told: usize,
    epoch: Epoch,
    progress: u32,
    boot: u32,
    outcome: Option<Outcome>,
    cancelled: bool,
}

impl Host {
    pub(crate) fn new(name: HostName) -> Host {
        Host {
            name,
            capsules: BTreeMap::new(),
            followed: BTreeSet::new(),
            heard: Epoch(0),
            boot: 1,
        }
    }

    pub(crate) fn live(&self) -> impl Iterator<Item = AttemptId> {
        self.capsules
            .iter()
            .filter(|(_, cap)| cap.alive)
            .map(|(id, _)| *id)
    }

    pub(crate) fn start(&mut self, id: AttemptId, authority: Epoch, epoch: Epoch) -> Answer {
        if authority < self.heard {
            return Answer::Refused(Refusal::Fenced(self.heard));
        }
        self.heard = authority;
        if !self.capsules.contains_key(&id) {
            if let Some(holder) = self.live().next() {
                let same = holder.job == id.job;
                return Answer::Refused(if same {
                    Refusal::JobAlive(holder.n)
                } else {
                    Refusal::SlotsTaken(holder.to_string())
                });
            }
            let mut cap = Cap {
                journal: String::new(),
                alive: true,
                told: 0,
                epoch,
                progress: 0,
                boot: self.boot,
                outcome: None,
                cancelled: false,
            };
            let opened = Entry::Opened {
                version: journal::VERSION,
                attempt: id,
                epoch,
                host: self.name.clone(),
                boot: self.boot.to_string(),
            };
            cap.write(opened);
            self.capsules.insert(id, cap);
        }
        self.follow(id, 0);
        Answer::Done
    }

    pub(crate) fn follow(&mut self, id: AttemptId, from: u64) {
        if let Some(cap) = self.capsules.get_mut(&id) {
            cap.told = usize::try_from(from).unwrap();
            self.followed.insert(id);
        }
    }

    pub(crate) fn cancel(&mut self, id: AttemptId, authority: Epoch) -> Answer {
        if authority < self.heard {
            return Answer::Refused(Refusal::Fenced(self.heard));
        }
        self.heard = authority;
        if let Some(cap) = self.capsules.get_mut(&id).filter(|cap| cap.alive) {
            cap.cancelled = true;
        }
        Answer::Done
    }

    /// The runner starts anew: dead capsules get their last line.
    pub(crate) fn bury(&mut self) {
        let boot = self.boot;
        for cap in self
            .capsules
            .values_mut()
            .filter(|cap| !cap.alive && cap.outcome.is_none())
        {
            let proof = if cap.boot == boot {
                "its supervisor died"
            } else {
                "the machine was rebooted"
            };
            cap.end(Outcome::Lost {
                proof: proof.to_owned(),
            });
        }
    }

    pub(crate) fn inventory(&mut self) -> Vec<Capsule> {
        self.bury();
        self.capsules
            .iter()
            .map(|(id, cap)| Capsule {
                attempt: *id,
                epoch: cap.epoch,
                outcome: cap.outcome.clone(),
                job: None,
            })
            .collect()
    }

    pub(crate) fn reboot(&mut self) {
        self.boot += 1;
        self.capsules.values_mut().for_each(|cap| cap.alive = false);
        self.followed.clear();
    }

    pub(crate) fn heard(&self) -> Epoch {
        self.heard
    }

    /// One live capsule takes one step. Returns the attempt if it succeeded just now.
    pub(crate) fn work(&mut self, dice: &mut Dice) -> Option<AttemptId> {
        let live: Vec<AttemptId> = self.live().collect();
        let id = *live.get(dice.below(live.len().max(1)))?;
        let cap = self.capsules.get_mut(&id)?;
        if dice.one_in(60) {
            cap.alive = false; // the supervisor is killed
            return None;
        }
        if cap.cancelled {
            cap.end(Outcome::Cancelled);
            return None;
        }
        let phase = || "only".parse().unwrap();
        cap.progress += 1;
        match cap.progress {
            1 => cap.write(Entry::PhaseStarted { phase: phase() }),
            2 => {}
            3 => {
                let ending = match dice.below(20) {
                    0 => Ending::HostFault("disk full".to_owned()),
                    1 => Ending::Exit(1),
                    _ => Ending::Exit(0),
                };
                cap.write(Entry::PhaseEnded {
                    phase: phase(),
                    ending: ending.clone(),
                    took: Span(1),
                    output: 0,
                    excerpt: None,
                    conclusion: None,
                });
                if !ending.is_success() {
                    cap.end(Outcome::Failed {
                        phase: phase(),
                        ending,
                    });
                }
            }
            _ => {
                cap.end(Outcome::Succeeded);
                return Some(id);
            }
        }
        None
    }
}

impl Cap {
    fn write(&mut self, entry: Entry) {
        self.journal.push_str(
            &serde_json::to_string(&Line {
                at: Timestamp(1),
                entry,
            })
            .unwrap(),
        );
        self.journal.push('\n');
    }

    fn end(&mut self, outcome: Outcome) {
        self.alive = false;
        self.outcome = Some(outcome.clone());
        self.write(Entry::Ended { outcome, seal: None });
    }
}
