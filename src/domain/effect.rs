//! Everything that `plan` can decide. Decisions are stored as events before they are acted upon;
//! messages to a host are idempotent, so that sending one again after a crash does no harm.

use super::event::Event;
use super::hold::{Kind, Subject};
use super::id::{AttemptId, Epoch, JobId};
use super::name::HostName;
use super::time::Timestamp;

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
    /// Store that nothing more starts there, and why.
    Hold {
        /// Where, or of what.
        subject: Subject,
        /// What kind of hold.
        kind: Kind,
        /// The evidence.
        why: String,
        /// When it ends by itself, if it does.
        until: Option<Timestamp>,
    },
    /// Store that a hold has ended.
    Release {
        /// Whose.
        subject: Subject,
        /// Why.
        why: String,
    },
    /// Store that a result is not to be trusted, since its host turned out to be bad.
    Suspect {
        /// Which.
        attempt: AttemptId,
        /// Why.
        why: String,
    },
    /// Mean a waiting job for this host, and tell the host to make its image ready if it lacks that.
    Prefetch {
        /// Where.
        host: HostName,
        /// The job that is to come.
        job: JobId,
    },
    /// Ask the host how it is, before anything more starts there.
    Look {
        /// Which.
        host: HostName,
    },
    /// Tell the host to remove an image.
    Evict {
        /// Where.
        host: HostName,
        /// Its source.
        image: String,
    },
    /// Tell the host to remove what dead attempts have left on it.
    Clean {
        /// Where.
        host: HostName,
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

impl Effect {
    /// The event that stores it, if it is a decision; a message is given back.
    pub fn decision(self, epoch: Epoch) -> Result<Event, Effect> {
        match self {
            Effect::Place { attempt, host } => Ok(Event::Intended { attempt, host, epoch }),
            Effect::GiveUp { job, why } => Ok(Event::GaveUp { job, why }),
            Effect::Hold {
                subject,
                kind,
                why,
                until,
            } => Ok(Event::Held {
                subject,
                kind,
                why,
                until,
            }),
            Effect::Release { subject, why } => Ok(Event::Released {
                subject,
                why,
                vouched: false,
            }),
            Effect::Suspect { attempt, why } => Ok(Event::Suspected { attempt, why }),
            message @ (Effect::Start { .. }
            | Effect::Follow { .. }
            | Effect::Cancel { .. }
            | Effect::Prefetch { .. }
            | Effect::Look { .. }
            | Effect::Evict { .. }
            | Effect::Clean { .. }) => Err(message),
        }
    }
}
