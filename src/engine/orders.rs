//! From a message to the request that carries it. The only place where secrets are put on a link.

use std::sync::Arc;

use super::talk::PendingReply;
use super::{Engine, EngineError, baselines};
use crate::domain::job::Dataset;
use crate::domain::swe::{Agent, IMAGE_URL, Source};
use crate::domain::wire::{Ask, Sent, Start};
use crate::domain::{AttemptId, Event, HostName, Instance, JobId, Sha256};
use crate::doors::clock;
use crate::pipeline::{self, CompileError};
use crate::plan::HostMessage;

/// Datasets that were sent lately: many jobs share one.
#[derive(Debug, Default)]
pub(super) struct Orders {
    dataset: Option<(Sha256, Arc<String>)>,
}

impl Engine {
    /// Sends messages. Each is marked as told first, so that what cannot be sent now is told later. Attempts that cannot
    /// be started at all are given back as events.
    pub(super) async fn send(&mut self, messages: Vec<HostMessage>) -> Result<Vec<Event>, EngineError> {
        let mut requests = Vec::with_capacity(messages.len());
        let mut unfit = Vec::new();
        for message in messages {
            match message {
                HostMessage::Start { attempt, host, .. } => {
                    self.setup.fleet.notes_mut().mark_sent(&host, attempt);
                    match self.start(&host, attempt).await? {
                        Ok(Some(start)) => {
                            requests.push((host, Ask::Start(Box::new(start)), PendingReply::Start(attempt)));
                        }
                        Ok(None) => {}
                        Err(error) => {
                            let next = self.unfit(&host, attempt, error.fault());
                            unfit.extend(next.event);
                            requests.extend(next.question);
                        }
                    }
                }
                HostMessage::Follow { attempt, host, from } => {
                    self.setup.fleet.notes_mut().mark_sent(&host, attempt);
                    requests.push((host, Ask::Follow { attempt, from }, PendingReply::Follow));
                }
                HostMessage::Cancel { attempt, host, hard } => {
                    let authority = self.setup.authority.clone();
                    requests.push((
                        host,
                        Ask::Cancel {
                            authority,
                            attempt,
                            hard,
                        },
                        PendingReply::Stop,
                    ));
                }
                HostMessage::Prefetch { host, job } => requests.extend(self.fetch(host, job).await?),
                HostMessage::Probe { host } => {
                    if !self.talks.awaits(&host, &PendingReply::Look) {
                        requests.push((host, Ask::Probe, PendingReply::Look));
                    }
                }
                HostMessage::Evict { host, image } => {
                    self.setup
                        .fleet
                        .notes_mut()
                        .record_eviction(&host, clock::now(), &image);
                    let about = PendingReply::Evict(image.clone());
                    let ask = Ask::Discard {
                        source: image,
                        runtimes: self.setup.config.runtimes(),
                    };
                    requests.push((host, ask, about));
                }
                HostMessage::Clean { host } => {
                    if !self.talks.awaits(&host, &PendingReply::Clean) {
                        requests.push((host, Ask::Clean, PendingReply::Clean));
                    }
                }
            }
        }
        self.talks.send(self.setup.fleet.notes_mut(), requests);
        Ok(unfit)
    }

