//! A directory here with a `fleet.toml` for hosts of the lab, where commands run and are timed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Fallible;
use super::lab::Lab;
use super::measure;

/// Removed with the value.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Fallible<Place> {
        Ok(Place(tempfile::tempdir()?))
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file in it.
    pub(crate) fn write(&self, name: &str, text: &str) -> Fallible<()> {
        Ok(fs::write(self.path(name), text)?)
    }

    /// `fleet` with these arguments.
    pub(crate) fn fleet(args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
        command
            .args(args)
            .env("FLEET_SSH_CONFIG", Lab::dir().join("ssh_config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", Lab::dir().join("aws_credentials"))
            .env_remove("FLEET_LOG");
        command
    }

    /// What a command prints.
    pub(crate) fn said(&self, what: &str, mut command: Command) -> Fallible<String> {
        let output = command.current_dir(self.0.path()).output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{what}: {}\n{said}", output.status).into())
    }

    /// Seconds that a command takes; what it says is an error if it ends badly.
    pub(crate) fn time(&self, what: &str, mut command: Command) -> Fallible<f64> {
        let log = File::create(self.path("log"))?;
        command
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let (status, run) = measure::run(&mut command)?;
        if status.success() {
            return Ok(run.seconds);
        }
        let said = fs::read_to_string(self.path("log"))?;
        Err(format!("{what}: {status}\n{said}").into())
    }
}
