//! One thing that was looked at.

use crate::domain::exam::{CheckKind, CheckResult};

/// What was seen, and whether it is as it should be.
pub(super) fn seen(what: CheckKind, ok: bool, found: impl Into<String>) -> CheckResult {
    CheckResult {
        what,
        ok,
        found: found.into(),
        safe: None,
        done: false,
    }
}

/// As it should be.
pub(super) fn good(what: CheckKind, found: impl Into<String>) -> CheckResult {
    seen(what, true, found)
}

/// Not as it should be.
pub(super) fn bad(what: CheckKind, found: impl Into<String>) -> CheckResult {
    seen(what, false, found)
}
