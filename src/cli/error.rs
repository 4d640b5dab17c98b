//! The one error of the command line: what went wrong, why, and what to do. Every other error of the crate
//! becomes one of these here, and gets its exit code from its kind.

use std::fmt::Write as _;

use super::exit;
use crate::config::Finding;
use crate::report::words;
use crate::store::StoreError;
use crate::transport::LinkError;

/// Whose business it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was typed, or a file that somebody wrote.
    Input,
    /// It may not be done now: another coordinator, a file that is there.
    Refused,
    /// Not everything could be done.
    Incomplete,
    /// This machine, a host, or what is between them.
    Environment,
    /// Ctrl-C.
    Interrupted,
    /// Us.
    Internal,
}

/// An error as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

impl CommandError {
    /// An error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> CommandError {
        CommandError {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Many faults of one file.
    pub(super) fn findings(file: &str, findings: &[Finding]) -> CommandError {
        CommandError::new(
            Kind::Input,
            format!(
                "{} in {file}; nothing was done",
                words::count(findings.len(), "fault", "faults")
            ),
        )
        .causes(findings.iter().map(ToString::to_string))
    }

    /// Several errors as one; none, if there are none.
    pub(super) fn all(mut errors: Vec<CommandError>) -> Option<CommandError> {
        let rest = errors.split_off(errors.len().min(1));
        let mut first = errors.pop()?;
        for error in rest {
            first.causes.push(error.message);
            first.causes.extend(error.causes);
            first.hints.extend(error.hints);
        }
        first.hints.dedup();
        Some(first)
    }

    /// Adds an error and everything that caused it.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn std::error::Error) -> CommandError {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.causes.push(error.to_string());
            cause = error.source();
        }
        self
    }

    /// Adds causes, or the single faults that the message sums up.
    #[must_use]
    pub fn causes(mut self, causes: impl IntoIterator<Item = String>) -> CommandError {
        self.causes.extend(causes);
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> CommandError {
        self.hints.push(hint.into());
        self
    }

    /// Whose business it is.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The process's answer.
    pub(super) fn exit_code(&self) -> exit::VerbExit {
        match self.kind {
            Kind::Input => exit::INPUT,
            Kind::Refused => exit::REFUSED,
            Kind::Incomplete => exit::INCOMPLETE,
            Kind::Environment => exit::ENVIRONMENT,
            Kind::Interrupted => exit::INTERRUPTED,
            Kind::Internal => exit::INTERNAL,
        }
    }

    /// The text for stderr.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "error: {}", harmless(&self.message));
        for cause in &self.causes {
            let _ = writeln!(text, "  {}", harmless(cause));
        }
        for hint in &self.hints {
            let _ = writeln!(text, "hint: {}", harmless(hint));
        }
        text
    }
}

/// Messages quote files, hosts and jobs: nothing of that may steer the terminal.
fn harmless(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_debug().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> CommandError {
        CommandError::new(Kind::Environment, error.to_string())
    }
}

impl From<LinkError> for CommandError {
    fn from(error: LinkError) -> CommandError {
        let made = CommandError::new(Kind::Environment, error.to_string());
        match error.hint() {
            Some(hint) => made.hint(hint),
            None => made,
        }
    }
}
