//! What the client answers.

/// The answer, success or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The exit code; none if a signal ended the client.
    pub status: Option<i32>,
    /// The beginning of its stdout.
    pub stdout: String,
    /// The beginning of its stderr.
    pub stderr: String,
}
