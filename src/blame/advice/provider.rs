//! Who serves the model.

use super::{Advice, advice};

pub(super) const ALL: &[Advice] = &[
    advice(
        &["model-refused"],
        "the provider refuses the key, the quota or the model's name, so no job of the model can work",
        "correct key, quota or name; export the key again where `fleet dispatch` runs",
        &["fleet resume model {model}", "fleet retry --fault {fault}"],
    ),
    advice(
        &[
            "rate-limit",
            "provider-timeout",
            "provider-unavailable",
            "empty-answer",
        ],
        "the provider is overloaded or down",
        "wait, or ask for a higher limit; it is tried again after a pause that doubles",
        &["fleet resume model {model}", "fleet retry --fault {fault}"],
    ),
    advice(
        &["thought-signature-missing", "wrong-api-format"],
        "the harness uses an interface that the provider does not have",
        "use a harness version that supports this model",
        &["fleet deploy", "fleet retry --fault {fault}"],
    ),
];
