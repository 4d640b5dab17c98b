//! What is to come home, from where, and what has come.

use std::path::PathBuf;
use std::sync::Arc;

use super::ResultFile;
use crate::domain::journal::Outcome;
use crate::domain::manifest::Seal;
use crate::domain::{AttemptId, HostName, Job};

/// Where the capsules of a host are, in rsync's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The host's name, for `result.json`.
    pub host: HostName,
    /// Value of rsync's `-e`: the connection to use. None for this machine.
    pub rsh: Option<String>,
    /// The runner's root: `aws-instance-eval1:.fleet` or `/abs/root`. A `~` is not expanded.
    pub base: String,
}

/// An ended attempt whose files are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which.
    pub attempt: AttemptId,
    /// Its job.
    pub job: Arc<Job>,
    /// What came out, as the coordinator has it on record.
    pub outcome: Outcome,
    /// What its files must match. None: no seal vouches for them, and only its logs are wanted.
    pub seal: Option<Seal>,
    /// Its place: `<results>/<set>/<instance>/<model>/run<n>`.
    pub home: PathBuf,
}

/// An attempt that is at home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// Where.
    pub home: PathBuf,
    /// Its `result.json`.
    pub result: ResultFile,
    /// False if it was there already.
    pub fresh: bool,
}
