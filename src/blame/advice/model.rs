//! The model: what it did is a result, and nothing is to be done about it.

use super::Advice;

pub(super) const RESULT: Advice = Advice {
    why: "the model left no patch, or one that does not apply, breaks the tests, or keeps them from ending",
    what: "nothing: this is the model's result, and is never tried again",
    run: &[],
};
