//! `fleet dispatch`: run what an assignment file asks for, or go on with it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use super::assignment::{self, Assignment};
use super::context::Context;
use super::printer::Printer;
use super::progress::Progress;
use super::{Cli, CommandError, Kind, coordinate, exit, preflight};
use crate::domain::fleet::Closure;
use crate::domain::{Epoch, Event, Fleet, JobId, SetName};
use crate::doors::{clock, spawn};
use crate::engine::Stop;
use crate::plan::Stuck;
use crate::report::words;
use crate::store::{Added, Store};

/// Run what an assignment file asks for; run it again and it resumes
///
/// The file's name names the set of jobs. Jobs that are known already are not run again; a changed file
/// adds only what is new. Ctrl-C leaves the jobs running on their hosts: the same command finds them again.
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
    /// Check everything, then stop: nothing is stored, nothing runs
    #[arg(long)]
    check: bool,
    /// This is the background process of `--detach`
    #[arg(long, hide = true)]
    background: bool,
}

pub(super) async fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8, CommandError> {
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
    look(&assignments, context, printer).await?;
    if args.check {
        let jobs: usize = assignments.iter().map(|assignment| assignment.jobs.len()).sum();
        printer.say(&format!("{} could be dispatched", words::jobs(jobs)));
        return Ok(exit::OK);
    }
    let (fleet, stop) = drive(&assignments, context, printer, args.background).await?;
    let sets: Vec<SetName> = assignments.iter().map(|one| one.set.name.clone()).collect();
    if stop == Stop::Done {
        printer.say("`fleet collect` brings the results home; `fleet status` shows what failed, and why");
    }
    let files: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    let again = format!("fleet dispatch {}", files.join(" "));
    unless_done(&fleet, &sets, &stop, &again)?;
    let mine = fleet.jobs().filter(|entry| sets.contains(&entry.job.set));
    let bad = mine
        .filter(|entry| entry.closed != Some(Closure::Succeeded))
        .count();
    Ok(if bad == 0 { exit::OK } else { exit::FAILED })
}

/// Looks for the images of all jobs that are new, before anything is stored.
async fn look(assignments: &[Assignment], context: &Context, printer: &Printer) -> Result<(), CommandError> {
    let mut objects = preflight::Objects::new();
    let known = known_jobs(context).await?;
    for assignment in assignments {
        let new = assignment.jobs.iter().filter(|job| !known.contains(&job.id));
        let more = preflight::objects(assignment, new.map(AsRef::as_ref), &context.config)?;
        for (object, instances) in more {
            objects.entry(object).or_default().extend(instances);
        }
    }
    let found = preflight::look(context, &objects).await?;
    if !found.is_empty() {
        let bytes = found.values().map(|facts| facts.size).sum();
        printer.say(&format!(
            "{} in the store, {}",
            words::count(found.len(), "image is", "images are"),
            words::bytes(bytes)
        ));
    }
    Ok(())
}

/// Checks the images, then stores and runs these jobs.
pub(super) async fn execute(
    assignments: &[Assignment],
    context: &Context,
    printer: &Printer,
    background: bool,
) -> Result<(Fleet, Stop), CommandError> {
    look(assignments, context, printer).await?;
    drive(assignments, context, printer, background).await
}

/// Stores and runs these jobs.
async fn drive(
    assignments: &[Assignment],
    context: &Context,
    printer: &Printer,
    background: bool,
) -> Result<(Fleet, Stop), CommandError> {
    let mut coordinator = context.coordinate().await?;
    for assignment in assignments {
        // Secrets are looked for before anything is stored, so that a missing one leaves no trace.
        let mut trial = Fleet::new(coordinator.fleet.epoch(), &context.config.hosts);
        trial.enable(&assignment.set.name);
        let now = clock::now();
        for job in assignment
            .jobs
            .iter()
            .filter(|job| coordinator.fleet.job(job.id).is_none())
        {
            trial
                .fold(now, &Event::JobAdded(job.clone()))
                .map_err(|error| CommandError::new(Kind::Internal, error.to_string()))?;
        }
        coordinate::secrets(&trial, &context.config)?;
    }
    for assignment in assignments {
        let now = clock::now();
        let added = coordinator
            .store
            .add_set(now, &assignment.set, &assignment.jobs)
            .await?;
        for job in &added.new {
            coordinator
                .fleet
                .fold(now, &Event::JobAdded(job.clone()))
                .map_err(|error| CommandError::new(Kind::Internal, error.to_string()))?;
        }
        coordinator.fleet.enable(&assignment.set.name);
        say_added(printer, &assignment.set.name, &added, assignment.jobs.len());
    }
    let secrets = coordinate::secrets(&coordinator.fleet, &context.config)?;
    if background {
        // Whoever typed the command waits for this line.
        printer.data("coordinating in the background\n")?;
    }
    let mut progress = Progress::new(printer);
    let (fleet, stop) = coordinate::run(context, coordinator, secrets, &mut |fleet, now, events| {
        progress.show(fleet, now, events);
    })
    .await?;
    progress.finish(&fleet);
    Ok((fleet, stop))
}

