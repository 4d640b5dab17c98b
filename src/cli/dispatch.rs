//! `fleet dispatch`: run what an assignment file asks for, or go on with it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use super::interrupt::interrupted;
use super::printer::Printer;
use super::progress::Progress;
use super::{Cli, exit};
use crate::doors::spawn;
use crate::engine::Stop;
use crate::report::words;
use crate::service::dispatch::{self, PreparedDispatch};
use crate::service::{Problem, ProblemKind, Project};
use crate::text::sanitize_line;

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
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    if args.background {
        // Out of the terminal's session, so that closing the terminal does not end it. Fails only for a
        // session leader, which has no terminal to leave.
        let _ = nix::unistd::setsid();
    }
    let prepared = PreparedDispatch::read(&args.files, project, printer).await?;
    if args.check {
        let jobs = words::jobs(prepared.job_count());
        printer.say(&format!("{jobs} could be dispatched"));
        return Ok(exit::OK);
    }
    let mut progress = Progress::new(printer, args.background);
    let run = dispatch::run_dispatch(
        prepared,
        args.pinned,
        project,
        printer,
        &mut progress,
        interrupted(),
    );
    let end = Box::pin(run).await?;
    let files: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    let pinned = if args.pinned { "--pinned " } else { "" };
    let again = format!("fleet dispatch {pinned}{}", files.join(" "));
    if end.stop == Stop::Done {
        printer.say("`fleet collect` brings the results home; `fleet status` shows what failed, and why");
        for step in end.next_steps(&again) {
            printer.say(&sanitize_line(&step));
        }
    }
    end.check_done(&again)?;
    Ok(if end.has_succeeded() {
        exit::OK
    } else {
        exit::FAILED
    })
}

/// Starts the same command in a session of its own, and waits until it coordinates or says why not.
pub(super) fn detach(args: &Args, cli: &Cli, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    let environment = |error: std::io::Error| {
        Problem::new(ProblemKind::Environment, "cannot start in the background").caused_by(&error)
    };
    let project = Project::load(&cli.config, cli.ssh_config.as_deref())?;
    std::fs::create_dir_all(&project.state).map_err(environment)?;
    let path = project.state.join("coordinator.log");
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
