//! What attempts teach: how long things take, which hosts are slow or bad, which providers want a pause.

use std::collections::BTreeMap;

use super::durations::{log, span};
use super::health::REMEMBERED;
use super::{Attempt, Fleet, JobEntry, Rate, Trial};
use crate::domain::fault::{Again, Class, Fault, REFUSED};
use crate::domain::hold::Subject;
use crate::domain::id::{AttemptId, JobId};
use crate::domain::job::Job;
use crate::domain::name::{HostName, ModelName, PhaseName};
use crate::domain::time::{Span, Timestamp};

/// One measurement is worth sorting so many jobs anew.
const NEWS: u64 = 32;

impl Fleet {
    /// How long phases took.
    pub fn measures(&self) -> &super::durations::Measures {
        &self.measures
    }

    /// How long a job is expected to take on a usual host, all phases together; zero if nothing like it was measured.
    pub fn expected(&self, entry: &JobEntry) -> Span {
        self.measures.job(&entry.job).unwrap_or_default()
    }

    /// Models whose provider has complained.
    pub fn rated(&self) -> impl Iterator<Item = &ModelName> {
        self.rates.keys()
    }

    /// The first pause that a provider gets which complains; further ones are longer.
    pub fn pause_providers(&mut self, first: Span) {
        self.pauses.first = first;
    }

    /// For whoever only looks on: what providers complained of, as the attempts that are stored tell it. A coordinator
    /// does without, and finds out by asking once more.
    pub fn recall_complaints(&mut self, now: Timestamp) {
        let mut past: Vec<(Timestamp, JobId, bool)> = Vec::new();
        // Of each model, when its attempts began and ended: so many were under way at a time.
        let mut times: BTreeMap<ModelName, [Vec<Timestamp>; 2]> = BTreeMap::new();
        for entry in self.jobs.values() {
            for attempt in &entry.attempts {
                let told = attempt.told.as_ref().and_then(|told| told.fault.as_ref());
                if let Some((at, _)) = told.filter(|(_, fault)| fault.again == Again::Later) {
                    past.push((*at, entry.job.id, false));
                } else if attempt
                    .took
                    .iter()
                    .any(|(phase, _)| attempt.done().contains(phase))
                {
                    past.push((attempt.ended(), entry.job.id, true));
                }
                let [begun, ended] = times.entry(entry.job.model.clone()).or_default();
                begun.push(attempt.intended);
                if !attempt.state.is_live() {
                    ended.push(attempt.ended());
                }
            }
        }
        times
            .values_mut()
            .flatten()
            .for_each(|times| times.sort_unstable());
        past.sort_unstable();
        // What lies ahead was written before the clock was set back: how long ago, nobody knows.
        past.retain(|(at, ..)| *at <= now);
        for (at, job, well) in past {
            let Some(model) = self.jobs.get(&job).map(|entry| entry.job.model.clone()) else {
                continue;
            };
            let [begun, over] = times.get(&model).map_or([0, 0], |[begun, ended]| {
                [
                    begun.partition_point(|time| *time <= at),
                    ended.partition_point(|time| *time < at),
                ]
            });
            self.rate_of(model, at, begun.saturating_sub(over), well);
        }
    }

    /// The rate of a model whose provider has complained.
    pub fn provider_rate(&self, model: &ModelName) -> Option<&Rate> {
        self.rates.get(model)
    }

    /// How many jobs of a model are under way.
    pub fn under_way(&self, model: &ModelName) -> usize {
        let live = self.hosts.values().flat_map(|host| &host.live);
        live.filter(|id| {
            self.jobs
                .get(&id.job)
                .is_some_and(|entry| entry.job.model == *model)
        })
        .count()
    }

