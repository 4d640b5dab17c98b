//! Table `job`: what was asked for, and what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt as _;
use sqlx::SqliteConnection;
use sqlx::error::BoxDynError;

use super::StoreError;
use super::names::Names;
use super::read::{from_json, from_row};
use super::write::{Values, WrittenRow, bind, sql_count, to_json};
use crate::domain::event::Event;
use crate::domain::job::Dataset;
use crate::domain::{HostName, Job, JobId, Place, SetName, Sha256, TaskName};
use crate::schedule::fleet::{Attempt, Closure, JobEntry};

/// A statement over `job` that ends in this clause.
macro_rules! select_job {
    ($clause:literal) => {
        concat!(
            "select job.id, assignment_set.name as set_name, instance, model, run, task, pipeline, dataset_path,
                dataset_sha256, trajectory_path, trajectory_sha256, env, host_name, position, cancel, closure, reopened
             from job join assignment_set on assignment_set.id = job.set_id ",
            $clause
        )
    };
}

/// Every stored job with its attempts, one after the other.
pub(super) async fn read_jobs(
    connection: &mut SqliteConnection,
    names: &mut Names,
    mut attempts: BTreeMap<JobId, Vec<Attempt>>,
    mut take: impl FnMut(JobEntry),
) -> Result<(), StoreError> {
    let mut rows = sqlx::query_as::<_, StoredJob>(select_job!("order by job.id")).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let cancel = row.cancel.as_ref().map(|how| how == "hard");
        let closed = row
            .closure
            .as_deref()
            .map(|body| from_json("job", body))
            .transpose()?;
        let reopened = row
            .reopened
            .as_deref()
            .map(|body| from_json("job", body))
            .transpose()?;
        let job = row.job(names)?;
        take(JobEntry {
            cancel,
            attempts: attempts.remove(&job.id).unwrap_or_default(),
            closed,
            reopened,
            job: Arc::new(job),
        });
    }
    Ok(())
}

/// Shows every stored job of one set to `look`, without keeping them.
pub(super) async fn read_jobs_of_set(
    connection: &mut SqliteConnection,
    set: &SetName,
    mut look: impl FnMut(&Job),
) -> Result<(), StoreError> {
    let mut names = Names::default();
    let statement =
        select_job!("where set_id in (select id from assignment_set where name = ?) order by job.id");
    let mut rows = sqlx::query_as::<_, StoredJob>(statement)
        .bind(set.as_str())
        .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        look(&row.job(&mut names)?);
    }
    Ok(())
}

/// A row of `job`: what was asked for.
pub(super) struct NewJob<'a> {
    job: &'a Job,
    env: String,
    position: i64,
}

impl<'a> NewJob<'a> {
    /// The row that an event brings, if it brings one.
    pub(super) fn new(event: &'a Event) -> Option<Result<NewJob<'a>, StoreError>> {
        let Event::JobAdded(job) = event else { return None };
        let row = || {
            let (env, position) = (to_json(&job.env)?, sql_count(job.order, "position")?);
            Ok(NewJob { job, env, position })
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

impl WrittenRow for NewJob<'_> {
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
pub(super) struct JobFate {
    job: JobId,
    cancel: Option<&'static str>,
    closed: Option<&'static str>,
    closure: Option<String>,
    reopened: Option<String>,
}

impl JobFate {
    pub(super) fn new(entry: &JobEntry) -> Result<JobFate, StoreError> {
        Ok(JobFate {
            job: entry.job.id,
            cancel: entry.cancel.map(|hard| if hard { "hard" } else { "soft" }),
            closed: entry.closed.as_ref().map(Closure::word),
            closure: entry.closed.as_ref().map(to_json).transpose()?,
            reopened: entry.reopened.as_ref().map(to_json).transpose()?,
        })
    }
}

impl WrittenRow for JobFate {
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

from_row! {
    struct StoredJob {
        id: String,
        set_name: String,
        instance: String,
        model: String,
        run: u32,
        task: Option<String>,
        pipeline: String,
        dataset_path: Option<String>,
        dataset_sha256: Option<String>,
        trajectory_path: Option<String>,
        trajectory_sha256: Option<String>,
        env: String,
        host_name: Option<String>,
        position: i64,
        cancel: Option<String>,
        closure: Option<String>,
        reopened: Option<String>,
    }
}

impl StoredJob {
    fn job(self, names: &mut Names) -> Result<Job, StoreError> {
        let wrong = |what| StoreError::Row { table: "job", what };
        let mut file = |path: Option<String>, sha256: Option<String>| {
            let digest = sha256.map(|sha256| sha256.parse()).transpose().map_err(wrong)?;
            let path = path.map(|path| names.path.get(&path));
            Ok::<_, StoreError>(path.zip(digest).map(|(path, sha256)| Dataset { path, sha256 }))
        };
        Ok(Job {
            id: self.id.parse().map_err(wrong)?,
            set: names.set.get(&self.set_name)?,
            instance: names.instance.get(&self.instance)?,
            model: names.model.get(&self.model)?,
            run: self.run,
            task: self.task.map(|task| names.task.get(&task)).transpose()?,
            pipeline: names.pipeline.get(&self.pipeline)?,
            dataset: file(self.dataset_path, self.dataset_sha256)?,
            trajectory: file(self.trajectory_path, self.trajectory_sha256)?.map(Box::new),
            env: from_json("job", &self.env)?,
            place: match self.host_name {
                Some(host) => Place::Host(names.host.get(&host)?),
                None => Place::Any,
            },
            order: self.position.unsigned_abs(),
        })
    }
}
