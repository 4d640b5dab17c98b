//! `fleet adopt`: rebuild the database from what the hosts remember.

use super::exit;
use super::printer::Printer;
use crate::report::words;
use crate::service::{Problem, Project, adopt};

/// Rebuild the database from what the hosts remember
///
/// After it was lost, or for another coordinator. Reads the journals of all hosts and stores every job and attempt that this database does not know,
/// running ones included. Then `fleet dispatch` of the same file goes on as if nothing had happened.
/// A host that cannot be heard may be running what this database believes to be waiting: nothing that waits
/// starts until it is heard, or declared gone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet adopt && fleet dispatch assignments/phase8.json")]
pub(super) struct Args {
    /// Go on although some hosts cannot be heard: what they remember stays unknown
    #[arg(long)]
    partial: bool,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let adoption = adopt::adopt_from_hosts(args.partial, project).await?;
    printer.say(&format!(
        "adopted {} and {} ({} still running) from {}",
        words::jobs(adoption.jobs),
        words::count(adoption.attempts, "attempt", "attempts"),
        adoption.running,
        words::count(adoption.hosts, "host", "hosts"),
    ));
    adoption.check_heard()?;
    Ok(exit::OK)
}
