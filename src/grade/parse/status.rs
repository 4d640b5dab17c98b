//! What can become of a test.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It ran and held.
    Passed,
    /// It ran and did not hold.
    Failed,
    /// It could not be run, or broke outside of what it tests.
    Error,
    /// It was not run, on purpose.
    Skipped,
    /// It failed, as was expected.
    Xfail,
    /// It passed, which was not expected.
    Xpass,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 6] = [
        Status::Passed,
        Status::Failed,
        Status::Error,
        Status::Skipped,
        Status::Xfail,
        Status::Xpass,
    ];

    /// Does it speak against what was tested?
    pub fn is_bad(self) -> bool {
        matches!(self, Status::Failed | Status::Error)
    }

    /// As pytest and the reference parsers write it.
    pub fn word(self) -> &'static str {
        match self {
            Status::Passed => "PASSED",
            Status::Failed => "FAILED",
            Status::Error => "ERROR",
            Status::Skipped => "SKIPPED",
            Status::Xfail => "XFAIL",
            Status::Xpass => "XPASS",
        }
    }

    /// The status of exactly this word.
    pub(super) fn of_word(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.word() == word)
    }

    /// The status that a text begins with, and what follows it.
    pub(super) fn leading(text: &str) -> Option<(Status, &str)> {
        // Most lines of a log are refused by their first byte.
        if !matches!(text.as_bytes().first(), Some(b'P' | b'F' | b'E' | b'S' | b'X')) {
            return None;
        }
        Status::ALL
            .into_iter()
            .find_map(|status| Some((status, text.strip_prefix(status.word())?)))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
