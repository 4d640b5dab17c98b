//! The coordinator's side: a directory with `fleet.toml` and assignments, and the binary, run in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::lab::{self, Host};
use super::ledger::Tick;
use super::work;

/// A verb that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(3);

/// A second coordinator that is not refused within this time is the first one.
const SECOND: Duration = Duration::from_secs(15);

/// Something that runs.
#[derive(Debug)]
struct Running {
    verb: String,
    child: Child,
    since: Instant,
    log: PathBuf,
    /// How it may end, beside what is documented for every verb.
    killed: bool,
}

/// Everything on the coordinator's side.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The directory.
    pub(crate) dir: PathBuf,
    fleet: PathBuf,
    ssh_config: PathBuf,
    /// The assignment files, and every job in them as `SET/INSTANCE`.
    files: Vec<String>,
    /// All jobs.
    pub(crate) jobs: BTreeSet<String>,
    coordinator: Option<Running>,
    /// The coordinator stands still.
    pub(crate) stopped: bool,
    beside: Vec<Running>,
    /// How often which verb ended with which code.
    pub(crate) codes: BTreeMap<(String, String), usize>,
    /// What should not have happened here, how often it did, and when first.
    pub(crate) faults: BTreeMap<String, (usize, Tick)>,
    /// How often a coordinator was started.
    pub(crate) starts: usize,
    serial: usize,
}

impl Desk {
    /// A new directory with a `fleet.toml`.
    pub(crate) fn new(fleet: PathBuf, ssh_config: PathBuf, hosts: &[Host]) -> io::Result<Desk> {
        let dir = tempfile::Builder::new().prefix("fleet-chaos-").tempdir()?.keep();
        fs::create_dir_all(dir.join("assignments"))?;
        fs::create_dir_all(dir.join("logs"))?;
        fs::write(dir.join("assignments/data.jsonl"), "{\"instance_id\":\"x\"}\n")?;
        let mut toml = work::FLEET_TOML.to_owned();
        for host in hosts {
            // Writing to a String cannot fail.
            let _ = writeln!(toml, "[[host]]\nname = \"{}\"\nslots = {}", host.name, host.slots);
        }
        toml.push_str(&work::pipeline());
        fs::write(dir.join("fleet.toml"), toml)?;
        Ok(Desk {
            dir,
            fleet,
            ssh_config,
            files: Vec::new(),
            jobs: BTreeSet::new(),
            coordinator: None,
            stopped: false,
            beside: Vec::new(),
            codes: BTreeMap::new(),
            faults: BTreeMap::new(),
            starts: 0,
            serial: 0,
        })
    }

    /// One more set of jobs: by host (or `*`), the names of the instances.
    pub(crate) fn add_set(&mut self, jobs: &[(String, String)]) -> io::Result<()> {
        let set = format!("s{}", self.files.len() + 1);
        let mut file = serde_json::Map::new();
        for (host, instance) in jobs {
            let list = file.entry(host.clone()).or_insert_with(|| serde_json::json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(serde_json::json!({ "instance_id": instance, "model": "m", "dataset_file": "data.jsonl" }));
            }
            self.jobs.insert(format!("{set}/{instance}"));
        }
        let name = format!("assignments/{set}.json");
        fs::write(self.dir.join(&name), serde_json::Value::Object(file).to_string())?;
        self.files.push(name);
        Ok(())
    }

    /// How many sets there are.
    pub(crate) fn sets(&self) -> usize {
        self.files.len()
    }

    fn spawn(&mut self, verb: &str, args: &[&str]) -> io::Result<Running> {
        self.serial += 1;
        let log = self.dir.join(format!("logs/{:04}-{verb}", self.serial));
        let file = File::create(&log)?;
        let child = Command::new(&self.fleet)
            .args(args)
            .current_dir(&self.dir)
            .env("FLEET_SSH_CONFIG", &self.ssh_config)
            .env("RUST_BACKTRACE", "1")
            .env_remove("FLEET_LOG")
            .env_remove("FLEET_CONFIG")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        Ok(Running {
            verb: verb.to_owned(),
            child,
            since: Instant::now(),
            log,
            killed: false,
        })
    }

    /// Starts a coordinator for all sets, if there is none.
    pub(crate) fn coordinate(&mut self) -> io::Result<()> {
        if self.coordinator.is_none() {
            let files: Vec<String> = self.files.clone();
            let args: Vec<&str> = ["dispatch"]
                .into_iter()
                .chain(files.iter().map(String::as_str))
                .collect();
            self.coordinator = Some(self.spawn("dispatch", &args)?);
            self.starts += 1;
        }
        Ok(())
    }

    /// Is there a coordinator?
    pub(crate) fn coordinates(&self) -> bool {
        self.coordinator.is_some()
    }

