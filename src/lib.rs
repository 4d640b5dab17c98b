#![doc = include_str!("docs/architecture.md")]

pub mod domain;
pub mod doors;
pub mod plan;
pub mod transport;
