//! Loading: from rows to the fleet in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::from_row::from_row;
use super::names::Names;
use super::{Store, StoreError};
use crate::domain::attempt::AttemptState;
use crate::domain::event::Stock;
use crate::domain::fleet::{Attempt, JobEntry};
use crate::domain::host::{HostConfig, Link, Outlook};
use crate::domain::job::Dataset;
use crate::domain::journal::Outcome;
use crate::domain::name::{HostName, PhaseName};
use crate::domain::{Epoch, Fleet, Job, JobId, Place, SetName, Span, Timestamp};

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

impl Store {
    /// The stored fleet, under a coordinator with this epoch and these hosts.
    pub async fn load(&self, epoch: Epoch, hosts: &[HostConfig]) -> Result<Fleet, StoreError> {
        // One transaction, so that a reader beside a running coordinator sees one moment.
        let mut transaction = self.pool.begin().await?;
        let mut names = Names::default();
        let mut fleet = Fleet::new(epoch, hosts);
        let mut attempts = attempts(&mut transaction, &mut names).await?;
        let mut rows = sqlx::query_as::<_, JobRow>(select_job!("order by job.id")).fetch(&mut *transaction);
        while let Some(row) = rows.try_next().await? {
            let cancel = row.cancel.as_ref().map(|how| how == "hard");
            let closed = row
                .closure
                .as_deref()
                .map(|body| decode("job", body))
                .transpose()?;
            let reopened = row
                .reopened
                .as_deref()
                .map(|body| decode("job", body))
                .transpose()?;
            let job = row.job(&mut names)?;
            fleet.restore(JobEntry {
                cancel,
                attempts: attempts.remove(&job.id).unwrap_or_default(),
                closed,
                reopened,
                job: Arc::new(job),
            });
        }
        drop(rows);
        let words: Vec<(String, String)> =
            sqlx::query_as("select name, gone from host where gone is not null order by name")
                .fetch_all(&mut *transaction)
                .await?;
        for (name, gone) in words {
            fleet.restore_host(&names.host.get(&name)?, Some(gone));
        }
        let shelves: Vec<(String, String)> =
            sqlx::query_as("select name, shelf from host where shelf is not null order by name")
                .fetch_all(&mut *transaction)
                .await?;
        for (name, shelf) in shelves {
            let stock: Vec<Stock> = decode("host", &shelf)?;
            fleet.restore_shelf(&names.host.get(&name)?, &stock);
        }
        let stands: Vec<(String, String)> =
            sqlx::query_as("select subject, body from stand order by subject")
                .fetch_all(&mut *transaction)
                .await?;
        for (subject, stand) in stands {
            let subject = subject
                .parse()
                .map_err(|what| StoreError::Row { table: "stand", what })?;
            fleet.restore_stand(subject, decode("stand", &stand)?);
        }
        fleet.relearn();
        Ok(fleet)
    }

    /// The links as the last coordinator saw them.
    pub async fn links(&self) -> Result<BTreeMap<HostName, Link>, StoreError> {
        let rows: Vec<LinkRow> = sqlx::query_as(
            "select name, link, link_since, link_reason, link_outlook from host order by name",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(LinkRow::link).collect()
    }
}

/// Shows every stored job of one set to `look`, without keeping them.
pub(super) async fn jobs_of(
    connection: &mut SqliteConnection,
    set: &SetName,
    mut look: impl FnMut(&Job),
) -> Result<(), StoreError> {
    let mut names = Names::default();
    let statement =
        select_job!("where set_id in (select id from assignment_set where name = ?) order by job.id");
    let mut rows = sqlx::query_as::<_, JobRow>(statement)
        .bind(set.as_str())
        .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        look(&row.job(&mut names)?);
    }
    Ok(())
}

