//! What attempts teach: how long things take, which hosts are slow or bad, which images are no good.

use std::sync::Arc;

use super::super::durations::{log, span};
use super::super::facts::StoredFacts;
use super::super::health::{REMEMBERED, Trial};
use super::super::notes::LiveNotes;
use super::FleetIndex;
use crate::domain::event::Stock;
use crate::domain::hold::Subject;
use crate::domain::{AttemptId, Fault, HostName, Job, JobId, ModelName, PhaseName, Span};

/// One measurement is worth sorting so many jobs anew.
const NEWS: u64 = 32;

impl FleetIndex {
    /// How many jobs of a model are under way.
    pub(in super::super) fn under_way(&self, facts: &StoredFacts, model: &ModelName) -> usize {
        let live = self.hosts.values().flat_map(|host| &host.live);
        live.filter(|id| facts.job(id.job).is_some_and(|entry| entry.job.model == *model))
            .count()
    }

    /// A phase ended well, and took so long.
    pub(in super::super) fn measure(
        &mut self,
        facts: &StoredFacts,
        notes: &LiveNotes,
        id: AttemptId,
        phase: &PhaseName,
        took: Span,
    ) {
        let Some(entry) = facts.job(id.job) else {
            return;
        };
        let job = &entry.job;
        let mut usual = took;
        // How long an image takes is a matter of what the host has already; work that is kept tells of its speed.
        if let Some(attempt) = entry.attempt(id.n)
            && (attempt.told.is_none() || attempt.done().contains(phase))
        {
            let expected = self.measures.phase(job, phase);
            let host = self.host(&attempt.host);
            // What a slow host took is no measure for the others.
            usual = span(log(took) - host.pace.slowness().ln());
            // What is over in a moment says nothing of a machine's speed.
            if let Some(expected) = expected
                && expected.close
                && expected.median >= Span::seconds(1)
            {
                host.pace.add(log(took) - log(expected.median));
            }
        }
        self.measures.add(job, phase, usual);
        // The order changes with what is learned; sorted anew at each doubling, and not for a few measurements of many
        // jobs, it costs little for each.
        let seen = self.measures.seen();
        let news = (seen - self.ranked).saturating_mul(NEWS);
        if seen >= self.ranked * 2 && news >= self.waiting.len() as u64 {
            self.ranked = seen;
            self.rank_anew(facts, notes);
        }
    }

    /// A job's output calls its model refused: why the model should be held, if a job of another instance has said so
    /// and the model has not worked since. One alone may have printed a test's words.
    pub(in super::super) fn refuse(&mut self, job: &Job, fault: &Fault) -> Option<String> {
        let first = self.refusals.get(&job.model);
        if let Some(first) = first.filter(|first| **first != job.instance) {
            return Some(format!("{fault} (also with {first})"));
        }
        self.refusals.insert(job.model.clone(), job.instance.clone());
        None
    }

    /// How an attempt spoke for or against its host.
    pub(in super::super) fn remember(&mut self, host: &HostName, trial: Option<Trial>) {
        let Some(trial) = trial else { return };
        let trials = &mut self.host(host).trials;
        if trials.len() == REMEMBERED {
            trials.remove(0);
        }
        trials.push(trial);
    }

    /// An image that fails on two hosts is no good on the others either.
    pub(in super::super) fn spoil(&mut self, notes: &LiveNotes, job: JobId, host: HostName, why: &str) {
        let Some(source) = notes.images.get(&job).map(|image| Arc::clone(&image.source)) else {
            return;
        };
        let hosts = self.spoiled.entry(Arc::clone(&source)).or_default();
        hosts.insert(host);
        if hosts.len() >= 2 {
            let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            let why = format!("{why} (on {})", names.join(", "));
            self.alarms.insert(Subject::Image(source.to_string()), why);
        }
    }

    /// These images came to a host, or it lost others: its layers follow from what it has now.
    pub(in super::super) fn count_layers<'s>(
        &mut self,
        facts: &StoredFacts,
        host: &HostName,
        came: impl IntoIterator<Item = &'s Stock>,
    ) {
        for stock in came.into_iter().filter(|stock| !stock.layers.is_empty()) {
            self.anatomy.insert(stock.source.as_str().into(), stock.clone());
        }
        let images = facts.host(host).shelf().values();
        let layers = images.flat_map(|stock| &stock.layers);
        self.host(host).layers = layers.map(|(digest, _)| digest.as_str().into()).collect();
    }
}
