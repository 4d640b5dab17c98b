//! The library behind the binary; all of it, in one page:
#![doc = include_str!("docs/architecture.md")]

pub mod domain;
pub mod text;
pub mod doors;

pub mod config;
pub mod schedule;
pub mod plan;
pub mod rehearse;
pub mod pipeline;
pub mod validate;
pub mod dataset;
pub mod blame;
pub mod assign;
pub mod grade;
pub mod artifacts;
pub mod report;

pub mod store;
pub mod transport;
pub mod collect;
pub mod case;
pub mod harness;
pub mod docker;
pub mod objects;
pub mod images;
pub mod runner;

pub mod engine;
pub mod view;
pub mod service;

pub mod cli;

#[cfg(doc)]
pub mod docs;
