//! The host's state of health, as it sees itself.

use std::fs::read_to_string;
use std::time::Duration;

use super::error::{Doing as _, RunnerError};
use super::program::ask;
use super::root::Root;
use super::{authority, slot};
use crate::domain::Epoch;
use crate::domain::wire::{Facts, Program};
use crate::doors::clock;

/// For a program to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that a coordinator asks of a host's health.
pub(super) fn probe(root: &Root) -> Result<Facts, RunnerError> {
    let disk =
        nix::sys::statvfs::statvfs(root.path()).doing(|| format!("look at {}", root.path().display()))?;
    let meminfo = read_to_string("/proc/meminfo").unwrap_or_default();
    let held = slot::survey(root, &root.gate()?)?;
    let kernel = |name: &str| read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    Ok(Facts {
        arch: std::env::consts::ARCH.to_owned(),
        os: format!("{} {}", kernel("ostype").trim(), kernel("osrelease").trim()),
        cpus: std::thread::available_parallelism().map_or(0, |n| n.get() as u64),
        memory: (
            kilobytes(&meminfo, "MemTotal:"),
            kilobytes(&meminfo, "MemAvailable:"),
        ),
        disk: (
            disk.blocks() * disk.fragment_size(),
            disk.blocks_available() * disk.fragment_size(),
        ),
        inodes: (disk.files(), disk.files_available()),
        load: load(&read_to_string("/proc/loadavg").unwrap_or_default()),
        now: clock::now(),
        rsync: version("rsync", &["--version"]),
        docker: version("docker", &["version", "--format", "{{.Server.Version}}"]),
        slots: held
            .into_iter()
            .map(|holder| holder.map(|holder| holder.attempt))
            .collect(),
        epoch: authority::heard(root)?.map_or(Epoch::default(), |heard| heard.epoch),
        hostname: nix::unistd::gethostname()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    })
}

fn kilobytes(meminfo: &str, name: &str) -> u64 {
    let value = meminfo.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

/// The first number of `/proc/loadavg`, in hundredths.
fn load(loadavg: &str) -> u64 {
    let first = loadavg.split_whitespace().next().unwrap_or_default();
    let (whole, part) = first.split_once('.').unwrap_or((first, "0"));
    whole.parse::<u64>().unwrap_or(0) * 100 + part.parse::<u64>().unwrap_or(0)
}

fn version(program: &str, args: &[&str]) -> Program {
    match ask(program, args, PATIENCE) {
        Ok(text) => Program::Version(text.lines().next().unwrap_or_default().trim().to_owned()),
        Err(why) => Program::Missing(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_understood() {
        let meminfo = "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:    8000 kB\n";
        assert_eq!(kilobytes(meminfo, "MemAvailable:"), 8000 * 1024);
        assert_eq!(kilobytes("", "MemTotal:"), 0);
        assert_eq!(load("1.07 0.50 0.30 2/300 12345\n"), 107);
        assert_eq!(load(""), 0);
    }

    #[test]
    fn this_machine_has_a_disk_and_memory() {
        let dir = tempfile::tempdir().unwrap();
        let facts = probe(&Root::open(dir.path()).unwrap()).unwrap();
        assert!(facts.disk.0 > 0 && facts.memory.0 > 0 && facts.cpus > 0);
        assert_eq!(facts.slots, []);
    }
}
