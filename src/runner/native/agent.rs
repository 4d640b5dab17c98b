//! Running an agent's program: its output goes to the step's log as it comes, and its end is kept at hand,
//! because it may say why nothing came of it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{ErrorKind, PipeReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::context::{PhaseContext, say};
use super::fault::fault;
use crate::domain::fault::{Again, FaultName};
use crate::domain::program_exit::ProgramExit;
use crate::domain::{Fault, Secrets};
use crate::doors::{secrets, spawn};

/// How much of the end of its output is kept at hand.
const RECENT: usize = 256 << 10;

/// How long we read the output of a program that has ended: another process may hold it open.
const LINGER: Duration = Duration::from_secs(2);

/// What is to be run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Program and arguments.
    pub(super) argv: Vec<String>,
    /// Variables beside those of this process.
    pub(super) env: BTreeMap<String, String>,
    /// Variables of this process that it must not see.
    pub(super) without: &'static [&'static str],
    /// Where it runs.
    pub(super) cwd: PathBuf,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct End {
    status: ExitStatus,
    recent: String,
}

/// Runs it to its end, with these variables as well. The deadline is the step's.
pub(super) fn run(program: &Program, given: &Secrets) -> Result<End, Fault> {
    let config = |name: FaultName, what: String| fault(name, Again::Elsewhere, what);
    let Some((name, args)) = program.argv.split_first() else {
        return Err(config(
            FaultName::NoAgent,
            "the agent's command names no program".to_owned(),
        ));
    };
    if !program.cwd.is_dir() {
        let what = format!("{} is no directory on this host", program.cwd.display());
        return Err(config(FaultName::NoDirectory, what));
    }
    let host = |error: std::io::Error| {
        fault(
            FaultName::CannotStart,
            Again::Elsewhere,
            format!("cannot start {name}: {error}"),
        )
    };
    let (pipe, writer) = std::io::pipe().map_err(host)?;
    let mut command = spawn::command(name);
    command
        .args(args)
        .current_dir(&program.cwd)
        .envs(given.iter())
        .envs(&program.env)
        .stdin(Stdio::null());
    for variable in program.without {
        command.env_remove(variable);
    }
    command.stdout(writer.try_clone().map_err(host)?).stderr(writer);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied => {
            config(FaultName::NoAgent, format!("cannot start {name}: {error}"))
        }
        _ => host(error),
    })?;
    // It holds the writing ends, which must be the child's alone.
    drop(command);
    let recent = Arc::new(Mutex::new(VecDeque::new()));
    let (ended, end) = mpsc::channel::<()>();
    let kept = Arc::clone(&recent);
    thread::spawn(move || {
        pass_on(pipe, &kept);
        drop(ended);
    });
    let status = child.wait().map_err(host)?;
    // All that matters of the answer is that it is here, or that it does not come.
    let _ = end.recv_timeout(LINGER);
    let bytes: Vec<u8> = held(&recent).iter().copied().collect();
    Ok(End {
        status,
        // Whatever is quoted of it is quoted without secrets.
        recent: secrets::hidden(&String::from_utf8_lossy(&bytes)),
    })
}

/// Copies what is printed to the step's log, and keeps its end.
fn pass_on(mut pipe: PipeReader, recent: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 16 << 10];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => {
                let mut out = std::io::stdout().lock();
                // A log that cannot be written is the supervisor's to notice.
                let _ = out.write_all(&buffer[..n]).and_then(|()| out.flush());
                let mut recent = held(recent);
                recent.extend(&buffer[..n]);
                let much = recent.len().saturating_sub(RECENT);
                recent.drain(..much);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn held(recent: &Mutex<VecDeque<u8>>) -> MutexGuard<'_, VecDeque<u8>> {
    recent.lock().unwrap_or_else(PoisonError::into_inner)
}

impl End {
    /// Its end in words; none if it ended well.
    pub(super) fn trouble(&self) -> Option<String> {
        match (self.status.code(), self.status.signal()) {
            (Some(0), _) => None,
            (Some(code), _) => Some(format!("exit code {code}")),
            (None, Some(signal)) => Some(format!("killed by signal {signal}")),
            (None, None) => Some("an end that nobody saw".to_owned()),
        }
    }

    /// Why an agent that left nothing left nothing: as its own words say, else as its end says.
    pub(super) fn explain(&self, context: &PhaseContext<'_>, missing: &str) -> Fault {
        if let Some(mut fault) = (context.explain)(&self.recent) {
            // Anything may have printed that line, a test of the repository too: it stops no other job by itself.
            if fault.again == Again::Mended {
                fault.again = Again::Anywhere;
            }
            return fault;
        }
        let what = match self.trouble() {
            None => format!("the agent ended well, but left no {missing}"),
            Some(trouble) => format!("the agent left no {missing}: {trouble}"),
        };
        let signal = self.status.signal().map(ProgramExit::of_signal);
        let (name, again) = match signal.or(self.status.code().map(ProgramExit::of)) {
            Some(ProgramExit::Done) => (FaultName::NoOutput, Again::Anywhere),
            Some(ProgramExit::Killed) => (FaultName::Killed, Again::Elsewhere),
            Some(ProgramExit::Crashed) => (FaultName::Crashed, Again::Elsewhere),
            _ => (FaultName::AgentFailed, Again::Anywhere),
        };
        fault(name, again, what)
    }

    /// What becomes of its end if it left what it should: a note.
    pub(super) fn note(&self, who: &str) -> String {
        match self.trouble() {
            None => who.to_owned(),
            Some(trouble) => {
                say(&format!(
                    "{who} left its result and then failed ({trouble}); the result counts"
                ));
                format!("{who} ({trouble})")
            }
        }
    }
}
