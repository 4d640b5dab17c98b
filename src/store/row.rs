//! How events, jobs, attempts and hosts become rows.

use serde::Serialize;
use sqlx::Arguments as _;
use sqlx::error::BoxDynError;

use super::StoreError;
use super::write::{Row, Values};
use crate::domain::attempt::AttemptState;
use crate::domain::event::Event;
use crate::domain::fleet::{Attempt, Closure, HostEntry, JobEntry};
use crate::domain::hold::{HoldRecord, Subject};
use crate::domain::host::{Link, Outlook};
use crate::domain::{HostName, Job, JobId, PhaseName, Place, SetName, Sha256, TaskName, Timestamp};

/// A count as SQLite holds it.
pub(super) fn count(value: u64, what: &'static str) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Absurd(value, what))
}

/// A value as JSON text.
pub(super) fn body(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

/// A list, unless it is empty.
pub(super) fn some<T>(list: &Vec<T>) -> Option<&Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// Binds values in the order of their places.
macro_rules! bind {
    ($values:ident: $($value:expr),* $(,)?) => {{
        $($values.add($value)?;)*
        Ok(())
    }};
}

/// A row of `event`.
pub(super) struct EventRow {
    at: Timestamp,
    job: Option<JobId>,
    body: String,
}

impl EventRow {
    pub(super) fn new(at: Timestamp, event: &Event) -> Result<EventRow, StoreError> {
        let (job, body) = (event.job(), body(event)?);
        Ok(EventRow { at, job, body })
    }
}

impl Row for EventRow {
    const HEAD: &'static str = "insert into event (at, job_id, body) values";
    const ROW: &'static str = "(?,?,?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.at.0, self.job.as_ref().map(JobId::as_str), self.body.as_str())
    }
}

/// A row of `job`: what was asked for.
pub(super) struct JobRow<'a> {
    job: &'a Job,
    env: String,
    position: i64,
}

impl<'a> JobRow<'a> {
    /// The row that an event brings, if it brings one.
    pub(super) fn new(event: &'a Event) -> Option<Result<JobRow<'a>, StoreError>> {
        let Event::JobAdded(job) = event else { return None };
        let row = || {
            let (env, position) = (body(&job.env)?, count(job.order, "position")?);
            Ok(JobRow { job, env, position })
        };
        Some(row())
    }

    pub(super) fn set(&self) -> &'a SetName {
        &self.job.set
    }

    pub(super) fn host(&self) -> Option<&'a HostName> {
        match &self.job.place {
            Place::Host(host) => Some(host),
            Place::Any => None,
        }
    }

    /// Of every file that travels with the job.
    pub(super) fn files(&self) -> impl Iterator<Item = Sha256> + use<'a> {
        let files = self.job.dataset.iter().chain(self.job.trajectory.as_deref());
        files.map(|file| file.sha256)
    }
}

impl Row for JobRow<'_> {
    const HEAD: &'static str =
        "insert into job (id, set_id, instance, model, run, task, pipeline, dataset_path,
        dataset_sha256, trajectory_path, trajectory_sha256, env, host_name, position) values";
    // The latest revision brought it.
    const ROW: &'static str =
        "(?,(select max(id) from assignment_set where name = ?),?,?,?,?,?,?,?,?,?,?,?,?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        let job = self.job;
        bind!(values:
            job.id.as_str(),
            job.set.as_str(),
            job.instance.as_str(),
            job.model.as_str(),
            job.run,
            job.task.as_ref().map(TaskName::as_str),
            job.pipeline.as_str(),
            job.dataset.as_ref().map(|dataset| dataset.path.as_ref()),
            job.dataset.as_ref().map(|dataset| String::from(dataset.sha256)),
            job.trajectory.as_ref().map(|given| given.path.as_ref()),
            job.trajectory.as_ref().map(|given| String::from(given.sha256)),
            self.env.as_str(),
            self.host().map(HostName::as_str),
            self.position,
        )
    }
}

