//! From an effect to the request that performs it. The only place where secrets are put on a link.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::talk::About;
use super::{Engine, EngineError};
use crate::domain::wire::{Ask, Start};
use crate::domain::{AttemptId, Effect, HostName, Sha256};
use crate::pipeline;

/// Datasets that were sent lately: many jobs share one.
#[derive(Debug, Default)]
pub(super) struct Orders {
    dataset: Option<(Sha256, Arc<String>)>,
}

impl Engine {
    /// Sends messages. Each is marked as told first, so that what cannot be sent now is told later.
    pub(super) async fn perform(&mut self, effects: Vec<Effect>) -> Result<(), EngineError> {
        let mut requests = Vec::with_capacity(effects.len());
        for effect in effects {
            match effect {
                Effect::Start { attempt, host, .. } => {
                    self.setup.fleet.told(&host, attempt);
                    if let Some(start) = self.start(&host, attempt).await? {
                        requests.push((host, Ask::Start(Box::new(start)), About::Start(attempt)));
                    }
                }
                Effect::Follow { attempt, host, from } => {
                    self.setup.fleet.told(&host, attempt);
                    requests.push((host, Ask::Follow { attempt, from }, About::Follow));
                }
                Effect::Cancel { attempt, host, hard } => {
                    let authority = self.setup.authority.clone();
                    requests.push((
                        host,
                        Ask::Cancel {
                            authority,
                            attempt,
                            hard,
                        },
                        About::Stop,
                    ));
                }
                Effect::Place { .. } | Effect::GiveUp { .. } => {}
            }
        }
        self.talks.send(&mut self.setup.fleet, requests);
        Ok(())
    }

    /// Everything the host must know. None if `fleet.toml` does not say it any more; the job then waits.
    async fn start(&mut self, host: &HostName, id: AttemptId) -> Result<Option<Start>, EngineError> {
        let config = Arc::clone(&self.setup.config);
        let known = self
            .setup
            .fleet
            .job(id.job)
            .zip(self.setup.fleet.attempt(id))
            .zip(config.host(host));
        let Some(((entry, attempt), host)) = known else {
            return Ok(None);
        };
        let (job, epoch) = (Arc::clone(&entry.job), attempt.epoch);
        let spec = match pipeline::compile(&job, id.n, epoch, host, &config) {
            Ok(spec) => spec,
            Err(error) => {
                tracing::error!(job.id = %job.id, %error, "the job cannot be started with this fleet.toml");
                return Ok(None);
            }
        };
        let dataset = match &job.dataset {
            Some(dataset) => self
                .dataset(dataset.sha256)
                .await?
                .map(|text| text.as_ref().clone()),
            None => None,
        };
        let names = pipeline::env_names(&job, &config);
        let secrets: BTreeMap<String, String> = names
            .into_iter()
            .filter_map(|name| Some((name.clone(), self.setup.secrets.get(&name)?.clone())))
            .collect();
        Ok(Some(Start {
            authority: self.setup.authority.clone(),
            slots: host.slots,
            spec,
            dataset,
            trajectory: None,
            secrets,
        }))
    }

    async fn dataset(&mut self, sha256: Sha256) -> Result<Option<Arc<String>>, EngineError> {
        if let Some((known, text)) = &self.orders.dataset
            && *known == sha256
        {
            return Ok(Some(Arc::clone(text)));
        }
        let text = self.setup.store.dataset(&sha256).await?.map(Arc::new);
        self.orders.dataset = text.clone().map(|text| (sha256, text));
        Ok(text)
    }
}
