//! A fault: whose doing a failure was, and whether trying again can help. Blame is never mixed: what is not
//! the model's doing is never counted for or against it.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use super::class::Class;
pub use super::fault_name::{FaultName, RecordedName};

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// Trying again gives the same.
    Never,
    /// On the same host, or any other.
    Anywhere,
    /// On another host, where there is one.
    Elsewhere,
    /// On the same host once leftovers are removed from it; if that was in vain, on another one.
    Cleaned,
    /// Wherever, but not before the provider has had a pause. Costs none of the job's tries.
    Later,
    /// Once a person has mended what stops every job of the model. Until then none of them starts.
    Mended,
}

/// A provider's refusal: of the key, of the quota, or of the model's name.
pub const REFUSED: FaultName = FaultName::ModelRefused;

/// A failure, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whose doing.
    pub class: Class,
    /// A short name, the same for all failures of its kind: `image-missing`, `no-space`.
    pub name: RecordedName,
    /// What happened, in one line; made harmless for a terminal.
    pub what: String,
    /// What to do about it.
    pub again: Again,
}

impl Fault {
    /// A fault of the catalogue, and of its usual class. `what` is one line that may be shown as it is.
    pub fn new(name: FaultName, again: Again, what: impl Into<String>) -> Fault {
        Fault {
            class: name.class(),
            name: name.into(),
            what: what.into(),
            again,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.name, self.class.word(), self.what)
    }
}
