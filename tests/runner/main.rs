//! The host's half as a whole: the real program over a real link, with real processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod link;
mod starting;
mod inputs;
mod provider;
mod secrets;
mod steps;
mod ending;
mod crashes;
mod strays;
mod birth;
