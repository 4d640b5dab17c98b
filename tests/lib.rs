//! Every test that is not beside its code, by kind: verbs, promises, parts and rules.

#![expect(clippy::unwrap_used, reason = "a test that is surprised should stop")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are outside of the house and use no doors"
)]
#![expect(clippy::print_stderr, reason = "a failing history says how to repeat it")]

mod chaos;
mod parts;
mod promises;
mod rules;
mod support;
mod verbs;
