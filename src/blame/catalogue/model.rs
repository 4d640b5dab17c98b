//! The model, its patch, and the tests: what is a result, and what only looks like one.

use crate::blame::signature::{Signature, State};
use crate::domain::fault::{Again, FaultName};
use crate::domain::swe::Task::{Evaluation, Report, Trajectory};

pub(super) const KNOWN: &[Signature] = &[
    Signature {
        number: 36,
        name: FaultName::AgentGaveUp,
        again: Again::Never,
        phases: &[Trajectory],
        marks: &[
            &["agent reached maximum iteration"],
            &["agentstuckinlooperror"],
            &["agent got stuck in a loop"],
            &["maximum budget"],
        ],
        state: None,
        means: "the agent used up its iterations or its budget, or went in circles",
    },
    Signature {
        number: 27,
        name: FaultName::NoPatch,
        again: Again::Never,
        phases: &[Trajectory, Evaluation],
        marks: &[&["no valid patch"]],
        state: Some(State::NoPatch),
        means: "the agent left no patch",
    },
    Signature {
        number: 37,
        name: FaultName::EffortIgnored,
        again: Again::Never,
        phases: &[Trajectory],
        marks: &[],
        state: Some(State::EffortIgnored),
        means: "the effort that was asked for was not applied",
    },
    Signature {
        number: 45,
        name: FaultName::FileInTheWay,
        again: Again::Anywhere,
        phases: &[Evaluation],
        marks: &[&["already exists in working directory"]],
        state: None,
        means: "a file of the model's stands where a test patch makes one",
    },
    Signature {
        number: 44,
        name: FaultName::PatchRejected,
        again: Again::Never,
        phases: &[Evaluation],
        marks: &[
            &["error: patch failed"],
            &["hunk #", "failed"],
            &["corrupt patch"],
            &["patch does not apply"],
        ],
        state: None,
        means: "the patch does not apply",
    },
    Signature {
        number: 40,
        name: FaultName::EnvironmentBroken,
        again: Again::Elsewhere,
        phases: &[Evaluation],
        marks: &[
            &["cd: /app/repo: no such file or directory"],
            &["pytest: command not found"],
            &["pytest: not found"],
            &["no module named pytest"],
        ],
        state: None,
        means: "the image's environment is not set up",
    },
    Signature {
        number: 41,
        name: FaultName::NoTests,
        again: Again::Never,
        phases: &[Evaluation, Report],
        marks: &[
            &["parsed 0 test results"],
            &["no tests ran"],
            &["error: not found:"],
            &["error: found no collectors"],
        ],
        state: None,
        means: "no test ran",
    },
    Signature {
        number: 43,
        name: FaultName::TestTimeout,
        again: Again::Never,
        phases: &[Evaluation, Report],
        marks: &[
            &["command timed out after"],
            &["\"test_timeout\": true"],
            &["\"test_timeout\":true"],
        ],
        state: None,
        means: "the tests did not end in time",
    },
];
