//! Floor 3: the live coordinator. Hear, store, fold, plan, say; and around again.
//!
//! Invariants: nothing is acted upon, and nothing is shown, before the transaction that stores it. Every
//! decision is `plan`'s. Starting is recovering: a link that comes up is told everything that its host
//! may not know, and the host sorts out what is new.

mod baselines;
mod hearing;
mod misfit;
mod orders;
mod reach;
mod round;
mod talk;
mod turned;
mod unfit;
mod upkeep;
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::domain::wire::{Ask, Authority};
use crate::domain::{Epoch, Event, HostName, Secrets, Timestamp};
use crate::doors::{clock, secrets};
use crate::objects;
use crate::plan::{self, Errand, Outlook, Plan, Policy, Stuck};
use crate::schedule::Fleet;
use crate::schedule::fleet::FoldError;
use crate::store::{Store, StoreError};
use crate::transport::Transport;

use orders::Orders;
use reach::Delivery;
use talk::{Connections, PendingReply};
use turned::Clocks;

pub use word::wish;

/// How often the engine looks around without being told anything.
const TICK: Duration = Duration::from_millis(250);
/// News that wait while a round is stored. Links wait when it is full; nothing is dropped.
const INBOX: usize = 4096;
/// How often hosts are asked how they are.
const INSPECTION: Duration = Duration::from_secs(15);

/// What a coordinator needs to begin.
pub struct Setup {
    /// `fleet.toml`.
    pub config: Arc<Config>,
    /// How to reach hosts.
    pub transport: Transport,
    /// The facts.
    pub store: Store,
    /// Where images are.
    pub objects: objects::Store,
    /// The facts, folded.
    pub fleet: Fleet,
    /// Our right to change things on hosts.
    pub authority: Authority,
    /// What we are here for.
    pub errand: Errand,
    /// How to go about it.
    pub policy: Policy,
    /// Values of the variables that jobs are to get from here.
    pub secrets: Secrets,
}

/// Why the engine stopped without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The errand is done.
    Done,
    /// What is left waits for hosts that cannot be waited for.
    Stuck(Vec<Stuck>),
    /// A signal asked it to stop.
    Interrupted,
    /// A host obeys a newer coordinator: this one has no say any more.
    Fenced(HostName, Epoch),
}

/// Why it stopped with one.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Facts can't be stored: nothing may happen any more.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The facts contradict themselves.
    #[error("the stored facts contradict the news: {0}")]
    Fold(#[from] FoldError),
}

/// A caller's function that is shown what happens: the fleet, the time, and the events that were just folded into it.
pub type Observer<'a> = dyn FnMut(&Fleet, Timestamp, &[Event]) + 'a;

struct Engine {
    setup: Setup,
    orders: Orders,
    talks: Connections,
    inbox: mpsc::Receiver<Delivery>,
    outbox: mpsc::Sender<Delivery>,
    links: JoinSet<()>,
    reached: BTreeSet<HostName>,
    /// Hosts that obey a newer coordinator, as they say.
    fenced: BTreeMap<HostName, Epoch>,
    clocks: Clocks,
}

/// Runs until every enabled job is closed, or there is nothing left to wait for, or `interrupt` is ready.
/// Jobs that are under way go on without us.
pub async fn run(
    setup: Setup,
    observer: &mut Observer<'_>,
    interrupt: impl Future<Output = ()>,
) -> Result<(Fleet, Stop), EngineError> {
    let (outbox, inbox) = mpsc::channel(INBOX);
    let mut engine = Engine {
        orders: Orders::default(),
        talks: Connections::default(),
        inbox,
        outbox,
        links: JoinSet::new(),
        reached: BTreeSet::new(),
        fenced: BTreeMap::new(),
        clocks: Clocks::new(clock::now(), clock::tick()),
        setup,
    };
    let stop = engine.turn(observer, interrupt).await;
    engine.links.shutdown().await;
    stop.map(|stop| (engine.setup.fleet, stop))
}

/// Stores events, then folds them: the only way in which facts change. All of them, or none. What others wrote is quoted
/// without secrets; the events as they became facts.
pub async fn record(
    store: &Store,
    fleet: &mut Fleet,
    events: &[Event],
) -> Result<(Timestamp, Vec<Event>), EngineError> {
    let now = clock::now();
    let mut events = events.to_vec();
    secrets::hide(&mut events);
    store.commit(now, &events, fleet).await?;
    for event in &events {
        fleet.fold(now, event)?;
    }
    Ok((now, events))
}

