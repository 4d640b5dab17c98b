//! Floor 0: the words of `fleet` and their laws. Values only: no I/O, no clock, no async.
//!
//! Reading order is the order of the modules below. What crosses a border (the wire, the journal, a
//! capsule's spec and manifest) is defined here, because both halves of `fleet` must agree on it.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod time;
pub mod name;
pub mod id;
pub mod digest;
pub mod tree;
pub mod lock;
pub mod program_exit;
mod class;
mod fault_name;
pub mod fault;
pub mod instance;
pub mod baseline;
pub mod swe;
pub mod reference;
pub mod image;
pub mod runtime;
pub mod verdict;
pub mod evidence;
pub mod conclusion;
pub mod credible;
pub mod job;
pub mod spec;
pub mod journal;
pub mod manifest;
pub mod attempt;
pub mod host;
pub mod hold;
pub mod memory;
pub mod event;
pub mod deploy;
pub mod exam;
pub mod inventory;
pub mod wire;
pub mod secret;
pub mod layout;

pub use attempt::{AttemptState, IllegalTransition};
pub use digest::Sha256;
pub use event::Event;
pub use fault::Fault;
pub use id::{AttemptId, Epoch, JobId};
pub use instance::Instance;
pub use job::{Job, Place};
pub use lock::Lock;
pub use name::{HostName, InstanceId, ModelName, PhaseName, PipelineName, SetName, TaskName};
pub use secret::Secrets;
pub use spec::Spec;
pub use time::{Span, Timestamp};
pub use verdict::Verdict;
