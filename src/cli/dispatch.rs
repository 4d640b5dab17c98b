//! `fleet dispatch`: run what an assignment file asks for, or go on with it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use super::context::Context;
use super::printer::Printer;
use super::{Cli, CommandError, Kind, assignment, drive, exit, ways};
use crate::domain::SetName;
use crate::domain::fleet::Closure;
use crate::doors::spawn;
use crate::engine::Stop;
use crate::report::text::printable;
use crate::report::words;

/// Run the jobs of assignment files; the same command resumes them
///
/// The name of a file is the name of its set of jobs. Jobs that are known are not run again: a changed file
/// adds only its new jobs. Ctrl-C leaves the jobs running on their hosts: the same command finds them again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet dispatch assignments/phase8.json
  fleet dispatch --detach assignments/phase8.json && fleet status --watch")]
pub(super) struct Args {
    /// Assignment files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Coordinate in the background
    #[arg(long)]
    pub(super) detach: bool,
    /// Jobs run on the hosts that the file gives them, and nowhere else
    #[arg(long)]
    pinned: bool,
    /// Check everything, then stop: nothing is stored, nothing runs
    #[arg(long)]
    check: bool,
    /// This is the background process of `--detach`
    #[arg(long, hide = true)]
    background: bool,
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    if args.background {
        // Out of the terminal's session, so that closing the terminal does not end it. Fails only for a
        // session leader, which has no terminal to leave.
        let _ = nix::unistd::setsid();
    }
    let mut assignments = Vec::new();
    let mut faults = Vec::new();
    for file in &args.files {
        match assignment::read(file, &context.config) {
            Ok(assignment) => assignments.push(assignment),
            Err(error) => faults.push(error),
        }
    }
    if let Some(error) = CommandError::all(faults) {
        return Err(error);
    }
    let sizes = drive::look(&assignments, context, printer).await?;
    if args.check {
        let jobs: usize = assignments.iter().map(|assignment| assignment.jobs.len()).sum();
        printer.say(&format!("{} could be dispatched", words::jobs(jobs)));
        return Ok(exit::OK);
    }
    let (fleet, stop) = {
        let how = drive::How {
            background: args.background,
            pinned: args.pinned,
        };
        drive::drive(&assignments, sizes, context, printer, how).await?
    };
    let sets: Vec<SetName> = assignments.iter().map(|one| one.set.name.clone()).collect();
    let files: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    let pinned = if args.pinned { "--pinned " } else { "" };
    let again = format!("fleet dispatch {pinned}{}", files.join(" "));
    if stop == Stop::Done {
        printer.say("`fleet collect` brings the results home; `fleet status` shows what failed, and why");
        for way in ways::on(&fleet, &sets, &again) {
            printer.say(&printable(&way));
        }
    }
    drive::unless_done(&fleet, &sets, &stop, &again)?;
    let mine = fleet.jobs().filter(|entry| sets.contains(&entry.job.set));
    let bad = mine
        .filter(|entry| entry.closed != Some(Closure::Succeeded))
        .count();
    Ok(if bad == 0 { exit::OK } else { exit::FAILED })
}

/// Starts the same command in a session of its own, and waits until it coordinates or says why not.
pub(super) fn detach(args: &Args, cli: &Cli, printer: &Printer) -> Result<exit::VerbExit, CommandError> {
    let environment = |error: std::io::Error| {
        CommandError::new(Kind::Environment, "cannot start in the background").caused_by(&error)
    };
    let context = Context::load(&cli.config, cli.ssh_config.as_deref())?;
    std::fs::create_dir_all(&context.state).map_err(environment)?;
    let path = context.state.join("coordinator.log");
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(environment)?;
    let begins = log.metadata().map_err(environment)?.len();
    let mut command = spawn::command(spawn::myself().map_err(environment)?);
    command.arg("--config").arg(&cli.config);
    if let Some(config) = &cli.ssh_config {
        command.arg("--ssh-config").arg(config);
    }
    command.args(["dispatch", "--background"]);
    if args.pinned {
        command.arg("--pinned");
    }
    command.arg("--").args(&args.files);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(environment)?;
    let mut ready = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout)
            .read_line(&mut ready)
            .map_err(environment)?;
    }
    if ready.is_empty() {
        let status = child.wait().map_err(environment)?;
        let said = std::fs::read(&path).map_err(environment)?;
        let said = String::from_utf8_lossy(
            said.get(usize::try_from(begins).unwrap_or(0)..)
                .unwrap_or_default(),
        )
        .into_owned();
        printer.relay(&said);
        return Ok(exit::VerbExit::passed(status.code(), exit::INTERNAL));
    }
    printer.say(&format!(
        "coordinating in the background (process {}); its messages go to {}",
        child.id(),
        path.display()
    ));
    printer.say("`fleet status --watch` shows it; `fleet cancel` stops jobs");
    Ok(exit::OK)
}
