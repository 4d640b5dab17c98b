//! What a native phase says at its end, beside its exit code: a file in the capsule that its supervisor
//! reads and puts into the journal.

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::verdict::Verdict;

/// Its place in a capsule.
pub const FILE: &str = "conclusion.json";

/// What came of a native phase.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Conclusion {
    /// In one line, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Was it paid for? Then a later attempt on this host takes its results over instead of doing it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps: bool,
    /// Why it failed, and whose doing that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// What the evidence says, as far as the host can tell. Decided again at home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Millionths of a dollar that it says it has spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<u64>,
}
