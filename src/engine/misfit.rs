//! Hosts whose news do not fit: they contradict what is stored, obey another coordinator, or never answer.
//!
//! Invariant: such a host loses its link and keeps its jobs. It never stops the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::hearing::Reaction;
use super::{Engine, EngineError, Observer, Stop};
use crate::domain::hold::Subject;
use crate::domain::host::Outlook;
use crate::domain::{Epoch, Event, HostName};
use crate::plan::Stuck;
use crate::store::StoreError;

/// For a host to say what runs there. It may have to remove what dead attempts left first.
const PATIENCE: Duration = Duration::from_mins(5);

impl Engine {
    /// Stores what a round came to. If hosts contradict what is stored, their news are left out.
    pub(super) async fn store_news(
        &mut self,
        news: Vec<(HostName, Event)>,
        observer: &mut Observer<'_>,
    ) -> Result<(), EngineError> {
        let (hosts, events): (Vec<HostName>, Vec<Event>) = news.into_iter().unzip();
        match self.record(&events, observer).await {
            Err(error) if is_contradiction(&error) => {}
            done => return done,
        }
        let mut by_host: BTreeMap<HostName, Vec<Event>> = BTreeMap::new();
        for (host, event) in hosts.into_iter().zip(events) {
            by_host.entry(host).or_default().push(event);
        }
        for (host, events) in by_host {
            match self.record(&events, observer).await {
                Err(error) if is_contradiction(&error) => {
                    tracing::error!(host.name = %host, %error, "a host contradicts what is stored");
                    let why = format!("it cannot be believed: {error}");
                    self.drop_link(&host, why, Outlook::Permanent, observer).await?;
                }
                done => done?,
            }
        }
        Ok(())
    }

    /// A host that was asked what runs there and never says so is as good as down.
    pub(super) async fn hang_up_on_mutes(&mut self, observer: &mut Observer<'_>) -> Result<(), EngineError> {
        for host in self.talks.mute(PATIENCE) {
            let why = "it was asked what runs there, and does not say".to_owned();
            self.drop_link(&host, why, Outlook::Transient, observer).await?;
        }
        Ok(())
    }

    async fn drop_link(
        &mut self,
        host: &HostName,
        why: String,
        outlook: Outlook,
        observer: &mut Observer<'_>,
    ) -> Result<(), EngineError> {
        let mut hearing = Reaction::default();
        self.hang_up(&mut hearing, host, why, outlook);
        let events: Vec<Event> = hearing.events.into_iter().map(|(_, event)| event).collect();
        self.record(&events, observer).await
    }

    /// A host says that it obeys a newer coordinator: nothing more is asked of it.
    pub(super) fn fenced(&mut self, hearing: &mut Reaction, host: HostName, epoch: Epoch) {
        let why = format!("it obeys a newer coordinator (epoch {epoch})");
        self.hang_up(hearing, &host, why, Outlook::Permanent);
        self.fenced.insert(host, epoch);
    }

    /// One host may be confused. Two that obey another coordinator are proof, and so is the only host that there is.
    pub(super) fn is_fenced(&self) -> Option<Stop> {
        let others = self.setup.config.hosts.iter().filter(|host| {
            let gone = self
                .setup
                .fleet
                .host(&host.name)
                .is_none_or(|entry| entry.gone.is_some());
            !gone && !self.fenced.contains_key(&host.name)
        });
        if self.fenced.len() > 1 || others.count() == 0 {
            self.fenced_stop()
        } else {
            None
        }
    }

    /// If jobs wait for nothing but hosts that obey another coordinator, that is why this one stops.
    pub(super) fn fenced_only(&self, stuck: &[Stuck]) -> Option<Stop> {
        let waited_for: BTreeSet<&Subject> = stuck.iter().map(|stuck| &stuck.subject).collect();
        let fenced =
            |subject: &&Subject| matches!(subject, Subject::Host(host) if self.fenced.contains_key(host));
        waited_for
            .iter()
            .all(fenced)
            .then(|| self.fenced_stop())
            .flatten()
    }

    fn fenced_stop(&self) -> Option<Stop> {
        let (host, epoch) = self.fenced.iter().next()?;
        Some(Stop::Fenced(host.clone(), *epoch))
    }
}

/// Did the news not fit what is stored? (Then nothing of them was stored.)
fn is_contradiction(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Store(StoreError::Contradiction(_) | StoreError::Absurd(..))
    )
}
