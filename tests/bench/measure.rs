//! One run of a command: how long, how much memory, how much of the machine.

use std::fs;
use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// Between two looks at the memory of a process. The kernel keeps the peak, so that only the last look counts.
const LOOK: Duration = Duration::from_millis(5);

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// From the start of its command to its end.
    pub(crate) seconds: f64,
    /// The largest resident size of the process itself.
    pub(crate) peak_mb: f64,
    /// CPU time that the whole machine used meanwhile: both ends, the jobs, and whatever else went on.
    pub(crate) cpu_seconds: f64,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> io::Result<(ExitStatus, Run)> {
    let cpu = machine_cpu();
    let start = Instant::now();
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    let code = loop {
        // A zombie has no memory any more.
        peak = peak_mb(&status).unwrap_or(peak);
        match child.try_wait()? {
            Some(code) => break code,
            None => std::thread::sleep(LOOK),
        }
    };
    let run = Run {
        seconds: start.elapsed().as_secs_f64(),
        peak_mb: peak,
        cpu_seconds: machine_cpu() - cpu,
    };
    Ok((code, run))
}

/// The middle one; of an even number, the upper of the two.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The peak in a `/proc/<pid>/status`.
pub(crate) fn peak_mb(status: &str) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Seconds that all CPUs have worked since boot.
fn machine_cpu() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<f64> = text
        .lines()
        .next()
        .into_iter()
        .flat_map(str::split_ascii_whitespace)
        .filter_map(|word| word.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; what guests use is in user already.
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    let all: f64 = ticks.iter().take(7).sum();
    (all - idle) / 100.0
}
