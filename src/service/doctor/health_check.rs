//! One check of a fleet: what was looked at, what was found, and what to do about it.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct HealthCheck {
    /// Where: `here`, or a host.
    pub place: String,
    /// What was looked at.
    pub what: &'static str,
    /// Is it as it should be?
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What --fix does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// It has been done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fixed: bool,
}

/// It is well if there is no remedy.
pub(super) fn check(
    place: &str,
    what: &'static str,
    found: impl Into<String>,
    remedy: Option<String>,
) -> HealthCheck {
    HealthCheck {
        place: place.to_owned(),
        what,
        ok: remedy.is_none(),
        found: found.into(),
        remedy,
        fix: None,
        fixed: false,
    }
}
