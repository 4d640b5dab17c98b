//! Pipelines: from a job and `fleet.toml` to the steps that a host runs. Pure; it runs nothing.
//!
//! Invariant: a value fills one argument and stays one argument; no value becomes part of a script.

use std::collections::BTreeMap;

use crate::config::{Config, Model, Phase, template};
use crate::domain::host::HostConfig;
use crate::domain::spec::{self, Step};
use crate::domain::{Epoch, HostName, Instance, InstanceId, Job, ModelName, PipelineName, Spec};

mod harness;
mod native;
mod unfit;
#[cfg(test)]
mod tests;

pub use harness::{Sections, sections, speaks_of_harness};
pub use native::image;

/// Why a job cannot be made into steps. All can be mended in `fleet.toml`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// It was there when the job was dispatched.
    #[error("pipeline `{0}` is not in fleet.toml any more")]
    NoPipeline(PipelineName),
    /// It was there when the job was dispatched.
    #[error("model `{0}` is not in fleet.toml any more")]
    NoModel(ModelName),
    /// A phase says `{harness}`.
    #[error("pipeline `{0}` needs a harness, and host `{1}` has none in fleet.toml")]
    NoHarness(PipelineName, HostName),
    /// Neither the model nor the pipeline names one that is declared.
    #[error("model `{0}` has no agent for pipeline `{1}` in fleet.toml")]
    NoAgent(ModelName, PipelineName),
    /// The job was found on a host, and nobody has shown its dataset yet.
    #[error("the dataset of the job is not here; dispatch its assignment file again")]
    NoInstance,
    /// The same of a trajectory that exists already.
    #[error("the trajectory of the job is not here; dispatch its assignment file again")]
    NoTrajectory,
    /// The instance's image has no name that Docker or the object store would take.
    #[error("the image of instance `{0}` cannot be named: {1}")]
    Image(InstanceId, String),
}

/// The spec of an attempt of `job` on `host`. Native phases need the job's instance.
pub fn compile(
    job: &Job,
    attempt: u32,
    epoch: Epoch,
    host: &HostConfig,
    config: &Config,
    instance: Option<&Instance>,
) -> Result<Spec, CompileError> {
    let pipeline = config
        .pipeline(&job.pipeline)
        .ok_or_else(|| CompileError::NoPipeline(job.pipeline.clone()))?;
    let model = config
        .model(&job.model)
        .ok_or_else(|| CompileError::NoModel(job.model.clone()))?;
    if pipeline.needs_harness() && host.harness.is_none() {
        return Err(CompileError::NoHarness(job.pipeline.clone(), host.name.clone()));
    }
    let swe = if pipeline.is_native() {
        let instance = instance.ok_or(CompileError::NoInstance)?;
        let swe = native::swe(job, attempt, pipeline, host, config, instance)?;
        Some(Box::new(swe))
    } else {
        None
    };
    let values = values(job, attempt, host);
    let harness = harness::used(pipeline, host, config, swe.as_deref());
    Ok(Spec {
        version: spec::VERSION,
        job: job.clone(),
        attempt,
        epoch,
        host: host.name.clone(),
        steps: pipeline
            .phase
            .iter()
            .map(|phase| step(phase, model, host, &values))
            .collect(),
        output_cap: config.fleet.output_cap,
        grace: config.fleet.grace,
        secrets: env_names(job, config),
        swe,
        harness,
        keep: None,
        containers: pipeline.containers,
    })
}

/// The names of the variables that the coordinator must pass from its own environment, each once.
pub fn env_names(job: &Job, config: &Config) -> Vec<String> {
    let model = config.model(&job.model).map(|model| &model.env);
    let pipeline = config.pipeline(&job.pipeline).map(|pipeline| &pipeline.env);
    let mut names: Vec<String> = Vec::new();
    for name in model.into_iter().chain(pipeline).flatten().chain(&job.env) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// What each placeholder stands for.
fn values(job: &Job, attempt: u32, host: &HostConfig) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("instance", job.instance.to_string()),
        ("model", job.model.to_string()),
        ("run", job.run.to_string()),
        ("set", job.set.to_string()),
        (
            "task",
            job.task.as_ref().map(ToString::to_string).unwrap_or_default(),
        ),
        ("job", job.id.to_string()),
        ("attempt", attempt.to_string()),
        ("harness", host.harness.clone().unwrap_or_default()),
    ])
}

fn step(phase: &Phase, model: &Model, host: &HostConfig, values: &BTreeMap<&'static str, String>) -> Step {
    let fill = |word: &String| template::fill(word, |name| values.get(name).map(String::as_str));
    let scripts = template::scripts(&phase.run.iter().map(String::as_str).collect::<Vec<_>>());
    let argv = phase.run.iter().zip(scripts);
    // The nearer word wins: the phase's over the model's.
    let mut env = model.set.clone();
    env.extend(phase.env.iter().map(|(name, value)| (name.clone(), fill(value))));
    env.extend(
        host.harness
            .iter()
            .map(|path| ("FLEET_HARNESS".to_owned(), path.clone())),
    );
    Step {
        phase: phase.name.clone(),
        task: phase.does,
        argv: argv
            .map(|(word, script)| if script { word.clone() } else { fill(word) })
            .collect(),
        env,
        cwd: phase.cwd.as_ref().map(fill),
        deadline: phase.deadline,
        stall: phase.stall,
    }
}
