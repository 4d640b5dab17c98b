//! What happens on a played host, by chance: steps, failures, full disks, supervisors that are killed.

use std::collections::{BTreeMap, BTreeSet};

use fleet::domain::journal::{Ending, Entry, Outcome};
use fleet::domain::{AttemptId, HostName, Span, Timestamp};
use fleet::plan::Heard;
use fleet::rehearse::{Dice, Host, Speech};

/// By the clock of every host here, it is always the same time.
const NOW: Timestamp = Timestamp(1);

/// A host and how far the attempts on it are.
pub(crate) struct Scene {
    pub(crate) host: Host,
    /// Attempts whose directory somebody has removed.
    pub(crate) deleted: BTreeSet<AttemptId>,
    progress: BTreeMap<AttemptId, u32>,
}

impl Scene {
    pub(crate) fn new(name: HostName) -> Scene {
        Scene {
            host: Host::new(name, 1, Speech::Text),
            deleted: BTreeSet::new(),
            progress: BTreeMap::new(),
        }
    }

    /// Is this out of a journal that is not there any more?
    pub(crate) fn is_deleted(&self, heard: &Heard) -> bool {
        matches!(heard, Heard::Journal { attempt, .. } if self.deleted.contains(attempt))
    }

    /// A start finds nothing of an attempt whose directory was removed and that is over: it runs anew.
    pub(crate) fn forget_deleted(&mut self, id: AttemptId) {
        if !self.host.is_alive(id) && self.deleted.remove(&id) {
            self.host.end(NOW, id, Outcome::Cancelled);
            self.host.forget(id);
        }
    }

    /// One live capsule takes one step. Returns the attempt if it succeeded just now.
    pub(crate) fn work(&mut self, dice: &mut Dice) -> Option<AttemptId> {
        let host = &mut self.host;
        let live: Vec<AttemptId> = host.live().collect();
        let id = *live.get(dice.below(live.len().max(1)))?;
        if dice.one_in(60) {
            host.kill(id);
            return None;
        }
        if host.is_cancelled(id) {
            host.end(NOW, id, Outcome::Cancelled);
            return None;
        }
        let phase = || "only".parse().unwrap();
        let progress = self.progress.entry(id).or_default();
        *progress += 1;
        match *progress {
            1 => host.write(NOW, id, Entry::PhaseStarted { phase: phase() }),
            2 => {}
            3 => {
                let ending = match dice.below(20) {
                    0 => Ending::HostFault("disk full".to_owned()),
                    1 => Ending::Exit(1),
                    _ => Ending::Exit(0),
                };
                let ended = Entry::PhaseEnded {
                    phase: phase(),
                    ending: ending.clone(),
                    took: Span(1),
                    output: 0,
                    excerpt: None,
                    conclusion: None,
                };
                host.write(NOW, id, ended);
                if !ending.is_success() {
                    let phase = phase();
                    host.end(NOW, id, Outcome::Failed { phase, ending });
                }
            }
            _ => {
                host.end(NOW, id, Outcome::Succeeded);
                return Some(id);
            }
        }
        None
    }
}
