//! What must hold whatever happens.

use std::collections::BTreeMap;

use fleet::domain::JobId;
use fleet::domain::fleet::Closure;

use super::world::World;

impl World {
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
        let proven = |job: &JobId| !self.destroyed.contains(job);
        for (job, successes) in self.ledger.iter().filter(|(job, _)| proven(job)) {
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
