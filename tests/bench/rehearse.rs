//! `fleet plan` and `fleet rehearse` of many jobs on many hosts, the real binary, from the files to the last
//! line: how long, how much memory.
//!
//! `FLEET_BENCH_JOBS` and `FLEET_BENCH_HOSTS` change the size.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench is outside of the house and uses no doors"
)]
#![expect(clippy::print_stdout, reason = "the table is what a bench is for")]

mod target;

#[path = "measure.rs"]
#[expect(dead_code, reason = "here one command at a time is measured")]
mod measure;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use target::target;

/// Seconds, at most.
const PLAN: f64 = 1.0;
const REHEARSE: f64 = 10.0;
/// Each is done so often, and the middle one counts.
const TIMES: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let number = |name: &str, usual: usize| match std::env::var(name) {
        Ok(text) => text.parse().map_err(|error| format!("{name}: {error}")),
        Err(_) => Ok(usual),
    };
    let (jobs, hosts) = (
        number("FLEET_BENCH_JOBS", 10_000)?,
        number("FLEET_BENCH_HOSTS", 100)?.max(1),
    );
    println!("{jobs} jobs on {hosts} simulated hosts");
    let dir = tempfile::tempdir()?;
    write(dir.path(), jobs, hosts)?;
    let faults = "host 0.01/h, link 0.1/h, lost 1%, provider 5%";
    for (what, args, most) in [
        ("plan", vec!["plan", "jobs.json"], PLAN),
        (
            "plan --what-if",
            vec!["plan", "--what-if", "host7 dies at +2h", "jobs.json"],
            f64::INFINITY,
        ),
        ("rehearse", vec!["rehearse", "jobs.json"], REHEARSE),
        (
            "rehearse --faults",
            vec!["rehearse", "--faults", faults, "jobs.json"],
            REHEARSE,
        ),
    ] {
        let mut runs = Vec::new();
        for _ in 0..TIMES {
            let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
            command
                .args(&args)
                .current_dir(dir.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let (status, run) = measure::run(&mut command)?;
            if !status.success() {
                return Err(format!("`fleet {}` ended with {status}", args.join(" ")).into());
            }
            runs.push(run);
        }
        let seconds = measure::median(runs.iter().map(|run| run.seconds));
        let peak = measure::median(runs.iter().map(|run| run.peak_mb));
        println!("{what:<18} {seconds:>7.2} s, {peak:>6.1} MB");
        if most.is_finite() {
            target(what, seconds, "s", ..=most);
        }
    }
    Ok(())
}

/// A `fleet.toml`, and an assignment of jobs in four phases; nine of ten belong to a host.
fn write(dir: &Path, jobs: usize, hosts: usize) -> Result<(), Box<dyn Error>> {
    let mut toml =
        "[fleet]\npipeline = \"job\"\n[[model]]\nname = \"gpt\"\n[[pipeline]]\nname = \"job\"\n".to_owned();
    for phase in ["image", "trajectory", "evaluation", "report"] {
        writeln!(
            toml,
            "[[pipeline.phase]]\nname = \"{phase}\"\nrun = [\"true\"]\ndeadline = \"1h\""
        )?;
    }
    for host in 0..hosts {
        writeln!(toml, "[[host]]\nname = \"host{host}\"\nlocal = true")?;
    }
    fs::write(dir.join("fleet.toml"), toml)?;
    fs::write(dir.join("data.jsonl"), "{\"instance_id\":\"x\"}\n")?;
    let mut file = serde_json::Map::new();
    for n in 0..jobs {
        let host = if n % 10 == 9 {
            "*".to_owned()
        } else {
            format!("host{}", n % hosts)
        };
        let list = file.entry(host).or_insert_with(|| serde_json::json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(serde_json::json!({
                "instance_id": format!("12rambau__sepal_ui-{n}"), "model": "gpt", "dataset_file": "data.jsonl",
            }));
        }
    }
    fs::write(dir.join("jobs.json"), serde_json::Value::Object(file).to_string())?;
    Ok(())
}