    /// Everything the host must know. None if it is not in `fleet.toml` any more: then there is no link to it either.
    async fn start(
        &mut self,
        host: &HostName,
        id: AttemptId,
    ) -> Result<Result<Option<Start>, CompileError>, EngineError> {
        let config = Arc::clone(&self.setup.config);
        let known = self
            .setup
            .fleet
            .job(id.job)
            .zip(self.setup.fleet.attempt(id))
            .zip(config.host(host));
        let Some(((entry, attempt), host)) = known else {
            return Ok(Ok(None));
        };
        let (job, epoch) = (Arc::clone(&entry.job), attempt.epoch);
        let keep = entry
            .kept()
            .find(|kept| kept.host == host.name)
            .map(|kept| kept.n);
        let given = entry.given().cloned();
        let dataset = self.file(job.dataset.as_ref()).await?;
        let trajectory = self.file(given.as_ref()).await?;
        if job.dataset.is_some() && dataset.is_none() {
            return Ok(Err(CompileError::NoInstance));
        }
        if given.is_some() && trajectory.is_none() {
            return Ok(Err(CompileError::NoTrajectory));
        }
        let instance = dataset
            .as_deref()
            .and_then(|text| serde_json::from_str::<Instance>(text).ok());
        let mut spec = match pipeline::compile(&job, id.n, epoch, host, &config, instance.as_ref()) {
            Ok(spec) => spec,
            Err(error) => return Ok(Err(error)),
        };
        spec.keep = keep;
        if let Some(swe) = spec.swe.as_mut().filter(|_| trajectory.is_some()) {
            swe.agent = Agent::Given;
        }
        if let Some(swe) = spec.swe.as_mut() {
            swe.baselines = baselines::of(&self.setup.fleet, &job);
        }
        let names = pipeline::env_names(&job, &config);
        let mut secrets = self
            .setup
            .secrets
            .only(|name| names.iter().any(|wanted| wanted == name));
        if let Some(Source::Object { bucket, key }) = spec.swe.as_ref().map(|swe| &swe.image.source) {
            // Without an address the host uses the image that it has, or says what it lacks.
            if let Some(url) = self.sign(bucket, key).await {
                secrets.insert(IMAGE_URL.to_owned(), url);
                spec.secrets.push(IMAGE_URL.to_owned());
            }
        }
        Ok(Ok(Some(Start {
            authority: self.setup.authority.clone(),
            slots: host.slots,
            spec,
            dataset,
            trajectory,
            secrets,
            // The link sends what is large ahead.
            sent: Sent::default(),
        })))
    }

    /// The request that makes a job's image ready ahead of it, if its host lacks that.
    async fn fetch(
        &mut self,
        host: HostName,
        job: JobId,
    ) -> Result<Option<(HostName, Ask, PendingReply)>, EngineError> {
        if self.setup.fleet.reserve_next(&host, job).is_none() {
            return Ok(None);
        }
        let config = Arc::clone(&self.setup.config);
        let Some(entry) = self.setup.fleet.job(job) else {
            return Ok(None);
        };
        let (pipeline, dataset) = (entry.job.pipeline.clone(), entry.job.dataset.clone());
        let text = self.file(dataset.as_ref()).await?;
        let instance = text.and_then(|text| serde_json::from_str::<Instance>(&text).ok());
        let image = config
            .pipeline(&pipeline)
            .zip(instance)
            .and_then(|(pipeline, instance)| pipeline::image(pipeline, &config, &instance).ok());
        let Some(image) = image else {
            self.setup
                .fleet
                .notes_mut()
                .record_fetch(&host, clock::now(), false);
            return Ok(None);
        };
        let url = match &image.source {
            Source::Object { bucket, key } => self.sign(bucket, key).await,
            Source::Engine(_) => None,
        };
        let image = Box::new(image);
        Ok(Some((host, Ask::Prefetch { image, url }, PendingReply::Fetch)))
    }

    /// An address that is good for a while; none if it cannot be signed now.
    async fn sign(&self, bucket: &str, key: &str) -> Option<String> {
        match self.setup.objects.sign(bucket, key).await {
            Ok(url) => Some(url),
            Err(error) => {
                tracing::warn!(%error, bucket, key, "cannot sign the address of an image");
                None
            }
        }
    }

    /// The text of a file that travels with a job.
    async fn file(&mut self, file: Option<&Dataset>) -> Result<Option<String>, EngineError> {
        let Some(file) = file else { return Ok(None) };
        let text = self.dataset(file.sha256).await?;
        Ok(text.map(|text| text.as_ref().clone()))
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
