//! Floor 0: text that is safe to show. Whatever a job, a host or a model wrote goes through here before a person sees it.
//!
//! Invariant: there is one list of characters that steer or hide, and it is here.

mod sanitize;

pub use sanitize::{EXCERPT, sanitize_excerpt, sanitize_line, sanitize_text};
