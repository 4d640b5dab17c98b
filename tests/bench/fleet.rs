//! `fleet` beside what people use instead, in one run on ten hosts of the lab: jobs that do nothing show
//! what a job costs, jobs of one second show what waiting costs.
//!
//! The sides take turns, so that a busy moment of the machine meets all of them; medians are compared.
//! What is measured is a whole command, from its start to its end, connecting included. Copying the
//! binary to the hosts is not: it happens once a version. A time is never a failure: the table says what
//! was met, and the exit code says only whether everything ran.
//!
//! `FLEET_BENCH_JOBS` (1000) and `FLEET_BENCH_ROUNDS` (3) make it longer or shorter.

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
    reason = "counts and sizes here are far below 2^52"
)]

mod field;
mod measure;
mod peer;
mod sides;
mod target;

#[path = "../support/lab/mod.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "it belongs to the tests, which do more to hosts and stop where they are surprised"
)]
mod lab;

use std::error::Error;

use field::Field;
use measure::{Run, median};
use sides::{SIDES, Side, Work};
use target::target;

/// Coordinator's memory in the run over ten hosts, at most.
const MEMORY_MB: f64 = 60.0;

fn main() -> Result<(), Box<dyn Error>> {
    let number = |name: &str, usual: usize| match std::env::var(name) {
        Ok(text) => text.parse().map_err(|error| format!("{name}: {error}")),
        Err(_) => Ok(usual),
    };
    let jobs = number("FLEET_BENCH_JOBS", 1000)?;
    let rounds = number("FLEET_BENCH_ROUNDS", 3)?.max(1);
    let field = Field::new()?;
    println!(
        "{} hosts, one slot each; {rounds} rounds, the sides in turns",
        field.hosts().len()
    );
    println!("connecting is measured; copying the binary to the hosts (once a version) is not\n");
    eprintln!("bringing the binary to the hosts …");
    field.warm_up()?;
    let peak = [
        compare(&field, Work::Nothing, rounds, |side| match side {
            Side::Fleet | Side::Master => jobs,
            // Some ten a second: their rate does not grow with their number.
            Side::Parallel | Side::Loop => jobs.div_ceil(10),
        })?,
        // One round: sleeping is the same at every moment. Many jobs a slot, so that what is compared is the
        // work and not the first handshake.
        compare(&field, Work::Second, 1, |side| match side {
            Side::Fleet | Side::Master => jobs.div_ceil(2),
            Side::Parallel | Side::Loop => jobs.div_ceil(10),
        })?,
    ];
    target(
        "memory of the coordinator",
        peak.into_iter().fold(0.0, f64::max),
        "MB",
        ..=MEMORY_MB,
    );
    Ok(())
}

/// Lets all sides do this work, prints how they did, and gives the coordinator's peak memory.
fn compare(
    field: &Field,
    work: Work,
    rounds: usize,
    jobs: impl Fn(Side) -> usize,
) -> Result<f64, Box<dyn Error>> {
    let mut runs: [Vec<Run>; SIDES.len()] = Default::default();
    for round in 1..=rounds {
        for (side, runs) in SIDES.into_iter().zip(&mut runs) {
            eprintln!("`{work}`, round {round}: {side} …");
            runs.push(field.run(side, work, jobs(side))?);
        }
    }
    println!("jobs of `{work}`");
    println!(
        "{:<38} {:>6} {:>9} {:>8} {:>10} {:>9} {:>8} {:>9}",
        "", "jobs", "seconds", "jobs/s", "ms per job", "cpu ms", "x ideal", "peak MB"
    );
    let hosts = field.hosts().len();
    let of = |side: Side, figure: &dyn Fn(&Run) -> f64| {
        let place = SIDES.iter().position(|other| *other == side).unwrap_or(0);
        median(runs[place].iter().map(figure))
    };
    let rate = |side| jobs(side) as f64 / of(side, &|run| run.seconds);
    let stretch = |side| of(side, &|run| run.seconds) / ideal(work, jobs(side), hosts);
    for side in SIDES {
        let n = jobs(side) as f64;
        let seconds = of(side, &|run| run.seconds);
        // What a slot spends on a job beyond the job itself.
        let overhead = (seconds - ideal(work, jobs(side), hosts)) * 1e3 * hosts as f64 / n;
        let stretched = match work {
            Work::Nothing => "-".to_owned(),
            Work::Second => format!("{:.3}", stretch(side)),
        };
        println!(
            "{:<38} {:>6} {seconds:>9.2} {:>8.1} {overhead:>10.1} {:>9.1} {stretched:>8} {:>9.1}",
            side.to_string(),
            jobs(side),
            rate(side),
            of(side, &|run| run.cpu_seconds) * 1e3 / n,
            of(side, &|run| run.peak_mb),
        );
    }
    println!();
    match work {
        Work::Nothing => {
            let times = |side| rate(Side::Fleet) / rate(side);
            target("fleet over parallel", times(Side::Parallel), "times", 20.0..);
            target(
                "fleet over parallel, ControlMaster",
                times(Side::Master),
                "times",
                4.0..,
            );
            target("fleet over the loop", times(Side::Loop), "times", ..);
        }
        Work::Second => target("makespan over ideal", stretch(Side::Fleet), "times", ..=1.05),
    }
    println!();
    Ok(runs[0].iter().map(|run| run.peak_mb).fold(0.0, f64::max))
}

/// Seconds that so many jobs would take if everything but the jobs were free.
fn ideal(work: Work, jobs: usize, hosts: usize) -> f64 {
    match work {
        Work::Nothing => 0.0,
        Work::Second => jobs.div_ceil(hosts) as f64,
    }
}
