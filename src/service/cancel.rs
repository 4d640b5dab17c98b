//! Jobs stopped, and proved gone from their hosts: by the coordinator at work, or by ourselves if there is none.

use std::time::Duration;

use super::{Problem, ProblemKind, Project, run_engine, select};
use crate::domain::{Event, JobId};
use crate::doors::clock;
use crate::engine::Stop;
use crate::report::words;
use crate::schedule::Fleet;
use crate::store::{Command, Store};

/// What is to be stopped.
#[derive(Debug, Clone, Default)]
pub struct CancelRequest {
    /// Jobs, as people name them.
    pub jobs: Vec<String>,
    /// In place of them, every open job of this set.
    pub set: Option<String>,
    /// SIGKILL at once.
    pub hard: bool,
}

/// What became of the jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CancelEnd {
    /// Stopped, and gone.
    pub cancelled: Vec<JobId>,
    /// They ended by themselves before that.
    pub ended_first: Vec<JobId>,
    /// Not gone yet.
    pub left: Vec<JobId>,
}

impl CancelEnd {
    fn of(jobs: &[JobId], fleet: &Fleet) -> CancelEnd {
        let with = |word: &str| -> Vec<JobId> {
            let is = |id: &&JobId| fleet.job(**id).is_some_and(|entry| entry.word() == word);
            jobs.iter().filter(is).copied().collect()
        };
        let (cancelled, left) = (with("cancelled"), [with("running"), with("waiting")].concat());
        let first = |id: &&JobId| !cancelled.contains(id) && !left.contains(id);
        CancelEnd {
            ended_first: jobs.iter().filter(first).copied().collect(),
            cancelled,
            left,
        }
    }

    /// Are all of them gone?
    pub fn check_gone(&self) -> Result<(), Problem> {
        if self.left.is_empty() {
            return Ok(());
        }
        let left = words::jobs(self.left.len());
        let what = format!("not gone yet: {left}; their hosts cannot be reached");
        Err(Problem::new(ProblemKind::Incomplete, what)
            .hint("it is noted: they are stopped as soon as a coordinator reaches them (`fleet cancel` again, or `fleet dispatch`)"))
    }
}

/// The open jobs that are meant, and the facts.
pub async fn find_open_jobs(
    request: &CancelRequest,
    project: &Project,
) -> Result<(Fleet, Vec<JobId>), Problem> {
    let fleet = project.read_facts_only().await?;
    let jobs = choose_jobs(request, &fleet)?;
    Ok((fleet, jobs))
}

/// Stops these jobs, and waits until they are gone, or their hosts have not answered for long.
pub async fn cancel_jobs(
    jobs: &[JobId],
    hard: bool,
    project: &Project,
    interrupted: impl Future<Output = ()>,
) -> Result<CancelEnd, Problem> {
    let fleet = if project.running_coordinator().is_some() {
        Box::pin(ask_coordinator(jobs, hard, project, interrupted)).await?
    } else {
        Box::pin(cancel_here(jobs, hard, project, interrupted)).await?
    };
    Ok(CancelEnd::of(jobs, &fleet))
}

/// The open jobs that are meant.
fn choose_jobs(request: &CancelRequest, fleet: &Fleet) -> Result<Vec<JobId>, Problem> {
    let entries = match &request.set {
        Some(set) => {
            let entries: Vec<_> = fleet
                .jobs()
                .filter(|entry| entry.job.set.as_str() == set)
                .collect();
            if entries.is_empty() {
                return Err(Problem::new(
                    ProblemKind::Input,
                    format!("no set is called `{}`", set.escape_debug()),
                ));
            }
            entries
        }
        None => select::jobs_named(fleet, &request.jobs)?,
    };
    Ok(entries
        .into_iter()
        .filter(|entry| entry.closed.is_none())
        .map(|entry| entry.job.id)
        .collect())
}

/// A coordinator is at work: tell it, and watch until the jobs are closed.
async fn ask_coordinator(
    jobs: &[JobId],
    hard: bool,
    project: &Project,
    interrupted: impl Future<Output = ()>,
) -> Result<Fleet, Problem> {
    let store = Store::open(&project.database_path()).await?;
    for job in jobs {
        store
            .wish(clock::now(), &Command::Cancel { job: *job, hard })
            .await?;
    }
    let patience = project.config.fleet.unreachable.duration();
    let began = clock::tick();
    loop {
        let fleet = project.read_facts_only().await?;
        let open = jobs
            .iter()
            .any(|id| fleet.job(*id).is_some_and(|entry| entry.closed.is_none()));
        if !open || clock::tick().duration_since(began) > patience {
            return Ok(fleet);
        }
        if project.running_coordinator().is_none() {
            // It ended meanwhile; the wishes are stored for the next one, which is us.
            return cancel_here(jobs, hard, project, interrupted).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// No coordinator is at work: this process coordinates until the jobs are closed. No set is enabled, so
/// nothing new starts.
async fn cancel_here(
    jobs: &[JobId],
    hard: bool,
    project: &Project,
    interrupted: impl Future<Output = ()>,
) -> Result<Fleet, Problem> {
    let mut coordinator = project.coordinate().await?;
    let events: Vec<Event> = jobs
        .iter()
        .filter(|id| {
            coordinator
                .fleet
                .job(**id)
                .is_some_and(|entry| entry.closed.is_none())
        })
        .map(|job| Event::CancelAsked { job: *job, hard })
        .collect();
    coordinator.record(&events).await?;
    let run = run_engine::run_until_closed(project, coordinator, jobs, interrupted);
    let (fleet, stop) = Box::pin(run).await?;
    match stop {
        Stop::Interrupted => {
            Err(Problem::new(ProblemKind::Interrupted, "interrupted").hint("run the same command again"))
        }
        Stop::Done | Stop::Stuck(_) | Stop::Fenced(..) => Ok(fleet),
    }
}
