//! Hosts of the lab, seen from outside: their processes and files by `/proc`, what befalls them by the lab's verbs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::ledger::{self, Tick};

/// All names, in the order in which the lab brings them up.
const NAMES: [&str; 10] = [
    "eval1", "eval2", "eval3", "eval4", "eval5", "eval6", "eval9", "lancer1", "lancer2", "lancer3",
];

/// Where jobs write their ledgers: not on the disk that `fill` fills, and still there after a crash.
pub(crate) const LEDGER: &str = "/var/tmp/ledger";

/// What a host is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing.
    Up,
    /// Packets vanish.
    Cut,
    /// Every process stands still.
    Frozen,
    /// It has crashed.
    Down,
}

/// A host.
#[derive(Debug)]
pub(crate) struct Host {
    /// Its name.
    pub(crate) name: &'static str,
    /// So many jobs at a time.
    pub(crate) slots: usize,
    /// What it is in.
    pub(crate) state: State,
    /// Its disk is full.
    pub(crate) full: bool,
    /// Its first process, as this machine counts.
    pid: i32,
}

/// A supervisor that lives on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Supervisor {
    pub(crate) pid: i32,
    /// `JOB.N`.
    pub(crate) attempt: String,
}

/// A capsule on a host, as this machine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capsule {
    pub(crate) path: PathBuf,
    /// `JOB.N`.
    pub(crate) attempt: String,
}

/// The right to use the lab, and the hosts.
#[derive(Debug)]
pub(crate) struct Lab {
    dir: PathBuf,
    /// All of them.
    pub(crate) hosts: Vec<Host>,
    _lock: Flock<File>,
}

