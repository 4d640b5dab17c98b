//! `fleet host`: a person's word about a host.

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, Kind, exit, tell};
use crate::domain::HostName;
use crate::report::words;
use crate::store::Wish;

/// Say that a host will never come back, or that it has
///
/// An unreachable host keeps its jobs: they may still be running there. Only proof frees them, and your
/// word is proof: after `gone`, its jobs count as lost and run elsewhere. If it does come back, what still
/// runs there is stopped as soon as it is reached.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet host gone eval3 --because 'terminated in the console'
  fleet host back eval3")]
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
}

pub(super) async fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8, CommandError> {
    let (host, word) = match &args.word {
        Word::Gone { host, because } => (host, Some(because.clone())),
        Word::Back { host } => (host, None),
    };
    let (reader, fleet) = context.peek().await?;
    reader.close().await;
    if fleet.host(host).is_none() {
        return Err(
            CommandError::new(Kind::Input, format!("no host is called {host}"))
                .hint("`fleet hosts` lists them"),
        );
    }
    let freed = fleet.host(host).map_or(0, |entry| entry.live.len());
    let wish = Wish::HostGone {
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
