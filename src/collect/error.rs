//! What can keep a result from coming home.

use std::io;
use std::path::Path;

use crate::domain::host::Outlook;
use crate::text::sanitize_line;

/// Why an attempt is not at home. Texts are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// No rsync on this machine.
    #[error("rsync is not installed here")]
    NoRsyncHere,
    /// No rsync on the host.
    #[error("rsync is not installed on the host: {0}")]
    NoRsyncThere(String),
    /// ssh could not connect, or lost the connection.
    #[error("the host cannot be reached: {0}")]
    Unreachable(String),
    /// The connection was silent for too long, or broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// rsync could not bring some files.
    #[error("some files were not sent: {0}")]
    Partial(String),
    /// rsync failed otherwise.
    #[error("rsync failed with code {code}: {said}")]
    Rsync {
        /// Its exit code.
        code: i32,
        /// What it said.
        said: String,
    },
    /// No room in the results directory.
    #[error("the disk of the results directory is full")]
    DiskFull,
    /// A file or directory of ours could not be read or written.
    #[error("{path}: {why}")]
    Io {
        /// Which.
        path: String,
        /// Why not.
        why: String,
    },
    /// A symbolic link lies where a directory or file of ours should.
    #[error("{0} is a symbolic link; nothing is read or written through it")]
    Symlink(String),
    /// Something that is not a result of this job lies at its place.
    #[error("{0} is not a result of this job; it is left as it is")]
    Occupied(String),
    /// The place is not below the results directory.
    #[error("{0} is not in the results directory")]
    Outside(String),
    /// The host does not have a file that it vouched for.
    #[error("{0} is not on the host any more")]
    Missing(String),
    /// A file is not what the manifest says, twice in a row.
    #[error("{0} is not what its manifest says (size or sha256 differs)")]
    Corrupt(String),
    /// The manifest is not what the journal's seal says, or no manifest.
    #[error("the manifest does not match its seal: {0}")]
    Manifest(String),
    /// The journal in the capsule is not this attempt's.
    #[error("the journal on the host is not this attempt's: {0}")]
    Journal(String),
    /// A bug.
    #[error("internal: {0}")]
    Internal(String),
}

impl CollectError {
    /// An error of the file system.
    pub(super) fn io(path: &Path, error: &io::Error) -> CollectError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CollectError::DiskFull,
            _ => CollectError::Io {
                path: shown(path),
                why: error.to_string(),
            },
        }
    }

    /// Whether trying again can help.
    pub fn outlook(&self) -> Outlook {
        match self {
            CollectError::Unreachable(_)
            | CollectError::Broken(_)
            | CollectError::Partial(_)
            | CollectError::Rsync { .. }
            | CollectError::Corrupt(_) => Outlook::Transient,
            CollectError::NoRsyncHere
            | CollectError::NoRsyncThere(_)
            | CollectError::DiskFull
            | CollectError::Io { .. }
            | CollectError::Symlink(_)
            | CollectError::Occupied(_)
            | CollectError::Outside(_)
            | CollectError::Missing(_)
            | CollectError::Manifest(_)
            | CollectError::Journal(_)
            | CollectError::Internal(_) => Outlook::Permanent,
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            CollectError::NoRsyncHere => "install rsync (3.2 or newer) on this machine",
            CollectError::NoRsyncThere(_) => "install rsync on the host; `fleet doctor` checks each host",
            CollectError::Unreachable(_) | CollectError::Broken(_) => {
                "run `fleet collect` again when the host is back; what has arrived is kept"
            }
            CollectError::DiskFull => {
                "free space there and run `fleet collect` again; what has arrived is kept"
            }
            CollectError::Io { .. } => "check the owner and mode of the results directory",
            CollectError::Symlink(_) | CollectError::Occupied(_) => {
                "move it out of the results tree and run `fleet collect` again"
            }
            CollectError::Missing(_) | CollectError::Corrupt(_) | CollectError::Manifest(_) => {
                "the files changed on the host after the job ended; look there before running the job again"
            }
            CollectError::Partial(_)
            | CollectError::Rsync { .. }
            | CollectError::Outside(_)
            | CollectError::Journal(_)
            | CollectError::Internal(_) => return None,
        })
    }

    /// rsync went on and did what it could.
    pub(super) fn is_partial(&self) -> bool {
        matches!(self, CollectError::Partial(_))
    }

    /// An absent or torn file is what a broken transfer leaves: then the transfer is the error.
    pub(super) fn explained(self, trouble: Option<&CollectError>) -> CollectError {
        match (self, trouble) {
            (CollectError::Missing(_) | CollectError::Corrupt(_), Some(trouble)) if !trouble.is_partial() => {
                trouble.clone()
            }
            (CollectError::Missing(file), Some(CollectError::Partial(said))) => {
                CollectError::Partial(format!("{file}: {said}"))
            }
            (error, _) => error,
        }
    }
}

/// A path for people.
pub(super) fn shown(path: &Path) -> String {
    sanitize_line(&path.to_string_lossy()).into_owned()
}