    /// A phase ended well, and took so long.
    pub(super) fn measured(&mut self, id: AttemptId, phase: &PhaseName, took: Span) {
        let Some(entry) = self.jobs.get(&id.job) else {
            return;
        };
        let job = std::sync::Arc::clone(&entry.job);
        let mut usual = took;
        // How long an image takes is a matter of what the host has already; work that is kept tells of its speed.
        if let Some(attempt) = entry.attempt(id.n)
            && (attempt.told.is_none() || attempt.done().contains(phase))
        {
            let (host, expected) = (attempt.host.clone(), self.measures.phase(&job, phase));
            let host = self.host_entry(&host);
            // What a slow host took is no measure for the others.
            usual = span(log(took) - host.slowness().ln());
            // What is over in a moment says nothing of a machine's speed.
            if let Some(expected) = expected
                && expected.close
                && expected.median >= Span::seconds(1)
            {
                host.pace.add(log(took) - log(expected.median));
            }
        }
        self.measures.add(&job, phase, usual);
        // The order changes with what is learned; sorted anew at each doubling, and not for a few measurements of many
        // jobs, it costs little for each.
        let seen = self.measures.seen();
        let news = (seen - self.ranked).saturating_mul(NEWS);
        if seen >= self.ranked * 2 && news >= self.waiting.len() as u64 {
            self.ranked = seen;
            self.rank_anew();
        }
    }

    /// The provider of this job's model complains, or works again.
    pub(super) fn heard_of_provider(&mut self, at: Timestamp, job: JobId, well: bool) {
        let Some(model) = self.jobs.get(&job).map(|entry| entry.job.model.clone()) else {
            return;
        };
        if well {
            self.refusals.remove(&model);
        }
        let running = self.under_way(&model);
        self.rate_of(model, at, running, well);
    }

    fn rate_of(&mut self, model: ModelName, at: Timestamp, running: usize, well: bool) {
        match (self.rates.get_mut(&model), well) {
            (Some(rate), true) => rate.increase(at),
            (Some(rate), false) => rate.decrease(at, running),
            (None, true) => {}
            (None, false) => {
                self.rates.insert(model, Rate::first(at, running, self.pauses));
            }
        }
    }

    /// An attempt is over: what does it say of its host, its model, its image?
    pub(super) fn learn(&mut self, at: Timestamp, id: AttemptId) {
        let Some(entry) = self.jobs.get(&id.job) else {
            return;
        };
        let Some(attempt) = entry.attempt(id.n) else {
            return;
        };
        let (host, fault) = (attempt.host.clone(), attempt.fault().cloned());
        // What began before its host was let go is evidence from before. A clock that was set back since proves nothing.
        let freed = self.freed(&Subject::Host(host.clone()));
        let before = freed.is_some_and(|freed| attempt.intended < freed && freed <= at);
        let trial = Trial::of(entry, attempt).filter(|_| !before);
        let job = std::sync::Arc::clone(&entry.job);
        let own = attempt.blame() == Some(Class::Host);
        self.remember(&host, trial);
        if own {
            self.host_entry(&host).unseen = true;
        }
        let Some(fault) = fault.filter(|_| !self.attempt(id).is_some_and(|attempt| attempt.state.is_live()))
        else {
            return;
        };
        match (fault.again, fault.class) {
            (Again::Mended, _) => {
                let model = Subject::Model(job.model.clone());
                self.alarms.insert(model, fault.to_string());
            }
            (_, Class::Provider) if fault.name == REFUSED => {
                if let Some(why) = self.refused(&job, &fault) {
                    self.alarms.insert(Subject::Model(job.model.clone()), why);
                }
            }
            (Again::Later, _) => self.heard_of_provider(at, id.job, false),
            (Again::Cleaned, _) => self.host_entry(&host).dirty = true,
            (_, Class::Image) => self.spoils(id.job, host, &fault.to_string()),
            (Again::Never | Again::Anywhere | Again::Elsewhere, _) => {}
        }
    }

