//! Ten hosts of the lab, and a directory here: where all sides run, each from a fresh start.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::lab::Lab;
use super::measure::{self, Run};
use super::peer::{self, quiet};
use super::sides::{Side, Work};

/// Who gets which job.
enum Deal {
    /// An idle host takes the next one.
    Pool,
    /// One for each host.
    EachOne,
}

/// Everything that a run needs. The lab is ours until this is dropped.
pub(crate) struct Field {
    lab: Lab,
    dir: tempfile::TempDir,
}

impl Field {
    /// Hosts like new, and GNU parallel.
    pub(crate) fn new() -> Result<Field, Box<dyn Error>> {
        peer::parallel()?;
        let field = Field {
            lab: Lab::hosts(10),
            dir: tempfile::tempdir()?,
        };
        // One connection a host, shared by all jobs there: the path of its socket must be short.
        let shared = format!(
            "Host *\n    ControlMaster auto\n    ControlPath {}/%C\n    ControlPersist 60\nInclude {}\n",
            field.dir.path().display(),
            Lab::dir().join("ssh_config").display(),
        );
        fs::write(field.path("ssh_config"), shared)?;
        fs::write(field.path("data.jsonl"), "{\"instance_id\":\"x\"}\n")?;
        Ok(field)
    }

    /// Their names.
    pub(crate) fn hosts(&self) -> &[&'static str] {
        self.lab.names()
    }

    /// A job on each host, so that each has the binary.
    pub(crate) fn warm_up(&self) -> Result<(), Box<dyn Error>> {
        let command = self.fleet(Work::Nothing, self.hosts().len(), &Deal::EachOne)?;
        self.measure(Side::Fleet, command).map(|_| ())
    }

    /// So many jobs, by this side, as if it had never been here.
    pub(crate) fn run(&self, side: Side, work: Work, jobs: usize) -> Result<Run, Box<dyn Error>> {
        let command = match side {
            Side::Fleet => self.fleet(work, jobs, &Deal::Pool)?,
            Side::Master => self.parallel(work, jobs, &self.path("ssh_config"))?,
            Side::Parallel => self.parallel(work, jobs, &Lab::dir().join("ssh_config"))?,
            Side::Loop => self.waves(work, jobs),
        };
        self.measure(side, command)
    }

    fn measure(&self, side: Side, mut command: Command) -> Result<Run, Box<dyn Error>> {
        let log = File::create(self.path("log"))?;
        command
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let (status, run) = measure::run(&mut command)?;
        if !status.success() {
            let said = fs::read_to_string(self.path("log"))?;
            return Err(format!("{side}: {status}\n{said}").into());
        }
        self.tidy(side)?;
        Ok(run)
    }

    fn fleet(&self, work: Work, jobs: usize, deal: &Deal) -> Result<Command, Box<dyn Error>> {
        let mut toml = "[fleet]\nstate = \"state\"\nresults = \"results\"\npipeline = \"job\"\n[[model]]\nname = \"none\"\n".to_owned();
        for host in self.hosts() {
            write!(toml, "[[host]]\nname = \"{host}\"\n")?;
        }
        write!(
            toml,
            "[[pipeline]]\nname = \"job\"\n[[pipeline.phase]]\nname = \"only\"\nrun = {:?}\ndeadline = \"60s\"\n",
            work.argv()
        )?;
        fs::write(self.path("fleet.toml"), toml)?;
        let job = |n| {
            serde_json::json!({
                "instance_id": format!("job-{n}"), "model": "none",
                "dataset_file": "data.jsonl", "task_name": "task",
            })
        };
        let assignment = match deal {
            Deal::Pool => serde_json::json!({ "*": (0..jobs).map(job).collect::<Vec<_>>() }),
            Deal::EachOne => self
                .hosts()
                .iter()
                .enumerate()
                .map(|(n, host)| ((*host).to_owned(), serde_json::json!([job(n)])))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        };
        fs::write(self.path("bench.json"), assignment.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
        command
            .args(["dispatch", "bench.json"])
            .env("FLEET_SSH_CONFIG", Lab::dir().join("ssh_config"))
            .env_remove("FLEET_LOG");
        Ok(command)
    }

    fn parallel(&self, work: Work, jobs: usize, ssh_config: &Path) -> Result<Command, Box<dyn Error>> {
        fs::write(self.path("numbers"), "x\n".repeat(jobs))?;
        let logins: Vec<String> = self.destinations().map(|host| format!("1/{host}")).collect();
        let mut command = Command::new("parallel");
        command
            .args(["--will-cite", "-N0", "-a", "numbers", "--ssh"])
            .arg(format!("ssh -F {}", ssh_config.display()))
            .args(["-S", &logins.join(",")])
            .args(work.argv())
            .env("PARALLEL_HOME", self.dir.path());
        Ok(command)
    }

    fn waves(&self, work: Work, jobs: usize) -> Command {
        let ssh = format!("ssh -n -F {}", Lab::dir().join("ssh_config").display());
        let mut script = "rm -f failed\n".to_owned();
        let mut hosts = self.destinations().cycle();
        for n in 1..=jobs {
            let host = hosts.next().unwrap_or_default();
            let _ = writeln!(script, "{{ {ssh} {host} {work} || echo {n} >> failed; }} &");
            if n % self.hosts().len() == 0 {
                script.push_str("wait\n");
            }
        }
        script.push_str("wait\n! [ -e failed ]\n");
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        command
    }

    fn destinations(&self) -> impl Iterator<Item = String> + Clone {
        self.hosts().iter().map(|host| format!("aws-instance-{host}"))
    }

    /// Takes back what a run has left here and on the hosts; the pushed binary stays.
    fn tidy(&self, side: Side) -> Result<(), Box<dyn Error>> {
        match side {
            Side::Fleet => {
                fs::remove_dir_all(self.path("state"))?;
                std::thread::scope(|scope| {
                    for host in self.hosts() {
                        let line = "rm -rf ~/.fleet/jobs ~/.fleet/epoch.json && sync -f ~";
                        scope.spawn(move || self.lab.run(&["as", host, "sh", "-c", line]));
                    }
                });
            }
            Side::Master => {
                for host in self.destinations() {
                    let config = self.path("ssh_config");
                    // A host that got no job has no connection.
                    let _ = quiet(
                        Command::new("ssh")
                            .arg("-F")
                            .arg(config)
                            .args(["-O", "exit", &host]),
                    );
                }
            }
            Side::Parallel | Side::Loop => {}
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}
