//! Floor 2: the Docker engine of this host, through its own client program.
//!
//! The client knows where the engine is (contexts, `DOCKER_HOST`, rootless, podman in its place), and it is
//! there wherever an engine is. Invariant: a call ends in its time, and keeps no more of an answer than [`MOST`].

mod call;
mod commit;
mod error;
mod kind;
mod machine;
mod said;
pub mod owner;

pub use call::{Call, MOST, ask, call};
pub use commit::commit;
pub use error::DockerError;
pub use kind::{Engine, FORMAT, Kind};
pub use machine::{Machine, memory_args};
pub use said::Said;

use std::time::Duration;

use crate::domain::fault::{Again, FaultName};

/// Is there an image of this name or id here? Never pulls.
pub fn image_id(reference: &str) -> Result<Option<String>, DockerError> {
    let args = ["image", "inspect", "--format", "{{.Id}}", reference];
    match ask(&args, Duration::from_mins(1)) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(DockerError::NotThere(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl DockerError {
    /// What it is called, and what to do: for a [`Fault`](crate::domain::Fault).
    pub fn blame(&self) -> (FaultName, Again) {
        match self {
            DockerError::NoClient => (FaultName::NoDocker, Again::Elsewhere),
            DockerError::NoEngine(_) => (FaultName::DockerDown, Again::Elsewhere),
            DockerError::NoSpace(_) => (FaultName::NoSpace, Again::Cleaned),
            DockerError::Slow(..) => (FaultName::DockerSlow, Again::Anywhere),
            DockerError::NotThere(_) => (FaultName::ImageMissing, Again::Anywhere),
            DockerError::BadName(_) => (FaultName::BadImageName, Again::Never),
            DockerError::Refused { .. } | DockerError::Io(..) => (FaultName::DockerRefused, Again::Anywhere),
        }
    }
}
