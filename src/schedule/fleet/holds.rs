//! Holds in the fleet: who is held, and which waiting jobs that keeps back.

use super::{Fleet, HostEntry, JobEntry};
use crate::domain::event::{Past, Stock};
use crate::domain::hold::{Hold, HoldRecord, Kind, Subject};
use crate::domain::id::JobId;
use crate::domain::name::HostName;
use crate::domain::time::Timestamp;

impl Fleet {
    /// Everything that was ever held.
    pub fn stands(&self) -> impl Iterator<Item = (&Subject, &HoldRecord)> {
        self.stands.iter()
    }

    /// What is remembered of a subject.
    pub fn stand(&self, subject: &Subject) -> Option<&HoldRecord> {
        self.stands.get(subject)
    }

    /// The hold on a subject.
    pub fn hold(&self, subject: &Subject) -> Option<&Hold> {
        self.stands.get(subject)?.hold.as_ref()
    }

    /// The hold on a host.
    pub fn host_hold(&self, host: &HostName) -> Option<&Hold> {
        if self.stands.is_empty() {
            return None;
        }
        self.hold(&Subject::Host(host.clone()))
    }

    /// The hold that keeps this job back, wherever it would run.
    pub fn job_hold(&self, entry: &JobEntry) -> Option<(Subject, &Hold)> {
        if self.stands.is_empty() {
            return None;
        }
        let job = &entry.job;
        let image = self
            .image(job.id)
            .map(|image| Subject::Image(image.source.to_string()));
        let subjects = [
            Some(Subject::Set(job.set.clone())),
            Some(Subject::Model(job.model.clone())),
            image,
        ];
        subjects
            .into_iter()
            .flatten()
            .find_map(|subject| Some((subject.clone(), self.hold(&subject)?)))
    }

    /// Hosts whose memory is not known, and may yet be: until then nothing starts that waits, since one of them may be
    /// running it.
    pub fn unheard(&self) -> impl Iterator<Item = (&HostName, &Hold)> {
        self.stands.iter().filter_map(|(subject, stand)| match subject {
            Subject::Memory(host) if self.hosts.get(host).is_none_or(|entry| entry.gone.is_none()) => {
                Some((host, stand.hold.as_ref()?))
            }
            Subject::Memory(_)
            | Subject::Host(_)
            | Subject::Model(_)
            | Subject::Set(_)
            | Subject::Image(_) => None,
        })
    }

    /// What should be held, and why, as the news say.
    pub fn alarms(&self) -> impl Iterator<Item = (&Subject, &str)> {
        self.alarms.iter().map(|(subject, why)| (subject, why.as_str()))
    }

    /// A stored stand. Only for loading.
    pub fn restore_stand(&mut self, subject: Subject, stand: HoldRecord) {
        self.stands.insert(subject, stand);
    }

    pub(super) fn held(
        &mut self,
        at: Timestamp,
        subject: &Subject,
        kind: Kind,
        why: &str,
        until: Option<Timestamp>,
    ) {
        let stand = self.stands.entry(subject.clone()).or_default();
        // A quarantine that is only given another end is still the same.
        let same = |hold: &Hold| hold.kind == Kind::Quarantined;
        let strikes = kind == Kind::Quarantined && !stand.hold.as_ref().is_some_and(same);
        stand.strikes += u32::from(strikes);
        stand.hold = Some(Hold {
            kind,
            why: why.to_owned(),
            since: at,
            until,
        });
        self.alarms.remove(subject);
        self.sort_anew(subject);
    }

    pub(super) fn released(&mut self, at: Timestamp, subject: &Subject, vouched: bool) {
        let stand = self.stands.entry(subject.clone()).or_default();
        stand.hold = None;
        stand.freed = Some(at);
        if vouched {
            stand.strikes = 0;
        }
        match subject {
            Subject::Host(host) => self.host_entry(host).trials.clear(),
            Subject::Image(source) => {
                self.spoiled.remove(source.as_str());
            }
            Subject::Model(model) => {
                self.refusals.remove(model);
            }
            Subject::Set(_) | Subject::Memory(_) => {}
        }
        self.alarms.remove(subject);
        self.sort_anew(subject);
    }

    /// After a hold came or went: a host may be idle or not, a job may be queued or not.
    fn sort_anew(&mut self, subject: &Subject) {
        if let Subject::Host(host) = subject {
            self.rate(host);
            return;
        }
        let image = |fleet: &Fleet, id: JobId| {
            let need = fleet.image(id);
            need.is_some_and(|need| matches!(subject, Subject::Image(source) if *source == *need.source))
        };
        let concerned = |entry: &&JobEntry| match subject {
            Subject::Set(set) => entry.job.set == *set,
            Subject::Model(model) => entry.job.model == *model,
            Subject::Image(_) => image(self, entry.job.id),
            Subject::Host(_) | Subject::Memory(_) => false,
        };
        let waiting: Vec<JobId> = self
            .waiting
            .keys()
            .filter_map(|id| self.jobs.get(id))
            .filter(concerned)
            .map(|entry| entry.job.id)
            .collect();
        for job in waiting {
            self.dequeue(job);
            self.enqueue(job);
        }
    }

    /// A closed job is open again.
    pub(super) fn reopen(&mut self, job: JobId, from: &Past) {
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        let after = entry.attempts.iter().map(|attempt| attempt.n).max().unwrap_or(0);
        entry.reopened = Some(Box::new(super::Reopening {
            after,
            from: from.clone(),
        }));
        entry.cancel = None;
        if entry.closed.take().is_some() {
            self.open += usize::from(self.enabled.contains(&entry.job.set));
        }
        self.dequeue(job);
        self.enqueue(job);
    }

    /// A host has other images than was known.
    pub(super) fn stocked(&mut self, host: &HostName, came: &[Stock], went: &[String]) {
        for stock in came.iter().filter(|stock| !stock.layers.is_empty()) {
            let known = self.anatomy.entry(stock.source.as_str().into());
            *known.or_insert_with(|| stock.clone()) = stock.clone();
        }
        let entry = self.host_entry(host);
        for source in went {
            entry.shelf.remove(source.as_str());
            entry.balked.remove(source.as_str());
        }
        for stock in came {
            entry.shelf.insert(stock.source.as_str().into(), stock.clone());
        }
        entry.recount();
    }

    /// What a host was known to have. Only for loading.
    pub fn restore_shelf(&mut self, host: &HostName, stock: &[Stock]) {
        self.stocked(host, stock, &[]);
    }
}

impl HostEntry {
    /// The layers follow from the images.
    fn recount(&mut self) {
        let layers = self.shelf.values().flat_map(|stock| &stock.layers);
        self.layers = layers.map(|(digest, _)| digest.as_str().into()).collect();
    }
}