    /// How long the coordinator has been at work.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.coordinator.as_ref().map(|running| running.since.elapsed())
    }

    /// A signal for the coordinator. Gives false if there is none.
    pub(crate) fn signal(&mut self, signal: Signal) -> bool {
        let Some(running) = &mut self.coordinator else {
            return false;
        };
        running.killed |= matches!(signal, Signal::SIGKILL | Signal::SIGINT);
        match signal {
            Signal::SIGSTOP => self.stopped = true,
            Signal::SIGCONT => self.stopped = false,
            _ => {}
        }
        i32::try_from(running.child.id()).is_ok_and(|pid| lab::signal(pid, signal))
    }

    /// Kills the coordinator, if there is one, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> io::Result<bool> {
        let there = self.signal(Signal::SIGKILL);
        if let Some(mut running) = self.coordinator.take() {
            let status = running.child.wait()?;
            self.ended(&running, status)?;
        }
        self.stopped = false;
        Ok(there)
    }

    /// Starts a verb beside the coordinator, and does not wait for it.
    pub(crate) fn beside(&mut self, args: &[&str]) -> io::Result<()> {
        let running = self.spawn(args[0], args)?;
        self.beside.push(running);
        Ok(())
    }

    /// The same while a coordinator is at work: it is to be refused.
    pub(crate) fn second(&mut self) -> io::Result<()> {
        let files = self.files.clone();
        let args: Vec<&str> = ["dispatch"]
            .into_iter()
            .chain(files.iter().map(String::as_str))
            .collect();
        let running = self.spawn("second", &args)?;
        self.beside.push(running);
        Ok(())
    }

    /// Does something run beside the coordinator?
    pub(crate) fn has_company(&self) -> bool {
        !self.beside.is_empty()
    }

    /// Ends what runs beside the coordinator.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        for mut running in std::mem::take(&mut self.beside) {
            running.killed = true;
            running.child.kill()?;
            let status = running.child.wait()?;
            self.ended(&running, status)?;
        }
        Ok(())
    }

    /// Notes what has ended by itself. Gives the code of the coordinator, if that is it.
    pub(crate) fn tend(&mut self) -> io::Result<Option<String>> {
        for mut running in std::mem::take(&mut self.beside) {
            // A verb may wait for a coordinator that stands still.
            if self.stopped {
                running.since = Instant::now();
            }
            // It found none beside it, and is the coordinator now.
            if running.verb == "second" && running.since.elapsed() > SECOND {
                running.killed = true;
                running.child.kill()?;
            }
            match running.child.try_wait()? {
                Some(status) => drop(self.ended(&running, status)?),
                None if running.since.elapsed() > PATIENCE => {
                    self.fault(format!(
                        "{} hangs; it said {}",
                        running.verb,
                        last_line(&running.log)
                    ));
                    running.killed = true;
                    running.child.kill()?;
                    running.child.wait()?;
                }
                None => self.beside.push(running),
            }
        }
        let Some(running) = &mut self.coordinator else {
            return Ok(None);
        };
        let Some(status) = running.child.try_wait()? else {
            return Ok(None);
        };
        let Some(running) = self.coordinator.take() else {
            return Ok(None);
        };
        self.stopped = false;
        self.ended(&running, status).map(Some)
    }

    /// Runs a verb to its end; its code and what it printed. One that hangs is killed.
    pub(crate) fn run(&mut self, args: &[&str], patience: Duration) -> io::Result<(String, String)> {
        let mut running = self.spawn(args[0], args)?;
        loop {
            if let Some(status) = running.child.try_wait()? {
                let code = self.ended(&running, status)?;
                return Ok((code, fs::read_to_string(&running.log)?));
            }
            if running.since.elapsed() > patience {
                self.fault(format!("`fleet {}` hangs", args.join(" ")));
                running.killed = true;
                running.child.kill()?;
                running.child.wait()?;
                return Ok(("hangs".to_owned(), fs::read_to_string(&running.log)?));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Counts an end, and judges it.
    fn ended(&mut self, running: &Running, status: ExitStatus) -> io::Result<String> {
        let code = match (status.code(), status.signal()) {
            (Some(code), _) => code.to_string(),
            (None, signal) => format!("signal {}", signal.unwrap_or_default()),
        };
        let name = if running.killed {
            format!("{code} (by us)")
        } else {
            code.clone()
        };
        *self.codes.entry((running.verb.clone(), name)).or_default() += 1;
        let verb = running.verb.as_str();
        let log = String::from_utf8_lossy(&fs::read(&running.log)?).into_owned();
        let fine = match (verb, code.as_str()) {
            // One that is interrupted before it has begun to listen ends as any program does.
            (_, "signal 9" | "signal 2" | "130") => running.killed,
            // A verb that began while there was no coordinator may be one itself. Any other refusal is none.
            ("dispatch" | "second", "5") => log.contains("another coordinator is at work here"),
            // Who asks beside a coordinator that has just gone coordinates for a while.
            ("dispatch" | "second", _) => matches!(code.as_str(), "0" | "3" | "4"),
            // A set, a job or all of them may be unknown to a database that was put back.
            (_, "0" | "2" | "3" | "4" | "5" | "6") => true,
            (_, _) => false,
        };
        if !fine {
            self.fault(format!("{verb} ended with {code}: {}", last_line(&running.log)));
        }
        if let Some((_, place)) = log.split_once(" panicked at ") {
            let lines: Vec<&str> = place.lines().take(2).collect();
            self.fault(format!("{verb} panicked at {}", lines.join(" ")));
        }
        Ok(code)
    }

    /// Something that should not have happened.
    pub(crate) fn fault(&mut self, what: String) {
        self.faults.entry(what).or_insert((0, lab::now())).0 += 1;
    }

    /// `status --json`, if it can be had.
    pub(crate) fn status(&mut self) -> io::Result<Option<serde_json::Value>> {
        let output = Command::new(&self.fleet)
            .args(["status", "--json"])
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .output()?;
        Ok(serde_json::from_slice(&output.stdout).ok())
    }

    /// The database's files.
    pub(crate) fn state(&self) -> PathBuf {
        self.dir.join("state")
    }
}

/// A copy of the database, while no process writes to it.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to)?;
    for name in ["fleet.sqlite", "fleet.sqlite-wal"] {
        let file = from.join(name);
        if file.exists() {
            fs::copy(file, to.join(name))?;
        }
    }
    Ok(())
}

fn last_line(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().rev().filter(|line| !line.trim().is_empty());
    lines
        .find(|line| line.starts_with("fleet:") || line.starts_with("error"))
        .or_else(|| text.lines().last())
        .unwrap_or("nothing")
        .to_owned()
}
