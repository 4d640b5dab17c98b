//! What an attempt that is over says of its host, its model, its image; and the same of all stored ones, after loading.

use std::collections::BTreeMap;

use super::health::Trial;
use super::{Attempt, Fleet, JobEntry};
use crate::domain::fault::{Again, Class, REFUSED};
use crate::domain::hold::Subject;
use crate::domain::{AttemptId, JobId, ModelName, Timestamp};

impl Fleet {
    /// The provider of this job's model complains, or works again.
    pub(super) fn hear_provider(&mut self, at: Timestamp, job: JobId, well: bool) {
        let Some(model) = self.facts.job(job).map(|entry| entry.job.model.clone()) else {
            return;
        };
        if well {
            self.index.refusals.remove(&model);
        }
        let running = self.under_way(&model);
        self.notes.hear_provider(model, at, running, well);
    }

    /// An attempt is over: what does it say of its host, its model, its image?
    pub(super) fn learn(&mut self, at: Timestamp, id: AttemptId) {
        let Fleet { facts, index, notes } = self;
        let Some(entry) = facts.job(id.job) else {
            return;
        };
        let Some(attempt) = entry.attempt(id.n) else {
            return;
        };
        let host = &attempt.host;
        // What began before its host was let go is evidence from before. A clock that was set back since proves nothing.
        let freed = facts.freed(&Subject::Host(host.clone()));
        let before = freed.is_some_and(|freed| attempt.intended < freed && freed <= at);
        index.remember(host, Trial::of(entry, attempt).filter(|_| !before));
        if attempt.blame() == Some(Class::Host) {
            notes.host_mut(host).unseen = true;
        }
        let Some(fault) = attempt.fault().filter(|_| !attempt.state.is_live()) else {
            return;
        };
        let job = &entry.job;
        match (fault.again, fault.class) {
            (Again::Mended, _) => {
                let model = Subject::Model(job.model.clone());
                index.alarms.insert(model, fault.to_string());
            }
            (_, Class::Provider) if fault.name == REFUSED => {
                if let Some(why) = index.refuse(job, fault) {
                    index.alarms.insert(Subject::Model(job.model.clone()), why);
                }
            }
            (Again::Later, _) => self.hear_provider(at, id.job, false),
            (Again::Cleaned, _) => notes.host_mut(host).dirty = true,
            (_, Class::Image) => index.spoil(notes, id.job, host.clone(), &fault.to_string()),
            (Again::Never | Again::Anywhere | Again::Elsewhere, _) => {}
        }
    }

    /// After loading: everything that attempts teach, in the order in which they ended.
    pub(super) fn relearn(&mut self) {
        let Fleet { facts, index, notes } = self;
        let mut past: Vec<(Timestamp, AttemptId)> = Vec::new();
        for entry in facts.jobs() {
            let over = entry.attempts.iter().filter(|attempt| !attempt.state.is_live());
            past.extend(over.map(|attempt| (attempt.ended(), id(entry, attempt))));
            if let Some(live) = entry.live() {
                index.host(&live.host).live.insert(id(entry, live));
            }
        }
        past.sort_unstable();
        for (_, id) in past {
            let Some((entry, attempt)) = facts.job(id.job).zip(facts.attempt(id)) else {
                continue;
            };
            for (phase, span) in &attempt.took {
                index.measure(facts, notes, id, phase, *span);
            }
            let job = &entry.job;
            let model = Subject::Model(job.model.clone());
            let told = attempt.told.as_ref().and_then(|told| told.fault.as_ref());
            let told = told.filter(|(at, _)| facts.hold(&model).is_none() && Some(*at) > facts.freed(&model));
            let trial = Trial::of(entry, attempt).filter(|_| {
                facts
                    .freed(&Subject::Host(attempt.host.clone()))
                    .is_none_or(|freed| attempt.intended >= freed)
            });
            index.remember(&attempt.host, trial);
            if !attempt.done().is_empty() {
                index.refusals.remove(&job.model);
            }
            let alarm = told.and_then(|(_, fault)| match fault.again == Again::Mended {
                true => entry.is_waiting().then(|| fault.to_string()),
                false if fault.name == REFUSED => index.refuse(job, fault),
                false => None,
            });
            if let Some(why) = alarm {
                index.alarms.insert(model, why);
            }
        }
        for (host, index_of) in &index.hosts {
            for id in &index_of.live {
                let Some((entry, attempt)) = facts.job(id.job).zip(facts.attempt(*id)) else {
                    continue;
                };
                let expected = index.measures.job(&entry.job).unwrap_or_default();
                let expects = &mut notes.host_mut(host).expects;
                expects.insert(*id, (attempt.intended, expected));
            }
        }
    }

    /// Notes what providers complained of, as the stored attempts tell it. It is for verbs that only show the fleet,
    /// such as `status`: a coordinator finds out by asking the provider once more.
    pub fn recall_complaints(&mut self, now: Timestamp) {
        let mut past: Vec<(Timestamp, JobId, bool)> = Vec::new();
        // Of each model, when its attempts began and ended: so many were under way at a time.
        let mut times: BTreeMap<ModelName, [Vec<Timestamp>; 2]> = BTreeMap::new();
        for entry in self.facts.jobs() {
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
        // What lies ahead was written before the clock was set back: how long ago is not known.
        past.retain(|(at, ..)| *at <= now);
        for (at, job, well) in past {
            let Some(model) = self.facts.job(job).map(|entry| entry.job.model.clone()) else {
                continue;
            };
            let [begun, over] = times.get(&model).map_or([0, 0], |[begun, ended]| {
                [
                    begun.partition_point(|time| *time <= at),
                    ended.partition_point(|time| *time < at),
                ]
            });
            self.notes
                .hear_provider(model, at, begun.saturating_sub(over), well);
        }
    }
}

fn id(entry: &JobEntry, attempt: &Attempt) -> AttemptId {
    AttemptId {
        job: entry.job.id,
        n: attempt.n,
    }
}
