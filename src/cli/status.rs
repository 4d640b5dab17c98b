//! `fleet status`: what is where, and why.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::exit;
use super::printer::Printer;
use crate::domain::JobId;
use crate::service::{FleetSnapshot, Problem, ProblemKind, Project};
use crate::view::{self, Board, Seen};

/// Between two pictures of `--watch`.
const PACE: Duration = Duration::from_secs(1);

/// Show hosts, jobs and phases, why jobs wait, and what failed
///
/// Reads the database only: it works beside a running coordinator, and without one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet status
  fleet status --watch
  fleet status --json | jq '.failed[].excerpt'")]
pub(super) struct Args {
    /// Print JSON
    #[arg(long, conflicts_with = "watch")]
    json: bool,
    /// Redraw every second, until every job is closed
    #[arg(long, short)]
    watch: bool,
    /// List every job with its id
    #[arg(long, conflicts_with_all = ["json", "watch"])]
    all: bool,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    loop {
        let FleetSnapshot {
            store,
            fleet,
            policy,
            holder,
            now,
            by,
            last_known,
        } = project.take_snapshot().await?;
        let collected: BTreeSet<JobId> = store.collected().await?.into_keys().map(|id| id.job).collect();
        store.close().await;
        let seen = Seen { now, by, last_known };
        let board = Board::of(&fleet, &policy, seen, &collected, &project.config.hosts);
        if args.json {
            printer.data(
                &board
                    .json()
                    .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?,
            )?;
            return Ok(exit::OK);
        }
        let mut text = view::status(&board, printer.width());
        text.push('\n');
        match holder {
            // Writing to a String cannot fail.
            Some(holder) => drop(writeln!(text, "coordinator: {holder}")),
            None => text.push_str("coordinator: none; `fleet dispatch FILE` goes on\n"),
        }
        if args.all {
            text.push('\n');
            text.push_str(&view::jobs(&fleet, printer.width()));
        }
        if !args.watch {
            printer.data(&text)?;
            return Ok(exit::OK);
        }
        printer.redraw(&text)?;
        if fleet.jobs().all(|entry| entry.closed.is_some()) {
            return Ok(exit::OK);
        }
        tokio::time::sleep(PACE).await;
    }
}
