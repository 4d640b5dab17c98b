//! Holds in the fleet: what is held, and which waiting jobs that keeps back.

use super::facts::StoredFacts;
use super::notes::LiveNotes;
use super::{Fleet, JobEntry};
use crate::domain::HostName;
use crate::domain::hold::{Hold, HoldRecord, Subject};

impl Fleet {
    /// Everything that was ever held.
    pub fn stands(&self) -> impl Iterator<Item = (&Subject, &HoldRecord)> {
        self.facts.stands()
    }

    /// What is remembered of a subject.
    pub fn stand(&self, subject: &Subject) -> Option<&HoldRecord> {
        self.facts.stand(subject)
    }

    /// The hold on a subject.
    pub fn hold(&self, subject: &Subject) -> Option<&Hold> {
        self.facts.hold(subject)
    }

    /// The hold on a host.
    pub fn host_hold(&self, host: &HostName) -> Option<&Hold> {
        self.facts.host_hold(host)
    }

    /// The hold that keeps this job back, wherever it would run.
    pub fn job_hold(&self, entry: &JobEntry) -> Option<(Subject, &Hold)> {
        job_hold(&self.facts, &self.notes, entry)
    }

    /// Hosts whose memory is not known, and may yet be: until then nothing starts that waits, since one of them may be
    /// running it.
    pub fn unheard(&self) -> impl Iterator<Item = (&HostName, &Hold)> {
        self.facts.stands().filter_map(|(subject, stand)| match subject {
            Subject::Memory(host) if self.facts.host(host).gone().is_none() => {
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
        let alarms = self.index.alarms.iter();
        alarms.map(|(subject, why)| (subject, why.as_str()))
    }
}

/// The hold that keeps a job back, wherever it would run.
pub(super) fn job_hold<'f>(
    facts: &'f StoredFacts,
    notes: &LiveNotes,
    entry: &JobEntry,
) -> Option<(Subject, &'f Hold)> {
    if facts.holds_nothing() {
        return None;
    }
    let job = &entry.job;
    let image = notes.images.get(&job.id);
    let subjects = [
        Some(Subject::Set(job.set.clone())),
        Some(Subject::Model(job.model.clone())),
        image.map(|image| Subject::Image(image.source.to_string())),
    ];
    subjects.into_iter().flatten().find_map(|subject| {
        let hold = facts.hold(&subject)?;
        Some((subject, hold))
    })
}
