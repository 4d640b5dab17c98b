//! What must hold whatever happens.

use std::collections::BTreeMap;

use fleet::domain::hold::{Kind, Subject};
use fleet::domain::{Event, JobId};
use fleet::plan::{Errand, Outlook, outlook};
use fleet::schedule::fleet::Closure;

use super::world::World;

/// The end of the year 9999.
const LATEST: i64 = 253_402_300_800_000;

impl World {
    /// What holds at every moment.
    pub(crate) fn check(&self) {
        let seed = self.seed;
        let mut alive = BTreeMap::new();
        for scene in self.hosts.values() {
            let host = &scene.host;
            assert!(
                scene.running().count() <= 1,
                "seed {seed}: two jobs in one slot of {}",
                host.name()
            );
            for id in scene.running() {
                if let Some(other) = alive.insert(id.job, (id, host.name())) {
                    panic!(
                        "seed {seed}: {} lives twice: {other:?} and {:?}",
                        id.job,
                        (id, host.name())
                    );
                }
            }
        }
        let proven = |job: &JobId| !self.destroyed.contains(job);
        for (job, successes) in self.ledger.iter().filter(|(job, _)| proven(job)) {
            assert!(
                successes.len() <= 1,
                "seed {seed}: {job} ran {} times: {successes:?}",
                successes.len()
            );
        }
        // Folding a whole history takes as long as many steps.
        if let Some(fleet) = self.fleet.as_ref().filter(|_| self.steps.is_multiple_of(32)) {
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
        let jobs = self.fleet.iter().flat_map(fleet::schedule::Fleet::jobs);
        for attempt in jobs.flat_map(|entry| &entry.attempts) {
            assert!(
                (0..LATEST).contains(&attempt.since.0),
                "seed {seed}: the books have a time that cannot be"
            );
        }
    }

    /// What holds of decisions.
    pub(super) fn check_decisions(&mut self, decisions: &[Event]) {
        let seed = self.seed;
        for decision in decisions {
            match decision {
                Event::Held {
                    subject: Subject::Model(model),
                    why,
                    ..
                } => assert!(
                    self.refused.len() > 1,
                    "seed {seed}: what one job printed stops {model}: {why}"
                ),
                Event::Held {
                    subject: Subject::Host(name),
                    kind: Kind::Quarantined,
                    why,
                    ..
                } => assert!(
                    self.muddled || self.hosts[name].spoilt.len() > 1,
                    "seed {seed}: {name} is in quarantine for what it did not do: {why}"
                ),
                Event::Released {
                    subject: Subject::Host(name),
                    ..
                } => self.hosts.get_mut(name).unwrap().excuse(),
                _ => {}
            }
        }
    }

    /// All that goes wrong here passes by itself, but for what only a person can let go: there is something to wait for.
    pub(super) fn check_outlook(&self) {
        let Some(fleet) = &self.fleet else { return };
        let stopped = fleet.stands().any(|(_, stand)| {
            let hold = stand.hold.as_ref();
            hold.is_some_and(|hold| matches!(hold.kind, Kind::Refused | Kind::Unheard))
        });
        let outlook = outlook(fleet, &Errand::Sets, &self.policy, self.now);
        assert!(
            stopped || !matches!(outlook, Outlook::Stuck(_)),
            "seed {}: the coordinator gives up: {outlook:?}",
            self.seed
        );
    }

    /// What holds when nothing has gone wrong for a while.
    pub(crate) fn check_end(&self) {
        let seed = self.seed;
        let left = |fleet: &fleet::schedule::Fleet| {
            let open = fleet.jobs().filter(|entry| entry.closed.is_none());
            open.cloned().collect::<Vec<_>>()
        };
        assert!(
            self.is_done(),
            "seed {seed}: jobs are left: {:?}, and held: {:?}",
            self.fleet.as_ref().map(left),
            self.fleet
                .iter()
                .flat_map(fleet::schedule::Fleet::stands)
                .collect::<Vec<_>>()
        );
        let fleet = self.fleet.as_ref().unwrap();
        for entry in fleet
            .jobs()
            .filter(|entry| !self.destroyed.contains(&entry.job.id))
        {
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
