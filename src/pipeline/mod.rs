//! Pipelines: from a job and `fleet.toml` to the steps that a host runs. Pure; it runs nothing.
//!
//! Invariant: a value fills one argument and stays one argument; no value becomes part of a script.

use std::collections::BTreeMap;

use crate::config::{Config, Model, Phase, template};
use crate::domain::host::HostConfig;
use crate::domain::spec::{self, Step};
use crate::domain::{Epoch, Instance, Job, Spec};

mod harness;
mod native;
mod unfit;
mod values;
#[cfg(test)]
mod tests;

pub use harness::{Sections, sections, speaks_of_harness};
pub use native::image;
pub use values::CompileError;

use values::values;

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
