//! Assignment files: what was dispatched, in which revision, with which datasets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::SqliteConnection;

use super::from_row::from_row;
use super::load::jobs_of;
use super::row::{EventRow, JobRow};
use super::{Store, StoreError, write};
use crate::domain::event::Event;
use crate::domain::name::BadName;
use crate::domain::{Job, JobId, SetName, Sha256, Timestamp};

/// Rows in one statement: enough that its cost vanishes, few enough that its text stays small.
const CHUNK: usize = 1000;

/// A file by its content; one that was only known by its digest is known now.
const KEEP: &str = "insert into dataset (sha256, added_at, body) values (?, ?, ?)
    on conflict (sha256) do update set body = excluded.body where dataset.body is null";

/// A file that is dispatched.
#[derive(Debug, Clone)]
pub struct NewSet {
    /// The set that its jobs belong to.
    pub name: SetName,
    /// Where it was, for people.
    pub file: String,
    /// Of its bytes.
    pub sha256: Sha256,
    /// Every dataset that its jobs name.
    pub datasets: Vec<NewDataset>,
}

/// A dataset that comes with a set.
#[derive(Debug, Clone)]
pub struct NewDataset {
    /// Of the text.
    pub sha256: Sha256,
    /// The text, which travels to hosts.
    pub body: String,
}

/// What dispatching a file has added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Added {
    /// The revision under which the file is stored; none if this very content was the last one already.
    pub revision: Option<u32>,
    /// Jobs that were not there. Their `JobAdded` events are stored, and wait to be folded in this order.
    pub new: Vec<Arc<Job>>,
    /// How many were there already.
    pub known: usize,
    /// Of these, those for which the file now says something else (pipeline, data, place …). They stay as they were.
    pub differing: Vec<JobId>,
}

/// One stored revision of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRow {
    /// The set.
    pub name: SetName,
    /// Counted from 1.
    pub revision: u32,
    /// The file and its digest; none if the jobs were found on hosts.
    pub file: Option<(String, Sha256)>,
    /// When it was stored.
    pub added: Timestamp,
    /// How many jobs it brought.
    pub jobs: u64,
}

impl Store {
    /// Keeps a file that will travel with a job.
    pub async fn keep_file(&self, at: Timestamp, sha256: Sha256, body: &str) -> Result<(), StoreError> {
        sqlx::query(KEEP)
            .bind(sha256.to_string())
            .bind(at.0)
            .bind(body)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Stores a dispatched file with its datasets and those of its jobs that are new, in one transaction.
    pub async fn add_set(&self, at: Timestamp, set: &NewSet, jobs: &[Arc<Job>]) -> Result<Added, StoreError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        let given: HashMap<JobId, &Job> = jobs.iter().map(|job| (job.id, job.as_ref())).collect();
        let (mut stored, mut differing) = (HashSet::new(), Vec::new());
        jobs_of(&mut transaction, &set.name, |old| {
            if let Some(new) = given.get(&old.id) {
                stored.insert(old.id);
                if !same_question(old, new) {
                    differing.push(old.id);
                }
            }
        })
        .await?;
        let added = Added {
            revision: revise(&mut transaction, at, set).await?,
            new: jobs
                .iter()
                .filter(|job| !stored.contains(&job.id))
                .map(Arc::clone)
                .collect(),
            known: stored.len(),
            differing,
        };
        for dataset in &set.datasets {
            sqlx::query(KEEP)
                .bind(dataset.sha256.to_string())
                .bind(at.0)
                .bind(dataset.body.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        for chunk in added.new.chunks(CHUNK) {
            let chunk: Vec<_> = chunk.iter().map(|job| Event::JobAdded(Arc::clone(job))).collect();
            let rows = chunk
                .iter()
                .filter_map(JobRow::new)
                .collect::<Result<Vec<_>, _>>()?;
            write::jobs(&mut transaction, at, &rows).await?;
            let rows = chunk
                .iter()
                .map(|event| EventRow::new(at, event))
                .collect::<Result<Vec<_>, _>>()?;
            write::all(&mut transaction, &rows).await?;
        }
        transaction.commit().await?;
        Ok(added)
    }

    /// The text of a dataset; none if it is not here.
    pub async fn dataset(&self, sha256: &Sha256) -> Result<Option<String>, StoreError> {
        let body: Option<Option<String>> = sqlx::query_scalar("select body from dataset where sha256 = ?")
            .bind(sha256.to_string())
            .fetch_optional(&self.pool)
            .await?;
        Ok(body.flatten())
    }

    /// Every stored revision of every file, the oldest first.
    pub async fn sets(&self) -> Result<Vec<SetRow>, StoreError> {
        let rows: Vec<StoredSet> = sqlx::query_as(
            "select name, revision, file, sha256, added_at,
                    (select count(*) from job where job.set_id = assignment_set.id) as jobs
             from assignment_set order by id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(StoredSet::row).collect()
    }
}

from_row! {
    struct StoredSet {
        name: String,
        revision: u32,
        file: Option<String>,
        sha256: Option<String>,
        added_at: i64,
        jobs: i64,
    }
}

impl StoredSet {
    fn row(self) -> Result<SetRow, StoreError> {
        let wrong = |what| StoreError::Row {
            table: "assignment_set",
            what,
        };
        let sha256 = self
            .sha256
            .map(|sha256| sha256.parse())
            .transpose()
            .map_err(wrong)?;
        Ok(SetRow {
            name: self.name.parse().map_err(|bad: BadName| wrong(bad.to_string()))?,
            revision: self.revision,
            file: self.file.zip(sha256),
            added: Timestamp(self.added_at),
            jobs: self.jobs.unsigned_abs(),
        })
    }
}

/// Stores a revision, if the file is not the one that is stored last.
async fn revise(
    connection: &mut SqliteConnection,
    at: Timestamp,
    set: &NewSet,
) -> Result<Option<u32>, StoreError> {
    let last: Option<(u32, Option<String>)> = sqlx::query_as(
        "select revision, sha256 from assignment_set where name = ? order by revision desc limit 1",
    )
    .bind(set.name.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let sha256 = set.sha256.to_string();
    let revision = match last {
        Some((_, Some(stored))) if stored == sha256 => return Ok(None),
        Some((revision, _)) => revision + 1,
        None => 1,
    };
    sqlx::query("insert into assignment_set (name, revision, file, sha256, added_at) values (?, ?, ?, ?, ?)")
        .bind(set.name.as_str())
        .bind(revision)
        .bind(set.file.as_str())
        .bind(sha256)
        .bind(at.0)
        .execute(connection)
        .await?;
    Ok(Some(revision))
}

/// Would both give the same results? Where the job stands in the file, and what the file calls its data, is nothing.
fn same_question(old: &Job, new: &Job) -> bool {
    let question = |job: &Job| {
        let data = job.dataset.as_ref().map(|dataset| dataset.sha256);
        (
            data,
            job.trajectory.as_ref().map(|given| given.sha256),
            job.pipeline.clone(),
            job.task.clone(),
            job.env.clone(),
            job.place.clone(),
        )
    };
    question(old) == question(new)
}
