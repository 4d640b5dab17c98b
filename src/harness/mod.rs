//! Floor 2: a harness tree read from its directory. Both halves: the same files give the same digests here and there.
//!
//! Invariant: a tree is read whole or not at all, and what belongs to the host (its keys) is not opened.

mod read;

pub use read::{TreeError, read, some};
