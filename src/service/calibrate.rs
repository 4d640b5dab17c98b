//! The instances themselves weighed: run with their own solution (`gold`), and with none (`noop`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::assignment::{self, Assignment};
use super::dispatch::{self, PreparedDispatch};
use super::reports;
use super::{NoteSink, Problem, ProblemKind, ProgressSink, Project};
use crate::config::{Config, Pipeline};
use crate::domain::{Epoch, InstanceId, Job, JobId, ModelName, SetName, Sha256};
use crate::report::calibration::{Weight, judge};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;
use crate::store::{NewSet, Store};

/// The set of these jobs.
const SET: &str = "calibration";

/// What is to be run, to know of these instances what can be known.
pub struct CalibrationPlan {
    asked: BTreeMap<InstanceId, Arc<Job>>,
    before: Option<Fleet>,
    assignment: Assignment,
}

impl CalibrationPlan {
    /// How many jobs are run.
    pub fn job_count(&self) -> usize {
        self.assignment.jobs.len()
    }
}

/// What is known of one instance.
#[derive(Debug, Serialize)]
pub struct CalibratedInstance {
    /// Which.
    pub instance: InstanceId,
    /// Does its own solution resolve it? `yes`, `no` or `-`.
    pub gold: &'static str,
    /// Is it unresolved without one? `yes`, `no` or `-`.
    pub noop: &'static str,
    /// May verdicts on it be trusted? None if that is not known.
    pub trusted: Option<bool>,
    /// Why not.
    pub why: Option<String>,
}

/// What must be run of the instances of these assignments. With `again`, also what is known already.
pub async fn plan_calibration(
    files: &[PathBuf],
    again: bool,
    project: &Project,
) -> Result<CalibrationPlan, Problem> {
    let weights = find_models(&project.config)?;
    let mut asked: BTreeMap<InstanceId, Arc<Job>> = BTreeMap::new();
    let mut datasets = BTreeMap::new();
    for file in files {
        let assignment = assignment::read_assignment(file, &project.config)?;
        for job in assignment.jobs {
            let native = project
                .config
                .pipeline(&job.pipeline)
                .is_some_and(Pipeline::is_native);
            if native {
                asked.entry(job.instance.clone()).or_insert(job);
            }
        }
        datasets.extend(assignment.set.datasets.into_iter().map(|one| (one.sha256, one)));
    }
    if asked.is_empty() {
        return Err(Problem::new(
            ProblemKind::Input,
            "no job of these assignments has an instance to run",
        )
        .hint("name an assignment whose jobs go through a pipeline with `does`"));
    }
    let before = read_known(project).await?;
    let set: SetName = SET
        .parse()
        .map_err(|_| Problem::new(ProblemKind::Internal, "no set"))?;
    let jobs: Vec<Arc<Job>> = asked
        .values()
        .flat_map(|job| weights.iter().map(move |(model, weight)| (job, model, *weight)))
        .filter_map(|(job, model, weight)| {
            next_job(job, model, weight, &set, before.as_ref(), again, project)
        })
        .collect();
    let used: BTreeSet<Sha256> = jobs
        .iter()
        .flat_map(|job| &job.dataset)
        .map(|one| one.sha256)
        .collect();
    datasets.retain(|sha256, _| used.contains(sha256));
    let names: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let assignment = Assignment {
        set: NewSet {
            name: set,
            file: files.join(" "),
            sha256: Sha256::of(names.join("\n").as_bytes()),
            datasets: datasets.into_values().collect(),
        },
        jobs,
    };
    Ok(CalibrationPlan {
        asked,
        before,
        assignment,
    })
}

/// Runs what was planned. What is known of each instance then.
pub async fn run_calibration(
    plan: CalibrationPlan,
    project: &Project,
    notes: &dyn NoteSink,
    progress: &mut dyn ProgressSink,
    interrupted: impl Future<Output = ()>,
) -> Result<Vec<CalibratedInstance>, Problem> {
    let CalibrationPlan {
        asked,
        before,
        assignment,
    } = plan;
    let is_known = |fleet: &Fleet| is_closed(fleet, &assignment.set.name);
    let fleet = if assignment.jobs.is_empty() && before.as_ref().is_some_and(is_known) {
        before.unwrap_or_default()
    } else {
        let prepared = PreparedDispatch::check(vec![assignment], project, notes).await?;
        let end = dispatch::run_dispatch(prepared, false, project, notes, progress, interrupted).await?;
        end.check_done("fleet calibrate")?;
        end.fleet
    };
    Ok(judge_instances(&asked, &fleet, &project.config))
}

