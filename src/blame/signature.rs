//! One known failure: what it is called, whose doing it is, and what it is known by.

use crate::domain::fault::{Again, Fault, FaultName};
use crate::domain::swe::Task;
use crate::text::{EXCERPT, sanitize_excerpt};

/// One known failure.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// Its number in the catalogue. Where one number has several causes, several entries have it.
    pub number: u8,
    /// The name of the fault.
    pub name: FaultName,
    /// What to do about it.
    pub again: Again,
    /// The phases that can fail of it.
    pub phases: &'static [Task],
    /// What it is known by: a line that holds all of one of these, in lower case. `=` before the first means
    /// that the line holds nothing else.
    pub marks: &'static [&'static [&'static str]],
    /// Where no text tells of it: the state that does.
    pub state: Option<State>,
    /// What it means, for those who read the fault.
    pub means: &'static str,
}

/// What is seen, not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The agent ended without an error and without a patch.
    NoPatch,
    /// Its model calls were too short for the effort that was asked for.
    EffortIgnored,
    /// The repository in the image is not the instance's.
    OtherRepository,
    /// Nothing was written for longer than the stall limit.
    Stalled,
    /// A tag in the engine is on another image than was loaded.
    WrongImageTagged,
    /// A phase ended well without what it had to leave.
    NothingLeft,
}

impl Signature {
    /// Does this line, in lower case, tell of it?
    pub(super) fn is_told_by(&self, line: &str) -> bool {
        self.marks.iter().any(|marks| {
            marks.iter().all(|mark| match mark.strip_prefix('=') {
                Some(whole) => line.trim() == whole,
                None => line.contains(mark),
            })
        })
    }

    /// The fault, told by this line.
    pub(super) fn fault(&self, line: &str) -> Fault {
        Fault::new(self.name, self.again, sanitize_excerpt(line, EXCERPT))
    }
}