/// The columns of `job` that change.
pub(super) struct FateRow {
    job: JobId,
    cancel: Option<&'static str>,
    closed: Option<&'static str>,
    closure: Option<String>,
    reopened: Option<String>,
}

impl FateRow {
    pub(super) fn new(entry: &JobEntry) -> Result<FateRow, StoreError> {
        Ok(FateRow {
            job: entry.job.id,
            cancel: entry.cancel.map(|hard| if hard { "hard" } else { "soft" }),
            closed: entry.closed.as_ref().map(Closure::word),
            closure: entry.closed.as_ref().map(body).transpose()?,
            reopened: entry.reopened.as_ref().map(body).transpose()?,
        })
    }
}

impl Row for FateRow {
    const HEAD: &'static str = "with fate (job, cancel, closed, closure, reopened) as (values";
    const ROW: &'static str = "(?,?,?,?,?)";
    const TAIL: &'static str =
        ") update job set cancel = fate.cancel, closed = fate.closed, closure = fate.closure,
        reopened = fate.reopened from fate where job.id = fate.job";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values:
            self.job.as_str(),
            self.cancel,
            self.closed,
            self.closure.as_deref(),
            self.reopened.as_deref(),
        )
    }
}

/// A row of `attempt`.
pub(super) struct AttemptRow<'a> {
    job: JobId,
    attempt: &'a Attempt,
    epoch: i64,
    offset: i64,
    outcome: Option<String>,
    seal: Option<String>,
    told: Option<String>,
    took: Option<String>,
}

impl<'a> AttemptRow<'a> {
    pub(super) fn new(job: JobId, attempt: &'a Attempt) -> Result<AttemptRow<'a>, StoreError> {
        Ok(AttemptRow {
            job,
            attempt,
            epoch: count(attempt.epoch.0, "epoch")?,
            offset: count(attempt.offset, "place in a journal")?,
            outcome: match &attempt.state {
                AttemptState::Ended(outcome) => Some(body(outcome)?),
                AttemptState::Intended | AttemptState::Refused | AttemptState::Running { .. } => None,
            },
            seal: attempt.seal.as_ref().map(body).transpose()?,
            told: attempt.told.as_ref().map(body).transpose()?,
            took: some(&attempt.took).map(body).transpose()?,
        })
    }

    fn phase(&self) -> Option<&str> {
        match &self.attempt.state {
            AttemptState::Running { phase } => phase.as_ref().map(PhaseName::as_str),
            AttemptState::Intended | AttemptState::Refused | AttemptState::Ended(_) => None,
        }
    }
}

impl Row for AttemptRow<'_> {
    const HEAD: &'static str =
        "insert into attempt (job_id, number, host_name, epoch, state, phase, outcome, seal,
        excerpt, told, took, journal_offset, intended_at, since_at) values";
    const ROW: &'static str = "(?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    const TAIL: &'static str = "on conflict (job_id, number) do update set
        state = excluded.state, phase = excluded.phase, outcome = excluded.outcome, seal = excluded.seal,
        excerpt = excluded.excerpt, told = excluded.told, took = excluded.took, journal_offset = excluded.journal_offset, since_at = excluded.since_at";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values:
            self.job.as_str(),
            self.attempt.n,
            self.attempt.host.as_str(),
            self.epoch,
            self.attempt.state.word(),
            self.phase(),
            self.outcome.as_deref(),
            self.seal.as_deref(),
            self.attempt.excerpt.as_deref(),
            self.told.as_deref(),
            self.took.as_deref(),
            self.offset,
            self.attempt.intended.0,
            self.attempt.since.0,
        )
    }
}

/// A host that is perhaps spoken of for the first time.
pub(super) struct HostRow<'a>(pub(super) &'a HostName);

impl Row for HostRow<'_> {
    const HEAD: &'static str = "insert or ignore into host (name) values";
    const ROW: &'static str = "(?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.0.as_str())
    }
}

