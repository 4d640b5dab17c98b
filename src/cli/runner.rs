//! `fleet runner`: the host's half. Not for people; the coordinator and the runner itself call it.

use std::path::PathBuf;

use super::{CommandError, Kind, exit};
use crate::domain::AttemptId;
use crate::runner;

/// The host's half
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Speak the link's protocol on stdin and stdout
    Serve {
        /// The runner's directory
        #[arg(long)]
        root: PathBuf,
    },
    /// Supervise one attempt, detached
    Supervise {
        /// The runner's directory
        #[arg(long)]
        root: PathBuf,
        /// Which attempt
        attempt: AttemptId,
    },
}

pub(super) fn run(args: &Args) -> Result<u8, CommandError> {
    match &args.verb {
        Verb::Serve { root } => runner::serve(root),
        Verb::Supervise { root, attempt } => runner::supervise(root, *attempt),
    }
    .map(|()| exit::OK)
    .map_err(|error| CommandError::new(Kind::Environment, error.to_string()))
}