impl Lab {
    /// So many hosts, like new. Waits until no other process uses the lab.
    pub(crate) fn claim(count: usize) -> io::Result<Lab> {
        let dir = dir()?;
        fs::create_dir_all(&dir)?;
        let file = File::options()
            .create(true)
            .append(true)
            .open(dir.join("test.lock"))?;
        let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((file, nix::errno::Errno::EWOULDBLOCK)) => {
                eprintln!("chaos: somebody else has the lab; waiting");
                Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?
            }
            Err((_, errno)) => return Err(errno.into()),
        };
        let host = |name: &&'static str| Host {
            name,
            slots: 1,
            state: State::Up,
            full: false,
            pid: 0,
        };
        let mut lab = Lab {
            dir,
            hosts: NAMES[..count.clamp(1, NAMES.len())].iter().map(host).collect(),
            _lock: lock,
        };
        // Promise 2 speaks of slots, so one host has two of them.
        lab.hosts[0].slots = 2;
        let names = lab.names();
        verb(&[&["up"], &names[..]].concat())?;
        verb(&[&["reset"], &names[..]].concat())?;
        for at in 0..lab.hosts.len() {
            lab.look(at)?;
        }
        Ok(lab)
    }

    /// How ssh finds the hosts.
    pub(crate) fn ssh_config(&self) -> PathBuf {
        self.dir.join("ssh_config")
    }

    fn names(&self) -> Vec<&'static str> {
        self.hosts.iter().map(|host| host.name).collect()
    }

    /// Takes a host from one state to another.
    pub(crate) fn set(&mut self, at: usize, state: State) -> io::Result<()> {
        let name = self.hosts[at].name;
        let word = match (self.hosts[at].state, state) {
            (from, to) if from == to => return Ok(()),
            (_, State::Cut) => "cut",
            (_, State::Frozen) => "freeze",
            (_, State::Down) => "kill",
            (State::Cut, State::Up) => "heal",
            (State::Frozen, State::Up) => "thaw",
            (_, State::Up) => "start",
        };
        // Of what fails half way, only its undoing is certain.
        if state != State::Up {
            self.hosts[at].state = state;
        }
        verb(&[word, name])?;
        self.hosts[at].state = state;
        if word == "start" {
            self.look(at)?;
        }
        Ok(())
    }

    /// A full disk, or room again.
    pub(crate) fn fill(&mut self, at: usize, full: bool) -> io::Result<()> {
        let word = if full { "fill" } else { "unfill" };
        verb(&[word, self.hosts[at].name])?;
        self.hosts[at].full = full;
        Ok(())
    }

    /// Finds its first process anew, after a boot.
    pub(crate) fn look(&mut self, at: usize) -> io::Result<()> {
        let output = Command::new("docker")
            .args(["inspect", "-f", "{{.State.Pid}}"])
            .arg(format!("fleet-lab-{}", self.hosts[at].name))
            .env("DOCKER_HOST", "unix:///var/run/docker.sock")
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let pid = said.trim().parse().ok().filter(|pid| *pid > 0);
        self.hosts[at].pid = pid.ok_or_else(|| io::Error::other(format!("{said:?} is no process")))?;
        Ok(())
    }

    /// A file of a host.
    pub(crate) fn path(&self, at: usize, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.hosts[at].pid))
    }

    /// Every process on it that has these words in its command line: its id, and all its words.
    pub(crate) fn processes(&self, at: usize, words: &[&str]) -> Vec<(i32, Vec<String>)> {
        let inside = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let Some(house) = inside(self.hosts[at].pid) else {
            return Vec::new();
        };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter_map(|pid| {
            let argv = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let argv: Vec<String> = argv
                .split(|byte| *byte == 0)
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect();
            let all = words.iter().all(|word| argv.iter().any(|one| one == word));
            (all && inside(pid).as_ref() == Some(&house)).then_some((pid, argv))
        })
        .collect()
    }

    /// Its supervisors.
    pub(crate) fn supervisors(&self, at: usize) -> Vec<Supervisor> {
        let found = self.processes(at, &["runner", "supervise"]).into_iter();
        let mut found: Vec<Supervisor> = found
            .filter_map(|(pid, argv)| {
                let attempt = argv
                    .iter()
                    .rev()
                    .find(|word| word.contains('.') && !word.contains('/'))?;
                Some(Supervisor {
                    pid,
                    attempt: attempt.clone(),
                })
            })
            .collect();
        found.sort_by(|a, b| a.attempt.cmp(&b.attempt));
        found
    }

    /// Its capsules, the newest first.
    pub(crate) fn capsules(&self, at: usize) -> Vec<Capsule> {
        let below = |dir: PathBuf| {
            let entries = fs::read_dir(dir).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
        let mut found = Vec::new();
        for job in below(self.path(at, "/home/ubuntu/.fleet/jobs")) {
            for path in below(job.clone()) {
                let (Some(job), Some(n)) = (name(&job), name(&path)) else {
                    continue;
                };
                if n.parse::<u32>().is_err() {
                    continue;
                }
                let born = fs::metadata(path.join("spec.json")).and_then(|data| data.modified());
                let attempt = format!("{job}.{n}");
                found.push((born.ok(), Capsule { path, attempt }));
            }
        }
        found.sort_by(|a, b| (b.0, &b.1.attempt).cmp(&(a.0, &a.1.attempt)));
        found.into_iter().map(|(_, capsule)| capsule).collect()
    }

    /// All that the jobs of all hosts wrote down.
    pub(crate) fn ledgers(&self) -> io::Result<String> {
        let mut all = String::new();
        for at in 0..self.hosts.len() {
            let dir = self.path(at, LEDGER);
            if !dir.exists() {
                continue;
            }
            for entry in fs::read_dir(dir)? {
                all.push_str(&fs::read_to_string(entry?.path())?);
            }
        }
        Ok(all)
    }

    /// As they were before.
    pub(crate) fn reset(&self) -> io::Result<()> {
        verb(&[&["reset"], &self.names()[..]].concat())
    }
}

/// A verb of the lab.
pub(crate) fn verb(args: &[&str]) -> io::Result<()> {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"))
        .args(args)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("lab {args:?}: {}", said.trim_end())))
}

/// Where the lab keeps its files.
fn dir() -> io::Result<PathBuf> {
    if let Some(dir) = std::env::var_os("FLEET_LAB_DIR") {
        return Ok(dir.into());
    }
    if let Some(cache) = std::env::var_os("XDG_CACHE_HOME") {
        return Ok(Path::new(&cache).join("fleet/lab"));
    }
    let home = std::env::var_os("HOME").ok_or_else(|| io::Error::other("HOME is not set"))?;
    Ok(Path::new(&home).join(".cache/fleet/lab"))
}

/// A signal for one process, which may be gone already.
pub(crate) fn signal(pid: i32, signal: Signal) -> bool {
    kill(Pid::from_raw(pid), signal).is_ok()
}

/// The clock of all hosts.
pub(crate) fn now() -> Tick {
    let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
    uptime
        .split_whitespace()
        .next()
        .and_then(ledger::tick)
        .unwrap_or_default()
}
