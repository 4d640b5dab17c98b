//! A job: one instance, one model, one run, of one set.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::id::JobId;
use super::name::{HostName, InstanceId, ModelName, PipelineName, SetName, TaskName};

/// What was asked for. Never changes once dispatched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Derived from the four fields below.
    pub id: JobId,
    /// Which set of jobs it came with.
    pub set: SetName,
    /// The task.
    pub instance: InstanceId,
    /// Who shall solve it.
    pub model: ModelName,
    /// Which independent try of the same question, from 1.
    pub run: u32,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskName>,
    /// How it is done.
    pub pipeline: PipelineName,
    /// The instance's data, which travels with the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Dataset>,
    /// A trajectory that exists already: it is evaluated, and none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trajectory: Option<Box<Dataset>>,
    /// Names of variables that the coordinator passes from its own environment. Never their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Where it may run.
    pub place: Place,
    /// Position in the file: jobs start in this order.
    pub order: u64,
}

/// A file that travels with a job, known by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// As the assignment names it; for people.
    pub path: Arc<str>,
    /// Of the bytes at the time of dispatch.
    pub sha256: Sha256,
}

/// Names of files, each kept in memory once however many jobs it travels with.
#[derive(Debug, Default)]
pub struct Paths(HashSet<Arc<str>>);

impl Paths {
    /// The name with this text.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(path) = self.0.get(text) {
            return Arc::clone(path);
        }
        let path: Arc<str> = text.into();
        self.0.insert(Arc::clone(&path));
        path
    }
}

/// Where a job may run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// On this host. If an attempt there is lost with proof, anywhere.
    Host(HostName),
    /// Wherever a slot is idle.
    Any,
}
