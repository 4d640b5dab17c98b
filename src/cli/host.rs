//! `fleet host`: a person's word about a host.

use super::exit;
use super::perform::{How, perform};
use super::printer::Printer;
use crate::domain::{HostName, Span};
use crate::report::words;
use crate::service::{Problem, Project, host_word};

/// Say that a host is gone for good, is back, or did what cannot be trusted
///
/// An unreachable host keeps its jobs: they may still be running there. Only proof frees them, and your
/// word is proof: after `gone`, its jobs count as lost and run elsewhere. If it does come back, what still
/// runs there is stopped as soon as it is reached.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet host gone eval3 --because 'terminated in the console'
  fleet host back eval3
  fleet host recall eval3 --within 6h --because 'its disk lied'")]
pub(super) struct Args {
    #[command(subcommand)]
    word: Word,
}

#[derive(Debug, clap::Subcommand)]
enum Word {
    /// It will never come back: free its jobs
    Gone {
        /// Which host
        host: HostName,
        /// How you know; kept with the jobs as the proof
        #[arg(long, value_name = "WHY")]
        because: String,
    },
    /// It is back: jobs may run there again
    Back {
        /// Which host
        host: HostName,
    },
    /// What it did is not to be trusted: mark its results that are not resolved
    ///
    /// They become undecided, and `fleet retry --suspect` evaluates them again, from the trajectories at home.
    Recall {
        /// Which host
        host: HostName,
        /// Only what ended within this time; otherwise all that it ever did
        #[arg(long, value_name = "SPAN")]
        within: Option<Span>,
        /// How you know
        #[arg(long, value_name = "WHY")]
        because: String,
        #[command(flatten)]
        how: How,
    },
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    match &args.word {
        Word::Gone { host, because } => {
            let freed = host_word::declare_gone(host, because, project).await?;
            printer.say(&format!(
                "{host} counts as gone; {} free to run elsewhere",
                words::count(freed, "job is", "jobs are")
            ));
        }
        Word::Back { host } => {
            host_word::declare_back(host, project).await?;
            printer.say(&format!("{host} may run jobs again"));
        }
        Word::Recall {
            host,
            within,
            because,
            how,
        } => {
            let planned = host_word::plan_recall(host, *within, because, project).await?;
            let nothing = "nothing to do: no result of it is in doubt";
            perform(*how, &planned, nothing, project, printer).await?;
            if !planned.is_empty() {
                printer.say("`fleet retry --suspect` evaluates them again, from the trajectories at home");
            }
        }
    }
    Ok(exit::OK)
}