/// Models that stand for the two weights.
fn find_models(config: &Config) -> Result<Vec<(ModelName, Weight)>, Problem> {
    let mut found = Vec::new();
    for agent in ["gold", "noop"] {
        let model = config
            .models
            .iter()
            .find(|model| model.agent.as_deref() == Some(agent));
        let (Some(model), Some(weight)) = (model, Weight::of(agent)) else {
            let what = format!("no model of fleet.toml has agent `{agent}`");
            return Err(Problem::new(ProblemKind::Input, what)
                .hint(format!("add [[model]] name = \"{agent}\" agent = \"{agent}\"")));
        };
        found.push((model.name.clone(), weight));
    }
    Ok(found)
}

/// The facts; none, if nothing was ever dispatched.
async fn read_known(project: &Project) -> Result<Option<Fleet>, Problem> {
    let Some(store) = Store::peek(&project.database_path()).await? else {
        return Ok(None);
    };
    let fleet = store.load(Epoch(0), &project.config.hosts).await?;
    store.close().await;
    Ok(Some(fleet))
}

fn is_closed(fleet: &Fleet, set: &SetName) -> bool {
    fleet
        .jobs()
        .filter(|entry| entry.job.set == *set)
        .all(|entry| entry.closed.is_some())
}

/// The job that weighs this instance next; none if what it would say is known.
fn next_job(
    job: &Job,
    model: &ModelName,
    weight: Weight,
    set: &SetName,
    before: Option<&Fleet>,
    again: bool,
    project: &Project,
) -> Option<Arc<Job>> {
    let data = |entry: &JobEntry| entry.job.dataset.as_ref().map(|one| one.sha256);
    let same = |entry: &&JobEntry| data(entry) == job.dataset.as_ref().map(|one| one.sha256);
    let entries: Vec<&JobEntry> = before
        .iter()
        .flat_map(|fleet| fleet.jobs())
        .filter(same)
        .collect();
    let weighed = |entry: &&&JobEntry| reports::weight_of(&entry.job, &project.config) == Some(weight);
    let done: BTreeSet<Sha256> = entries
        .iter()
        .filter(weighed)
        .filter_map(|entry| entry.verdict())
        .filter(|verdict| judge(weight, verdict).is_some())
        .filter_map(|verdict| verdict.key)
        .collect();
    // Results of another image than the one that was weighed.
    let other = entries
        .iter()
        .filter_map(|entry| entry.verdict()?.key)
        .any(|key| !done.contains(&key));
    if !again && !done.is_empty() && !other {
        return None;
    }
    let ours: Vec<&JobEntry> = before
        .iter()
        .flat_map(|fleet| fleet.jobs())
        .filter(|entry| {
            entry.job.set == *set && entry.job.instance == job.instance && entry.job.model == *model
        })
        .collect();
    // One that is under way is waited for; otherwise the next run.
    let open = ours.iter().find(|entry| entry.closed.is_none());
    let run = match open {
        Some(entry) => entry.job.run,
        None => ours.iter().map(|entry| entry.job.run).max().unwrap_or(0) + 1,
    };
    Some(Arc::new(Job {
        id: JobId::derive(set, &job.instance, model, run),
        set: set.clone(),
        model: model.clone(),
        run,
        trajectory: None,
        env: Vec::new(),
        ..job.clone()
    }))
}

fn judge_instances(
    asked: &BTreeMap<InstanceId, Arc<Job>>,
    fleet: &Fleet,
    config: &Config,
) -> Vec<CalibratedInstance> {
    asked
        .iter()
        .map(|(instance, job)| {
            let mut line = CalibratedInstance {
                instance: instance.clone(),
                gold: "-",
                noop: "-",
                trusted: None,
                why: None,
            };
            let same = |entry: &&JobEntry| {
                entry.job.dataset.as_ref().map(|one| one.sha256) == job.dataset.as_ref().map(|one| one.sha256)
            };
            for entry in fleet.jobs().filter(same) {
                add_verdict(&mut line, entry, config);
            }
            if line.why.is_none() && line.gold == "yes" && line.noop == "yes" {
                line.trusted = Some(true);
            }
            line
        })
        .collect()
}

fn add_verdict(line: &mut CalibratedInstance, entry: &JobEntry, config: &Config) {
    let (Some(weight), Some(verdict)) = (reports::weight_of(&entry.job, config), entry.verdict()) else {
        return;
    };
    let Some(found) = judge(weight, verdict) else {
        return;
    };
    let slot = match weight {
        Weight::Gold => &mut line.gold,
        Weight::Noop => &mut line.noop,
    };
    match found {
        Ok(()) if *slot == "-" => *slot = "yes",
        Ok(()) => {}
        Err(why) => {
            *slot = "no";
            line.trusted = Some(false);
            line.why = Some(why);
        }
    }
}
