//! The numbers that `plan` goes by.

use std::collections::BTreeMap;

use crate::domain::{ModelName, PhaseName, PipelineName, Span};

/// All of them come from `fleet.toml` and the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How often a job may be lost by a host, or fail through no fault of its own, and be tried again.
    pub lost_retries: u32,
    /// How long a job waits after such a fault; doubles with each.
    pub retry_pause: Span,
    /// How long a host is left alone after it refused a job.
    pub refused_pause: Span,
    /// How long to wait for a host that cannot be reached or keeps refusing.
    pub unreachable: Span,
    /// The hosts of the assignment files are an order, not a preference.
    pub pinned: bool,
    /// Fetch the image of a host's next job while the present one runs.
    pub prefetch: bool,
    /// How long a host's first quarantine lasts; each further one twice as long.
    pub quarantine: Span,
    /// How long a job waits for a provider that keeps asking for a pause.
    pub provider_patience: Span,
    /// Millionths of a dollar that a job's failed tries may have cost before it is given up.
    pub retry_money: Option<u64>,
    /// Jobs need the host's Docker engine.
    pub docker: bool,
    /// The most memory that the tests of a pipeline get, where `fleet.toml` says how much.
    pub test_memory: Option<u64>,
    /// Images are removed when so many hundredths of the engine's disk are in use, …
    pub high_water: u64,
    /// … until it is so many.
    pub low_water: u64,
    /// Models that share a provider's key share its rate: the name of that, by model.
    pub providers: BTreeMap<ModelName, String>,
    /// The phase in which each pipeline gets its image.
    pub image_phases: BTreeMap<PipelineName, PhaseName>,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            lost_retries: 2,
            retry_pause: Span::seconds(30),
            refused_pause: Span::seconds(5),
            unreachable: Span::seconds(600),
            pinned: false,
            prefetch: true,
            quarantine: Span::seconds(600),
            provider_patience: Span::seconds(7200),
            retry_money: None,
            docker: false,
            test_memory: None,
            high_water: 85,
            low_water: 70,
            providers: BTreeMap::new(),
            image_phases: BTreeMap::new(),
        }
    }
}
