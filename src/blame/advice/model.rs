//! The model: what it did is a result, and nothing is to be done about it.

use super::{Advice, PATCH_FAILED, advice};

pub(super) const ALL: &[Advice] = &[advice(
    &[
        "no-patch",
        PATCH_FAILED,
        "patch-rejected",
        "agent-gave-up",
        "no-tests",
        "test-timeout",
    ],
    "the model left no patch, or one that does not apply, breaks the tests, or keeps them from ending",
    "nothing: this is the model's result, and is never tried again",
    &[],
)];