/// The jobs that need no look at their images any more.
async fn known_jobs(context: &Context) -> Result<BTreeSet<JobId>, CommandError> {
    let Some(store) = Store::peek(&context.database()).await? else {
        return Ok(BTreeSet::new());
    };
    let fleet = store.load(Epoch(0), &context.config.hosts).await?;
    store.close().await;
    Ok(fleet.jobs().map(|entry| entry.job.id).collect())
}

fn say_added(printer: &Printer, set: &SetName, added: &Added, asked: usize) {
    let Added {
        new,
        known,
        differing,
        ..
    } = added;
    printer.say(&match (new.len(), *known) {
        (new, 0) => format!("{set}: {} added", words::jobs(new)),
        (0, known) => format!("{set}: nothing new; {} known already", words::jobs(known)),
        (new, known) => format!("{set}: {} added, {known} known already", words::jobs(new)),
    });
    if !differing.is_empty() {
        let ids: Vec<String> = differing.iter().take(5).map(ToString::to_string).collect();
        printer.say(&format!(
            "{set}: the file now asks otherwise for {} (host, pipeline, data or variables): {}{}; they stay as first dispatched. To run them anew, give the file another name",
            words::count(differing.len(), "known job", "known jobs"),
            ids.join(", "),
            if differing.len() > 5 { ", …" } else { "" }
        ));
    }
    debug_assert_eq!(new.len() + known, asked);
}

/// What is left, and how to go on, unless all jobs are closed.
pub(super) fn unless_done(
    fleet: &Fleet,
    sets: &[SetName],
    stop: &Stop,
    again: &str,
) -> Result<(), CommandError> {
    let mine = || fleet.jobs().filter(|entry| sets.contains(&entry.job.set));
    match stop {
        Stop::Done => Ok(()),
        Stop::Interrupted => {
            let running = mine().filter(|entry| entry.live().is_some()).count();
            let waiting = mine().filter(|entry| entry.is_waiting()).count();
            Err(CommandError::new(Kind::Interrupted, format!("interrupted: {} on their hosts, {waiting} waiting here", words::count(running, "job goes on", "jobs go on")))
                .hint(format!("come back with `{again}`; look with `fleet status`; stop jobs with `fleet cancel`")))
        }
        Stop::Stuck(hosts) => {
            let left = mine().filter(|entry| entry.closed.is_none()).count();
            Err(CommandError::new(Kind::Incomplete, format!("{} left, and nothing to wait for", words::count(left, "job is", "jobs are")))
                .causes(hosts.iter().map(stuck))
                .hint(format!("`fleet doctor` says how to mend them; then `{again}` goes on. If a host will never come back, `fleet host gone NAME --because WHY` frees its jobs")))
        }
        Stop::Fenced(host, epoch) => Err(CommandError::new(
            Kind::Refused,
            format!("{host} obeys another coordinator (epoch {epoch}; this one has {})", fleet.epoch()),
        )
        .hint("jobs go on. If that coordinator is at work, stop one of the two; if it is gone (a lost database, another directory), `fleet adopt` learns what it knew and takes the hosts over")),
    }
}

fn stuck(host: &Stuck) -> String {
    let mut jobs = Vec::new();
    if host.running > 0 {
        jobs.push(format!("may be running {}", words::jobs(host.running)));
    }
    if host.waiting > 0 {
        jobs.push(format!("{} wait for it", words::jobs(host.waiting)));
    }
    let jobs = if jobs.is_empty() {
        String::new()
    } else {
        format!(" ({})", jobs.join(", "))
    };
    format!("{}{jobs}: {}", host.host, host.why)
}

/// Starts the same command in a session of its own, and waits until it coordinates or says why not.
pub(super) fn detach(args: &Args, cli: &Cli, printer: &Printer) -> Result<u8, CommandError> {
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
    command.args(["dispatch", "--background", "--"]).args(&args.files);
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
        return Ok(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1));
    }
    printer.say(&format!(
        "coordinating in the background (process {}); its talk goes to {}",
        child.id(),
        path.display()
    ));
    printer.say("`fleet status --watch` shows it; `fleet cancel` stops jobs");
    Ok(exit::OK)
}
