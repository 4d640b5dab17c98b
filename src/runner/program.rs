//! Asking a program of the host for an answer, for a limited time.

use std::ffi::OsStr;
use std::io::{ErrorKind, PipeReader, Read as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::doors::{clock, env, spawn};
use crate::text::sanitize_excerpt;

/// Most bytes of an answer that are looked at.
const MOST: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Silence {
    /// There is no such program.
    Missing,
    /// It does not answer, or says no.
    Failed(String),
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Silence::Missing => f.write_str("not found"),
            Silence::Failed(why) => f.write_str(why),
        }
    }
}

/// What the program prints, if it ends well in time.
pub(super) fn ask(program: &str, args: &[&str], patience: Duration) -> Result<String, Silence> {
    Asked::new(program, args).ask(patience)
}

/// A program that is asked from a certain place in the world.
#[derive(Debug)]
pub(super) struct Asked<'p> {
    program: &'p str,
    command: Command,
}

impl<'p> Asked<'p> {
    /// As this process would.
    pub(super) fn new(program: &'p str, args: &[&str]) -> Asked<'p> {
        let mut command = spawn::command(program);
        command.args(args);
        Asked { program, command }
    }

    /// In this directory.
    pub(super) fn at(mut self, dir: &Path) -> Asked<'p> {
        self.command.current_dir(dir);
        self
    }

    /// With the directories that a login shell would have added to `PATH`: a command that ssh starts lacks them.
    pub(super) fn user_path(mut self) -> Asked<'p> {
        let path = env::get("PATH").unwrap_or_default();
        if let Some(home) = env::home() {
            let home = home.display();
            self.command
                .env("PATH", format!("{home}/.local/bin:{home}/.poetry/bin:{path}"));
        }
        self
    }

    /// With this variable.
    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Asked<'p> {
        self.command.env(name, value);
        self
    }

    /// Asks, and waits for so long.
    pub(super) fn ask(mut self, patience: Duration) -> Result<String, Silence> {
        let until = clock::tick() + patience;
        let program = self.program;
        let (reader, writer) = std::io::pipe().map_err(|error| failed(program, &error))?;
        let twin = writer.try_clone().map_err(|error| failed(program, &error))?;
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(twin)
            .spawn()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => Silence::Missing,
                _ => failed(program, &error),
            })?;
        // The command keeps our ends of the pipe, and with them it would never end.
        drop(self.command);
        hear(program, child, reader, until, patience)
    }
}

fn hear(
    program: &str,
    mut child: Child,
    mut reader: PipeReader,
    until: Instant,
    patience: Duration,
) -> Result<String, Silence> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    let in_time = loop {
        if !readable(&reader, until) {
            break false;
        }
        match reader.read(&mut buffer) {
            Ok(0) => break true,
            Ok(n) if text.len() < MOST => text.extend(&buffer[..n]),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(program, &error)),
        }
    };
    if !in_time {
        // It may be gone already; then its status says so.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| failed(program, &error))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    if !in_time {
        return Err(Silence::Failed(format!(
            "{program} does not answer within {} s",
            patience.as_secs()
        )));
    }
    if status.success() {
        return Ok(text);
    }
    let reason = text
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let reason = sanitize_excerpt(reason, 200);
    Err(Silence::Failed(format!("{program}: {status}: {reason}")))
}

fn failed(program: &str, error: &std::io::Error) -> Silence {
    Silence::Failed(format!("cannot run {program}: {error}"))
}

fn readable(reader: &PipeReader, until: Instant) -> bool {
    loop {
        let left = until.saturating_duration_since(clock::tick());
        if left.is_zero() {
            return false;
        }
        let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(reader.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn an_answer_a_refusal_and_an_absence_are_told_apart() {
        assert_eq!(ask("echo", &["yes"], LONG), Ok("yes\n".to_owned()));
        assert_eq!(ask("no-such-program-here", &[], LONG), Err(Silence::Missing));
        let Err(Silence::Failed(why)) = ask("sh", &["-c", "echo broken >&2; exit 3"], LONG) else {
            panic!("it said no");
        };
        assert!(why.contains("broken") && why.contains('3'), "{why}");
    }

    #[test]
    fn a_program_that_hangs_is_not_waited_for() {
        let Err(Silence::Failed(why)) = ask("sleep", &["1000"], Duration::from_millis(50)) else {
            panic!("it cannot have answered");
        };
        assert!(why.contains("does not answer"), "{why}");
    }
}