/// The columns of `host` that say how its link is.
pub(super) struct LinkRow<'a> {
    pub(super) host: &'a HostName,
    pub(super) link: &'a Link,
}

impl Row for LinkRow<'_> {
    const HEAD: &'static str = "with new (host, link, since, reason, outlook) as (values";
    const ROW: &'static str = "(?,?,?,?,?)";
    const TAIL: &'static str = ") update host set link = new.link, link_since = new.since,
        link_reason = new.reason, link_outlook = new.outlook from new where host.name = new.host";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        let (word, since, down) = match self.link {
            Link::Unknown => ("unknown", None, None),
            Link::Up { since } => ("up", Some(since.0), None),
            Link::Down {
                since,
                reason,
                outlook,
            } => ("down", Some(since.0), Some((reason.as_str(), *outlook))),
        };
        let outlook = down.map(|(_, outlook)| match outlook {
            Outlook::Transient => "transient",
            Outlook::Permanent => "permanent",
        });
        bind!(values: self.host.as_str(), word, since, down.map(|(reason, _)| reason), outlook)
    }
}

/// The column of `host` that holds a person's word.
pub(super) struct WordRow<'a> {
    pub(super) host: &'a HostName,
    pub(super) gone: Option<&'a str>,
}

impl Row for WordRow<'_> {
    const HEAD: &'static str = "with new (host, gone) as (values";
    const ROW: &'static str = "(?,?)";
    const TAIL: &'static str = ") update host set gone = new.gone from new where host.name = new.host";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.host.as_str(), self.gone)
    }
}

/// A set that is known by its jobs alone, unless there is a row for it.
pub(super) struct FoundRow<'a> {
    pub(super) set: &'a SetName,
    pub(super) at: Timestamp,
}

impl Row for FoundRow<'_> {
    const HEAD: &'static str = "insert or ignore into assignment_set (name, revision, added_at) values";
    const ROW: &'static str = "(?,1,?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.set.as_str(), self.at.0)
    }
}

/// A dataset that is known by its digest alone, unless there is a row for it.
pub(super) struct DigestRow {
    pub(super) sha256: Sha256,
    pub(super) at: Timestamp,
}

impl Row for DigestRow {
    const HEAD: &'static str = "insert or ignore into dataset (sha256, added_at) values";
    const ROW: &'static str = "(?,?)";
    const TAIL: &'static str = "";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: String::from(self.sha256), self.at.0)
    }
}

/// The column of `host` that says which images it has.
pub(super) struct ShelfRow<'a> {
    host: &'a HostName,
    shelf: Option<String>,
}

impl<'a> ShelfRow<'a> {
    pub(super) fn new(host: &'a HostName, entry: &HostEntry) -> Result<ShelfRow<'a>, StoreError> {
        let shelf: Vec<_> = entry.shelf.values().collect();
        let shelf = some(&shelf).map(body).transpose()?;
        Ok(ShelfRow { host, shelf })
    }
}

impl Row for ShelfRow<'_> {
    const HEAD: &'static str = "with new (host, shelf) as (values";
    const ROW: &'static str = "(?,?)";
    const TAIL: &'static str = ") update host set shelf = new.shelf from new where host.name = new.host";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.host.as_str(), self.shelf.as_deref())
    }
}

/// A row of `stand`.
pub(super) struct StandRow {
    subject: String,
    body: String,
}

impl StandRow {
    pub(super) fn new(subject: &Subject, stand: &HoldRecord) -> Result<StandRow, StoreError> {
        let (subject, body) = (subject.to_string(), body(stand)?);
        Ok(StandRow { subject, body })
    }
}

impl Row for StandRow {
    const HEAD: &'static str = "insert into stand (subject, body) values";
    const ROW: &'static str = "(?,?)";
    const TAIL: &'static str = "on conflict (subject) do update set body = excluded.body";
    fn bind(&self, values: &mut Values) -> Result<(), BoxDynError> {
        bind!(values: self.subject.as_str(), self.body.as_str())
    }
}
