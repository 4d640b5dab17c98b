//! `fleet cancel`: stop jobs, and prove them gone.

use std::time::Duration;

use serde::Serialize;

use super::context::Context;
use super::printer::Printer;
use super::tell::How;
use super::{CommandError, Kind, coordinate, exit, select};
use crate::domain::{Event, Fleet, JobId};
use crate::doors::clock;
use crate::engine::Stop;
use crate::report::words;
use crate::store::{Command, Store};

/// Stop jobs, and prove them gone from their hosts
///
/// A job that waits is closed at once. A job that runs gets SIGTERM, and SIGKILL after the grace of
/// fleet.toml; what it has written so far can be collected. Works beside a running coordinator, or without one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet cancel 7q2mzk4tn1x9
  fleet cancel phase8/1319603449576684/gpt
  fleet cancel --set phase8")]
pub(super) struct Args {
    /// Jobs, by id, by instance, or as SET/INSTANCE/MODEL/runN (or the beginning of that)
    #[arg(value_name = "JOB", required_unless_present = "set")]
    jobs: Vec<String>,
    /// Every open job of a set
    #[arg(long, value_name = "SET", conflicts_with = "jobs")]
    set: Option<String>,
    /// SIGKILL at once
    #[arg(long)]
    hard: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Serialize)]
struct Outcome<'a> {
    version: u32,
    dry_run: bool,
    cancelled: &'a [JobId],
    ended_first: &'a [JobId],
    left: &'a [JobId],
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let (store, fleet) = context.peek().await?;
    let jobs = chosen(args, &fleet)?;
    store.close().await;
    if jobs.is_empty() {
        printer.say("nothing to stop: they are closed already");
        tell(args, printer, [&[], &[], &[]])?;
        return Ok(exit::OK);
    }
    if args.how.dry_run {
        for entry in jobs
            .iter()
            .filter_map(|id| fleet.job(*id))
            .filter(|_| !args.how.json)
        {
            printer.data(&format!("would be stopped: {}\n", select::shown(entry)))?;
        }
        tell(args, printer, [&jobs[..], &[], &[]])?;
        return Ok(exit::OK);
    }
    let fleet = if context.coordinator().is_some() {
        Box::pin(ask(args, context, &jobs)).await?
    } else {
        act(args, context, &jobs).await?
    };
    let with = |word: &str| -> Vec<JobId> {
        let is = |id: &&JobId| fleet.job(**id).is_some_and(|entry| entry.word() == word);
        jobs.iter().filter(is).copied().collect()
    };
    let (cancelled, open) = (with("cancelled"), [with("running"), with("waiting")].concat());
    let first = |id: &&JobId| !cancelled.contains(id) && !open.contains(id);
    let late: Vec<JobId> = jobs.iter().filter(first).copied().collect();
    printer.say(&format!("{} cancelled", words::jobs(cancelled.len())));
    if !late.is_empty() {
        printer.say(&format!("{} ended first", words::jobs(late.len())));
    }
    tell(args, printer, [&cancelled, &late, &open])?;
    let open = open.len();
    if open == 0 {
        return Ok(exit::OK);
    }
    Err(CommandError::new(Kind::Incomplete, format!("not gone yet: {}; their hosts cannot be reached", words::jobs(open)))
        .hint("it is noted: they are stopped as soon as a coordinator reaches them (`fleet cancel` again, or `fleet dispatch`)"))
}

/// The same for machines, if they ask.
fn tell(
    args: &Args,
    printer: &Printer,
    [cancelled, ended_first, left]: [&[JobId]; 3],
) -> Result<(), CommandError> {
    if !args.how.json {
        return Ok(());
    }
    printer.json(&Outcome {
        version: 1,
        dry_run: args.how.dry_run,
        cancelled,
        ended_first,
        left,
    })
}

fn chosen(args: &Args, fleet: &Fleet) -> Result<Vec<JobId>, CommandError> {
    let entries = match &args.set {
        Some(set) => {
            let entries: Vec<_> = fleet
                .jobs()
                .filter(|entry| entry.job.set.as_str() == set)
                .collect();
            if entries.is_empty() {
                return Err(CommandError::new(
                    Kind::Input,
                    format!("no set is called `{}`", set.escape_debug()),
                ));
            }
            entries
        }
        None => select::all(fleet, &args.jobs)?,
    };
    Ok(entries
        .into_iter()
        .filter(|entry| entry.closed.is_none())
        .map(|entry| entry.job.id)
        .collect())
}

/// A coordinator is at work: tell it, and watch until the jobs are closed.
async fn ask(args: &Args, context: &Context, jobs: &[JobId]) -> Result<Fleet, CommandError> {
    let store = Store::open(&context.database()).await?;
    for job in jobs {
        store
            .wish(
                clock::now(),
                &Command::Cancel {
                    job: *job,
                    hard: args.hard,
                },
            )
            .await?;
    }
    let patience = context.config.fleet.unreachable.duration();
    let began = clock::tick();
    loop {
        let (reader, fleet) = context.peek().await?;
        reader.close().await;
        let open = jobs
            .iter()
            .any(|id| fleet.job(*id).is_some_and(|entry| entry.closed.is_none()));
        if !open || clock::tick().duration_since(began) > patience {
            return Ok(fleet);
        }
        if context.coordinator().is_none() {
            // It ended meanwhile; the wishes are stored for the next one, which is us.
            return act(args, context, jobs).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Nobody is: coordinate for as long as it takes. No set is enabled, so nothing new starts.
async fn act(args: &Args, context: &Context, jobs: &[JobId]) -> Result<Fleet, CommandError> {
    let mut coordinator = context.coordinate().await?;
    let events: Vec<Event> = jobs
        .iter()
        .filter(|id| {
            coordinator
                .fleet
                .job(**id)
                .is_some_and(|entry| entry.closed.is_none())
        })
        .map(|job| Event::CancelAsked {
            job: *job,
            hard: args.hard,
        })
        .collect();
    coordinator.record(&events).await?;
    let (fleet, stop) = coordinate::until_closed(context, coordinator, jobs).await?;
    match stop {
        Stop::Interrupted => {
            Err(CommandError::new(Kind::Interrupted, "interrupted").hint("run the same command again"))
        }
        Stop::Done | Stop::Stuck(_) | Stop::Fenced(..) => Ok(fleet),
    }
}
