//! `fleet logs`: what a job prints, live from its host, or as it was brought home.

use super::exit;
use super::printer::Printer;
use crate::domain::PhaseName;
use crate::service::logs::{self, LogsRequest, OutputSink};
use crate::service::{Problem, Project};

/// Show what a job prints
///
/// Live from the host while it runs; from the results once they are home. An evaluation is followed by the output of
/// its tests. Where a job has several phases, a line with the name of each precedes its output. The text is the job's
/// own: on a terminal its control characters are made visible.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet logs 7q2mzk4tn1x9
  fleet logs -f phase8/1319603449576684/gpt
  fleet logs --phase evaluation 7q2m | less")]
pub(super) struct Args {
    /// The job, by id, by instance, or as SET/INSTANCE/MODEL/runN
    #[arg(value_name = "JOB")]
    job: String,
    /// Go on as the job prints more, until it ends
    #[arg(long, short)]
    follow: bool,
    /// Only this phase
    #[arg(long, value_name = "PHASE")]
    phase: Option<PhaseName>,
    /// An earlier attempt
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

impl OutputSink for Printer {
    fn heading(&self, title: &str) -> Result<(), Problem> {
        self.heading(title)
    }

    fn output(&self, bytes: &[u8]) -> Result<(), Problem> {
        self.raw(bytes)
    }
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let request = LogsRequest {
        job: args.job.clone(),
        follow: args.follow,
        phase: args.phase.clone(),
        attempt: args.attempt,
    };
    logs::show_logs(&request, project, printer).await?;
    Ok(exit::OK)
}
