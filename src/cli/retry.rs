//! `fleet retry`: closed jobs, opened again.

use super::exit;
use super::perform::{How, perform};
use super::printer::Printer;
use crate::domain::{HostName, SetName};
use crate::report::words;
use crate::service::retry::{self, RetryRequest};
use crate::service::{Problem, Project};

/// Open closed jobs again that failed for other reasons than the model
///
/// They get all their tries again. Finished phases are kept: a trajectory is not made, and paid for, twice. A result of
/// the model is never tried again: for more independent tries of a question, ask for more `runs`. The jobs run once
/// `fleet dispatch` of their assignment does.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet retry --class host
  fleet retry --fault image-corrupt --set phase8
  fleet retry phase8/1319603449576684/gpt
  fleet retry --suspect       # evaluate again what a bad host may have spoilt, from the trajectories at home")]
pub(super) struct Args {
    /// Jobs, by id, by instance, or as SET/INSTANCE/MODEL/runN (or the beginning of that)
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// Those whose failure is of this class: host, image, config, dataset, provider, harness, unknown
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Those that failed with this fault, as `fleet failures` names it
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,
    /// Those whose last attempt was on this host
    #[arg(long)]
    host: Option<HostName>,
    /// Those of this set
    #[arg(long)]
    set: Option<SetName>,
    /// Those whose result is suspect because their host turned out to be bad
    #[arg(long)]
    suspect: bool,
    /// Start from the beginning: phases that earlier attempts finished are done, and paid for, again
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    how: How,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let request = RetryRequest {
        jobs: args.jobs.clone(),
        class: args.class.as_deref().map(retry::parse_class).transpose()?,
        fault: args.fault.clone(),
        host: args.host.clone(),
        set: args.set.clone(),
        suspect: args.suspect,
        fresh: args.fresh,
    };
    let plan = retry::plan_retry(&request, args.how.dry_run, project).await?;
    let nothing = "nothing to do: no closed job that fits may be tried again";
    perform(args.how, &plan.commands, nothing, project, printer).await?;
    if plan.results > 0 {
        printer.say(&format!(
            "{} not tried again: what a model did is a result",
            words::count(plan.results, "job is", "jobs are")
        ));
    }
    plan.check_trajectories()?;
    if !plan.commands.is_empty() && !args.how.dry_run && project.running_coordinator().is_none() {
        printer.say("`fleet dispatch` of their assignment runs them");
    }
    Ok(exit::OK)
}
