//! Faults of the native phases: made in one way, so that no stranger's text reaches a terminal through them.

use std::fmt::Display;
use std::path::Path;

use crate::docker::DockerError;
use crate::domain::fault::{Again, Fault, FaultName};
use crate::runner::excerpt::plain_line;

/// A fault; `what` is made safe to show.
pub(super) fn fault(name: FaultName, again: Again, what: impl AsRef<str>) -> Fault {
    Fault::new(name, again, plain_line(&what.as_ref().replace(['\n', '\r'], " ")))
}

/// The engine gave no answer that can be used.
pub(super) fn engine(error: &DockerError) -> Fault {
    let (name, again) = error.blame();
    fault(name, again, error.to_string())
}

/// A file of the capsule could not be read, written or removed.
pub(super) fn disk(path: &Path, why: impl Display) -> Fault {
    let why = why.to_string();
    let name = if why.contains("No space left") {
        FaultName::NoSpace
    } else {
        FaultName::Disk
    };
    fault(name, Again::Elsewhere, format!("{}: {why}", path.display()))
}
