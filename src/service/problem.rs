//! The one error of all services: what went wrong, why, and what to do. Every other error of the crate
//! becomes one of these. How it is shown, and what a process answers for it, is the caller's business.

use crate::config::Finding;
use crate::engine::EngineError;
use crate::report::words;
use crate::store::{LeaseError, StoreError};
use crate::transport::LinkError;

/// Whose business it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request, or a file that a person wrote.
    Input,
    /// It may not be done now: another coordinator, a file that is there.
    Refused,
    /// Not everything could be done.
    Incomplete,
    /// This machine, a host, or what is between them.
    Environment,
    /// The caller ended it.
    Interrupted,
    /// A fault of this program, or a database that contradicts itself.
    Internal,
}

/// What kept a service from doing what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whose business it is.
    pub kind: ProblemKind,
    /// What went wrong.
    pub message: String,
    /// Why, or the single faults that the message sums up.
    pub causes: Vec<String>,
    /// The ways out.
    pub hints: Vec<String>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Problem {
        Problem {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Many faults of one file.
    pub fn findings(file: &str, findings: &[Finding]) -> Problem {
        Problem::new(
            ProblemKind::Input,
            format!(
                "{} in {file}; nothing was done",
                words::count(findings.len(), "fault", "faults")
            ),
        )
        .causes(findings.iter().map(ToString::to_string))
    }

    /// Several problems as one; none, if there are none.
    pub fn merged(mut problems: Vec<Problem>) -> Option<Problem> {
        let rest = problems.split_off(problems.len().min(1));
        let mut first = problems.pop()?;
        for problem in rest {
            first.causes.push(problem.message);
            first.causes.extend(problem.causes);
            first.hints.extend(problem.hints);
        }
        first.hints.dedup();
        Some(first)
    }

    /// Adds an error and everything that caused it.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn std::error::Error) -> Problem {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.causes.push(error.to_string());
            cause = error.source();
        }
        self
    }

    /// Adds causes, or the single faults that the message sums up.
    #[must_use]
    pub fn causes(mut self, causes: impl IntoIterator<Item = String>) -> Problem {
        self.causes.extend(causes);
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hints.push(hint.into());
        self
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        Problem::new(ProblemKind::Environment, error.to_string())
    }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Problem {
        let made = Problem::new(ProblemKind::Environment, error.to_string());
        match error.hint() {
            Some(hint) => made.hint(hint),
            None => made,
        }
    }
}

impl From<LeaseError> for Problem {
    fn from(error: LeaseError) -> Problem {
        match error {
            LeaseError::Held { .. } => Problem::new(ProblemKind::Refused, error.to_string()),
            LeaseError::Io { .. } => Problem::new(ProblemKind::Environment, error.to_string()),
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Problem {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Fold(_) => Problem::new(ProblemKind::Internal, error.to_string())
                .hint("jobs continue on their hosts; please report this, with `fleet doctor`'s output"),
        }
    }
}