impl Engine {
    async fn turn(
        &mut self,
        observer: &mut Observer<'_>,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Stop, EngineError> {
        let mut interrupt = std::pin::pin!(interrupt);
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut heard = Vec::new();
        loop {
            tokio::select! {
                () = &mut interrupt => return Ok(Stop::Interrupted),
                _ = self.inbox.recv_many(&mut heard, INBOX) => {}
                _ = ticks.tick() => self.look_around(observer).await?,
            }
            if let Some(by) = self.clocks.set_back(clock::now(), clock::tick()) {
                tracing::warn!(%by, "this machine's clock was set back");
                self.setup.fleet.notes_mut().set_back(by);
            }
            // What they hold is free once their news are stored.
            let (news, _room): (Vec<_>, Vec<_>) =
                heard.drain(..).map(|one: Delivery| (one.news, one.room)).unzip();
            for round in round::rounds(news.into_iter()) {
                let mut hearing = self.hear(&round);
                for (host, epoch) in std::mem::take(&mut hearing.fenced) {
                    self.fenced(&mut hearing, host, epoch);
                }
                self.store_news(hearing.events, observer).await?;
                self.talks.send(self.setup.fleet.notes_mut(), hearing.replies);
            }
            if let Some(stop) = self.is_fenced() {
                return Ok(stop);
            }
            self.decide(observer).await?;
            match plan::outlook(
                &self.setup.fleet,
                &self.setup.errand,
                &self.setup.policy,
                clock::now(),
            ) {
                Outlook::Working => {}
                Outlook::Done => return Ok(Stop::Done),
                Outlook::Stuck(stuck) => return Ok(self.fenced_only(&stuck).unwrap_or(Stop::Stuck(stuck))),
            }
        }
    }

    /// Asks `plan` until it decides nothing more, storing each decision before it is acted upon: what hosts are told because
    /// of it is in the plan after that.
    async fn decide(&mut self, observer: &mut Observer<'_>) -> Result<(), EngineError> {
        loop {
            let Plan {
                mut decisions,
                messages,
            } = plan::plan(&self.setup.fleet, &self.setup.policy, clock::now());
            decisions.extend(self.send(messages).await?);
            if decisions.is_empty() {
                return Ok(());
            }
            self.record(&decisions, observer).await?;
        }
    }

    /// Stores, folds, and shows.
    async fn record(&mut self, events: &[Event], observer: &mut Observer<'_>) -> Result<(), EngineError> {
        if !events.is_empty() {
            let (now, events) = record(&self.setup.store, &mut self.setup.fleet, events).await?;
            observer(&self.setup.fleet, now, &events);
        }
        Ok(())
    }

    /// What no message brings: wishes of other processes, hosts that are needed now, the passing of time.
    async fn look_around(&mut self, observer: &mut Observer<'_>) -> Result<(), EngineError> {
        for (id, wish) in self.setup.store.wishes().await? {
            // One by one: what the first has changed, the next must see.
            let events = word::wish(&self.setup.fleet, &wish);
            self.record(&events, observer).await?;
            self.setup.store.acknowledge(&[id]).await?;
        }
        self.reach_out();
        self.hang_up_on_mutes(observer).await?;
        self.inspect();
        observer(&self.setup.fleet, clock::now(), &[]);
        Ok(())
    }

    /// Asks hosts how they are, now and then, and what runs there, where that is in doubt.
    fn inspect(&mut self) {
        let due = self.talks.unheard_for(INSPECTION);
        let probes = due.into_iter().map(|host| (host, Ask::Probe, PendingReply::Look));
        let doubted = self.talks.doubted(INSPECTION);
        let inventory = |host| (host, Ask::Inventory { jobs: false }, PendingReply::Inventory);
        let asks = probes.chain(doubted.into_iter().map(inventory)).collect();
        self.talks.send(self.setup.fleet.notes_mut(), asks);
    }

    /// Opens links to hosts that have something to do or to tell.
    fn reach_out(&mut self) {
        let fleet = &self.setup.fleet;
        // An idle host may be asked to do what waits for another host.
        let shared = !self.setup.policy.pinned && fleet.waits() > 0;
        let any = shared || !fleet.pool().is_empty() || !fleet.again().is_empty();
        let unheard: BTreeSet<&HostName> = fleet.unheard().map(|(host, _)| host).collect();
        for host in &self.setup.config.hosts {
            let wanted = fleet.host(&host.name).is_some_and(|entry| {
                let asked = !entry.live.is_empty() || !entry.queue.is_empty() || unheard.contains(&host.name);
                entry.gone.is_none() && (any || asked)
            });
            if wanted && self.reached.insert(host.name.clone()) {
                // An attempt is placed over an open link only.
                let worked = fleet
                    .jobs()
                    .any(|entry| entry.attempts.iter().any(|attempt| attempt.host == host.name));
                let link = reach::keep(
                    host.clone(),
                    self.setup.transport.clone(),
                    self.setup.config.ssh.backoff,
                    worked,
                    self.outbox.clone(),
                );
                self.links.spawn(link);
            }
        }
    }
}
