//! The attempt's own container: fresh, labelled, without mounts, and gone in the end.
//!
//! Invariant: it bears the attempt's label from its first moment, so that whatever becomes of this process,
//! the supervisor's sweep finds it.

use std::thread;
use std::time::Duration;

use super::desk::{Desk, say};
use super::fault::{engine, fault};
use crate::docker::{self, Call, DockerError, Said};
use crate::domain::Fault;
use crate::domain::fault::{Again, Class};

/// For one call of the client.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);

/// How often a start that the host has refused is tried.
const TRIES: u64 = 3;

/// Where fleet's own files are in the container, until the tests begin.
pub(super) const DIR: &str = "/tmp/.fleet";

/// What the container does: nothing, deaf to what is written to it, and burying the orphans of others.
const SLEEP: &str = "exec </dev/null >/dev/null 2>&1; while :; do sleep 3600; done";

/// A running container.
#[derive(Debug)]
pub(super) struct Container {
    /// Its name.
    pub(super) name: String,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// It runs.
    pub(super) running: bool,
    /// Something in it was killed for want of memory.
    pub(super) out_of_memory: bool,
}

impl Container {
    /// Starts one, in the place of any that an earlier try left.
    pub(super) fn start(desk: &Desk<'_>) -> Result<Container, Fault> {
        let container = Container {
            name: format!("fleet-{}-eval", desk.attempt),
        };
        let settings = &desk.swe.evaluation;
        let mut args: Vec<String> = ["run", "--detach", "--pull", "never", "--log-driver", "none"]
            .map(str::to_owned)
            .to_vec();
        let mut option = |name: &str, value: String| args.extend([name.to_owned(), value]);
        option("--name", container.name.clone());
        option("--label", format!("fleet.run={}", desk.job.set));
        option("--label", format!("fleet.job={}", desk.job.id));
        option("--label", format!("fleet.attempt={}", desk.attempt));
        option("--network", settings.network.clone());
        option("--pids-limit", settings.processes.to_string());
        if let Some(memory) = settings.memory {
            option("--memory", memory.to_string());
            option("--memory-swap", memory.to_string());
        }
        if !desk.swe.image.platform.is_empty() {
            option("--platform", desk.swe.image.platform.clone());
        }
        option("--entrypoint", "/bin/sh".to_owned());
        args.extend([desk.image().to_owned(), "-c".to_owned(), SLEEP.to_owned()]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        // From here on there may be a container, whatever the answer is.
        let mut tries = 1;
        while let Err(error) = docker::ask(&args, PATIENCE) {
            let fault = no_start(&error);
            // An engine that is busy says no now and then.
            if tries == TRIES || fault.class != Class::Host {
                return Err(fault);
            }
            say(&format!("the container did not start: {}", fault.what));
            container.remove();
            // One that an earlier try left is looked for only now: there seldom is one.
            if tries > 1 || !error.to_string().contains("is already in use by container") {
                thread::sleep(Duration::from_secs(tries));
            }
            tries += 1;
        }
        Ok(container)
    }

    /// Runs a script of ours with sh, which must end in one of the `expected` ways.
    pub(super) fn script(
        &self,
        script: &str,
        args: &[&str],
        input: &[u8],
        expected: &[i32],
    ) -> Result<Said, Fault> {
        let home = format!("HOME={DIR}");
        let config = format!("GIT_CONFIG_GLOBAL={DIR}/.gitconfig");
        let words = [
            "exec", "-i", "-e", &home, "-e", &config, "-e", "LC_ALL=C", "-w", "/", &self.name, "sh", "-c",
            script, "sh",
        ];
        let words = [&words, args].concat();
        let call = Call {
            args: &words,
            input,
            patience: PATIENCE,
        };
        let said = docker::call(&call).map_err(|error| engine(&error))?;
        match said.status {
            Some(code) if expected.contains(&code) => Ok(said),
            // Words of the container's own tools, in our locale.
            _ if said.stderr.contains("No space left on device") => Err(engine(&DockerError::NoSpace(
                said.stderr.lines().last().unwrap_or_default().to_owned(),
            ))),
            _ => Err(engine(&DockerError::of(&["exec"], &said))),
        }
    }

    /// How it is.
    pub(super) fn state(&self) -> Result<State, Fault> {
        let args = [
            "inspect",
            "--type",
            "container",
            "--format",
            "{{.State.Running}} {{.State.OOMKilled}}",
            &self.name,
        ];
        match docker::ask(&args, PATIENCE) {
            Ok(text) => Ok(State {
                running: text.starts_with("true"),
                out_of_memory: text.trim_end().ends_with("true"),
            }),
            Err(DockerError::NotThere(_)) => Ok(State {
                running: false,
                out_of_memory: false,
            }),
            Err(error) => Err(engine(&error)),
        }
    }

    /// Ends all that runs in it.
    pub(super) fn kill(&self) {
        // It may have ended by itself; the sweep is the judge.
        let _ = docker::ask(&["kill", &self.name], PATIENCE);
    }

    fn remove(&self) {
        // There may be none. What could not be removed, the supervisor's sweep finds and tells.
        let _ = docker::ask(&["rm", "-f", "-v", &self.name], PATIENCE);
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Why there is no container. An image without a shell is not the engine's doing.
fn no_start(error: &DockerError) -> Fault {
    let words = error.to_string();
    let shell = words.contains("/bin/sh") && words.contains("no such file");
    if shell || words.contains("executable file not found") {
        return fault(
            Class::Image,
            "no-shell",
            Again::Never,
            format!("the image has no /bin/sh: {words}"),
        );
    }
    if words.contains("does not match the specified platform")
        || words.contains("does not provide the specified platform")
    {
        return fault(Class::Image, "wrong-platform", Again::Never, words);
    }
    engine(error)
}
