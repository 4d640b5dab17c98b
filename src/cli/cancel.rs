//! `fleet cancel`: stop jobs, and prove them gone.

use serde::Serialize;

use super::exit;
use super::interrupt::interrupted;
use super::perform::How;
use super::printer::Printer;
use crate::domain::JobId;
use crate::report::words;
use crate::service::cancel::{self, CancelRequest};
use crate::service::{Problem, Project, select};

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
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let request = CancelRequest {
        jobs: args.jobs.clone(),
        set: args.set.clone(),
        hard: args.hard,
    };
    let (fleet, jobs) = cancel::find_open_jobs(&request, project).await?;
    if jobs.is_empty() {
        printer.say("nothing to stop: they are closed already");
        print_json(args, printer, [&[], &[], &[]])?;
        return Ok(exit::OK);
    }
    if args.how.dry_run {
        for entry in jobs
            .iter()
            .filter_map(|id| fleet.job(*id))
            .filter(|_| !args.how.json)
        {
            printer.data(&format!("would be stopped: {}\n", select::describe_job(entry)))?;
        }
        print_json(args, printer, [&jobs[..], &[], &[]])?;
        return Ok(exit::OK);
    }
    let end = cancel::cancel_jobs(&jobs, args.hard, project, interrupted()).await?;
    printer.say(&format!("{} cancelled", words::jobs(end.cancelled.len())));
    if !end.ended_first.is_empty() {
        printer.say(&format!("{} ended first", words::jobs(end.ended_first.len())));
    }
    print_json(args, printer, [&end.cancelled, &end.ended_first, &end.left])?;
    end.check_gone()?;
    Ok(exit::OK)
}

/// The same for machines, if they ask.
fn print_json(
    args: &Args,
    printer: &Printer,
    [cancelled, ended_first, left]: [&[JobId]; 3],
) -> Result<(), Problem> {
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
