//! Hosts of the lab, like new. A test calls them by the first names, whichever hosts it got.

mod claim;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use claim::Claim;

/// All names, in the order in which the lab brings them up.
pub(crate) const HOSTS: [&str; 10] = [
    "eval1", "eval2", "eval3", "eval4", "eval5", "eval6", "eval9", "lancer1", "lancer2", "lancer3",
];

/// The right to use some hosts.
pub(crate) struct Lab {
    hosts: Vec<&'static str>,
    /// Leads by each name to the host that bears it here, and nowhere else.
    ssh: tempfile::TempDir,
    claim: Claim,
}

impl Lab {
    /// So many hosts, like new. Brings them up if they are down.
    pub(crate) fn hosts(count: usize) -> Lab {
        Lab::claimed(count, count)
    }

    /// The same while no other test has any: for tests that change what all share, such as an object in the store.
    pub(crate) fn alone(count: usize) -> Lab {
        Lab::claimed(count, HOSTS.len())
    }

    fn claimed(count: usize, of: usize) -> Lab {
        let lab = Lab {
            hosts: HOSTS[..count].to_vec(),
            ssh: tempfile::tempdir().unwrap(),
            claim: Claim::of(of, &dir()),
        };
        lab.all("up", &[]);
        lab.all("reset", &[]);
        let config = std::fs::read_to_string(dir().join("ssh_config")).unwrap();
        std::fs::write(lab.ssh_config(), lab.leading(&config)).unwrap();
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
    pub(crate) fn ssh_config(&self) -> PathBuf {
        self.ssh.path().join("ssh_config")
    }

    /// A verb of the lab for all of them.
    #[track_caller]
    pub(crate) fn all(&self, verb: &str, options: &[&str]) {
        self.run(&[&[verb], options, &self.hosts].concat());
    }

    /// A verb of the lab; its output.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().expect("the lab runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "lab {args:?}: {}\n{stderr}",
            output.status
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same, ready to run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"));
        command.args(args.iter().map(|arg| self.real(arg).unwrap_or(arg)));
        command
    }

    /// A shell line on a host, as the user of the jobs.
    #[track_caller]
    pub(crate) fn sh(&self, host: &str, line: &str) -> String {
        self.run(&["as", host, "sh", "-c", line])
    }

    /// The lab's own name of a host.
    fn real(&self, name: &str) -> Option<&'static str> {
        let mut pairs = self.hosts.iter().zip(&self.claim.hosts);
        pairs.find_map(|(ours, real)| (*ours == name).then_some(*real))
    }

    /// The lab's ssh configuration with our names.
    fn leading(&self, config: &str) -> String {
        let (common, _) = config.split_once("\n\nHost ").expect("hosts of their own");
        let mut text = format!("{common}\n");
        for name in HOSTS {
            // What is not ours leads nowhere.
            let at = self
                .real(name)
                .map_or("198.18.41.250", |real| address(config, real));
            let _ = writeln!(text, "\nHost aws-instance-{name}\n    HostName {at}");
        }
        text
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Whatever the test did to a host is undone for the next one; a failure here is the next one's.
        let _ = self.command(&[&["reset"], &self.hosts[..]].concat()).output();
    }
}

/// Where the lab's ssh configuration has a host.
fn address<'c>(config: &'c str, host: &str) -> &'c str {
    let (_, block) = config
        .split_once(&format!("Host aws-instance-{host}\n"))
        .unwrap_or_else(|| panic!("no {host} in\n{config}"));
    let name = block
        .lines()
        .next()
        .and_then(|line| line.trim().strip_prefix("HostName "));
    name.expect("a host has an address")
}

/// Where the lab keeps its files.
fn dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("FLEET_LAB_DIR") {
        return dir.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    cache.join("fleet/lab")
}
