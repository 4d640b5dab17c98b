//! Who serves the model.

use crate::blame::signature::Signature;
use crate::domain::fault::{Again, FaultName};
use crate::domain::swe::Task::Trajectory;

pub(super) const KNOWN: &[Signature] = &[
    Signature {
        number: 31,
        name: FaultName::ModelRefused,
        again: Again::Mended,
        phases: &[Trajectory],
        // As the client of a model tells it.
        marks: &[
            &["litellm.notfounderror"],
            &["notfounderror", "model", "not found"],
            &["authenticationerror"],
            &["error code: 401"],
            &["ratelimiterror", "insufficient_quota"],
        ],
        state: None,
        means: "model, key or quota are not accepted; no job of this model can work",
    },
    Signature {
        number: 31,
        name: FaultName::ModelRefused,
        again: Again::Anywhere,
        phases: &[Trajectory],
        // In words that a test of such a client prints as well.
        marks: &[
            &["invalid api key"],
            &["incorrect api key"],
            &["invalid_api_key"],
            &["insufficient_quota"],
        ],
        state: None,
        means: "model, key or quota seem not to be accepted; a second job that says so settles it",
    },
    Signature {
        number: 32,
        name: FaultName::TokenLimit,
        again: Again::Never,
        phases: &[Trajectory],
        marks: &[
            &["context_length_exceeded"],
            &["contextwindowexceedederror"],
            &["max_tokens is too large"],
        ],
        state: None,
        means: "more tokens were asked for than the model has",
    },
    Signature {
        number: 33,
        name: FaultName::ThoughtSignatureMissing,
        again: Again::Never,
        phases: &[Trajectory],
        marks: &[&["missing a thought_signature"]],
        state: None,
        means: "thinking blocks were lost between calls",
    },
    Signature {
        number: 34,
        name: FaultName::WrongApiFormat,
        again: Again::Never,
        phases: &[Trajectory],
        marks: &[
            &["no tool output found for function call"],
            &["invalid value: 'tool'"],
            &["missing required parameter: 'tools[0].name'"],
            &["expected an id that begins with 'fc'"],
        ],
        state: None,
        means: "the harness speaks another API than the provider",
    },
    Signature {
        number: 35,
        name: FaultName::EmptyAnswer,
        again: Again::Anywhere,
        phases: &[Trajectory],
        marks: &[&["llmnoresponseerror"], &["choices is less than 1"]],
        state: None,
        means: "the model's answer was empty",
    },
    Signature {
        number: 29,
        name: FaultName::RateLimit,
        again: Again::Later,
        phases: &[Trajectory],
        marks: &[
            &["ratelimiterror"],
            &["error code: 429"],
            &["429 too many requests"],
            &["status code 429"],
            &["resource has been exhausted"],
            &["resource_exhausted"],
        ],
        state: None,
        means: "the provider limits the rate",
    },
    Signature {
        number: 30,
        name: FaultName::ProviderTimeout,
        again: Again::Anywhere,
        phases: &[Trajectory],
        marks: &[&["litellm.timeout"], &["apitimeouterror"]],
        state: None,
        means: "the provider did not answer in time",
    },
    Signature {
        number: 30,
        name: FaultName::ProviderUnavailable,
        again: Again::Later,
        phases: &[Trajectory],
        marks: &[
            &["apiconnectionerror"],
            &["serviceunavailableerror"],
            &["litellm.internalservererror"],
            &["overloaded_error"],
            &["error code: 500"],
            &["error code: 502"],
            &["error code: 503"],
            &["error code: 504"],
            &["error code: 529"],
        ],
        state: None,
        means: "the provider was not there",
    },
];
