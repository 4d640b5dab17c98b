//! The answer to: which sections are the runner's, and have they changed?

/// What comes of two states of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Merged {
    /// The sections of the runner are the same.
    Same,
    /// This text: the model's, with the runner's sections as they were.
    Text(String),
    /// They cannot be told apart.
    Unclear,
}
