//! The classes of failures: whose doing one was.

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
    /// Not known.
    Unknown,
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
