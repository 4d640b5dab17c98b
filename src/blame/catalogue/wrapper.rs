//! What wraps other failures, or is only seen: what it wraps, if it is told, was found before.

use super::EVERY;
use crate::blame::signature::{Signature, State};
use crate::domain::fault::{Again, FaultName};
use crate::domain::swe::Task::Trajectory;

pub(super) const KNOWN: &[Signature] = &[
    Signature {
        number: 49,
        name: FaultName::Stalled,
        again: Again::Elsewhere,
        phases: EVERY,
        marks: &[&["worker_stalled"]],
        state: Some(State::Stalled),
        means: "nothing was written for too long",
    },
    Signature {
        number: 55,
        name: FaultName::NothingLeft,
        again: Again::Anywhere,
        phases: EVERY,
        marks: &[],
        state: Some(State::NothingLeft),
        means: "it ended well, and left nothing",
    },
    Signature {
        number: 21,
        name: FaultName::RuntimeDied,
        again: Again::Elsewhere,
        phases: &[Trajectory],
        marks: &[
            &["agentruntime", "error"],
            &["connectionerror"],
            &["maximum error retries reached for instance"],
        ],
        state: None,
        means: "the agent's runtime died",
    },
    Signature {
        number: 28,
        name: FaultName::AgentError,
        again: Again::Elsewhere,
        phases: &[],
        marks: &[],
        state: None,
        means: "the agent ended with an error and without a patch; its text says whose doing",
    },
];
