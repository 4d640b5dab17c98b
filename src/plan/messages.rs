//! What a host can be told, and what each host must be told over the link that is open now.

use crate::domain::{AttemptId, AttemptState, Epoch, HostName, JobId};
use crate::schedule::Fleet;

/// One message to a host. It is not stored, since it follows from what is stored; it is idempotent, so that sending it
/// again after a crash does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostMessage {
    /// Start an attempt that is stored.
    Start {
        /// Which.
        attempt: AttemptId,
        /// Where.
        host: HostName,
        /// The coordinator that intended it.
        epoch: Epoch,
    },
    /// Send the attempt's journal from this byte on.
    Follow {
        /// Which.
        attempt: AttemptId,
        /// Where.
        host: HostName,
        /// The first byte not yet applied.
        from: u64,
    },
    /// Stop an attempt.
    Cancel {
        /// Which.
        attempt: AttemptId,
        /// Where.
        host: HostName,
        /// Without SIGTERM first.
        hard: bool,
    },
    /// Get ready for a waiting job, which is reserved for this host from now on: fetch its image, if the host lacks that.
    Prefetch {
        /// Where.
        host: HostName,
        /// The job that is to come.
        job: JobId,
    },
    /// Report your health, before anything more starts there.
    Probe {
        /// Which.
        host: HostName,
    },
    /// Remove an image.
    Evict {
        /// Where.
        host: HostName,
        /// Its source.
        image: String,
    },
    /// Remove what dead attempts have left behind.
    Clean {
        /// Where.
        host: HostName,
    },
}

/// For every live attempt that its host has not been told of since the link came up: start it (again:
/// the host runs it once), or ask how it goes; and stop it if its job is cancelled.
pub(super) fn about_attempts(fleet: &Fleet) -> Vec<HostMessage> {
    let mut messages = Vec::new();
    for (host, id) in fleet.unsent() {
        let (Some(entry), Some(attempt)) = (fleet.job(id.job), fleet.attempt(id)) else {
            continue;
        };
        match attempt.state {
            AttemptState::Intended => {
                messages.push(HostMessage::Start {
                    attempt: id,
                    host: host.clone(),
                    epoch: attempt.epoch,
                });
            }
            AttemptState::Running { .. } => {
                messages.push(HostMessage::Follow {
                    attempt: id,
                    host: host.clone(),
                    from: attempt.offset,
                });
            }
            AttemptState::Refused | AttemptState::Ended(_) => continue,
        }
        if let Some(hard) = entry.cancel {
            messages.push(HostMessage::Cancel {
                attempt: id,
                host: host.clone(),
                hard,
            });
        }
    }
    messages
}
