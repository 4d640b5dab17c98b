#![doc = include_str!("docs/architecture.md")]

pub mod domain;
pub mod doors;
