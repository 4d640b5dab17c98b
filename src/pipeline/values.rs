//! The values that fill the places in a pipeline, and why there may be none.

use std::collections::BTreeMap;

use crate::domain::host::HostConfig;
use crate::domain::{HostName, InstanceId, Job, ModelName, PipelineName};

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
    /// The job was found on a host, and its dataset has not been read here yet.
    #[error("the dataset of the job is not here; dispatch its assignment file again")]
    NoInstance,
    /// The same of a trajectory that exists already.
    #[error("the trajectory of the job is not here; dispatch its assignment file again")]
    NoTrajectory,
    /// The instance's image has no name that Docker or the object store would take.
    #[error("the image of instance `{0}` cannot be named: {1}")]
    Image(InstanceId, String),
}

/// What each placeholder stands for.
pub(super) fn values(job: &Job, attempt: u32, host: &HostConfig) -> BTreeMap<&'static str, String> {
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
