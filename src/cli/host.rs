//! `fleet host`: a person's word about a host.

use super::context::Context;
use super::printer::Printer;
use super::tell::{self, Deed, How};
use super::{CommandError, Kind, exit, select};
use crate::domain::{AttemptId, Effect, Fleet, HostName, Span};
use crate::doors::clock;
use crate::plan;
use crate::report::words;
use crate::store::Command;

/// Say that a host will never come back, or that it has; or that what it did is not to be trusted
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
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let (host, word) = match &args.word {
        Word::Gone { host, because } => (host, Some(because.clone())),
        Word::Back { host } | Word::Recall { host, .. } => (host, None),
    };
    let (reader, fleet) = context.peek().await?;
    reader.close().await;
    if fleet.host(host).is_none() {
        return Err(
            CommandError::new(Kind::Input, format!("no host is called {host}"))
                .hint("`fleet hosts` lists them"),
        );
    }
    if let Word::Recall {
        host,
        within,
        because,
        how,
    } = &args.word
    {
        let deeds = recall(&fleet, host, *within, because);
        let nothing = "nothing to do: no result of it is in doubt";
        tell::perform(*how, &deeds, nothing, context, printer).await?;
        if !deeds.is_empty() {
            printer.say("`fleet retry --suspect` evaluates them again, from the trajectories at home");
        }
        return Ok(exit::OK);
    }
    let freed = fleet.host(host).map_or(0, |entry| entry.live.len());
    let wish = Command::HostGone {
        host: host.clone(),
        word: word.clone(),
    };
    tell::tell(context, &[&wish]).await?;
    printer.say(&match word {
        Some(_) => format!(
            "{host} counts as gone; {} free to run elsewhere",
            words::count(freed, "job is", "jobs are")
        ),
        None => format!("{host} may run jobs again"),
    });
    Ok(exit::OK)
}

/// The results of a host that its badness may have spoilt.
fn recall(fleet: &Fleet, host: &HostName, within: Option<Span>, because: &str) -> Vec<Deed> {
    let since = within.map(|span| clock::now().0.saturating_sub_unsigned(span.0));
    let attempts = fleet.jobs().flat_map(|entry| {
        let mine = entry.attempts.iter().filter(|attempt| attempt.host == *host);
        let mine = mine.filter(|attempt| since.is_none_or(|since| attempt.ended().0 >= since));
        mine.map(|attempt| AttemptId {
            job: entry.job.id,
            n: attempt.n,
        })
    });
    let effects = plan::doubtful(fleet, attempts, because).into_iter();
    let deeds = effects.filter_map(|effect| match effect {
        Effect::Suspect { attempt, why } => Some(Deed {
            what: format!("{} suspect", select::shown(fleet.job(attempt.job)?)),
            wish: Command::Suspect { attempt, why },
        }),
        _ => None,
    });
    deeds.collect()
}
