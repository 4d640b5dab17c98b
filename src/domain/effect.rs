//! Everything that `plan` can decide. Decisions are stored as events before they are acted upon;
//! messages to a host are idempotent, so that sending one again after a crash does no harm.

use super::id::{AttemptId, Epoch, JobId};
use super::name::HostName;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Store that this attempt shall run on this host.
    Place {
        /// The new attempt.
        attempt: AttemptId,
        /// Where.
        host: HostName,
    },
    /// Store that the job will not be tried again.
    GiveUp {
        /// Which job.
        job: JobId,
        /// Why not.
        why: String,
    },
    /// Tell the host to start an attempt that is stored.
    Start {
        /// Which.
        attempt: AttemptId,
        /// Where.
        host: HostName,
        /// The coordinator that intended it.
        epoch: Epoch,
    },
    /// Ask the host for the attempt's journal from this byte on.
    Follow {
        /// Which.
        attempt: AttemptId,
        /// Where.
        host: HostName,
        /// The first byte not yet applied.
        from: u64,
    },
    /// Tell the host to stop an attempt.
    Cancel {
        /// Which.
        attempt: AttemptId,
        /// Where.
        host: HostName,
        /// Without SIGTERM first.
        hard: bool,
    },
}
