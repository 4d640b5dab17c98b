//! `result.json`: what is to be known of a result that lies beside it, without database or host.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::CollectError;
use super::tree;
use crate::domain::journal::{Ending, Entry, Line, Outcome};
use crate::domain::manifest::{LeftOut, Seal};
use crate::domain::{Fault, HostName, Job, PhaseName, Sha256, Span, Timestamp};

/// Its name.
pub(super) const RESULT: &str = "result.json";
/// The version of `result.json` that this build writes.
pub(super) const VERSION: u32 = 1;

/// One result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultFile {
    /// Of the format.
    pub version: u32,
    /// What was asked for.
    pub job: Arc<Job>,
    /// Which try this is.
    pub attempt: u32,
    /// Where it ran.
    pub host: HostName,
    /// What came out.
    pub outcome: Outcome,
    /// Each phase that ended, in order.
    pub phases: Vec<Phase>,
    /// When it began, by the host's clock.
    pub began: Option<Timestamp>,
    /// When it ended, by the host's clock.
    pub ended: Option<Timestamp>,
    /// Was every file checked against the seal? Without a seal it is not known what is missing.
    pub verified: bool,
    /// What the files match.
    pub seal: Option<Seal>,
    /// How many artifacts there are.
    pub files: u64,
    /// How many bytes are in them.
    pub bytes: u64,
    /// The harness that it was made under, if one was used: the id of its profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Sha256>,
    /// What stayed on the host, because it is not a plain file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// One phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Which.
    pub phase: PhaseName,
    /// How it ended.
    pub ending: Ending,
    /// How long it took, in milliseconds.
    #[serde(rename = "ms")]
    pub took: Span,
    /// How much it printed, kept or not.
    pub output: u64,
    /// Of a failure, the line that best says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// It was done by this earlier attempt on the host, and taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<u32>,
    /// Of a failure of a native phase, whose doing it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

impl ResultFile {
    /// The result at this place; none if there is none that this build understands.
    pub fn read(home: &Path) -> Result<Option<ResultFile>, CollectError> {
        let bytes = tree::read(&home.join(RESULT))?;
        let result: Option<ResultFile> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(result.filter(|result| result.version == VERSION))
    }

    /// The phases that a journal tells of.
    pub(super) fn phases(journal: &[Line]) -> Vec<Phase> {
        let ended = |line: &Line| match &line.entry {
            Entry::PhaseEnded {
                phase,
                ending,
                took,
                output,
                excerpt,
                conclusion,
            } => Some(Phase {
                phase: phase.clone(),
                ending: ending.clone(),
                took: *took,
                output: *output,
                excerpt: excerpt.clone(),
                kept: None,
                fault: conclusion.as_ref().and_then(|said| said.fault.clone()),
            }),
            Entry::PhaseKept { phase, from } => Some(Phase {
                phase: phase.clone(),
                ending: Ending::Exit(0),
                took: Span(0),
                output: 0,
                excerpt: None,
                kept: Some(*from),
                fault: None,
            }),
            Entry::Opened { .. }
            | Entry::PhaseStarted { .. }
            | Entry::Pressed { .. }
            | Entry::Ended { .. } => None,
        };
        journal.iter().filter_map(ended).collect()
    }
}
