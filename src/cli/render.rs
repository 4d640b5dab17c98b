//! A problem at the terminal: its text, and what the process answers for it.

use std::fmt::Write as _;

use super::exit;
use crate::service::{Problem, ProblemKind};

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

/// The text for stderr.
pub(super) fn problem_text(problem: &Problem) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "error: {}", harmless(&problem.message));
    for cause in &problem.causes {
        let _ = writeln!(text, "  {}", harmless(cause));
    }
    for hint in &problem.hints {
        let _ = writeln!(text, "hint: {}", harmless(hint));
    }
    text
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
