//! Every test that is not beside its code: the rules of the house, the promises, the real binary.

#![expect(clippy::unwrap_used, reason = "a test that is surprised should stop")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are outside of the house and use no doors"
)]
#![expect(clippy::print_stderr, reason = "a failing history says how to repeat it")]

mod architecture;
mod connection;
mod crash;
mod demo;
mod simulation;
mod support;
