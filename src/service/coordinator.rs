//! The right to change things: one process has it at a time.

use super::{Problem, ProblemKind, Project};
use crate::domain::wire::Authority;
use crate::domain::{Epoch, Event};
use crate::doors::{clock, random};
use crate::engine;
use crate::schedule::Fleet;
use crate::store::{Holder, Lease, Runs, Store};

/// The sole right to change things, until it is dropped.
pub struct Coordinator {
    /// The database.
    pub store: Store,
    /// The facts.
    pub fleet: Fleet,
    /// What hosts know this coordinator by.
    pub authority: Authority,
    /// The lock that no other coordinator has.
    pub lease: Lease,
    who: Box<Holder>,
}

impl Coordinator {
    /// Tells processes that only look what this one runs.
    pub fn announce(&mut self, runs: Runs) -> Result<(), Problem> {
        self.who.runs = Some(runs);
        Ok(self.lease.announce(&self.who)?)
    }

    /// Stores events, and folds them.
    pub async fn record(&mut self, events: &[Event]) -> Result<(), Problem> {
        engine::record(&self.store, &mut self.fleet, events).await?;
        Ok(())
    }
}

impl Project {
    /// Takes the lease and a new epoch, and loads the facts.
    pub async fn coordinate(&self) -> Result<Coordinator, Problem> {
        self.coordinate_above(Epoch(0)).await
    }

    /// The same, with an epoch above one that hosts have heard.
    pub async fn coordinate_above(&self, heard: Epoch) -> Result<Coordinator, Problem> {
        let mut who = Holder {
            pid: std::process::id(),
            host: hostname(),
            since: clock::now(),
            epoch: None,
            runs: None,
        };
        let lease = Lease::take(&self.state, &who)?;
        let store = Store::open(&self.database_path()).await?;
        let epoch = store.next_epoch(heard).await?;
        who.epoch = Some(epoch);
        lease.announce(&who)?;
        let mut fleet = store.load(epoch, &self.config.hosts).await?;
        fleet.pause_providers(self.config.fleet.provider_pause);
        let coordinator = random::token().map_err(|error| {
            Problem::new(ProblemKind::Environment, "cannot read randomness").caused_by(&error)
        })?;
        Ok(Coordinator {
            store,
            fleet,
            authority: Authority { epoch, coordinator },
            lease,
            who: Box::new(who),
        })
    }
}

fn hostname() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "this machine".to_owned())
}