async fn attempts(
    connection: &mut SqliteConnection,
    names: &mut Names,
) -> Result<BTreeMap<JobId, Vec<Attempt>>, StoreError> {
    let mut attempts: BTreeMap<JobId, Vec<Attempt>> = BTreeMap::new();
    let mut rows = sqlx::query_as::<_, AttemptRow>("select * from attempt order by id").fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let job = row.job_id.parse().map_err(|what| StoreError::Row {
            table: "attempt",
            what,
        })?;
        let tries = attempts.entry(job).or_default();
        // Most jobs have one attempt; the room for four that a push makes would be most of the memory.
        tries.reserve_exact(1);
        tries.push(row.attempt(names)?);
    }
    Ok(attempts)
}

from_row! {
    struct JobRow {
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

impl JobRow {
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
            env: decode("job", &self.env)?,
            place: match self.host_name {
                Some(host) => Place::Host(names.host.get(&host)?),
                None => Place::Any,
            },
            order: self.position.unsigned_abs(),
        })
    }
}

from_row! {
    struct AttemptRow {
        job_id: String,
        number: u32,
        host_name: String,
        epoch: i64,
        state: String,
        phase: Option<String>,
        outcome: Option<String>,
        seal: Option<String>,
        excerpt: Option<String>,
        told: Option<String>,
        took: Option<String>,
        journal_offset: i64,
        intended_at: i64,
        since_at: i64,
    }
}

impl AttemptRow {
    fn attempt(self, names: &mut Names) -> Result<Attempt, StoreError> {
        let state = match (self.state.as_str(), self.outcome) {
            ("intended", _) => AttemptState::Intended,
            ("refused", _) => AttemptState::Refused,
            ("running", _) => AttemptState::Running {
                phase: self.phase.map(|phase| names.phase.get(&phase)).transpose()?,
            },
            (_, Some(outcome)) => AttemptState::Ended(match decode("attempt", &outcome)? {
                Outcome::Failed { phase, ending } => Outcome::Failed {
                    phase: names.phase.get(phase.as_str())?,
                    ending,
                },
                other @ (Outcome::Succeeded | Outcome::Cancelled | Outcome::Lost { .. }) => other,
            }),
            (word, None) => {
                let what = format!("an attempt is {word}, and has no outcome");
                return Err(StoreError::Row {
                    table: "attempt",
                    what,
                });
            }
        };
        Ok(Attempt {
            n: self.number,
            host: names.host.get(&self.host_name)?,
            epoch: Epoch(self.epoch.unsigned_abs()),
            state,
            offset: self.journal_offset.unsigned_abs(),
            intended: Timestamp(self.intended_at),
            since: Timestamp(self.since_at),
            excerpt: self.excerpt,
            seal: self.seal.map(|seal| decode("attempt", &seal)).transpose()?,
            told: self.told.map(|told| decode("attempt", &told)).transpose()?,
            took: match self.took {
                Some(took) => {
                    let took: Vec<(PhaseName, Span)> = decode("attempt", &took)?;
                    took.into_iter()
                        .map(|(phase, span)| Ok((names.phase.get(phase.as_str())?, span)))
                        .collect::<Result<_, StoreError>>()?
                }
                None => Vec::new(),
            },
        })
    }
}

from_row! {
    struct LinkRow {
        name: String,
        link: String,
        link_since: Option<i64>,
        link_reason: Option<String>,
        link_outlook: Option<String>,
    }
}

impl LinkRow {
    fn link(self) -> Result<(HostName, Link), StoreError> {
        let name = self.name.parse().map_err(|bad| StoreError::Row {
            table: "host",
            what: format!("`{}` {bad}", self.name.escape_debug()),
        })?;
        let since = self.link_since.map(Timestamp);
        let link = match (self.link.as_str(), since, self.link_reason) {
            ("up", Some(since), _) => Link::Up { since },
            ("down", Some(since), Some(reason)) => Link::Down {
                since,
                reason,
                outlook: match self.link_outlook.as_deref() {
                    Some("permanent") => Outlook::Permanent,
                    _ => Outlook::Transient,
                },
            },
            _ => Link::Unknown,
        };
        Ok((name, link))
    }
}

/// A body that was written as JSON.
pub(super) fn decode<T: serde::de::DeserializeOwned>(
    table: &'static str,
    body: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Row {
        table,
        what: error.to_string(),
    })
}
