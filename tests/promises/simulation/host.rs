//! What happens on a played host, by chance: steps, failures, full disks, supervisors that are killed, clocks that jump.

use std::collections::{BTreeMap, BTreeSet};

use fleet::domain::conclusion::Conclusion;
use fleet::domain::fault::{Again, FaultName};
use fleet::domain::journal::{Ending, Entry, Outcome};
use fleet::domain::{AttemptId, Fault, HostName, JobId, Span, Timestamp};
use fleet::plan::Heard;
use fleet::rehearse::{Dice, Host, Speech};

/// So long is the last line of an attempt whose supervisor died, by a clock of our days.
const LAST_LINE: usize = 91;

/// A host and how far the attempts on it are.
pub(crate) struct Scene {
    pub(crate) host: Host,
    /// Attempts whose directory was removed.
    pub(crate) deleted: BTreeSet<AttemptId>,
    /// Its clock is ahead of the true one by so much.
    pub(crate) ahead: i64,
    /// Half of the programs fail here, and nothing says whose doing that is.
    pub(crate) clumsy: bool,
    /// What half of the programs leave here cannot be kept.
    pub(crate) spoils: bool,
    /// Jobs that failed here through the host's own doing, since a person last let it go.
    pub(crate) spoilt: BTreeSet<JobId>,
    /// Attempts from before that.
    excused: BTreeSet<AttemptId>,
    progress: BTreeMap<AttemptId, u32>,
}

/// How a step of a job ends.
enum End {
    Well,
    /// It fails, and that is all that is known.
    Badly,
    /// The host could not keep it.
    Unkept,
    /// Its output says that the provider refuses the model.
    Refused,
    /// The provider asks for a pause.
    Pause,
}

impl Scene {
    pub(crate) fn new(name: HostName) -> Scene {
        Scene {
            host: Host::new(name, 1, Speech::Text),
            deleted: BTreeSet::new(),
            ahead: 0,
            clumsy: false,
            spoils: false,
            spoilt: BTreeSet::new(),
            excused: BTreeSet::new(),
            progress: BTreeMap::new(),
        }
    }

    /// What its clock shows.
    pub(crate) fn clock(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 + self.ahead)
    }

    /// Attempts of which something runs here, with a supervisor or without.
    pub(crate) fn running(&self) -> impl Iterator<Item = AttemptId> {
        self.host.live().chain(self.host.orphans())
    }

    /// This attempt fails through the host's own doing.
    pub(crate) fn spoils(&mut self, id: AttemptId) {
        if !self.excused.contains(&id) {
            self.spoilt.insert(id.job);
        }
    }

    /// A person has let the host go: what it did before counts no more.
    pub(crate) fn excuse(&mut self) {
        self.spoilt.clear();
        let running: Vec<AttemptId> = self.running().collect();
        self.excused.extend(running);
    }

    /// Is this out of a journal that is not there any more?
    pub(crate) fn is_deleted(&self, heard: &Heard) -> bool {
        matches!(heard, Heard::Journal { attempt, .. } if self.deleted.contains(attempt))
    }

    /// A start finds nothing of an attempt whose directory was removed and that is over: it runs anew.
    pub(crate) fn forget_deleted(&mut self, now: Timestamp, id: AttemptId) {
        if !self.host.is_alive(id) && self.deleted.remove(&id) {
            self.host.end(now, id, Outcome::Cancelled);
            self.host.forget(id);
        }
    }

    /// The supervisor is killed: alone, or while a process of its job lives on; and perhaps its journal is damaged then. An
    /// attempt whose directory was removed as well has nothing left that could tell of its processes.
    pub(crate) fn kill(&mut self, id: AttemptId, dice: &mut Dice) {
        self.spoils(id);
        if dice.one_in(2) && !self.deleted.contains(&id) {
            self.host.orphan(id);
        } else {
            self.host.kill(id);
        }
        if dice.one_in(2) {
            let text = self.host.journal(id).unwrap_or_default();
            let lines = 1 + dice.below(text.lines().count());
            let cut: usize = text.split_inclusive('\n').skip(lines).map(str::len).sum();
            // Some are as long as before once they are closed.
            let told = " ".repeat(cut.saturating_sub(LAST_LINE));
            self.host
                .damage(id, lines, if dice.one_in(2) { &told } else { "" });
        }
    }

    pub(crate) fn reboot(&mut self) {
        let running: Vec<AttemptId> = self.running().collect();
        for id in running {
            self.spoils(id);
        }
        self.host.reboot();
    }

    /// One live capsule takes one step. Returns the attempt if it succeeded just now. These jobs print the words of a
    /// provider that refuses them.
    pub(crate) fn work(&mut self, dice: &mut Dice, now: Timestamp, refused: &[JobId]) -> Option<AttemptId> {
        let now = self.clock(now);
        let orphan = self.host.orphans().next();
        if let Some(id) = orphan.filter(|_| dice.one_in(12)) {
            self.host.end_orphan(id);
        }
        let live: Vec<AttemptId> = self.host.live().collect();
        let id = *live.get(dice.below(live.len().max(1)))?;
        if dice.one_in(60) {
            self.kill(id, dice);
            return None;
        }
        if self.host.is_cancelled(id) {
            self.host.end(now, id, Outcome::Cancelled);
            return None;
        }
        let phase = || "only".parse().unwrap();
        let progress = self.progress.entry(id).or_default();
        *progress += 1;
        match *progress {
            1 => self.host.write(now, id, Entry::PhaseStarted { phase: phase() }),
            2 => {}
            3 => {
                let end = match dice.below(20) {
                    0 => End::Unkept,
                    1 | 2 => End::Badly,
                    3 => End::Pause,
                    4..12 if self.clumsy => End::Badly,
                    4..12 if self.spoils => End::Unkept,
                    12..18 if refused.contains(&id.job) => End::Refused,
                    _ => End::Well,
                };
                self.end_phase(now, id, &end);
            }
            _ => {
                self.host.end(now, id, Outcome::Succeeded);
                return Some(id);
            }
        }
        None
    }

    fn end_phase(&mut self, now: Timestamp, id: AttemptId, end: &End) {
        let phase = || "only".parse().unwrap();
        let ending = match end {
            End::Well => Ending::Exit(0),
            End::Unkept => Ending::HostFault("disk full".to_owned()),
            End::Badly | End::Refused | End::Pause => Ending::Exit(1),
        };
        let fault = match end {
            End::Refused => Some(Fault::new(FaultName::ModelRefused, Again::Anywhere, "")),
            End::Pause => Some(Fault::new(FaultName::RateLimit, Again::Later, "")),
            End::Well | End::Unkept | End::Badly => None,
        };
        if matches!(end, End::Unkept) {
            self.spoils(id);
        }
        let conclusion = fault.map(|fault| {
            Box::new(Conclusion {
                fault: Some(fault),
                ..Conclusion::default()
            })
        });
        let ended = Entry::PhaseEnded {
            phase: phase(),
            ending: ending.clone(),
            took: Span(1),
            output: 0,
            excerpt: None,
            conclusion,
        };
        self.host.write(now, id, ended);
        if !matches!(end, End::Well) {
            let phase = phase();
            self.host.end(now, id, Outcome::Failed { phase, ending });
        }
    }
}
