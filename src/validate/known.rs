//! What assignments may name: the words of `fleet.toml`, indexed.

use std::collections::BTreeMap;

use crate::config::{AgentKind, Config, Model, Pipeline};
use crate::domain::host::HostConfig;
use crate::domain::swe::Task;
use crate::domain::{HostName, ModelName, PipelineName, job::Place};

/// An index of a configuration.
pub(super) struct Known<'c> {
    pub(super) hosts: BTreeMap<&'c str, &'c HostConfig>,
    pub(super) models: BTreeMap<&'c str, &'c Model>,
    pub(super) pipelines: BTreeMap<&'c str, &'c Pipeline>,
    /// What jobs get that name no pipeline.
    pub(super) pipeline: Option<&'c PipelineName>,
    /// Pipelines that cannot do without a harness.
    needy: Vec<&'c PipelineName>,
    /// A host where such pipelines cannot run.
    bare: Option<&'c HostConfig>,
    config: &'c Config,
}

impl<'c> Known<'c> {
    /// Indexes a configuration.
    pub(super) fn of(config: &'c Config) -> Known<'c> {
        let needy = config
            .pipelines
            .iter()
            .filter(|pipeline| pipeline.needs_harness());
        Known {
            hosts: config
                .hosts
                .iter()
                .map(|host| (host.name.as_str(), host))
                .collect(),
            models: config
                .models
                .iter()
                .map(|model| (model.name.as_str(), model))
                .collect(),
            pipelines: config
                .pipelines
                .iter()
                .map(|one| (one.name.as_str(), one))
                .collect(),
            pipeline: config.fleet.pipeline.as_ref(),
            needy: needy.map(|pipeline| &pipeline.name).collect(),
            bare: config.hosts.iter().find(|host| host.harness.is_none()),
            config,
        }
    }

    /// Why a job of this model cannot go through this pipeline anywhere, and what to do.
    pub(super) fn misfit(
        &self,
        model: &ModelName,
        pipeline: &PipelineName,
        given: bool,
    ) -> Option<(String, String)> {
        let known = self.config.pipeline(pipeline)?;
        if given && !known.is_native() {
            let what = format!("pipeline `{pipeline}` makes no use of a trajectory");
            return Some((what, "name a pipeline whose phases say `does`".to_owned()));
        }
        let makes = known.task(Task::Trajectory).is_some() && !given;
        if makes && self.config.agent_of(model, known).is_none() {
            let what = format!("no agent makes trajectories for model `{model}` in pipeline `{pipeline}`");
            let hint = "give the model an `agent` in fleet.toml, or the pipeline's trajectory";
            return Some((what, hint.to_owned()));
        }
        None
    }

    /// Does a job of this model need the harness on its host?
    fn is_needy(&self, model: &ModelName, pipeline: &PipelineName) -> bool {
        let harness = |known| {
            let name = self.config.agent_of(model, known)?;
            let agent = self.config.agents.iter().find(|agent| agent.name == name)?;
            Some(agent.kind == AgentKind::OpenHands)
        };
        self.needy.contains(&pipeline) || self.config.pipeline(pipeline).and_then(harness) == Some(true)
    }

    /// A host where a job of this model might have to run in this pipeline, and cannot.
    pub(super) fn obstacle(
        &self,
        model: &ModelName,
        pipeline: &PipelineName,
        place: &Place,
    ) -> Option<&'c HostName> {
        if !self.is_needy(model, pipeline) {
            return None;
        }
        let bare = match place {
            Place::Host(name) => self
                .hosts
                .get(name.as_str())
                .filter(|host| host.harness.is_none())
                .copied(),
            Place::Any => self.bare,
        };
        bare.map(|host| &host.name)
    }
}
