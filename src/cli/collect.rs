//! `fleet collect`: every result home, verified, in one tidy tree.

use super::exit;
use super::printer::Printer;
use crate::domain::SetName;
use crate::report::words;
use crate::service::collect::{self, CollectRequest};
use crate::service::{Problem, Project};

/// Bring every result home, and verify it byte for byte
///
/// results/SET/INSTANCE/MODEL/runN/ appears when it is whole, and not before. Can be repeated, and
/// interrupted, at any time, also while jobs run: it brings what is finished and not here yet. The reports
/// (summary.json, results.jsonl, results.csv) always tell of all jobs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet collect
  fleet collect phase8
  fleet collect --verify      # read every byte of what is here already, too")]
pub(super) struct Args {
    /// Only these sets
    #[arg(value_name = "SET")]
    sets: Vec<SetName>,
    /// Verify what is at home already by content, not by size
    #[arg(long)]
    verify: bool,
    /// Give rates over results that were made under different harnesses
    #[arg(long)]
    mixed: bool,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let request = CollectRequest {
        sets: args.sets.clone(),
        verify: args.verify,
        mixed: args.mixed,
    };
    let collection = collect::collect_results(&request, project).await?;
    let (books, width) = (&collection.books, printer.width());
    let tables = [
        books.summary_table(width),
        books.rates_table(width),
        books.pass_table(width),
    ];
    let tables: Vec<String> = tables.into_iter().filter(|table| !table.is_empty()).collect();
    printer.data(&tables.join("\n"))?;
    printer.say(&format!(
        "{} new, {} at home in {}",
        words::count(collection.fresh, "result", "results"),
        collection.at_home,
        project.results.display()
    ));
    if collection.open > 0 {
        printer.say(&format!(
            "{} not finished yet",
            words::count(collection.open, "job is", "jobs are")
        ));
    }
    match (collection.missing_problem(), collection.mixture_problem()) {
        (None, None) => Ok(exit::OK),
        (None, Some(mixtures)) => Err(mixtures),
        (Some(missing), mixtures) => {
            if let Some(mixtures) = mixtures {
                printer.error(&mixtures);
            }
            Err(missing)
        }
    }
}
