//! The doors to the world: the only places that read a clock, the environment or randomness, start a process, or open
//! files where others write, too. `grep expect src/doors` lists every one. (Printing has its door in `cli::printer`.)
//!
//! Invariant: floor 1 knows no door; what it needs from outside is an argument.

pub mod birth;
pub mod clock;
pub mod env;
pub mod files;
pub mod random;
pub mod secrets;
pub mod spawn;
pub mod terminal;
