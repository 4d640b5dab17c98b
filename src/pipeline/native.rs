//! What the native phases of a job go by: its image, its agent, its evaluation.

use super::{CompileError, values};
use crate::config::{self, AgentKind, Config, Pipeline, template};
use crate::domain::baseline::Weight;
use crate::domain::host::HostConfig;
use crate::domain::swe::{Agent, Evaluation, Image, Repair, Swe, Task};
use crate::domain::{Instance, Job, Span, image};

/// Most processes of the tests, where the pipeline does not say.
const PROCESSES: u32 = 4096;
/// Most bytes kept of what the tests print, where the pipeline does not say.
const LOG_CAP: u64 = 256 << 20;
/// Longest time for the tests, where the pipeline does not say.
const TESTS: Span = Span::seconds(15 * 60);

/// Everything that the host needs for the native phases.
pub(super) fn swe(
    job: &Job,
    attempt: u32,
    pipeline: &Pipeline,
    host: &HostConfig,
    config: &Config,
    instance: &Instance,
) -> Result<Swe, CompileError> {
    Ok(Swe {
        image: image(pipeline, config, instance)?,
        agent: if job.trajectory.is_some() {
            Agent::Given
        } else if pipeline.task(Task::Trajectory).is_none() {
            // No agent works in a pipeline that only makes images ready.
            Agent::Noop
        } else {
            agent(job, attempt, pipeline, host, config)?
        },
        evaluation: evaluation(job, pipeline, host, config),
        // The coordinator knows them, and adds them when an attempt is begun.
        baselines: Vec::new(),
    })
}

/// The image of an instance, as this fleet gets it.
pub fn image(pipeline: &Pipeline, config: &Config, instance: &Instance) -> Result<Image, CompileError> {
    let bad = |error: image::BadImage| CompileError::Image(instance.id.clone(), error.to_string());
    let wanted = pipeline.task(Task::Image).map_or(&[][..], |phase| &phase.repairs);
    let repairs = wanted
        .iter()
        .filter_map(|name| config.repairs.iter().find(|repair| repair.name == *name));
    Ok(Image {
        source: image::source(instance, config.images.places()).map_err(bad)?,
        tags: image::tags(instance).map_err(bad)?,
        base_commit: instance.base_commit.clone(),
        repo_path: instance.repo_path.clone(),
        platform: config.images.platform.clone(),
        repairs: repairs
            .map(|repair| Repair {
                name: repair.name.clone(),
                probe: repair.probe.clone(),
                script: repair.script.clone(),
                network: repair.network.clone(),
            })
            .collect(),
    })
}

fn agent(
    job: &Job,
    attempt: u32,
    pipeline: &Pipeline,
    host: &HostConfig,
    config: &Config,
) -> Result<Agent, CompileError> {
    let name = config
        .agent_of(&job.model, pipeline)
        .ok_or_else(|| CompileError::NoAgent(job.model.clone(), job.pipeline.clone()))?;
    if let Some(built_in) = built_in(name) {
        return Ok(built_in);
    }
    let agent = config
        .agents
        .iter()
        .find(|agent| agent.name == name)
        .ok_or_else(|| CompileError::NoAgent(job.model.clone(), job.pipeline.clone()))?;
    let mut env = config
        .model(&job.model)
        .map(|model| model.set.clone())
        .unwrap_or_default();
    let values = values(job, attempt, host);
    let fill = |word: &String| template::fill(word, |name| values.get(name).map(String::as_str));
    env.extend(agent.env.iter().map(|(name, value)| (name.clone(), fill(value))));
    match agent.kind {
        AgentKind::OpenHands => {
            let harness = host.harness.clone();
            Ok(Agent::OpenHands {
                harness: harness
                    .ok_or_else(|| CompileError::NoHarness(job.pipeline.clone(), host.name.clone()))?,
                llm: llm(job, &env),
                class: agent.class.clone(),
                iterations: agent.iterations,
                env,
            })
        }
        AgentKind::Command => {
            let scripts = template::scripts(&agent.run.iter().map(String::as_str).collect::<Vec<_>>());
            let words = agent.run.iter().zip(scripts);
            Ok(Agent::Command {
                argv: words
                    .map(|(word, script)| if script { word.clone() } else { fill(word) })
                    .collect(),
                env,
                cwd: agent.cwd.as_ref().map(fill),
            })
        }
    }
}

/// The agents that need no declaration.
fn built_in(name: &str) -> Option<Agent> {
    Some(match Weight::of(name)? {
        Weight::Gold => Agent::Gold,
        Weight::Noop => Agent::Noop,
    })
}

/// The section of the harness's `config.toml`: as the model sets it, or after its name.
fn llm(job: &Job, env: &std::collections::BTreeMap<String, String>) -> String {
    env.get("LLM_CONFIG")
        .cloned()
        .unwrap_or_else(|| format!("llm.{}", job.model))
}

fn evaluation(job: &Job, pipeline: &Pipeline, host: &HostConfig, config: &Config) -> Evaluation {
    let phase = pipeline.task(Task::Evaluation);
    let dataset = job.dataset.as_ref().map(|dataset| dataset.path.as_ref());
    let of = |key: fn(&config::Phase) -> Option<u32>| phase.and_then(key);
    Evaluation {
        tests: phase.and_then(|phase| phase.tests).unwrap_or(TESTS),
        network: config
            .network_of(job.instance.as_str(), dataset, pipeline)
            .to_owned(),
        memory: phase.and_then(|phase| phase.memory),
        shares: (host.slots > 1).then_some(host.slots),
        processes: of(|phase| phase.processes).unwrap_or(PROCESSES),
        log_cap: phase.and_then(|phase| phase.log_cap).unwrap_or(LOG_CAP),
    }
}
