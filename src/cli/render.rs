//! A problem at the terminal: its text, and what the process answers for it.

use std::fmt::Write as _;

use super::exit;
use crate::service::{Problem, ProblemKind};
use crate::text::sanitize_line;

/// The process's answer.
pub(super) fn exit_code(problem: &Problem) -> exit::VerbExit {
    match problem.kind {
        ProblemKind::Input => exit::INPUT,
        ProblemKind::Refused => exit::REFUSED,
        ProblemKind::Incomplete => exit::INCOMPLETE,
        ProblemKind::Environment => exit::ENVIRONMENT,
        ProblemKind::Interrupted => exit::INTERRUPTED,
        ProblemKind::Internal => exit::INTERNAL,
    }
}

/// The text for stderr. Messages quote files, hosts and jobs: nothing of that may steer the terminal.
pub(super) fn problem_text(problem: &Problem) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "error: {}", sanitize_line(&problem.message));
    for cause in &problem.causes {
        let _ = writeln!(text, "  {}", sanitize_line(cause));
    }
    for hint in &problem.hints {
        let _ = writeln!(text, "hint: {}", sanitize_line(hint));
    }
    text
}
