//! Assignment files: what was dispatched, in which revision, with which datasets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::dataset::write_dataset;
use super::event::EventRow;
use super::job::{NewJob, read_jobs_of_set};
use super::new_jobs::write_new_jobs;
use super::revision::write_revision;
use super::write::write_rows;
use super::{Store, StoreError};
use crate::domain::event::Event;
use crate::domain::{Job, JobId, SetName, Sha256, Timestamp};

/// Rows in one statement: enough that its cost vanishes, few enough that its text stays small.
const CHUNK: usize = 1000;

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

impl Store {
    /// Stores a dispatched file with its datasets and those of its jobs that are new, in one transaction.
    pub async fn add_set(&self, at: Timestamp, set: &NewSet, jobs: &[Arc<Job>]) -> Result<Added, StoreError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        let given: HashMap<JobId, &Job> = jobs.iter().map(|job| (job.id, job.as_ref())).collect();
        let (mut stored, mut differing) = (HashSet::new(), Vec::new());
        read_jobs_of_set(&mut transaction, &set.name, |old| {
            if let Some(new) = given.get(&old.id) {
                stored.insert(old.id);
                if !same_question(old, new) {
                    differing.push(old.id);
                }
            }
        })
        .await?;
        let added = Added {
            revision: write_revision(&mut transaction, at, (&set.name, &set.file, set.sha256)).await?,
            new: jobs
                .iter()
                .filter(|job| !stored.contains(&job.id))
                .map(Arc::clone)
                .collect(),
            known: stored.len(),
            differing,
        };
        for dataset in &set.datasets {
            write_dataset(&mut transaction, at, dataset.sha256, &dataset.body).await?;
        }
        for chunk in added.new.chunks(CHUNK) {
            let chunk: Vec<_> = chunk.iter().map(|job| Event::JobAdded(Arc::clone(job))).collect();
            let rows = chunk
                .iter()
                .filter_map(NewJob::new)
                .collect::<Result<Vec<_>, _>>()?;
            write_new_jobs(&mut transaction, at, &rows).await?;
            let rows = chunk
                .iter()
                .map(|event| EventRow::new(at, event))
                .collect::<Result<Vec<_>, _>>()?;
            write_rows(&mut transaction, &rows).await?;
        }
        transaction.commit().await?;
        Ok(added)
    }
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
