//! What can go wrong on a host.

use std::io;
use std::path::PathBuf;

use crate::domain::AttemptId;
use crate::harness::TreeError;

/// Why the runner could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The operating system says no.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Its answer.
        source: io::Error,
    },
    /// A lock that is held for moments only has not come free.
    #[error("another runner holds {} and does not let go", .0.display())]
    Busy(PathBuf),
    /// Two deployments at once would take each other's files.
    #[error("another `fleet deploy` is at work on this host")]
    Deploying,
    /// A harness that cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// No such capsule.
    #[error("there is no attempt {0} here")]
    NoCapsule(AttemptId),
    /// A file of ours does not say what it should.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// In what way.
        why: String,
    },
    /// A supervisor must inherit its slot.
    #[error("its stdin is not the lock of a slot for attempt {0}; only the runner starts supervisors")]
    NotHolder(AttemptId),
    /// A path that leads out of its capsule, or to something that is no file.
    #[error("`{}` is not a file of the attempt", .0.escape_debug())]
    NotAFile(String),
    /// A dead capsule that may not be closed yet.
    #[error("{0}")]
    StaysOpen(String),
    /// A place in which it cannot be proved that a supervisor is dead.
    #[error("{} is on {kind}, where a lock of one machine may be free to another: give the host a `root` on a disk of its own", path.display())]
    Shared {
        /// Where.
        path: PathBuf,
        /// Its file system, in words.
        kind: String,
    },
    /// Our own code is at fault.
    #[error("the runner failed through a bug of fleet")]
    Panicked,
    /// A text that a start would name.
    #[error("an input of {0} bytes is too large")]
    TooLarge(u64),
}

impl RunnerError {
    /// Is what it was about not there?
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, RunnerError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Says what was being done when the system said no.
pub(super) trait Doing<T> {
    /// `what` completes "cannot …".
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, RunnerError>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, RunnerError> {
        self.map_err(|error| RunnerError::Io {
            what: what().into(),
            source: error.into(),
        })
    }
}
