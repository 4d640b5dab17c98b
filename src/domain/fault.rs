//! A fault: whose doing a failure was, and whether trying again can help. Blame is never mixed: what is not
//! the model's doing is never counted for or against it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose doing a failure was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The machine: disk, memory, engine, network.
    Host,
    /// The instance's image.
    Image,
    /// The set-up of fleet or harness.
    Config,
    /// The dataset.
    Dataset,
    /// Who serves the model.
    Provider,
    /// The model. Final, and a valid result.
    Model,
    /// A defect of the harness.
    Harness,
    /// Nobody knows.
    Unknown,
}

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
    /// Once somebody has mended what stops every job of the model. Until then none of them starts.
    Mended,
}

/// The name of a provider's refusal: of the key, of the quota, or of the model's name.
pub const REFUSED: &str = "model-refused";

/// A failure, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whose doing.
    pub class: Class,
    /// A short name, the same for all failures of its kind: `image-missing`, `no-space`.
    pub name: String,
    /// What happened, in one line; made harmless for a terminal.
    pub what: String,
    /// What to do about it.
    pub again: Again,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 8] = [
        Class::Host,
        Class::Image,
        Class::Config,
        Class::Dataset,
        Class::Provider,
        Class::Model,
        Class::Harness,
        Class::Unknown,
    ];

    /// One word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Class::Host => "host",
            Class::Image => "image",
            Class::Config => "config",
            Class::Dataset => "dataset",
            Class::Provider => "provider",
            Class::Model => "model",
            Class::Harness => "harness",
            Class::Unknown => "unknown",
        }
    }

    /// What the word means, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Class::Host => "a host is at fault",
            Class::Image => "the instance's image is at fault",
            Class::Config => "fleet.toml, credentials or the harness's set-up is at fault",
            Class::Dataset => "the dataset is at fault",
            Class::Provider => "the provider of the model is at fault",
            Class::Model => "the model did it: a result, not a failure",
            Class::Harness => "the harness has a defect",
            Class::Unknown => "nothing says who is at fault",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.name, self.class.word(), self.what)
    }
}
