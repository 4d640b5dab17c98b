//! What is decided, on small fleets that are told in a few lines.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::needless_pass_by_value,
    reason = "a test looks for one effect among many, and tells a story of events"
)]

mod adopt;
mod choice;
mod health;
mod images;
mod news;
mod reason;
mod retry;
mod scene;
