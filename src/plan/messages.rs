//! What each host must be told over the link that is open now.

use crate::domain::{AttemptState, Effect, Fleet};

/// For every live attempt that its host has not been told of since the link came up: start it (again:
/// the host runs it once), or ask how it goes; and stop it if somebody wants that.
pub(super) fn messages(fleet: &Fleet) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (host, id) in fleet.untold() {
        let (Some(entry), Some(attempt)) = (fleet.job(id.job), fleet.attempt(id)) else {
            continue;
        };
        match attempt.state {
            AttemptState::Intended => {
                effects.push(Effect::Start {
                    attempt: id,
                    host: host.clone(),
                    epoch: attempt.epoch,
                });
            }
            AttemptState::Running { .. } => {
                effects.push(Effect::Follow {
                    attempt: id,
                    host: host.clone(),
                    from: attempt.offset,
                });
            }
            AttemptState::Refused | AttemptState::Ended(_) => continue,
        }
        if let Some(hard) = entry.cancel {
            effects.push(Effect::Cancel {
                attempt: id,
                host: host.clone(),
                hard,
            });
        }
    }
    effects
}
