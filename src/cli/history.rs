//! `fleet history`: every event and decision of one job.

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::domain::{InstanceId, JobId, ModelName, SetName};
use crate::report::words;
use crate::service::{Problem, Project, select};
use crate::view::{self, Deed};

/// Show every event and decision of a job, in order, with reasons
///
/// Reads the database only: it works beside a running coordinator, and without one. What the job itself
/// printed is in `fleet logs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet history 7q2mzk4tn1x9
  fleet history phase8/1319603449576684/gpt
  fleet history --json 7q2m | jq '.events[].event'")]
pub(super) struct Args {
    /// The job, by id, by instance, or as SET/INSTANCE/MODEL/runN
    #[arg(value_name = "JOB")]
    job: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON form.
#[derive(Debug, Serialize)]
struct History<'a> {
    version: u32,
    job: JobId,
    set: &'a SetName,
    instance: &'a InstanceId,
    model: &'a ModelName,
    run: u32,
    /// Where the job stands: one word.
    state: &'static str,
    events: &'a [Deed],
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let (store, fleet) = project.read_facts().await?;
    let entry = select::job_named(&fleet, &args.job)?;
    let deeds = view::chronicle(store.history(entry.job.id).await?);
    store.close().await;
    let job = &entry.job;
    if args.json {
        printer.json(&History {
            version: 1,
            job: job.id,
            set: &job.set,
            instance: &job.instance,
            model: &job.model,
            run: job.run,
            state: entry.word(),
            events: &deeds,
        })?;
        return Ok(exit::OK);
    }
    printer.data(&view::chronicle_table(&deeds))?;
    printer.say(&format!(
        "{} {}/{}/{}/run{}: {}, {}",
        job.id,
        job.set,
        job.instance,
        job.model,
        job.run,
        entry.word(),
        words::count(entry.attempts.len(), "attempt", "attempts")
    ));
    Ok(exit::OK)
}
