//! What assignments may name: the words of `fleet.toml`, indexed.

use std::collections::BTreeMap;

use crate::config::{Config, Model, Pipeline};
use crate::domain::host::HostConfig;
use crate::domain::{HostName, PipelineName, job::Place};

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
        }
    }

    /// A host where this pipeline might have to run and cannot.
    pub(super) fn obstacle(&self, pipeline: &PipelineName, place: &Place) -> Option<&'c HostName> {
        if !self.needy.contains(&pipeline) {
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
