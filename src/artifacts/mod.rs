//! Floor 1: the files that people know: what an agent leaves, read; what an evaluation leaves, written.
//!
//! Invariant: the same evidence gives the same bytes, and every field says what happened.

pub mod preds;
pub mod quality;
mod quality_name;
pub mod trajectory;
pub mod tree;
mod excerpt;
mod line;
mod shape;

pub use preds::Prediction;
pub use quality::Finding;
pub use quality_name::QualityName;
pub use trajectory::{BadTrajectory, Trajectory};
pub use tree::{FileOut, tree};

#[cfg(test)]
mod tests;
