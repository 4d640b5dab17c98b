//! Advice: for each fault that there is, why it happens and the way out, as data. The README's table of faults is
//! made of the same words.

mod dataset;
mod harness;
mod image;
mod machine;
mod model;
mod provider;
mod setup;

/// The way out of one kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// The faults that it is for.
    pub faults: &'static [&'static str],
    /// Why they happen.
    pub why: &'static str,
    /// What to do, in words.
    pub what: &'static str,
    /// The commands, in order. `{host}`, `{model}`, `{job}` and `{fault}` stand for what the failure met.
    pub run: &'static [&'static str],
}

/// A host lost an attempt, and there is proof.
pub const LOST: &str = "host-lost";
/// A program of the user failed, and nobody looked for whose doing it was.
pub const PROGRAM: &str = "program-failed";
/// A job was given up without an attempt that failed.
pub const GIVEN_UP: &str = "given-up";
/// Calibration says that the instance cannot be judged.
pub const DISTRUSTED: &str = "instance-distrusted";
/// The model's patch does not apply.
pub const PATCH_FAILED: &str = "patch-failed";

const fn advice(
    faults: &'static [&'static str],
    why: &'static str,
    what: &'static str,
    run: &'static [&'static str],
) -> Advice {
    Advice {
        faults,
        why,
        what,
        run,
    }
}

/// All of it, in the order of the README's table.
pub fn all() -> impl Iterator<Item = &'static Advice> {
    [
        image::ALL,
        machine::ALL,
        setup::ALL,
        dataset::ALL,
        provider::ALL,
        harness::ALL,
        model::ALL,
    ]
    .into_iter()
    .flatten()
}

/// The advice for a fault of this name.
pub fn on(fault: &str) -> Option<&'static Advice> {
    all().find(|advice| advice.faults.contains(&fault))
}
