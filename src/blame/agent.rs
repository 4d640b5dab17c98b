//! What an agent's own `error` says: whether the fault is the model's, its provider's, or of another class.

use super::explain_in;
use crate::domain::fault::{Again, Fault, FaultName};
use crate::domain::swe::Task;
use crate::text::{EXCERPT, sanitize_excerpt};

/// Of a trajectory that left no patch, and this error. An error that no rule knows is not the model's.
pub fn of_agent(error: &str) -> Fault {
    explain_in(Task::Trajectory, error).unwrap_or_else(|| {
        let line = error
            .lines()
            .map(str::trim)
            .rfind(|line| !line.is_empty())
            .unwrap_or("it says nothing");
        Fault::new(
            FaultName::AgentError,
            Again::Elsewhere,
            sanitize_excerpt(line, EXCERPT),
        )
    })
}
