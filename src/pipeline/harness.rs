//! The harness that a job uses, if it uses one: what its profile is taken of, and the sections of its settings.

use std::collections::BTreeMap;

use crate::config::{AgentKind, Config, Model, Pipeline, template};
use crate::domain::host::HostConfig;
use crate::domain::spec;
use crate::domain::swe::{Agent, Swe, Task};

/// The sections of the harness's `config.toml` that models use; true where the model's jobs get a key in their
/// environment.
pub type Sections = BTreeMap<String, bool>;

/// What of a harness an attempt depends on.
pub(super) fn used(
    pipeline: &Pipeline,
    host: &HostConfig,
    config: &Config,
    swe: Option<&Swe>,
) -> Option<spec::Harness> {
    let at = host.harness.clone()?;
    let by_agent = match swe.map(|swe| &swe.agent) {
        Some(Agent::OpenHands { .. }) => true,
        Some(Agent::Command { argv, env, cwd }) => {
            // Placeholders are filled in already.
            let words = argv.iter().chain(env.values()).chain(cwd);
            words.into_iter().any(|word| word.contains(&at) || speaks(word))
        }
        Some(Agent::Gold | Agent::Noop | Agent::Given) | None => false,
    };
    (by_agent || speaks_of_harness(pipeline)).then(|| spec::Harness {
        at,
        critical: config.harness.critical(),
    })
}

/// Does any of its phases speak of the harness, by placeholder or variable?
pub fn speaks_of_harness(pipeline: &Pipeline) -> bool {
    let words = |phase: &crate::config::Phase| {
        let all = phase.run.iter().chain(phase.env.values()).chain(&phase.cwd);
        all.into_iter().any(|word| speaks(word))
    };
    pipeline.phase.iter().any(words)
}

/// Does it name the harness, by placeholder or variable?
fn speaks(word: &str) -> bool {
    template::mentions(word, "harness") || word.contains("FLEET_HARNESS")
}

/// Each section that some model needs in some pipeline whose agent is the harness; none, if no agent is.
pub fn sections(config: &Config) -> Option<Sections> {
    let mut sections = None;
    for pipeline in &config.pipelines {
        if pipeline.task(Task::Trajectory).is_none() {
            continue;
        }
        for model in &config.models {
            let agent = config.agent_of(&model.name, pipeline);
            let agent = config
                .agents
                .iter()
                .find(|known| agent == Some(known.name.as_str()));
            if let Some(agent) = agent.filter(|agent| agent.kind == AgentKind::OpenHands) {
                let keyless = !model.env.is_empty() || !pipeline.env.is_empty();
                let all = sections.get_or_insert_with(Sections::new);
                let known = all.entry(section(model, &agent.env)).or_insert(keyless);
                *known &= keyless;
            }
        }
    }
    sections
}

/// The section of the harness's `config.toml`: as agent or model set it, or after the model's name.
fn section(model: &Model, agent: &BTreeMap<String, String>) -> String {
    let set = agent.get("LLM_CONFIG").or_else(|| model.set.get("LLM_CONFIG"));
    set.cloned().unwrap_or_else(|| format!("llm.{}", model.name))
}