    /// A job's output calls its model refused: why the model should be held, if a job of another instance has said so
    /// and the model has not worked since. One alone may have printed a test's words.
    fn refused(&mut self, job: &Job, fault: &Fault) -> Option<String> {
        let first = self.refusals.get(&job.model);
        if let Some(first) = first.filter(|first| **first != job.instance) {
            return Some(format!("{fault} (also with {first})"));
        }
        self.refusals.insert(job.model.clone(), job.instance.clone());
        None
    }

    /// When this was last let go.
    fn freed(&self, subject: &Subject) -> Option<Timestamp> {
        self.stands.get(subject)?.freed
    }

    fn remember(&mut self, host: &HostName, trial: Option<Trial>) {
        let Some(trial) = trial else { return };
        let trials = &mut self.host_entry(host).trials;
        if trials.len() == REMEMBERED {
            trials.remove(0);
        }
        trials.push(trial);
    }

    /// An image that fails on two hosts is no good on the others either.
    fn spoils(&mut self, job: JobId, host: HostName, why: &str) {
        let Some(source) = self
            .images
            .get(&job)
            .map(|image| std::sync::Arc::clone(&image.source))
        else {
            return;
        };
        let hosts = self.spoiled.entry(std::sync::Arc::clone(&source)).or_default();
        hosts.insert(host);
        if hosts.len() >= 2 {
            let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            let why = format!("{why} (on {})", names.join(", "));
            self.alarms.insert(Subject::Image(source.to_string()), why);
        }
    }

    /// After loading: everything that attempts teach, in the order in which they ended.
    pub fn relearn(&mut self) {
        let mut past: Vec<(Timestamp, AttemptId)> = Vec::new();
        for entry in self.jobs.values() {
            let over = entry.attempts.iter().filter(|attempt| !attempt.state.is_live());
            past.extend(over.map(|attempt| (attempt.ended(), id(entry, attempt))));
        }
        past.sort_unstable();
        for (_, id) in past {
            let Some(attempt) = self.attempt(id) else { continue };
            let (host, took) = (attempt.host.clone(), attempt.took.clone());
            for (phase, span) in took {
                self.measured(id, &phase, span);
            }
            let Some((entry, attempt)) = self.jobs.get(&id.job).zip(self.attempt(id)) else {
                continue;
            };
            let job = std::sync::Arc::clone(&entry.job);
            let model = Subject::Model(job.model.clone());
            let told = attempt.told.as_ref().and_then(|told| told.fault.as_ref());
            let told = told.filter(|(at, _)| self.hold(&model).is_none() && Some(*at) > self.freed(&model));
            let (waits, fault) = (entry.is_waiting(), told.map(|(_, fault)| fault.clone()));
            let worked = !attempt.done().is_empty();
            let began = attempt.intended;
            let trial = Trial::of(entry, attempt).filter(|_| {
                self.freed(&Subject::Host(host.clone()))
                    .is_none_or(|freed| began >= freed)
            });
            self.remember(&host, trial);
            if worked {
                self.refusals.remove(&job.model);
            }
            let alarm = fault.and_then(|fault| match fault.again == Again::Mended {
                true => waits.then(|| fault.to_string()),
                false if fault.name == REFUSED => self.refused(&job, &fault),
                false => None,
            });
            if let Some(why) = alarm {
                self.alarms.insert(model, why);
            }
        }
        let live: Vec<(HostName, AttemptId)> = self
            .hosts
            .iter()
            .flat_map(|(name, host)| host.live.iter().map(|id| (name.clone(), *id)))
            .collect();
        for (host, id) in live {
            let Some((entry, attempt)) = self.jobs.get(&id.job).zip(self.attempt(id)) else {
                continue;
            };
            let expects = (attempt.intended, self.expected(entry));
            self.host_entry(&host).expects.insert(id, expects);
        }
    }
}

fn id(entry: &JobEntry, attempt: &Attempt) -> AttemptId {
    AttemptId {
        job: entry.job.id,
        n: attempt.n,
    }
}
