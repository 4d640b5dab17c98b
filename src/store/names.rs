//! Names read from rows, each kept in memory once however many rows hold it.

use std::collections::HashMap;
use std::str::FromStr;

use super::StoreError;
use crate::domain::job::Paths;
use crate::domain::name::BadName;
use crate::domain::{HostName, InstanceId, ModelName, PhaseName, PipelineName, SetName, TaskName};

/// All names of one loading.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) host: Pool<HostName>,
    pub(super) set: Pool<SetName>,
    pub(super) instance: Pool<InstanceId>,
    pub(super) model: Pool<ModelName>,
    pub(super) task: Pool<TaskName>,
    pub(super) pipeline: Pool<PipelineName>,
    pub(super) phase: Pool<PhaseName>,
    pub(super) path: Paths,
}

/// The names of one kind.
#[derive(Debug)]
pub(super) struct Pool<T>(HashMap<Box<str>, T>);

impl<T> Default for Pool<T> {
    fn default() -> Pool<T> {
        Pool(HashMap::new())
    }
}

impl<T: Clone + FromStr<Err = BadName>> Pool<T> {
    /// The name with this text.
    pub(super) fn get(&mut self, text: &str) -> Result<T, StoreError> {
        if let Some(name) = self.0.get(text) {
            return Ok(name.clone());
        }
        let name: T = text.parse().map_err(|bad| StoreError::Row {
            table: "name",
            what: format!("`{}` {bad}", text.escape_debug()),
        })?;
        self.0.insert(text.into(), name.clone());
        Ok(name)
    }
}
