//! `fleet runner`: the host's half. Not for people; the coordinator and the runner itself call it.

use std::ffi::OsString;
use std::path::PathBuf;

use super::exit;
use crate::domain::{AttemptId, PhaseName};
use crate::doors::secrets;
use crate::runner;
use crate::service::{Problem, ProblemKind};
use crate::transport::clean_shell;

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
    /// Stand between rsync and a login shell that prints
    Shell {
        /// ssh, its options, `--`, the destination and the command
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        argv: Vec<OsString>,
    },
    /// Do one native phase of an attempt, in its supervisor's name
    Step {
        /// The attempt's directory
        #[arg(long)]
        capsule: PathBuf,
        /// Which phase
        phase: PhaseName,
    },
    /// Supervise one attempt, detached
    Supervise {
        /// The runner's directory
        #[arg(long)]
        root: PathBuf,
        /// Secrets are handed over in an open pipe
        #[arg(long)]
        secrets: bool,
        /// Which attempt
        attempt: AttemptId,
    },
}

pub(super) fn run(args: &Args) -> Result<exit::VerbExit, Problem> {
    secrets::shield();
    match &args.verb {
        Verb::Shell { argv } => {
            let code = clean_shell(argv)
                .map_err(|error| Problem::new(ProblemKind::Environment, error.to_string()))?;
            return Ok(exit::VerbExit::passed(Some(code), exit::VerbExit::Passed(255)));
        }
        Verb::Step { capsule, phase } => {
            return runner::step(capsule, phase)
                .map(|well| if well { exit::OK } else { exit::INTERNAL })
                .map_err(|error| Problem::new(ProblemKind::Environment, error.to_string()));
        }
        Verb::Serve { root } => runner::serve(root),
        Verb::Supervise {
            root,
            secrets,
            attempt,
        } => runner::supervise(root, *attempt, *secrets),
    }
    .map(|()| exit::OK)
    .map_err(|error| Problem::new(ProblemKind::Environment, error.to_string()))
}
