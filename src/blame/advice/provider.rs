//! Who serves the model.

use super::Advice;

pub(super) const REFUSED: Advice = Advice {
    why: "the provider refuses the key, the quota or the model's name, so no job of the model can work",
    what: "correct key, quota or name; export the key again where `fleet dispatch` runs",
    run: &["fleet resume model {model}", "fleet retry --fault {fault}"],
};

pub(super) const OVERLOADED: Advice = Advice {
    why: "the provider is overloaded or down",
    what: "wait, or ask for a higher limit; it is tried again after a pause that doubles",
    run: &["fleet resume model {model}", "fleet retry --fault {fault}"],
};

pub(super) const OTHER_INTERFACE: Advice = Advice {
    why: "the harness uses an interface that the provider does not have",
    what: "use a harness version that supports this model",
    run: &["fleet deploy", "fleet retry --fault {fault}"],
};
