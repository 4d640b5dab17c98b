//! `fleet cancel`: stop jobs, and prove them gone.

use std::time::Duration;

use super::context::Context;
use super::printer::Printer;
use super::tell::{self, How};
use super::{CommandError, Kind, coordinate, exit, select};
use crate::domain::{Event, Fleet, JobId};
use crate::doors::clock;
use crate::engine::Stop;
use crate::report::words;
use crate::store::{Store, Wish};

/// Stop jobs, and prove them gone from their hosts
///
/// A job that waits is closed at once. A job that runs gets SIGTERM, and SIGKILL after the grace of
/// fleet.toml; what it has written so far can be collected. Works beside a running coordinator, or without one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet cancel 7q2mzk4tn1x9
  fleet cancel phase8/1319603449576684/gpt
  fleet cancel --set phase8 --dry-run")]
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

pub(super) async fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8, CommandError> {
    let (store, fleet) = context.peek().await?;
    let jobs = chosen(args, &fleet)?;
    store.close().await;
    let shown: Vec<String> = jobs
        .iter()
        .filter_map(|id| fleet.job(*id))
        .map(|entry| format!("{} cancelled", select::shown(entry)))
        .collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    if jobs.is_empty() || args.how.dry_run {
        tell::show(
            args.how,
            &shown,
            "nothing to stop: they are closed already",
            printer,
        )?;
        return Ok(exit::OK);
    }
    let fleet = if context.coordinator().is_some() {
        ask(args, context, &jobs).await?
    } else {
        act(args, context, &jobs).await?
    };
    let count = |word: &str| {
        jobs.iter()
            .filter(|id| fleet.job(**id).is_some_and(|entry| entry.word() == word))
            .count()
    };
    let (cancelled, open) = (count("cancelled"), count("running") + count("waiting"));
    printer.say(&format!("{} cancelled", words::jobs(cancelled)));
    match jobs.len() - cancelled - open {
        0 => {}
        late => printer.say(&format!("{} ended first", words::jobs(late))),
    }
    if open == 0 {
        if args.how.json {
            tell::show(args.how, &shown, "", printer)?;
        }
        return Ok(exit::OK);
    }
    Err(CommandError::new(Kind::Incomplete, format!("not gone yet: {}; their hosts cannot be reached", words::jobs(open)))
        .hint("it is noted: they are stopped as soon as a coordinator reaches them (`fleet cancel` again, or `fleet dispatch`)"))
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
                &Wish::Cancel {
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
