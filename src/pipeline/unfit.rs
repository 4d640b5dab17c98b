//! What it means for a job that it cannot be made into steps: whose doing it is, and whether another host can help.

use super::CompileError;
use crate::domain::fault::{Again, Fault, FaultName};

impl CompileError {
    /// The fault of the attempt that meets it.
    pub fn fault(&self) -> Fault {
        let (name, again) = match self {
            CompileError::NoPipeline(_) | CompileError::NoModel(_) | CompileError::NoAgent(..) => {
                (FaultName::NotInConfig, Again::Never)
            }
            CompileError::NoHarness(..) => (FaultName::NoHarness, Again::Elsewhere),
            CompileError::NoInstance | CompileError::NoTrajectory => (FaultName::DataMissing, Again::Never),
            CompileError::Image(..) => (FaultName::BadImageName, Again::Never),
        };
        Fault::new(name, again, self.to_string())
    }
}
