//! A directory with a `fleet.toml`, assignments and datasets, and the real binary run in it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::lab::Lab;
use super::processes::{self, Process};
use super::ran::Ran;
use super::wait;

/// For supervisors to end what they run, when a test leaves some.
const PATIENCE: Duration = Duration::from_secs(10);

/// For scripts of local hosts: waits until the test says [`World::go`].
pub(crate) const GO: &str = r#"until [ -e "$LEDGER.go" ]; do sleep 0.02; done"#;

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

    /// With a harness on each local host, at a place of its own ([`World::harness`]), of which these files matter.
    pub(crate) fn harnesses(mut self, critical: &[&str]) -> World {
        for host in self.hosts.clone() {
            let root = format!("hosts/{host}\"\n");
            let at = format!("{root}harness = \"{}\"\n", self.harness(&host).display());
            self.toml = self.toml.replacen(&root, &at, 1);
        }
        self.toml(&format!("[harness]\ncritical = {critical:?}"))
    }

    /// Where the harness of a local host is.
    pub(crate) fn harness(&self, host: &str) -> PathBuf {
        self.path("harnesses").join(host)
    }

    /// With hosts of the lab, over ssh.
    pub(crate) fn lab(lab: &Lab) -> World {
        let mut world = World::empty().env("FLEET_SSH_CONFIG", &lab.ssh_config().display().to_string());
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

    /// Other words in place of some in `fleet.toml`.
    pub(crate) fn replace(mut self, old: &str, new: &str) -> World {
        assert!(self.toml.contains(old), "{}", self.toml);
        self.toml = self.toml.replacen(old, new, 1);
        self
    }

    /// The pipeline of jobs that name none.
    pub(crate) fn pipeline(mut self, name: &str) -> World {
        self.toml = self
            .toml
            .replacen("pipeline = \"job\"", &format!("pipeline = \"{name}\""), 1);
        self
    }

    /// How long `dispatch` waits for hosts.
    pub(crate) fn unreachable(self, span: &str) -> World {
        self.fleet_key(&format!("unreachable = \"{span}\""))
    }

    /// A line of the `[fleet]` table.
    pub(crate) fn fleet_key(mut self, line: &str) -> World {
        self.toml = self.toml.replacen("[fleet]\n", &format!("[fleet]\n{line}\n"), 1);
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

    /// Every ssh destination is a port of this machine at which no server listens.
    pub(crate) fn closed_port(self) -> World {
        let config = self.write("ssh_config", "Host *\n    HostName 127.0.0.1\n    Port 1\n");
        self.env("FLEET_SSH_CONFIG", &config.display().to_string())
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

    /// An assignment of `per_host` jobs on each host, and `pool` more for any host that is idle.
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

    /// An assignment of these jobs: host (or `*`), instance, model.
    pub(crate) fn assign(&self, name: &str, jobs: &[(&str, &str, &str)]) -> PathBuf {
        self.write("assignments/data.jsonl", "{\"instance_id\":\"x\"}\n");
        let mut file = serde_json::Map::new();
        for (host, instance, model) in jobs {
            let list = file.entry(*host).or_insert_with(|| serde_json::json!([]));
            list.as_array_mut().unwrap().push(
                serde_json::json!({ "instance_id": instance, "model": model, "dataset_file": "data.jsonl" }),
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

    /// Waits until jobs on local hosts wrote so many lines to `$LEDGER`.
    #[track_caller]
    pub(crate) fn until_ledger_has(&self, lines: usize) {
        let what = format!("the ledger has {lines} lines");
        wait::until(&what, || (self.ledger().len() >= lines).then_some(()));
    }

    /// Lets the jobs go on that wait for it by [`GO`].
    pub(crate) fn go(&self) {
        self.write("ledger.go", "");
    }

    /// What lives of jobs on local hosts: every process of this machine that one of their phases started.
    pub(crate) fn job_processes(&self) -> Vec<Process> {
        let mine = format!("FLEET_OUT={}", self.dir.path().display());
        let all = processes::all().into_iter();
        all.filter(|process| process.knows(&mine)).collect()
    }

    /// The capsules on a local host.
    pub(crate) fn capsules(&self, host: &str) -> Vec<PathBuf> {
        let jobs = self.path("hosts").join(host).join("jobs");
        let below = |dir: PathBuf| {
            let entries = fs::read_dir(dir).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        below(jobs).into_iter().flat_map(below).collect()
    }

    /// Its `fleet.toml`.
    pub(crate) fn fleet_toml(&self) -> PathBuf {
        let path = self.path("fleet.toml");
        // A command that has just been started may be reading it, and must not find it half written.
        if fs::read_to_string(&path).ok().as_ref() != Some(&self.toml) {
            fs::write(&path, &self.toml).unwrap();
        }
        path
    }

    /// The binary, ready to run here.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.fleet_toml();
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("FLEET_SSH_CONFIG", Lab::dir().join("ssh_config"))
            .env("COLUMNS", "120")
            .env_remove("FLEET_LOG")
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE")
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

    /// How many jobs `status` has in this account.
    pub(crate) fn count(&self, account: &str) -> u64 {
        self.status()["total"][account].as_u64().unwrap()
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
        // Supervisors are detached on purpose, and a test that fails leaves coordinators: all of them are
        // stopped, and gone before the directory is.
        let start = Instant::now();
        loop {
            let mut left = processes::all();
            left.retain(|process| process.is_at(self.dir.path()));
            if left.is_empty() {
                return;
            }
            let signal = if start.elapsed() < PATIENCE {
                Signal::SIGTERM
            } else {
                Signal::SIGKILL
            };
            for process in left {
                process.send(signal);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
