//! What a test may use, in reading order: a directory of its own with a `fleet.toml` ([`World`]), the real
//! binary run in it ([`Ran`]), hosts of the lab ([`Lab`]), what lives
//! on this machine ([`processes`], [`files`]), a bad way to the object store ([`proxy`]), a
//! slow one to a host ([`narrow`]), and waiting for what must
//! come ([`wait`]).

pub(crate) mod files;
pub(crate) mod instances;
mod lab;
pub(crate) mod narrow;
pub(crate) mod processes;
pub(crate) mod proxy;
mod ran;
pub(crate) mod wait;
mod world;

pub(crate) use lab::Lab;
pub(crate) use ran::Ran;
pub(crate) use world::{GO, World};
