//! Starting a step's program: what it sees of the world, and where its output goes.
//!
//! Invariant: it gets an empty stdin (a task of our own: its secrets), one pipe for all that it prints, a process group of its own, no
//! blocked signal, and no open file of ours.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, PipeReader};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::signal::SigSet;
use nix::sys::stat::fstat;

use super::context::AttemptContext;
use super::handover;
use super::output::OutputLog;
use crate::docker::owner;
use crate::domain::journal::Ending;
use crate::domain::layout;
use crate::domain::spec::Step;
use crate::doors::files::{OWNER_ONLY, create_empty};
use crate::doors::{env, spawn};

/// The log of a step, empty.
pub(super) fn open_log(context: &AttemptContext, step: &Step) -> io::Result<OutputLog> {
    let name = format!("{}.log", step.phase);
    let file = create_empty(&context.capsule.path.join(layout::LOGS).join(name), OWNER_ONLY)?;
    Ok(OutputLog::new(file, context.spec.output_cap))
}

/// Starts the program; its output and its pid.
pub(super) fn start(context: &mut AttemptContext, step: &Step) -> Result<(PipeReader, i32), Ending> {
    let fault = |error: io::Error| Ending::HostFault(format!("cannot watch its output: {error}"));
    let (pipe, writer) = io::pipe().map_err(fault)?;
    fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|errno| fault(errno.into()))?;
    let writer = OwnedFd::from(writer);
    let input = match step.task {
        Some(task) => handover::pipe(&handover::own(&context.secrets, task)).map(OwnedFd::from),
        None => OpenOptions::new().read(true).open("/dev/null").map(OwnedFd::from),
    };
    let input = input.map_err(fault)?;
    let directory = directory(context, step);
    // The supervisor has no use for a directory of its own: every path that it holds is absolute.
    if let Err(error) = std::env::set_current_dir(&directory) {
        return Err(Ending::NotStarted(format!(
            "cannot enter {}: {error}",
            directory.display()
        )));
    }
    let (program, argv) = program(context, step).map_err(Ending::NotStarted)?;
    let inode = fstat(&pipe).map_err(|errno| fault(errno.into()))?.st_ino;
    context.recorder.step(inode);
    let child = spawn::Child {
        program: &program,
        argv: &argv,
        env: &environment(context, step),
        stdin: input.as_fd(),
        stdout: writer.as_fd(),
        stderr: writer.as_fd(),
        extra: None,
        session: false,
        blocked: SigSet::empty(),
    };
    let started = child.start().map_err(|error| match error.raw_os_error() {
        Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE) => {
            Ending::HostFault(format!("cannot start {}: {error}", program.display()))
        }
        _ => Ending::NotStarted(format!("cannot start {}: {error}", program.display())),
    });
    // So that no job's directory is kept busy by its supervisor; that this fails is no harm.
    let _ = std::env::set_current_dir("/");
    Ok((pipe, started?))
}

/// What a step runs: its program, or this one for a task of our own.
fn program(context: &AttemptContext, step: &Step) -> Result<(PathBuf, Vec<String>), String> {
    if step.task.is_none() {
        let program = step.argv.first().ok_or("the step names no program")?;
        return Ok((program.into(), step.argv.clone()));
    }
    let capsule = context
        .capsule
        .path
        .to_str()
        .ok_or("the runner's directory is not UTF-8")?;
    let argv = [
        "fleet",
        "runner",
        "step",
        "--capsule",
        capsule,
        step.phase.as_str(),
    ];
    Ok((spawn::ITSELF.into(), argv.map(str::to_owned).to_vec()))
}

fn directory(context: &AttemptContext, step: &Step) -> PathBuf {
    match (step.cwd.as_deref(), env::home()) {
        (None, _) => context.capsule.out(),
        (Some("~"), Some(home)) => home,
        (Some(dir), home) => match (dir.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            // What is relative is relative to the results.
            (_, _) => context.capsule.out().join(dir),
        },
    }
}

fn environment(context: &AttemptContext, step: &Step) -> BTreeMap<OsString, OsString> {
    let job = &context.spec.job;
    let mut all: BTreeMap<OsString, OsString> = env::all().into_iter().collect();
    // A task of our own is handed what it needs, so that whatever it starts does not inherit that.
    if step.task.is_none() {
        let secrets = handover::environment(&context.secrets);
        all.extend(secrets.iter().map(|(name, value)| (name.into(), value.into())));
    }
    all.extend(step.env.iter().map(|(name, value)| (name.into(), value.into())));
    let mut set = |name: &str, value: OsString| all.insert(name.into(), value);
    set("FLEET_JOB", job.id.to_string().into());
    set("FLEET_ATTEMPT", context.capsule.attempt.to_string().into());
    set("FLEET_SET", job.set.to_string().into());
    set("FLEET_INSTANCE", job.instance.to_string().into());
    set("FLEET_MODEL", job.model.to_string().into());
    set("FLEET_RUN", job.run.to_string().into());
    set("FLEET_PHASE", step.phase.to_string().into());
    set("FLEET_HOST", context.spec.host.to_string().into());
    set("FLEET_OUT", context.capsule.out().into());
    // With this label, its containers are told from those of another root on the same engine.
    if let Ok(root) = owner::identity(context.root.path()) {
        set("FLEET_ROOT", root.into());
    }
    if let Some(task) = &job.task {
        set("FLEET_TASK", task.to_string().into());
    }
    // Tasks of our own know where it is, and hand on what an agent may know.
    let dataset = context.capsule.path.join(layout::DATASET);
    if step.task.is_none() && dataset.exists() {
        set("FLEET_DATASET", dataset.into());
    }
    all
}
