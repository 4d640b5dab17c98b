//! What it means for a job that it cannot be made into steps: whose doing it is, and whether another host can help.

use super::CompileError;
use crate::domain::Fault;
use crate::domain::fault::{Again, Class};

impl CompileError {
    /// The fault of the attempt that meets it.
    pub fn fault(&self) -> Fault {
        let (class, name, again) = match self {
            CompileError::NoPipeline(_) | CompileError::NoModel(_) | CompileError::NoAgent(..) => {
                (Class::Config, "not-in-config", Again::Never)
            }
            CompileError::NoHarness(..) => (Class::Config, "no-harness", Again::Elsewhere),
            CompileError::NoInstance | CompileError::NoTrajectory => {
                (Class::Dataset, "data-missing", Again::Never)
            }
            CompileError::Image(..) => (Class::Dataset, "bad-image-name", Again::Never),
        };
        Fault {
            class,
            name: name.to_owned(),
            what: self.to_string(),
            again,
        }
    }
}
