//! The attempt's own container: fresh, labelled, without mounts, and gone in the end.
//!
//! Invariant: it bears the attempt's label and the root's from its first moment, so that whatever becomes of this
//! process, the supervisor's sweep finds it, and no other root's does. Its first process never forks: no limit that the
//! tests run into ends it.

use std::thread;
use std::time::Duration;

use super::context::{PhaseContext, say};
use super::fault::{engine, fault};
use super::kills::Kills;
use crate::docker::{self, Call, DockerError, Machine, Said, memory_args, owner};
use crate::domain::Fault;
use crate::domain::fault::{Again, Class, FaultName};
use crate::domain::layout;
use crate::domain::memory::MemoryLimit;
use crate::domain::swe::Evaluation;

/// For one call of the client.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);

/// How often a start that the host has refused is tried.
const TRIES: u64 = 3;

/// Where fleet's own files are in the container, until the tests begin.
pub(super) const DIR: &str = "/tmp/.fleet";

/// What the container does: nothing, deaf to what is written to it and to signals that tests send around. The engine's
/// own first process buries the orphans of others.
const SLEEP: &str =
    "exec </dev/null >/dev/null 2>&1; trap '' HUP INT QUIT TERM USR1 USR2; exec sleep 2147483647";

/// Engines that lack the program for it name one of these.
const NO_INIT: [&str; 2] = ["exec: \"docker-init", "container-init binary"];

/// A running container.
#[derive(Debug)]
pub(super) struct Container {
    /// Its id; its name while it has none.
    pub(super) id: String,
}

/// How it is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// The engine has it.
    pub(super) there: bool,
    /// It runs.
    pub(super) running: bool,
    /// The engine says that something in it was killed for want of memory.
    pub(super) out_of_memory: bool,
    /// What the kernel says of that, while it runs on this host.
    pub(super) kills: Option<Kills>,
}

impl State {
    fn read(text: &str) -> State {
        let mut words = text.split_whitespace();
        let mut is = || words.next() == Some("true");
        let (running, out_of_memory) = (is(), is());
        let pid = words
            .next()
            .and_then(|pid| pid.parse().ok())
            .filter(|pid| *pid > 0);
        State {
            there: true,
            running,
            out_of_memory,
            kills: pid.and_then(Kills::in_container_of),
        }
    }
}

/// Most memory for the tests.
pub(super) fn memory_limit(settings: &Evaluation, machine: &Machine) -> Option<u64> {
    MemoryLimit::of_container(settings.memory, machine.memory(), settings.shares.unwrap_or(1))
}

impl Container {
    /// Starts one, in the place of any that an earlier try left.
    pub(super) fn start(context: &PhaseContext<'_>, machine: &Machine) -> Result<Container, Fault> {
        let root = layout::root_of(context.capsule).and_then(|root| owner::identity(root).ok());
        // An engine may serve another root with an attempt of the same name.
        let of = root.as_deref().map_or("", |root| root.get(..8).unwrap_or(root));
        let mut container = Container {
            id: format!("fleet-{of}-{}-eval", context.attempt),
        };
        let settings = &context.swe.evaluation;
        let mut args: Vec<String> = ["run", "--detach", "--pull", "never", "--log-driver", "none"]
            .map(str::to_owned)
            .to_vec();
        let mut option = |name: &str, value: String| args.extend([name.to_owned(), value]);
        option("--name", container.id.clone());
        option("--label", format!("fleet.run={}", context.job.set));
        option("--label", format!("fleet.job={}", context.job.id));
        option("--label", format!("fleet.attempt={}", context.attempt));
        if let Some(root) = &root {
            option("--label", format!("{}={root}", owner::LABEL));
        }
        option("--network", settings.network.clone());
        option("--pids-limit", settings.processes.to_string());
        if !context.swe.image.platform.is_empty() {
            option("--platform", context.swe.image.platform.clone());
        }
        option("--entrypoint", "/bin/sh".to_owned());
        args.extend(memory_args(memory_limit(settings, machine)));
        args.push("--init".to_owned());
        args.extend([context.image().to_owned(), "-c".to_owned(), SLEEP.to_owned()]);
        // From here on there may be a container, whatever the answer is.
        let mut tries = 1;
        loop {
            let words: Vec<&str> = args.iter().map(String::as_str).collect();
            let error = match docker::ask(&words, PATIENCE) {
                Ok(text) => {
                    if let Some(id) = text.lines().rfind(|line| !line.trim().is_empty()) {
                        id.trim().clone_into(&mut container.id);
                    }
                    return Ok(container);
                }
                Err(error) => error,
            };
            let told = error.to_string();
            if NO_INIT.iter().any(|name| told.contains(name)) && args.iter().any(|arg| arg == "--init") {
                args.retain(|arg| arg != "--init");
                container.remove();
                continue;
            }
            let fault = no_start(&error);
            // An engine that is busy says no now and then.
            if tries == TRIES || fault.class != Class::Host {
                return Err(fault);
            }
            say(&format!("the container did not start: {}", fault.what));
            container.remove();
            // One that an earlier try left is looked for only now: there seldom is one.
            if tries > 1 || !told.contains("is already in use by") {
                thread::sleep(Duration::from_secs(tries));
            }
            tries += 1;
        }
    }

    /// Runs a script of ours with sh, which must end in one of the `expected` ways.
    pub(super) fn script(
        &self,
        script: &str,
        args: &[&str],
        input: &[u8],
        expected: &[i32],
    ) -> Result<Said, Fault> {
        self.script_as(&[], script, args, input, expected)
    }

    /// The same as root, whatever user the tests run as.
    pub(super) fn root_script(&self, script: &str, args: &[&str], input: &[u8]) -> Result<Said, Fault> {
        self.script_as(&["-u", "0"], script, args, input, &[0])
    }

    fn script_as(
        &self,
        user: &[&str],
        script: &str,
        args: &[&str],
        input: &[u8],
        expected: &[i32],
    ) -> Result<Said, Fault> {
        let home = format!("HOME={DIR}");
        let config = format!("GIT_CONFIG_GLOBAL={DIR}/.gitconfig");
        let options = [
            "exec", "-i", "-e", &home, "-e", &config, "-e", "LC_ALL=C", "-w", "/",
        ];
        let words = [&options, user, &[&self.id, "sh", "-c", script, "sh"], args].concat();
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
            "{{.State.Running}} {{.State.OOMKilled}} {{.State.Pid}}",
            &self.id,
        ];
        match docker::ask(&args, PATIENCE) {
            Ok(text) => Ok(State::read(&text)),
            Err(DockerError::NotThere(_)) => Ok(State::default()),
            Err(error) => Err(engine(&error)),
        }
    }

    /// Ends all that runs in it.
    pub(super) fn kill(&self) {
        // It may have ended by itself; the sweep is the judge.
        let _ = docker::ask(&["kill", &self.id], PATIENCE);
    }

    fn remove(&self) {
        // There may be none. What could not be removed, the supervisor's sweep finds and tells.
        let _ = docker::ask(&["rm", "-f", "-v", &self.id], PATIENCE);
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
            FaultName::NoShell,
            Again::Never,
            format!("the image has no /bin/sh: {words}"),
        );
    }
    if words.contains("does not match the specified platform")
        || words.contains("does not provide the specified platform")
    {
        return fault(FaultName::WrongPlatform, Again::Never, words);
    }
    engine(error)
}
