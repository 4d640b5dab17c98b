//! Can the jobs that are open be made into steps with this `fleet.toml`? All that cannot, before anything starts.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::assignment::Assignment;
use super::{Problem, ProblemKind, select};
use crate::config::{Config, Pipeline};
use crate::domain::host::HostConfig;
use crate::domain::job::Dataset;
use crate::domain::{AttemptState, Epoch, HostName, Instance, Job, ModelName, PipelineName, Sha256};
use crate::pipeline::{self, CompileError};
use crate::report::words;
use crate::schedule::Fleet;
use crate::store::Store;

/// Most jobs that are named for one reason.
const NAMED: usize = 3;

/// What jobs have in common that can or cannot be made into the same steps.
type Kin = (
    PipelineName,
    ModelName,
    Option<Sha256>,
    Option<Sha256>,
    Option<HostName>,
);

/// Looks at every job of these assignments that waits or is about to start, and at those that are new.
pub async fn check_steps(
    assignments: &[Assignment],
    fleet: &Fleet,
    store: &Store,
    config: &Config,
) -> Result<(), Problem> {
    let given = assignments.iter().flat_map(|assignment| &assignment.set.datasets);
    let steps = StepCheck {
        given: given.map(|one| (one.sha256, one.body.as_str())).collect(),
        fleet,
        store,
        config,
    };
    let mut seen: HashMap<Kin, Option<String>> = HashMap::new();
    let mut faults: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (job, bound) in open(assignments, fleet) {
        let sha256 = |file: Option<&Dataset>| file.map(|file| file.sha256);
        let trajectory = fleet
            .job(job.id)
            .map_or(job.trajectory.as_deref(), |entry| entry.given());
        let kin = (
            job.pipeline.clone(),
            job.model.clone(),
            sha256(job.dataset.as_ref()),
            sha256(trajectory),
            bound.clone(),
        );
        let why = if let Some(why) = seen.get(&kin) {
            why.clone()
        } else {
            let why = steps.fault(&job, trajectory, bound.as_ref()).await?;
            let why = why.map(|error| error.to_string());
            seen.insert(kin, why.clone());
            why
        };
        if let Some(why) = why {
            faults.entry(why).or_default().push(select::job_path(&job));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let causes = faults.into_iter().map(|(why, jobs)| {
        let named: Vec<&str> = jobs.iter().take(NAMED).map(String::as_str).collect();
        let more = if jobs.len() > NAMED { ", …" } else { "" };
        format!("{why} ({}: {}{more})", words::jobs(jobs.len()), named.join(", "))
    });
    Err(Problem::new(
        ProblemKind::Input,
        "open jobs cannot be started with this fleet.toml",
    )
    .causes(causes)
    .hint("put back what they need, or stop them with `fleet cancel`; nothing has started"))
}

/// The jobs, each with the host that it is bound to.
fn open(assignments: &[Assignment], fleet: &Fleet) -> Vec<(Arc<Job>, Option<HostName>)> {
    let known = assignments.iter().flat_map(|assignment| {
        let mine = fleet.jobs().filter(|entry| entry.job.set == assignment.set.name);
        mine.filter(|entry| entry.closed.is_none()).filter_map(|entry| {
            match entry.live() {
                None => Some((Arc::clone(&entry.job), None)),
                Some(live) if live.state == AttemptState::Intended => {
                    Some((Arc::clone(&entry.job), Some(live.host.clone())))
                }
                // It runs already, and needs no host.
                Some(_) => None,
            }
        })
    });
    let new = assignments.iter().flat_map(|assignment| &assignment.jobs);
    let new = new.filter(|job| fleet.job(job.id).is_none());
    known.chain(new.map(|job| (Arc::clone(job), None))).collect()
}

struct StepCheck<'d> {
    given: HashMap<Sha256, &'d str>,
    fleet: &'d Fleet,
    store: &'d Store,
    config: &'d Config,
}

impl StepCheck<'_> {
    /// Why a job cannot be made into steps on any host that it may run on; none if it can on one of them.
    async fn fault(
        &self,
        job: &Job,
        trajectory: Option<&Dataset>,
        bound: Option<&HostName>,
    ) -> Result<Option<CompileError>, Problem> {
        let dataset = match &job.dataset {
            Some(file) => match self.text(file).await? {
                Some(text) => Some(text),
                None => return Ok(Some(CompileError::NoInstance)),
            },
            None => None,
        };
        if let Some(file) = trajectory
            && self.text(file).await?.is_none()
        {
            return Ok(Some(CompileError::NoTrajectory));
        }
        let native = self
            .config
            .pipeline(&job.pipeline)
            .is_some_and(Pipeline::is_native);
        let instance = dataset.filter(|_| native);
        let instance = instance.and_then(|text| serde_json::from_str::<Instance>(&text).ok());
        let here = |host: &&HostConfig| {
            let gone = self
                .fleet
                .host(&host.name)
                .is_some_and(|entry| entry.gone.is_some());
            !gone && bound.is_none_or(|bound| *bound == host.name)
        };
        let mut first = None;
        for host in self.config.hosts.iter().filter(here) {
            match pipeline::compile(job, 1, Epoch(0), host, self.config, instance.as_ref()) {
                Ok(_) => return Ok(None),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Ok(first)
    }

    async fn text(&self, file: &Dataset) -> Result<Option<Cow<'_, str>>, Problem> {
        match self.given.get(&file.sha256) {
            Some(text) => Ok(Some(Cow::Borrowed(*text))),
            None => Ok(self.store.dataset(&file.sha256).await?.map(Cow::Owned)),
        }
    }
}
