//! Hosts of the lab. One test at a time has them; it gets them like new.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::fcntl::{Flock, FlockArg};

static TURN: Mutex<()> = Mutex::new(());

/// All names, in the order in which the lab brings them up.
pub(crate) const HOSTS: [&str; 10] = [
    "eval1", "eval2", "eval3", "eval4", "eval5", "eval6", "eval9", "lancer1", "lancer2", "lancer3",
];

/// The right to use the lab.
pub(crate) struct Lab {
    hosts: Vec<&'static str>,
    _turn: MutexGuard<'static, ()>,
    _lock: Flock<File>,
}

impl Lab {
    /// The first `count` hosts, like new. Brings the lab up if it is down.
    pub(crate) fn hosts(count: usize) -> Lab {
        // A test that failed leaves the mutex poisoned, and the hosts to be reset: as always.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::create_dir_all(dir()).unwrap();
        // Whoever waits for the lab holds the queue, so that a test that has just let go does not win again.
        let queue = File::options()
            .create(true)
            .append(true)
            .open(dir().join("test.queue"))
            .unwrap();
        let queue = Flock::lock(queue, FlockArg::LockExclusive)
            .map_err(|(_, error)| error)
            .unwrap();
        let file = File::options()
            .create(true)
            .append(true)
            .open(dir().join("test.lock"))
            .unwrap();
        let lock = Flock::lock(file, FlockArg::LockExclusive)
            .map_err(|(_, error)| error)
            .unwrap();
        drop(queue);
        let lab = Lab {
            hosts: HOSTS[..count].to_vec(),
            _turn: turn,
            _lock: lock,
        };
        lab.run(&["up", "--hosts", "10"]);
        let mut reset = vec!["reset"];
        reset.extend(&lab.hosts);
        lab.run(&reset);
        lab
    }

    /// Their names.
    pub(crate) fn names(&self) -> &[&'static str] {
        &self.hosts
    }

    /// Where the lab keeps its files.
    pub(crate) fn dir() -> PathBuf {
        dir()
    }

    /// The ssh configuration that reaches them.
    pub(crate) fn ssh_config() -> PathBuf {
        dir().join("ssh_config")
    }

    /// A verb of the lab; its output.
    #[track_caller]
    #[expect(clippy::unused_self, reason = "only who has the lab may trouble it")]
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let lab = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab");
        let output = Command::new(lab).args(args).output().expect("the lab runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "lab {args:?}: {}\n{stderr}",
            output.status
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A shell line on a host, as the user of the jobs.
    #[track_caller]
    pub(crate) fn sh(&self, host: &str, line: &str) -> String {
        self.run(&["as", host, "sh", "-c", line])
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Whatever the test did to a host is undone for the next one; a failure here is the next one's.
        let mut args = vec!["reset"];
        args.extend(&self.hosts);
        let _ = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"))
            .args(args)
            .output();
    }
}

/// Where the lab keeps its files.
fn dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("FLEET_LAB_DIR") {
        return dir.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    cache.join("fleet/lab")
}
