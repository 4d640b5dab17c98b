//! `fleet assign`: an assignment file of what is still missing, shared out fairly.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::exit;
use super::printer::Printer;
use crate::assign::Share;
use crate::domain::{HostName, ModelName, PipelineName, SetName, Span};
use crate::report::table::{Table, left, right};
use crate::service::assign::{self, AssignRequest, FileWritten};
use crate::service::{Problem, ProblemKind, Project};
use crate::validate::MOST_RUNS;

/// Write an assignment of what is missing of datasets × models × runs
///
/// A question (instance, model, run) is done if a job of any set has a result that counts, in the database or in
/// a tree of results: resolved, unresolved or succeeded. What was cancelled, excluded or is undecided is missing
/// again. Instances that share an image stay on one host, the longest are placed first, and how long each will
/// take is known from earlier ones. The same command twice writes the same file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet assign --datasets datasets --models gpt,kimi --runs 4 --set phase9
  fleet assign --datasets new/*.jsonl --models gpt --out assignments/phase9.json --hosts eval1,eval2
  fleet assign --datasets datasets --models gpt --set phase9 --done old/results --dry-run")]
pub(super) struct Args {
    /// Dataset files, or directories of them
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    datasets: Vec<PathBuf>,
    /// The models, as fleet.toml calls them
    #[arg(long, required = true, value_delimiter = ',', value_name = "MODEL")]
    models: Vec<ModelName>,
    /// Independent tries of each instance by each model
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RUNS)))]
    runs: u32,
    /// The set's name; without it, that of the file
    #[arg(long, required_unless_present = "out", value_name = "NAME")]
    set: Option<SetName>,
    /// The file to write; without it, assignments/NAME.json
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only these hosts; without it, all of fleet.toml that are neither gone nor held
    #[arg(long, value_delimiter = ',', value_name = "HOST", conflicts_with = "star")]
    hosts: Vec<HostName>,
    /// Bind no job to a host: all go under `*`, for any host that is idle
    #[arg(long)]
    star: bool,
    /// What the jobs go through; without it, fleet.toml's default
    #[arg(long, value_name = "NAME")]
    pipeline: Option<PipelineName>,
    /// More trees of results that count, beside fleet.toml's own
    #[arg(long, num_args = 1.., value_name = "DIR")]
    done: Vec<PathBuf>,
    /// Replace a file that says something else
    #[arg(long)]
    force: bool,
    /// Say what would be written; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON form.
#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    set: &'a SetName,
    file: String,
    written: FileWritten,
    wanted: usize,
    results: usize,
    at_home: usize,
    under_way: usize,
    missing: usize,
    again: &'a BTreeMap<&'static str, usize>,
    hosts: Vec<Line>,
    assignment: serde_json::Value,
}

#[derive(Debug, Serialize)]
struct Line {
    host: HostName,
    jobs: usize,
    images: usize,
    expected_ms: Option<Span>,
}

pub(super) async fn run(
    args: &Args,
    project: &Project,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let request = AssignRequest {
        datasets: args.datasets.clone(),
        models: args.models.clone(),
        runs: args.runs,
        set: args.set.clone(),
        out: args.out.clone(),
        hosts: args.hosts.clone(),
        star: args.star,
        pipeline: args.pipeline.clone(),
        done: args.done.clone(),
        force: args.force,
        dry_run: args.dry_run,
    };
    let assigned = assign::assign_missing(&request, project, printer).await?;
    let (missing, shares) = (&assigned.missing, &assigned.shares);
    if args.json {
        let assignment = if assigned.jobs == 0 { "{}" } else { &assigned.text };
        printer.json(&Report {
            version: 1,
            set: &assigned.set,
            file: assigned.file.display().to_string(),
            written: assigned.written,
            wanted: missing.wanted,
            results: missing.results,
            at_home: missing.at_home,
            under_way: missing.under_way,
            missing: assigned.jobs,
            again: &missing.again,
            hosts: shares.iter().map(line).collect(),
            assignment: serde_json::from_str(assignment)
                .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?,
        })?;
    } else if assigned.jobs > 0 {
        printer.data(&table(shares, printer.width()))?;
    }
    Ok(exit::OK)
}

fn line(share: &Share) -> Line {
    Line {
        host: share.host.clone(),
        jobs: share.tasks.len(),
        images: share.images(),
        expected_ms: share.expected(),
    }
}

fn table(shares: &[Share], most: Option<usize>) -> String {
    let mut table = Table::new(&[left("host"), right("jobs"), right("images"), right("expected")]);
    for share in shares {
        let expected = share
            .expected()
            .map_or("unknown".to_owned(), |span| span.to_string());
        table.row([
            share.host.as_str(),
            &share.tasks.len().to_string(),
            &share.images().to_string(),
            &expected,
        ]);
    }
    table.render(most)
}
