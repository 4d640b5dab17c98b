//! The host's state of health, as it sees itself.

use std::fs::read_to_string;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::statvfs::{Statvfs, statvfs};

use super::error::{Doing as _, RunnerError};
use super::program::ask;
use super::root::Root;
use super::{authority, slot};
use crate::docker;
use crate::domain::Epoch;
use crate::domain::wire::{DataRoot, Facts, Program};
use crate::doors::clock;

/// For a program to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that a coordinator asks of a host's health.
pub(super) fn probe(root: &Root) -> Result<Facts, RunnerError> {
    let disk = statvfs(root.path()).doing(|| format!("look at {}", root.path().display()))?;
    let meminfo = read_to_string("/proc/meminfo").unwrap_or_default();
    let held = slot::survey(root, &root.gate()?)?;
    let kernel = |name: &str| read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    let docker = match version("docker", &["version", "--format", docker::FORMAT]) {
        Program::Version(answer) => Program::Version(docker::Engine::read(&answer).to_string()),
        missing @ Program::Missing(_) => missing,
    };
    Ok(Facts {
        arch: std::env::consts::ARCH.to_owned(),
        os: format!("{} {}", kernel("ostype").trim(), kernel("osrelease").trim()),
        cpus: std::thread::available_parallelism().map_or(0, |n| n.get() as u64),
        memory: (
            kilobytes(&meminfo, "MemTotal:"),
            kilobytes(&meminfo, "MemAvailable:"),
        ),
        disk: bytes(&disk),
        inodes: inodes(&disk),
        data_root: match docker {
            Program::Version(_) => data_root(),
            // It would not answer this question either.
            Program::Missing(_) => None,
        },
        load: load(&read_to_string("/proc/loadavg").unwrap_or_default()),
        now: clock::now(),
        rsync: version("rsync", &["--version"]),
        docker,
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

/// As `df` reckons: what is kept for root, or for others, is no part of it.
fn bytes(disk: &Statvfs) -> (u64, u64) {
    let (unit, free) = (disk.fragment_size(), disk.blocks_available());
    let used = disk.blocks() - disk.blocks_free();
    ((used + free) * unit, free * unit)
}

fn inodes(disk: &Statvfs) -> (u64, u64) {
    (disk.files(), disk.files_available())
}

/// The disk of the engine's data-root, if the engine is on this machine.
fn data_root() -> Option<DataRoot> {
    let said = ask("docker", &["info", "--format", "{{.DockerRootDir}}"], PATIENCE).ok()?;
    let path = said.lines().map(str::trim).find(|line| line.starts_with('/'))?;
    let disk = nearest(Path::new(path))?;
    Some(DataRoot {
        path: path.to_owned(),
        bytes: bytes(&disk),
        inodes: inodes(&disk),
    })
}

/// The disk under a path. A directory on the way that only root may enter keeps it from us: then the nearest one
/// above that, since a data-root is mounted at a place that all may see, `/var/lib` most of the time, or is no disk of
/// its own.
fn nearest(path: &Path) -> Option<Statvfs> {
    for above in path.ancestors() {
        match statvfs(above) {
            Ok(disk) => return Some(disk),
            Err(Errno::EACCES) => {}
            // The engine is on another machine, or in one of its own.
            Err(_) => return None,
        }
    }
    None
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
    use std::os::unix::fs::PermissionsExt as _;

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

    #[test]
    fn a_disk_that_is_not_there_is_none_and_what_is_hidden_has_the_one_above() {
        let dir = tempfile::tempdir().unwrap();
        assert!(nearest(&dir.path().join("nothing")).is_none());
        let hidden = dir.path().join("hidden");
        std::fs::create_dir_all(hidden.join("docker")).unwrap();
        std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o000)).unwrap();
        // Root may enter everything, and sees the same disk.
        let seen = nearest(&hidden.join("docker"));
        std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(
            seen.map(|disk| disk.filesystem_id()),
            statvfs(dir.path()).ok().map(|disk| disk.filesystem_id())
        );
    }
}
