//! The host's half: what `fleet runner` does on a host, for any coordinator and without any.
//!
//! Two kinds of process live here. [`serve()`] is the link: it lasts as long as the coordinator's ssh does,
//! starts supervisors, tells their journals, and can be killed at any moment without harm. [`supervise()`]
//! is the supervisor of one attempt: it holds the slot, runs the steps, and is the only writer of its
//! capsule. They share nothing but files, locks and one signal.
//!
//! Invariant: what the disk says is all there is to know. Every file is whole or absent, every line that
//! can be read is durable, and a lock that is free proves its holder dead.

mod error;
mod root;
mod boot;
mod authority;
mod slot;
mod capsule;
mod inputs;
mod journal;
mod mend;
mod start;
mod handover;
mod logind;
mod cancel;
mod serve;
mod lines;
mod outlet;
mod follow;
mod inventory;
mod close_dead;
mod read;
mod probe;
mod program;
mod context;
mod supervise;
mod signals;
mod step;
mod keep;
mod task;
mod image;
mod grading;
mod shelf;
mod versions;
mod install;
mod profile;
mod examine;
mod launch;
mod output;
mod pulse;
mod gauge;
mod processes;
mod traces;
mod strays;
mod cgroup;
mod disk;
mod containers;
mod clean;
mod manifest;
mod excerpt;
pub mod native;
#[cfg(test)]
mod fixture;

pub use error::RunnerError;
pub use serve::serve;
pub use supervise::supervise;
pub use task::step;
