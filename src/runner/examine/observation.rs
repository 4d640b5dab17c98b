//! One thing that was looked at.

use crate::domain::exam::{Observation, What};

/// What was seen, and whether it is as it should be.
pub(super) fn seen(what: What, ok: bool, found: impl Into<String>) -> Observation {
    Observation {
        what,
        ok,
        found: found.into(),
        safe: None,
        done: false,
    }
}

/// As it should be.
pub(super) fn good(what: What, found: impl Into<String>) -> Observation {
    seen(what, true, found)
}

/// Not as it should be.
pub(super) fn bad(what: What, found: impl Into<String>) -> Observation {
    seen(what, false, found)
}
