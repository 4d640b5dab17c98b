//! A directory with a `fleet.toml`, assignments and datasets, and the real binary run in it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::lab::Lab;
use super::ran::Ran;

/// One user's working directory. Removed with the value, and every job on local hosts with it.
pub(crate) struct World {
    dir: tempfile::TempDir,
    toml: String,
    hosts: Vec<String>,
    env: Vec<(String, String)>,
}

impl World {
    /// With hosts that are this machine, each with a root of its own.
    pub(crate) fn local(hosts: usize) -> World {
        let mut world = World::empty();
        for n in 1..=hosts {
            let name = format!("eval{n}");
            let root = world.dir.path().join("hosts").join(&name);
            let _ = writeln!(
                world.toml,
                "[[host]]\nname = \"{name}\"\nlocal = true\nroot = \"{}\"",
                root.display()
            );
            world.hosts.push(name);
        }
        world
    }

    /// With hosts of the lab, over ssh.
    pub(crate) fn lab(lab: &Lab) -> World {
        let mut world = World::empty();
        for name in lab.names() {
            let _ = writeln!(world.toml, "[[host]]\nname = \"{name}\"");
            world.hosts.push((*name).to_owned());
        }
        world
    }

    fn empty() -> World {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("assignments")).unwrap();
        let ledger = dir.path().join("ledger");
        World {
            dir,
            toml: "[fleet]\nstate = \"state\"\nresults = \"results\"\npipeline = \"job\"\ngrace = \"1s\"\n[ssh]\nsilence = \"6s\"\nbackoff = \"2s\"\nconnect_timeout = \"5s\"\n[[model]]\nname = \"gpt\"\n[[model]]\nname = \"kimi\"\n".to_owned(),
            hosts: Vec::new(),
            env: vec![("LEDGER".to_owned(), ledger.display().to_string())],
        }
    }

    /// More of `fleet.toml`.
    pub(crate) fn toml(mut self, more: &str) -> World {
        self.toml.push_str(more);
        self.toml.push('\n');
        self
    }

    /// How long `dispatch` waits for hosts.
    pub(crate) fn unreachable(mut self, span: &str) -> World {
        self.toml = self
            .toml
            .replace("[fleet]\n", &format!("[fleet]\nunreachable = \"{span}\"\n"));
        self
    }

    /// A pipeline `job` of one phase `only` that runs this shell script.
    pub(crate) fn script(self, script: &str) -> World {
        self.phases("60s", &[("only", script)])
    }

    /// A pipeline `job` of these phases.
    pub(crate) fn phases(self, deadline: &str, phases: &[(&str, &str)]) -> World {
        let mut text = "[[pipeline]]\nname = \"job\"\n".to_owned();
        for (name, script) in phases {
            let _ = writeln!(
                text,
                "[[pipeline.phase]]\nname = \"{name}\"\nrun = [\"sh\", \"-c\", '''{script}''']\ndeadline = \"{deadline}\""
            );
        }
        self.toml(&text)
    }

    /// A variable of the user's environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> World {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// An assignment file with this text; gives its path.
    pub(crate) fn assignment(&self, name: &str, text: &str) -> PathBuf {
        self.write(&format!("assignments/{name}.json"), text)
    }

    /// An assignment of `per_host` jobs on each host, and `pool` more for whoever is idle.
    pub(crate) fn jobs(&self, name: &str, per_host: usize, pool: usize) -> PathBuf {
        self.write("assignments/data.jsonl", "{\"instance_id\":\"x\"}\n");
        let entry = |instance: String| serde_json::json!({ "instance_id": instance, "model": "gpt", "dataset_file": "data.jsonl", "task_name": "task" });
        let mut file = serde_json::Map::new();
        for host in &self.hosts {
            let jobs: Vec<_> = (0..per_host).map(|n| entry(format!("{host}-{n}"))).collect();
            if !jobs.is_empty() {
                file.insert(host.clone(), jobs.into());
            }
        }
        if pool > 0 {
            file.insert(
                "*".to_owned(),
                (0..pool).map(|n| entry(format!("pool-{n}"))).collect(),
            );
        }
        self.assignment(name, &serde_json::Value::Object(file).to_string())
    }

    /// A file in the directory.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The lines that jobs on local hosts wrote to `$LEDGER`, sorted.
    pub(crate) fn ledger(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("ledger")).unwrap_or_default();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// The binary, ready to run here.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        fs::write(self.path("fleet.toml"), &self.toml).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("FLEET_SSH_CONFIG", Lab::ssh_config())
            .env("COLUMNS", "120")
            .env_remove("FLEET_LOG")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn fleet(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Starts the binary, its talk going to a file.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("talk"))
            .unwrap();
        self.command(args)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// What started processes said.
    pub(crate) fn talk(&self) -> String {
        fs::read_to_string(self.path("talk")).unwrap_or_default()
    }

    /// `status --json`.
    pub(crate) fn status(&self) -> serde_json::Value {
        self.fleet(&["status", "--json"]).ok().json()
    }
}

impl AsRef<Path> for World {
    fn as_ref(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Supervisors are detached on purpose: a test that ends early must stop what it started.
        let dir = self.dir.path().display().to_string();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let argv = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&argv).contains(&dir) {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGTERM,
                );
            }
        }
    }
}
