//! Do jobs outlive the connection that started them?

use super::super::logind::{self, Logout};
use super::observation::{bad, good};
use crate::domain::exam::{CheckKind, CheckResult};

/// Nothing is said of hosts that leave a user's processes alone.
pub(super) fn look() -> Vec<CheckResult> {
    match logind::logout() {
        Logout::Harmless => Vec::new(),
        Logout::Kills(user) => {
            let found =
                format!("the host ends all processes of {user} when the connection ends (KillUserProcesses)");
            vec![bad(CheckKind::Logout, found)]
        }
        Logout::Lingers(user) if logind::scope().is_some() => {
            vec![good(
                CheckKind::Logout,
                format!("jobs of {user} stay, in scopes of their own"),
            )]
        }
        Logout::Lingers(user) => {
            let found = format!(
                "{user} lingers, but `systemd-run --user --scope` does not work, and logout ends jobs"
            );
            vec![bad(CheckKind::Logout, found)]
        }
    }
}
