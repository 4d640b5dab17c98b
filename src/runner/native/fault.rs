//! Faults of the native phases: made in one way, so that no stranger's text reaches a terminal through them.

use std::fmt::Display;
use std::path::Path;

use crate::docker::DockerError;
use crate::domain::Fault;
use crate::domain::fault::{Again, Class};
use crate::runner::excerpt::plain_line;

/// A fault; `what` is made safe to show.
pub(super) fn fault(class: Class, name: &str, again: Again, what: impl AsRef<str>) -> Fault {
    Fault {
        class,
        name: name.to_owned(),
        what: plain_line(&what.as_ref().replace(['\n', '\r'], " ")),
        again,
    }
}

/// The engine gave no answer that can be used.
pub(super) fn engine(error: &DockerError) -> Fault {
    let (class, name, again) = error.blame();
    fault(class, name, again, error.to_string())
}

/// A file of the capsule could not be read, written or removed.
pub(super) fn disk(path: &Path, why: impl Display) -> Fault {
    let why = why.to_string();
    let name = if why.contains("No space left") {
        "no-space"
    } else {
        "disk"
    };
    fault(
        Class::Host,
        name,
        Again::Elsewhere,
        format!("{}: {why}", path.display()),
    )
}
