//! Who runs what, where: seventy-nine jobs on ten hosts, one of them dead and one slow, by `fleet`, by a loop over the
//! hosts of the file, and by GNU parallel, beside the least time that is possible if it is known how long each takes.
//! Then the time between two jobs on a host, where images are fetched ahead of the jobs that need them.
//!
//! A time is never a failure: the table says what was met, and the exit code says only whether everything ran.
//!
//! `FLEET_BENCH_FASTER` (120) says how many times faster than real jobs these are, `FLEET_BENCH_ROUNDS` (1) how often
//! the sides take turns, and `FLEET_BENCH_PART` (`race` or `gaps`) leaves the other part out.

#![expect(
    clippy::disallowed_methods,
    reason = "benches are outside of the house and use no doors"
)]
#![expect(clippy::print_stdout, reason = "the table is what a bench is for")]
#![expect(
    clippy::print_stderr,
    reason = "it takes minutes; somebody wonders where it is"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and times here are small, and none is negative"
)]

#[path = "../measure.rs"]
#[expect(dead_code, reason = "other benches look at memory, too")]
mod measure;
#[path = "../peer.rs"]
mod peer;
#[path = "../target.rs"]
mod target;

#[path = "../../support/lab/mod.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "it belongs to the tests, which do more to hosts and stop where they are surprised"
)]
mod lab;

mod gaps;
mod place;
mod race;
mod spread;

use std::error::Error;

/// What goes wrong ends the bench.
type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let part = std::env::var("FLEET_BENCH_PART").ok();
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if wanted("race") {
        race::race()?;
    }
    if wanted("gaps") {
        gaps::gaps()?;
    }
    Ok(())
}

/// A number from the environment.
fn number<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str, usual: T) -> Fallible<T> {
    match std::env::var(name) {
        Ok(text) => Ok(text.parse().map_err(|error| format!("{name}: {error}"))?),
        Err(_) => Ok(usual),
    }
}
